/**
 * Your pool under supervision: every operation has a budget of time, nothing is sent for somebody who has given up, and the hub sees how the
 * server does.
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
  InvalidOptionError,
  knownOptions,
  type Listener,
  type Random,
  systemClock,
  systemRandom,
  type Timer,
} from '@seaworthy/core'
import type { Pool } from 'pg'
import type { PostgresClient, PostgresPool } from './client.ts'
import { type PostgresFailure, PostgresSchemaError, PostgresUnavailableError } from './errors.ts'
import { failureOf, isConflict } from './failure.ts'

/** Options of {@link postgresConnection}. */
export interface PostgresConnectionOptions {
  /** Its name on the hub, as a component of kind `postgres`. @defaultValue none: it is not on the hub */
  readonly name?: string
  /** How long an operation may take, waiting for a connection included. @defaultValue `'1s'` */
  readonly commandTimeout?: Duration
  /** After so many failures in a row it counts as down. @defaultValue 3 */
  readonly failuresUntilDown?: number
  /** @defaultValue the hub of the process */
  readonly hub?: Hub
  /** @defaultValue the system clock */
  readonly clock?: Clock
  /** Spreads what is tried again. @defaultValue `Math.random` */
  readonly random?: Random
}

/** What a connection tells those who listen: never keys, arguments or answers. */
export type PostgresConnectionEvents = EventMap & {
  /** An operation failed. */
  failed: { readonly name: string | undefined; readonly operation: string; readonly reason: PostgresFailure }
  /** Several have failed in a row: the store counts as down. */
  down: { readonly name: string | undefined; readonly failures: number }
  /** One succeeded again, `downFor` milliseconds later. */
  up: { readonly name: string | undefined; readonly downFor: number }
}

/** How the server does, as plain data. */
export interface PostgresHealth {
  readonly state: 'up' | 'down'
  /** The connections of the pool, if it tells: all, those that are free, and how many wait for one. */
  readonly connections:
    | { readonly total: number; readonly idle: number; readonly waiting: number }
    | undefined
  /** Operations under way. */
  readonly pending: number
  /** Failures in a row. */
  readonly failures: number
  /** How long the last operation took that succeeded, in milliseconds; undefined if none did. */
  readonly latency: number | undefined
}

/** How {@link PostgresConnection.operate} does something. */
export interface Operation<T> {
  /** What it is, for errors and events. */
  readonly name: string
  send(client: PostgresClient): Promise<T>
  /** Called with an answer that came too late, instead of anybody else. */
  late?(answer: T): void
  /** Called when it was sent, and whether it was done will not be known. */
  lost?(): void
}

/** So many who gave up may still stand in the pool's queue; it takes nobody out. */
const mostAbandoned = 1000

/** The longest pause before something is tried again that others came in between, in milliseconds. */
const longestPause = 50

/** A supervised pool. Made by {@link postgresConnection}; share one between all stores on the same pool. */
export class PostgresConnection {
  readonly pool: PostgresPool
  readonly name: string | undefined
  readonly clock: Clock
  readonly random: Random
  readonly commandTimeout: number
  readonly #events: Emitter<PostgresConnectionEvents>
  readonly #failuresUntilDown: number
  readonly #unregister: (() => void) | undefined
  #pending = 0
  #held = 0
  #abandoned = 0
  #failures = 0
  #downSince: number | undefined
  #latency: number | undefined

  constructor(pool: PostgresPool, options: PostgresConnectionOptions) {
    const { name, hub = defaultHub, clock = systemClock, random = systemRandom } = options
    const { commandTimeout = '1s', failuresUntilDown = 3 } = options
    if (typeof pool?.connect !== 'function')
      throw new InvalidOptionError('pool', 'a Pool of pg, or a singleConnection', pool)
    this.pool = pool
    this.name = name
    this.clock = clock
    this.random = random
    this.commandTimeout = duration('commandTimeout', commandTimeout, 1)
    this.#failuresUntilDown = count('failuresUntilDown', failuresUntilDown)
    this.#events = new Emitter('postgres', name, hub)
    guard(pool)
    this.#unregister =
      name === undefined
        ? undefined
        : hub.register({ kind: 'postgres', name, snapshot: () => this.health(), actions: {} })
  }

  /** Subscribes to an event. @returns A function that unsubscribes. */
  on<E extends keyof PostgresConnectionEvents & string>(
    event: E,
    listener: Listener<PostgresConnectionEvents[E]>,
  ): () => void {
    return this.#events.on(event, listener)
  }

  /** How the server does. */
  health(): PostgresHealth {
    const { totalCount, idleCount, waitingCount } = this.pool as Partial<
      Pick<Pool, 'totalCount' | 'idleCount' | 'waitingCount'>
    >
    const told = totalCount !== undefined && idleCount !== undefined && waitingCount !== undefined
    return {
      state: this.#downSince === undefined ? 'up' : 'down',
      connections: told ? { total: totalCount, idle: idleCount, waiting: waitingCount } : undefined,
      pending: this.#pending,
      failures: this.#failures,
      latency: this.#latency,
    }
  }

  /**
   * Does something on a connection of the pool, within a budget. What others came in between of is tried again meanwhile.
   *
   * @param budget - Milliseconds. @defaultValue {@link commandTimeout}
   * @throws {@link PostgresUnavailableError}; or a {@link PostgresSchemaError} of `send`.
   */
  async operate<T>(operation: Operation<T>, budget: number = this.commandTimeout): Promise<T> {
    const began = this.clock.now()
    this.#pending++
    try {
      return await this.#send(operation, await this.take(operation.name, budget), began, began + budget)
    } finally {
      this.#pending--
    }
  }

  /**
   * Takes a connection out of the pool, within a budget. Give it back.
   *
   * @throws {@link PostgresUnavailableError}
   */
  take(operation: string, budget: number = this.commandTimeout): Promise<Held> {
    return new Promise((resolve, reject) => {
      let waiting = true
      const fail = (cause?: unknown): void => {
        waiting = false
        timer.cancel()
        reject(this.#failed(operation, 'disconnected', cause))
      }
      const timer = this.clock.setTimer(() => {
        this.#abandoned++
        fail()
      }, budget)
      if (this.#abandoned >= mostAbandoned) {
        fail(new Error('the pool has given out no connection for a long time'))
        return
      }
      this.#connect().then(
        (client) => {
          if (waiting) {
            timer.cancel()
            this.#held++
            resolve(new Held(client, this.clock, () => this.#held--))
          } else {
            this.#abandoned--
            client.release()
          }
        },
        (cause: unknown) => {
          if (waiting) fail(cause)
          else this.#abandoned--
        },
      )
    })
  }

  /**
   * Does something within a budget on a connection that is not ours, and once: what failed in a transaction fails all of it.
   *
   * @throws {@link PostgresUnavailableError}; or what `send` rejected with, if the server sent it.
   */
  within<T>(name: string, send: () => Promise<T>, budget: number = this.commandTimeout): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.clock.setTimer(
        () => reject(new PostgresUnavailableError(this.name, name, 'timeout')),
        budget,
      )
      send()
        .then(resolve, reject)
        .finally(() => timer.cancel())
    })
  }

  /** Takes it off the hub and forgets its listeners. The pool stays open: it is yours. */
  dispose(): void {
    this.#unregister?.()
    this.#events.clear()
  }

  /**
   * Exact sizes of what it holds, for leak tests. `held`: connections that are in use, those whose answer nobody waits for included;
   * `abandoned`: places in the pool's queue that nobody waits for any more.
   */
  debugStats(): Record<string, number> {
    return {
      pending: this.#pending,
      held: this.#held,
      abandoned: this.#abandoned,
      listeners: this.#events.size,
    }
  }

  #send<T>(operation: Operation<T>, held: Held, began: number, until: number): Promise<T> {
    const { clock } = this
    return new Promise((resolve, reject) => {
      let waiting = true
      const timer = clock.setTimer(() => {
        waiting = false
        held.expire(this.commandTimeout, () => operation.lost?.())
        reject(this.#failed(operation.name, 'timeout'))
      }, until - clock.now())
      this.#insist(() => operation.send(held.client), until).then(
        (answer) => {
          timer.cancel()
          if (!held.release(false)) return
          if (!waiting) {
            operation.late?.(answer)
            return
          }
          this.#succeeded(clock.now() - began)
          resolve(answer)
        },
        (cause: unknown) => {
          timer.cancel()
          const reason = cause instanceof PostgresSchemaError ? 'error' : failureOf(cause)
          if (!held.release(reason === 'interrupted')) return
          if (reason === 'interrupted') operation.lost?.()
          if (waiting) reject(this.#failed(operation.name, reason, cause))
        },
      )
    })
  }

  /** A pool may throw where it should reject. */
  async #connect(): Promise<PostgresClient> {
    return await this.pool.connect()
  }

  async #insist<T>(send: () => Promise<T>, until: number): Promise<T> {
    for (let pause = 1; ; pause = Math.min(2 * pause, longestPause)) {
      try {
        return await send()
      } catch (cause) {
        const wait = pause * this.random()
        if (!isConflict(cause) || this.clock.now() + wait >= until) throw cause
        await this.clock.sleep(wait)
      }
    }
  }

  #succeeded(latency: number): void {
    this.#latency = latency
    this.#failures = 0
    if (this.#downSince === undefined) return
    const downFor = this.clock.now() - this.#downSince
    this.#downSince = undefined
    this.#events.emit('up', { name: this.name, downFor })
  }

  /** Counts a failure and tells it. @returns What to reject with. */
  #failed(operation: string, reason: PostgresFailure, cause?: unknown): Error {
    const { name } = this
    const failures = ++this.#failures
    const down = this.#downSince === undefined && failures >= this.#failuresUntilDown
    if (down) this.#downSince = this.clock.now()
    this.#events.emit('failed', { name, operation, reason })
    if (down) this.#events.emit('down', { name, failures })
    return cause instanceof PostgresSchemaError
      ? cause
      : new PostgresUnavailableError(name, operation, reason, cause)
  }
}

/** A connection that was taken from the pool, until it is given back. */
export class Held {
  readonly client: PostgresClient
  readonly #clock: Clock
  readonly #released: () => void
  #timer: Timer | undefined
  #over = false

  constructor(client: PostgresClient, clock: Clock, released: () => void) {
    this.client = client
    this.#clock = clock
    this.#released = released
    // pg takes its own listener off while a connection is out.
    client.on?.('error', ignore)
  }

  /**
   * Nobody waits any more. A connection that then hears nothing is taken for dead, or it would be missing in the pool for ever.
   *
   * @param grace - How long it is kept for an answer that is late, in milliseconds.
   * @param lost - Called when that did not come either.
   */
  expire(grace: number, lost: () => void): void {
    const give = (): void => {
      if (this.release(true)) lost()
    }
    this.#timer = this.#clock.setTimer(give, grace, false)
  }

  /** @param destroy - Whether it is broken, or in a state that nobody knows. @returns False if it was given back before. */
  release(destroy: boolean): boolean {
    if (this.#over) return false
    this.#over = true
    this.#timer?.cancel()
    this.client.off?.('error', ignore)
    this.client.release(destroy)
    this.#released()
    return true
  }
}

const ignore = (): void => {}
const guarded = new WeakSet<object>()

/** A pool tells of idle connections that broke, and without a listener that ends the process. It replaces them by itself. */
function guard(pool: PostgresPool): void {
  if (guarded.has(pool)) return
  guarded.add(pool)
  pool.on?.('error', ignore)
}

/**
 * Supervises a pool of yours.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { postgresConnection } from '@seaworthy/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: 'postgres://localhost/shop' })
 * const connection = postgresConnection(pool, { name: 'main', commandTimeout: '500ms' })
 * connection.on('down', () => console.log('the store is down'))
 * console.log(connection.health().state) // up
 * await pool.end()
 * ```
 */
export function postgresConnection(
  pool: PostgresPool,
  options: PostgresConnectionOptions = {},
): PostgresConnection {
  knownOptions('postgresConnection', options, [
    'name',
    'commandTimeout',
    'failuresUntilDown',
    'hub',
    'clock',
    'random',
  ])
  return new PostgresConnection(pool, options)
}

/** A pool of yours, or one under supervision already. */
export const connectionOf = (pool: PostgresPool | PostgresConnection): PostgresConnection =>
  pool instanceof PostgresConnection ? pool : new PostgresConnection(pool, {})
