/**
 * Your client under supervision: every operation has a budget of time, nothing is sent into the dark, and the hub sees how the
 * server does.
 *
 * ioredis keeps commands while it is disconnected and sends them after it is back, when whoever asked has long given up. A claim
 * that is granted to nobody blocks its key for a whole lease. So an operation is sent only over a connection that stands, and
 * waits for one within its budget.
 */
import {
  type Clock,
  count,
  type Duration,
  defaultHub,
  duration,
  Emitter,
  type EventMap,
  type Hub,
  knownOptions,
  type Listener,
  systemClock,
} from '@seaworthy/core'
import { type Commands, commandsOf, type RedisClient } from './client.ts'
import { onClient } from './client-events.ts'
import { failureOf, type RedisFailure, RedisUnavailableError } from './errors.ts'
import type { Argument, Script } from './script.ts'
import { factsOf, type RedisRisk, type RedisServerFacts, riskOf } from './server-facts.ts'

/** Options of {@link redisConnection}. */
export interface RedisConnectionOptions {
  /** Its name on the hub, as a component of kind `redis`. @defaultValue none: it is not on the hub */
  readonly name?: string
  /** How long an operation may take, waiting for a connection included. @defaultValue `'1s'` */
  readonly commandTimeout?: Duration
  /** After so many failures in a row it counts as down. @defaultValue 3 */
  readonly failuresUntilDown?: number
  /** @defaultValue the hub of the process */
  readonly hub?: Hub
  /** @defaultValue the system clock */
  readonly clock?: Clock
}

/** What a connection tells those who listen: never keys, arguments or answers. */
export type RedisConnectionEvents = EventMap & {
  /** An operation failed. */
  failed: { readonly name: string | undefined; readonly operation: string; readonly reason: RedisFailure }
  /** Several have failed in a row: the store counts as down. */
  down: { readonly name: string | undefined; readonly failures: number }
  /** One succeeded again, `downFor` milliseconds later. */
  up: { readonly name: string | undefined; readonly downFor: number }
  /** The server answers, but is none to rely on. Told when it turns out, not again while it lasts. */
  degraded: {
    readonly name: string | undefined
    readonly reason: RedisRisk
    readonly evictionPolicy: string | undefined
  }
}

/** How the server does, as plain data. */
export interface RedisHealth {
  /** `degraded`: it answers, but is none to rely on; `reason` says why. */
  readonly state: 'up' | 'degraded' | 'down'
  readonly reason: RedisRisk | undefined
  /** As ioredis calls it: `ready`, `connecting`, `reconnecting`, … */
  readonly connection: string
  /** Operations under way. */
  readonly pending: number
  /** Failures in a row. */
  readonly failures: number
  /** How long the last operation took that succeeded, in milliseconds; undefined if none did. */
  readonly latency: number | undefined
  /** What the server told about itself when it was connected last; undefined before that, and if it does not tell. */
  readonly server: RedisServerFacts | undefined
}

/** A supervised client. Made by {@link redisConnection}; share one between all stores on the same client. */
export class RedisConnection {
  readonly client: RedisClient
  readonly name: string | undefined
  readonly clock: Clock
  readonly commandTimeout: number
  readonly #commands: Commands
  readonly #events: Emitter<RedisConnectionEvents>
  readonly #failuresUntilDown: number
  readonly #unregister: (() => void) | undefined
  #pending = 0
  #failures = 0
  #downSince: number | undefined
  #latency: number | undefined
  /** The socket whose server was asked about itself. */
  #inspected: unknown
  #server: RedisServerFacts | undefined

  constructor(client: RedisClient, options: RedisConnectionOptions) {
    const {
      name,
      hub = defaultHub,
      clock = systemClock,
      commandTimeout = '1s',
      failuresUntilDown = 3,
    } = options
    this.client = client
    this.name = name
    this.clock = clock
    this.commandTimeout = duration('commandTimeout', commandTimeout, 1)
    this.#failuresUntilDown = count('failuresUntilDown', failuresUntilDown)
    this.#commands = commandsOf(client)
    this.#events = new Emitter('redis', name, hub)
    this.#unregister =
      name === undefined
        ? undefined
        : hub.register({
            kind: 'redis',
            name,
            snapshot: () => this.health(),
            actions: { inspect: () => this.inspect() },
          })
  }

  /** Subscribes to an event. @returns A function that unsubscribes. */
  on<E extends keyof RedisConnectionEvents & string>(
    event: E,
    listener: Listener<RedisConnectionEvents[E]>,
  ): () => void {
    return this.#events.on(event, listener)
  }

  /** How the server does. */
  health(): RedisHealth {
    const server = this.#server
    const reason = server && riskOf(server)
    const serving = reason === undefined ? 'up' : 'degraded'
    return {
      state: this.#downSince === undefined ? serving : 'down',
      reason,
      connection: this.#commands.status,
      pending: this.#pending,
      failures: this.#failures,
      latency: this.#latency,
      server,
    }
  }

  /**
   * Asks the server about itself. Happens by itself behind the first operation on each connection; of a cluster, one of its nodes
   * tells.
   *
   * @throws {@link RedisUnavailableError} when it does not tell.
   */
  async inspect(): Promise<RedisServerFacts> {
    return this.#told(await this.command('inspect', 'INFO', []))
  }

  /**
   * Runs a script.
   *
   * @param operation - What it is, for errors and events.
   * @param budget - Milliseconds. @defaultValue {@link commandTimeout}
   * @throws {@link RedisUnavailableError} when there is no answer within the budget, or an error.
   */
  run(
    operation: string,
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    budget?: number,
  ): Promise<unknown> {
    return this.operate(operation, () => script.run(this.#commands, keys, args), budget)
  }

  /** Sends one command, likewise. */
  command(operation: string, command: string, args: readonly Argument[], budget?: number): Promise<unknown> {
    return this.operate(operation, () => this.#commands.call(command, args), budget)
  }

  /** Does anything with the client within a budget. */
  operate<T>(operation: string, send: () => Promise<T>, budget: number = this.commandTimeout): Promise<T> {
    const { clock } = this
    const began = clock.now()
    this.#pending++
    return new Promise<T>((resolve, reject) => {
      let over = false
      let forget = (): void => {}
      const end = (): boolean => {
        if (over) return false
        over = true
        this.#pending--
        timer.cancel()
        forget()
        return true
      }
      const fail = (reason: RedisFailure, cause?: unknown): void => {
        if (!end()) return
        this.#failed(operation, reason)
        reject(new RedisUnavailableError(this.name, operation, reason, cause))
      }
      let sent = false
      const timer = clock.setTimer(() => fail(sent ? 'timeout' : 'disconnected'), budget)
      const go = (): void => {
        forget()
        if (over) return
        sent = true
        send().then(
          (answer) => {
            if (!end()) return
            this.#succeeded(clock.now() - began)
            resolve(answer)
          },
          (cause: unknown) => fail(failureOf(cause), cause),
        )
      }
      if (this.#commands.status === 'ready') go()
      else forget = this.#whenReady(go)
    })
  }

  /** Takes it off the hub and forgets its listeners. The client stays open: it is yours. */
  dispose(): void {
    this.#unregister?.()
    this.#events.clear()
  }

  /** Exact sizes of what it holds, for leak tests. */
  debugStats(): Record<string, number> {
    return { pending: this.#pending, listeners: this.#events.size }
  }

  #whenReady(callback: () => void): () => void {
    // A client with `lazyConnect` waits for the first command.
    if (this.#commands.status === 'wait') this.client.connect().catch(() => {})
    return onClient(this.#commands, 'ready', callback)
  }

  #succeeded(latency: number): void {
    this.#latency = latency
    this.#failures = 0
    const socket = this.#commands.stream ?? this.client
    if (this.#inspected !== socket) this.#inspect(socket)
    if (this.#downSince === undefined) return
    const downFor = this.clock.now() - this.#downSince
    this.#downSince = undefined
    this.#events.emit('up', { name: this.name, downFor })
  }

  /** Another socket may lead to another server. One that does not let itself be asked is not asked again. */
  #inspect(socket: unknown): void {
    this.#inspected = socket
    this.#commands.call('INFO', []).then(
      (text) => this.#told(text),
      (cause: unknown) => {
        // What the server before has told says nothing about one that refuses.
        if (failureOf(cause) === 'error') this.#server = undefined
      },
    )
  }

  #told(text: unknown): RedisServerFacts {
    const before = this.#server && riskOf(this.#server)
    const server = factsOf(String(text))
    this.#server = server
    const { name } = this
    const { evictionPolicy } = server
    const reason = riskOf(server)
    if (reason !== undefined && reason !== before)
      this.#events.emit('degraded', { name, reason, evictionPolicy })
    return server
  }

  #failed(operation: string, reason: RedisFailure): void {
    const { name } = this
    const failures = ++this.#failures
    const down = this.#downSince === undefined && failures >= this.#failuresUntilDown
    if (down) this.#downSince = this.clock.now()
    this.#events.emit('failed', { name, operation, reason })
    if (down) this.#events.emit('down', { name, failures })
  }
}

/**
 * Supervises a client of yours.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { redisConnection } from '@seaworthy/redis'
 * import { Redis } from 'ioredis'
 *
 * const client = new Redis({ lazyConnect: true })
 * const redis = redisConnection(client, { name: 'main', commandTimeout: '500ms' })
 * redis.on('down', () => console.log('the store is down'))
 * console.log(redis.health().connection) // wait
 * client.disconnect()
 * ```
 */
export function redisConnection(client: RedisClient, options: RedisConnectionOptions = {}): RedisConnection {
  knownOptions('redisConnection', options, ['name', 'commandTimeout', 'failuresUntilDown', 'hub', 'clock'])
  return new RedisConnection(client, options)
}

/** A client of yours, or one under supervision already. */
export const connectionOf = (redis: RedisClient | RedisConnection): RedisConnection =>
  redis instanceof RedisConnection ? redis : new RedisConnection(redis, {})
