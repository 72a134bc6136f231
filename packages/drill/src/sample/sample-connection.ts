/** The service that a drill runs in real time when it is given none: everything it needs is behind a connection that can be broken. */
import { once } from 'node:events'
import { Agent, createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ChaosTarget, resourceTarget, tcpTarget } from '@seaworthy/chaos'
import { type CircuitBreaker, circuitBreaker } from '@seaworthy/circuit-breaker'
import { type Policy, pipeline } from '@seaworthy/core'
import { fallback, staleCache } from '@seaworthy/fallback'
import { type Bulkhead, bulkhead, timeout } from '@seaworthy/flow'
import { retry } from '@seaworthy/retry'
import { type TcpProxy, tcpProxy } from '@seaworthy/testing/servers'
import type { Answer, DrillRequest, DrillService, RunningService } from '../service.ts'
import type { World } from '../world.ts'

/**
 * A client of an HTTP server on this machine, with a TCP proxy between them. Sockets, timers and the event loop are real.
 *
 * @example
 * ```ts
 * import { sampleConnection } from '@seaworthy/drill'
 *
 * console.log(sampleConnection().name) // client of an HTTP server
 * ```
 */
export function sampleConnection(): DrillService {
  return {
    name: 'client of an HTTP server',
    async start(world) {
      const server = createServer((_request, response) => response.end('in stock')).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const proxy = await tcpProxy({ target: { port: (server.address() as AddressInfo).port } })
      return new Connection(world, server, proxy)
    },
  }
}

class Connection implements RunningService {
  readonly targets: readonly ChaosTarget[]
  readonly #server: Server
  readonly #proxy: TcpProxy
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32 })
  readonly #breaker: CircuitBreaker
  readonly #slots: Bulkhead
  readonly #pipeline: Policy<string>

  constructor({ clock, hub, random }: World, server: Server, proxy: TcpProxy) {
    this.#server = server
    this.#proxy = proxy
    this.#slots = bulkhead({ name: 'client', concurrency: 64, queue: 64, clock, hub })
    this.#breaker = circuitBreaker({
      name: 'server',
      recoveryTimeout: { initial: '400ms', factor: 2, max: '3s', jitter: 0.2 },
      successThreshold: 2,
      random: random('breaker'),
      clock,
      hub,
    })
    this.#pipeline = pipeline(
      fallback('ask later'),
      staleCache({ ttl: 0, staleFor: '1h', clock }),
      retry({ attempts: 2, delay: '20ms', random: random('retry'), clock }),
      this.#breaker,
      timeout('250ms', { clock }),
    )
    this.targets = [
      tcpTarget('connection', proxy, { clock }),
      resourceTarget('process', { clock, pool: this.#slots }),
    ]
  }

  async request({ key }: DrillRequest, signal: AbortSignal): Promise<Answer> {
    let asked = false
    await this.#slots.execute(
      (outer) =>
        this.#pipeline.execute(
          async (context) => {
            const stock = await this.#get(`/${key}`, context.signal)
            asked = true
            return stock
          },
          { key, signal: outer.signal },
        ),
      { signal },
    )
    return asked ? 'full' : 'degraded'
  }

  async #get(path: string, signal: AbortSignal): Promise<string> {
    const { host, port } = this.#proxy
    const sent = httpRequest({ host, port, path, agent: this.#agent, signal }).end()
    const [response] = await once(sent, 'response')
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk
    return text
  }

  circuits(): Record<string, string> {
    return { server: this.#breaker.state }
  }

  gauges(): Record<string, number> {
    const { active = 0, queued = 0 } = this.#slots.debugStats()
    return { active, queued }
  }

  async stop(): Promise<void> {
    this.#agent.destroy()
    await this.#proxy.close()
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
    for (const each of [this.#breaker, this.#slots, this.#pipeline]) each.dispose()
  }
}
