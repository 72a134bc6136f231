import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net'
import {
  type Clock,
  count,
  type Duration,
  duration,
  InvalidOptionError,
  knownOptions,
  number,
  oneOf,
  systemClock,
} from '@seaworthy/core'
import { type SeededRandom, seededRandom } from '@seaworthy/testing'
import { loopback } from './loopback.ts'
import { type ProxyState, TcpConnection } from './tcp-connection.ts'
import { faultless, type LinkConditions, noFaults } from './tcp-link.ts'

/** `up` is from the client to the server, `down` is back. */
export type TcpDirection = 'up' | 'down'

/** How {@link tcpProxy} works. */
export interface TcpProxyOptions {
  /** Whom it connects its clients with. */
  readonly target: {
    /** @defaultValue `'127.0.0.1'` */
    readonly host?: string
    readonly port: number
  }
  /** What the jitter is drawn from: the same connections in the same order see the same. @defaultValue 0 */
  readonly seed?: number | string
  /** What latency and throttling are measured on. @defaultValue the system's clock */
  readonly clock?: Clock
}

/** What a proxy has done so far. */
export interface TcpProxyCounters {
  /** Connections that were passed on, and that were refused. */
  readonly accepted: number
  readonly refused: number
  /** Bytes that were forwarded. */
  readonly forwardedUp: number
  readonly forwardedDown: number
  /** Bytes that were lost on purpose, or because nobody was there to read them any more. */
  readonly swallowedUp: number
  readonly swallowedDown: number
  /** Replies that {@link TcpProxy.dropNextReply} has lost. */
  readonly repliesLost: number
}

/**
 * A network between clients and a server, to be broken at will. Conditions (`latency`, `throttle`, `stall`, `drop`,
 * `refuse`) hold for the connections there are and for those to come until {@link TcpProxy.heal}, and can be combined. Accidents
 * (`cut`, `reset`, `dropNextReply`) happen once.
 */
export interface TcpProxy {
  /** Where clients connect to. */
  readonly host: string
  readonly port: number
  /** How many connections are not closed on both sides yet. */
  readonly connections: number
  readonly counters: TcpProxyCounters

  /**
   * Delays everything, also the end of a stream, and keeps its order. A request and its reply are delayed once each.
   *
   * @param delay - How long, in each direction.
   * @param jitter - By how much more or less, evenly distributed. @defaultValue 0
   * @param direction - @defaultValue both
   */
  latency(delay: Duration, jitter?: Duration, direction?: TcpDirection): void

  /**
   * Limits each connection to so many bytes a second, in ten slices a second.
   *
   * @param direction - @defaultValue both
   */
  throttle(bytesPerSecond: number, direction?: TcpDirection): void

  /**
   * Forwards nothing, as while a cable is unplugged: connections stay, new ones are accepted, senders fill their buffers
   * and wait. Nothing is lost: {@link TcpProxy.heal} delivers it.
   *
   * @param direction - @defaultValue both
   */
  stall(direction?: TcpDirection): void

  /**
   * Swallows what is sent in one direction; the sender notices nothing. A connection that has lost something is reset by
   * {@link TcpProxy.heal}, since no TCP stream goes on after a gap.
   */
  drop(direction: TcpDirection): void

  /**
   * Loses one reply: the next request that is forwarded reaches the server, and what the server says next on that connection
   * is swallowed and the connection reset. The client cannot know whether its request was carried out. Calls add up.
   */
  dropNextReply(): void

  /** Ends all connections in an orderly way (FIN). What was under way is lost. */
  cut(): void

  /** Resets all connections (RST): both sides see ECONNRESET. */
  reset(): void

  /** Ends all connections, and from now on each new one as soon as it is accepted. */
  refuse(): void

  /** Ends all conditions. What was delayed or stalled is delivered at once, in order. */
  heal(): void

  /** Stops listening, drops all connections, and waits until they are closed. */
  close(): Promise<void>

  /** {@link TcpProxy.close} */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Listens on a free loopback port and passes all connections on to a server.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense; so do the methods of the proxy.
 *
 * @example
 * ```ts
 * import { once } from 'node:events'
 * import { type AddressInfo, connect, createServer } from 'node:net'
 * import { tcpProxy } from '@seaworthy/testing/servers'
 *
 * const echo = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
 * await once(echo, 'listening')
 * const proxy = await tcpProxy({ target: { port: (echo.address() as AddressInfo).port } })
 *
 * const client = connect(proxy.port, proxy.host)
 * proxy.dropNextReply()
 * client.write('charge 10 EUR') // it reaches the server, and nobody will know
 * const [error] = await once(client, 'error').catch((error) => [error])
 * console.log(error.code, proxy.counters.repliesLost) // ECONNRESET 1
 *
 * await proxy.close()
 * echo.close()
 * ```
 */
export async function tcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  knownOptions('tcpProxy', options, ['target', 'seed', 'clock'])
  const { target, seed = 0, clock = systemClock } = options
  if (typeof target !== 'object' || target === null)
    throw new InvalidOptionError('target', 'an object { host, port }', target)
  const proxy = new FaultProxy(
    { ...target, port: count('target.port', target.port) },
    seededRandom(seed),
    clock,
  )
  await proxy.listen()
  return proxy
}

class FaultProxy implements TcpProxy {
  readonly host: string = loopback
  readonly #target: TcpProxyOptions['target']
  readonly #random: SeededRandom
  readonly #listener: Server
  readonly #connections = new Set<TcpConnection>()
  readonly #state: ProxyState
  #port = 0
  #refusing = false
  #accepted = 0
  #refused = 0
  #closing: Promise<void> | undefined

  constructor(target: TcpProxyOptions['target'], random: SeededRandom, clock: Clock) {
    this.#target = target
    this.#random = random
    this.#state = { clock, up: faultless(), down: faultless(), repliesToLose: 0, repliesLost: 0 }
    this.#listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client))
  }

  async listen(): Promise<void> {
    this.#listener.listen(0, loopback)
    await once(this.#listener, 'listening')
    this.#port = (this.#listener.address() as AddressInfo).port
  }

  get port(): number {
    return this.#port
  }

  get connections(): number {
    return this.#connections.size
  }

  get counters(): TcpProxyCounters {
    const { up, down, repliesLost } = this.#state
    return {
      accepted: this.#accepted,
      refused: this.#refused,
      forwardedUp: up.forwarded,
      forwardedDown: down.forwarded,
      swallowedUp: up.swallowed,
      swallowedDown: down.swallowed,
      repliesLost,
    }
  }

  latency(delay: Duration, jitter: Duration = 0, direction?: TcpDirection): void {
    this.#change({ latency: duration('delay', delay), jitter: duration('jitter', jitter) }, direction)
  }

  throttle(bytesPerSecond: number, direction?: TcpDirection): void {
    this.#change({ bytesPerSecond: number('bytesPerSecond', bytesPerSecond, 1) }, direction)
  }

  stall(direction?: TcpDirection): void {
    this.#change({ stalled: true }, direction)
  }

  drop(direction: TcpDirection): void {
    this.#change({ dropping: true }, oneOf<TcpDirection>('direction', direction, ['up', 'down']))
  }

  dropNextReply(): void {
    this.#state.repliesToLose++
  }

  cut(): void {
    for (const connection of this.#connections) connection.cut()
  }

  reset(): void {
    for (const connection of this.#connections) connection.reset()
  }

  refuse(): void {
    this.#refusing = true
    this.cut()
  }

  heal(): void {
    this.#refusing = false
    this.#state.repliesToLose = 0
    Object.assign(this.#state.up, noFaults)
    Object.assign(this.#state.down, noFaults)
    for (const connection of this.#connections) connection.heal()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      this.#refused++
      client.on('error', () => {})
      client.destroy()
      return
    }
    const random = this.#random.fork(this.#accepted++)
    const server = createConnection({ host: loopback, ...this.#target, allowHalfOpen: true, noDelay: true })
    const connection = new TcpConnection(client, server, this.#state, {
      up: random.fork('up'),
      down: random.fork('down'),
    })
    this.#connections.add(connection)
    void connection.closed.then(() => this.#connections.delete(connection))
  }

  #change(change: Partial<LinkConditions>, direction: TcpDirection | undefined): void {
    const directions: TcpDirection[] = direction === undefined ? ['up', 'down'] : [direction]
    for (const each of directions)
      Object.assign(this.#state[oneOf('direction', each, ['up', 'down'])], change)
    for (const connection of this.#connections) connection.flow()
  }

  async #close(): Promise<void> {
    const listening = once(this.#listener, 'close')
    this.#listener.close()
    for (const connection of this.#connections) connection.destroy()
    await Promise.all([listening, ...[...this.#connections].map(({ closed }) => closed)])
  }
}
