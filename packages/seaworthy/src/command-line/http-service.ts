/** Any service that answers HTTP, as something that a drill can put under load and break. */
import { readFile } from 'node:fs/promises'
import { type ChaosTarget, tcpTarget } from '@seaworthy/chaos'
import type { Clock } from '@seaworthy/core'
import type { Answer, DrillRequest, DrillService, RunningService } from '@seaworthy/drill'
import { type TcpProxy, tcpProxy } from '@seaworthy/testing/servers'
import type { HttpServiceSettings, TcpTargetSettings } from './http-settings.ts'
import type { Interruption } from './interruption.ts'
import { opsState } from './ops-state.ts'
import { forwardPort, type PortForward } from './port-forward.ts'
import { type ServiceProcess, serviceProcess } from './service-process.ts'

/** A connection that is made through a proxy. */
interface Connection {
  readonly id: string
  readonly proxy: TcpProxy
  readonly forward: PortForward | undefined
}

/**
 * Drives a service by HTTP, from outside: 2xx is a full answer, or a degraded one if it says so; 429, and 503 with `Retry-After`, are polite refusals;
 * all else is a failure.
 *
 * It starts what the settings say, in this order: proxies before dependencies, then processes. It ends all of it on every path.
 *
 * @param interruption - What must not be left behind if there is no time to end in order.
 */
export function httpService(settings: HttpServiceSettings, interruption: Interruption): DrillService {
  return {
    name: settings.name,
    async start({ clock }) {
      const running = new HttpService(settings, clock, interruption)
      try {
        await running.start()
      } catch (error) {
        await running.stop()
        throw error
      }
      return running
    },
  }
}

class HttpService implements RunningService {
  readonly #settings: HttpServiceSettings
  readonly #clock: Clock
  readonly #connections: Connection[] = []
  readonly #processes: ServiceProcess[] = []
  readonly #forget: () => void
  #token: string | undefined

  constructor(settings: HttpServiceSettings, clock: Clock, interruption: Interruption) {
    this.#settings = settings
    this.#clock = clock
    this.#forget = interruption.inEmergency(() => {
      for (const each of this.#processes) each.kill()
    })
  }

  async start(): Promise<void> {
    const { connections, processes, ops } = this.#settings
    if (ops !== undefined)
      this.#token = ops.token ?? (ops.tokenFile && (await readFile(ops.tokenFile, 'utf8')).trim())
    for (const each of connections) this.#connections.push(await connect(each))
    const ports = new Map(this.#connections.map(({ id, proxy }) => [id, String(proxy.port)]))
    for (const each of processes) {
      const started = serviceProcess(withPorts(each, ports), process.env, this.#clock)
      this.#processes.push(started)
      await started.start()
    }
  }

  get targets(): readonly ChaosTarget[] {
    const clock = this.#clock
    return [
      ...this.#connections.map(({ id, proxy }) => tcpTarget(id, proxy, { clock })),
      ...this.#processes.map(({ target }) => target),
    ]
  }

  /** That of the first process: it comes back under another id when it was killed. */
  get processId(): number {
    // Without processes it is undefined, which is what the interface calls absent.
    return this.#processes[0]?.pid as number
  }

  async request(request: DrillRequest, signal: AbortSignal): Promise<Answer> {
    const { url, method, headers, body, timeout } = this.#settings
    const limit = new AbortController()
    const timer = this.#clock.setTimer(
      () => limit.abort(new Error(`No answer within ${timeout} ms`)),
      timeout,
    )
    try {
      const response = await fetch(filled(url, request, encodeURIComponent), {
        method,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: filled(body, request, inJson) }),
        signal: AbortSignal.any([signal, limit.signal]),
      })
      const text = await response.text()
      return this.#answer(response, text)
    } finally {
      timer.cancel()
    }
  }

  #answer(response: Response, text: string): Answer {
    const { status, headers } = response
    if (status === 429 || (status === 503 && headers.has('retry-after'))) return 'shed'
    if (!response.ok) throw new Error(`status ${status}`)
    const { header, value, body } = this.#settings.degradedWhen
    const said = header === undefined ? null : headers.get(header)
    const byHeader =
      said !== null && (value === undefined ? !['false', '0', ''].includes(said) : said === value)
    return byHeader || (body !== undefined && text.includes(body)) ? 'degraded' : 'full'
  }

  async circuits(): Promise<Readonly<Record<string, string>>> {
    return this.#settings.ops === undefined
      ? {}
      : opsState(this.#settings.ops.url, this.#token, this.#clock).circuits()
  }

  async level(): Promise<number> {
    return this.#settings.ops === undefined
      ? 0
      : opsState(this.#settings.ops.url, this.#token, this.#clock).level()
  }

  async stop(): Promise<void> {
    try {
      await Promise.all(this.#processes.map((each) => each.stop()))
      for (const { forward, proxy } of this.#connections) {
        await forward?.close()
        await proxy.close()
      }
    } finally {
      this.#forget()
    }
  }
}

async function connect({ id, listen, host, port }: TcpTargetSettings): Promise<Connection> {
  const proxy = await tcpProxy({ target: { host, port } })
  try {
    return { id, proxy, forward: listen === undefined ? undefined : await forwardPort(listen, proxy) }
  } catch (cause) {
    await proxy.close()
    throw new Error(`${id} cannot listen on port ${listen}`, { cause })
  }
}

/** Fills in the port of a proxy for `{port:ID}`. */
function withPorts<T extends HttpServiceSettings['processes'][number]>(
  settings: T,
  ports: ReadonlyMap<string, string>,
): T {
  if (!('command' in settings)) return settings
  const fill = (text: string): string =>
    text.replaceAll(/\{port:([^}]+)\}/g, (all, id: string) => ports.get(id) ?? all)
  const env = Object.fromEntries(Object.entries(settings.env).map(([name, value]) => [name, fill(value)]))
  return { ...settings, args: settings.args.map(fill), env }
}

function filled(template: string, request: DrillRequest, encode: (text: string) => string): string {
  return template.replaceAll(/\{(key|number|priority)\}/g, (_all, name: keyof DrillRequest) =>
    encode(String(request[name])),
  )
}

/** Without the quotation marks, which the template has. */
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)
