/** The service as it runs: who does what, and how to do harm to it. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from '@seaworthy/testing/servers'
import type { TaskStream } from '@seaworthy/worker'
import { orderApi } from './api.ts'
import { memoryBackend } from './backend.ts'
import type { Operators } from './operators.ts'
import { orderWorker } from './order-worker.ts'
import { type ServiceProcess, startProcess } from './service-process.ts'

export interface Deployment {
  /** Where the API listens. */
  readonly url: string
  /** Who works, in words. */
  readonly what: string
  /** Ends the first worker in the middle of what it does. @returns What was done, in words. */
  killWorker(): Promise<string>
  close(): Promise<void>
}

/** Everything in this process, and gone with it. */
export async function deployInMemory(payments: string, operators: Operators): Promise<Deployment> {
  const backend = memoryBackend()
  const server = orderApi(backend, operators).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cable = severable(backend.stream)
  // A process that lives with its poison: the handler throws an error that no other try could mend.
  const die = (): never => {
    throw new TypeError('cannot read properties of poison')
  }
  const options = (name: string) => ({ name, payments, die })
  const first = orderWorker({ ...backend, stream: cable.stream }, options('worker 1'))
  const second = orderWorker(backend, options('worker 2'))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    what: 'one process, two workers, everything in memory',
    killWorker: async () => {
      cable.cut()
      return 'worker 1 was cut off from its stream'
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      cable.mend()
      await Promise.all([first.close(), second.close()])
      await backend.close()
    },
  }
}

/** An API, two workers and a Redis, each a process of its own. A worker that dies is started again, as a supervisor would. */
export async function deployOnRedis(payments: string, operators: Operators): Promise<Deployment> {
  const redis = await startRedis({ persistence: 'everysec' })
  const api = await startProcess(['api', redis.url], { secrets: { OPERATORS: JSON.stringify(operators) } })
  let closing = false
  const workers = new Map<string, ServiceProcess>()
  const starting = new Set<Promise<void>>()
  const startWorker = (name: string): Promise<void> => {
    const started = start(name).finally(() => starting.delete(started))
    starting.add(started)
    return started
  }
  const start = async (name: string): Promise<void> => {
    const child = await startProcess(['worker', redis.url, name, payments])
    workers.set(name, child)
    child.ended.then(() => (closing ? undefined : startWorker(name)))
  }
  await Promise.all([startWorker('worker 1'), startWorker('worker 2')])
  return {
    url: api.url,
    what: `an API, two workers and a Redis, processes ${[api, ...workers.values()].map(({ pid }) => pid).join(', ')} and ${redis.pid}`,
    killWorker: async () => {
      for (;;) {
        await Promise.all(starting)
        const { pid, kill } = workers.get('worker 1') as ServiceProcess
        if (kill()) return `worker 1, process ${pid}, got SIGKILL`
        await sleep(10) // The poison was faster.
      }
    },
    close: async () => {
      closing = true
      await Promise.all(starting)
      const all = [api, ...workers.values()]
      for (const { stop } of all) stop()
      await Promise.all(all.map(({ ended }) => ended))
      await redis.stop()
    },
  }
}

/** A stream behind a cable that can be cut: what a process that hangs, or a network that fails, looks like to the others. */
function severable(stream: TaskStream): { stream: TaskStream; cut(): void; mend(): void } {
  let cut = false
  const send = <T>(call: () => Promise<T>): Promise<T> =>
    cut ? Promise.reject(new Error('cut off')) : call()
  const through = new Proxy(stream, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function' || name === 'commits') return member
      if (name === 'burials') return burials
      return (...args: unknown[]) => send(async () => Reflect.apply(member, target, args) as unknown)
    },
  })
  /** Ends a task and writes its letter: that goes through the cable, too. */
  const burials: TaskStream['burials'] = (letters) => {
    const burial = stream.burials(letters)
    return burial && { bury: (...args) => send(() => burial.bury(...args)) }
  }
  return {
    stream: through,
    cut: () => {
      cut = true
    },
    mend: () => {
      cut = false
    },
  }
}
