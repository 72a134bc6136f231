/** The order service with all that it needs, each part a process, and networks in between that can be broken. */
import { type CallTarget, callTarget } from '@seaworthy/chaos'
import { hire, type Operators } from '@seaworthy/example-order-service/operators'
import { type Payments, startPayments } from '@seaworthy/example-order-service/payments'
import { type ServiceProcess, startProcess } from '@seaworthy/example-order-service/service-process'
import { type RedisServer, startRedis, type TcpProxy, tcpProxy } from '@seaworthy/testing/servers'

export interface System {
  readonly api: ServiceProcess
  /** Those that run, by name. */
  readonly workers: ReadonlyMap<string, ServiceProcess>
  readonly redis: RedisServer
  readonly payments: Payments
  /** What payments do wrong by themselves. */
  readonly trouble: CallTarget
  /** Between the service and Redis, and between the workers and payments. */
  readonly toRedis: TcpProxy
  readonly toPayments: TcpProxy
  /** Of an operator. */
  readonly token: string
  startWorker(name: string): Promise<void>
  /** Stops everything and waits until it has ended. */
  close(): Promise<void>
}

export const workerNames = ['worker 1', 'worker 2'] as const

/**
 * Starts all of it.
 *
 * @param execArgv - Options of Node for the processes. @defaultValue those of this one
 * @throws Error when a part does not start; the others are stopped then.
 */
export async function startSystem(execArgv: readonly string[] = process.execArgv): Promise<System> {
  const open: (() => unknown)[] = []
  const workers = new Map<string, ServiceProcess>()
  const processes = new Set<ServiceProcess>()
  // The last resort, for ends that nobody foresaw.
  const killAll = (): void => {
    for (const each of processes) each.kill()
  }
  process.on('exit', killAll)
  const start = async (
    args: readonly string[],
    secrets: Readonly<Record<string, string>> = {},
  ): Promise<ServiceProcess> => {
    const started = await startProcess(args, { secrets, execArgv })
    processes.add(started)
    void started.ended.then(() => processes.delete(started))
    return started
  }

  /** Whoever depends on something is stopped before it. */
  const close = async (): Promise<void> => {
    const running = [...processes]
    for (const { stop } of running) stop()
    await Promise.all(running.map(({ ended }) => ended))
    for (const end of open.reverse()) await end()
    process.off('exit', killAll)
  }

  try {
    const trouble = callTarget('payments')
    const payments = await startPayments({ trouble: trouble.policy })
    open.push(() => payments.close())
    const redis = await startRedis({ persistence: 'everysec' })
    open.push(() => redis.stop())
    const toRedis = await tcpProxy({ target: { port: redis.port } })
    open.push(() => toRedis.close())
    const toPayments = await tcpProxy({ target: { port: Number(new URL(payments.url).port) } })
    open.push(() => toPayments.close())

    const redisUrl = through(toRedis, redis.url)
    const paymentsUrl = through(toPayments, payments.url)
    const operators: Operators = hire(['ada'])
    const startWorker = async (name: string): Promise<void> => {
      const worker = await start(['worker', redisUrl, name, paymentsUrl])
      workers.set(name, worker)
      void worker.ended.then(() => workers.get(name) === worker && workers.delete(name))
    }
    const [api] = await Promise.all([
      start(['api', redisUrl], { OPERATORS: JSON.stringify(operators) }),
      ...workerNames.map(startWorker),
    ])
    const token = Object.keys(operators)[0] as string
    return {
      api,
      workers,
      redis,
      payments,
      trouble,
      toRedis,
      toPayments,
      token,
      startWorker,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The same address, by way of a proxy. */
function through({ host, port }: TcpProxy, address: string): string {
  const url = new URL(address)
  url.hostname = host
  url.port = String(port)
  return url.href.replace(/\/$/, '')
}
