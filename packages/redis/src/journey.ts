/** Journeys on Redis: the story of a piece of work across processes. */
import {
  type Clock,
  count,
  type Duration,
  defaultHub,
  duration,
  Emitter,
  type EventMap,
  type Hub,
  type HubEvent,
  InvalidOptionError,
  type JourneyEntry,
  type JourneyStore,
  knownOptions,
  type Listener,
  type Random,
  systemRandom,
  type Timer,
} from '@seaworthy/core'
import type { RedisClient } from './client.ts'
import { connectionOf, type RedisConnection } from './connection.ts'
import { RedisUnavailableError } from './errors.ts'
import { type BufferedEvent, type JourneyBatch, JourneyBuffer } from './journey-buffer.ts'
import { lineOf, storyOf } from './journey-lines.ts'
import { checkedPrefix } from './key-options.ts'
import recordScript from './lua/journey-record.lua'
import { type Argument, Script } from './script.ts'

/** Options of {@link redisJourney}. */
export interface RedisJourneyOptions {
  /** Your client, or one under supervision ({@link redisConnection}), which other stores may share. */
  readonly redis: RedisClient | RedisConnection
  /** What the keys of all journeys begin with. No braces. @defaultValue `'journey:'` */
  readonly prefix?: string
  /** The most events of a journey; the oldest go first. @defaultValue 1,000 */
  readonly keep?: number
  /** How long a journey is kept after its last event. @defaultValue `'7d'` */
  readonly maxAge?: Duration
  /** How long events are collected before they are written. @defaultValue `'100ms'` */
  readonly interval?: Duration
  /** The most events that wait to be written; what comes when so many wait is dropped. @defaultValue 10,000 */
  readonly buffer?: number
  /** Who records: a text that no other recorder has, without white space. @defaultValue a random one */
  readonly source?: string
  /** A name, for its events and the hub, as a component of kind `journey`. @defaultValue none: it is not on the hub */
  readonly name?: string
  /** @defaultValue the hub of the process */
  readonly hub?: Hub
  /** Measures how long ago events were. @defaultValue that of the connection */
  readonly clock?: Clock
  /** Makes the default `source`. @defaultValue `Math.random` */
  readonly random?: Random
}

/**
 * Why events were dropped: too many waited to be written, the server refused them, or JSON cannot hold them.
 */
export type JourneyLoss = 'buffer' | 'refused' | 'encoding'

/** What a recorder tells those who listen. */
export type RedisJourneyEvents = EventMap & {
  /** Events were dropped since this was last told: their journeys have gaps. */
  dropped: { readonly name: string | undefined; readonly reason: JourneyLoss; readonly count: number }
}

/** Journeys on Redis. Made by {@link redisJourney}. */
export interface RedisJourney extends JourneyStore {
  /** Events that were dropped, ever. */
  readonly dropped: number
  /** Subscribes to an event. @returns A function that unsubscribes. */
  on<E extends keyof RedisJourneyEvents & string>(
    event: E,
    listener: Listener<RedisJourneyEvents[E]>,
  ): () => void
  /** Writes what waits. @returns When all of it is written, or one try has failed; it never rejects. */
  flush(): Promise<void>
  /** Writes what waits, once, and stops: later events are dropped. The client stays open. */
  close(): Promise<void>
  /** `buffered`: events that wait; `timers`: whether one runs; `listeners`. */
  debugStats(): Record<string, number>
}

/** Journeys are written so many at a time, and so many events of each: short scripts, whatever has piled up. */
const journeysAtOnce = 50
const eventsAtOnce = 250
/** The longest pause after a failure, in milliseconds. */
const longestPause = 5000

/**
 * Keeps journeys on Redis, for all processes. Times of entries are milliseconds since 1970 by the clock of the server.
 *
 * Recording puts the event in a buffer; it is written with others later. A store that is down delays it, and if that takes long events are
 * dropped and counted; no call ever waits or fails because of it. A process that ends without {@link RedisJourney.close} loses what its
 * buffer holds.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. `journey()` rejects with a {@link RedisUnavailableError}.
 *
 * @example
 * ```ts
 * import { defaultHub } from '@seaworthy/core'
 * import { redisJourney } from '@seaworthy/redis'
 * import { Redis } from 'ioredis'
 *
 * const client = new Redis({ lazyConnect: true })
 * const journeys = redisJourney({ redis: client, keep: 1000, maxAge: '7d' })
 * defaultHub.recordJourneys(journeys)
 * console.log(journeys.dropped) // 0
 * client.disconnect()
 * ```
 */
export function redisJourney(options: RedisJourneyOptions): RedisJourney {
  knownOptions('redisJourney', options, [
    'redis',
    'prefix',
    'keep',
    'maxAge',
    'interval',
    'buffer',
    'source',
    'name',
    'hub',
    'clock',
    'random',
  ])
  return new JourneyRecorder(options)
}

const script = new Script(recordScript)

class JourneyRecorder implements RedisJourney {
  readonly #connection: RedisConnection
  readonly #prefix: string
  readonly #keep: number
  readonly #maxAge: number
  readonly #interval: number
  readonly #source: string
  readonly #name: string | undefined
  readonly #clock: Clock
  readonly #buffer: JourneyBuffer
  readonly #events: Emitter<RedisJourneyEvents>
  readonly #unregister: (() => void) | undefined
  readonly #untold = new Map<JourneyLoss, number>()
  #written = 0
  #dropped = 0
  #failures = 0
  #timer: Timer | undefined
  #flushing: Promise<void> | undefined
  #closed = false

  constructor(options: RedisJourneyOptions) {
    const { keep = 1000, maxAge = '7d', interval = '100ms', buffer = 10_000 } = options
    const { name, hub = defaultHub, random = systemRandom } = options
    this.#connection = connectionOf(options.redis)
    this.#prefix = checkedPrefix(options.prefix, 'journey:')
    this.#keep = count('keep', keep)
    this.#maxAge = Math.ceil(duration('maxAge', maxAge, 1))
    this.#interval = duration('interval', interval)
    this.#buffer = new JourneyBuffer(count('buffer', buffer))
    this.#source = checkedSource(options.source ?? randomText(random))
    this.#name = name
    this.#clock = options.clock ?? this.#connection.clock
    this.#events = new Emitter('journey', name, hub)
    const snapshot = (): object => ({
      buffered: this.#buffer.size,
      written: this.#written,
      dropped: this.#dropped,
    })
    const actions = { flush: () => this.flush() }
    this.#unregister =
      name === undefined ? undefined : hub.register({ kind: 'journey', name, snapshot, actions })
  }

  get dropped(): number {
    return this.#dropped
  }

  on<E extends keyof RedisJourneyEvents & string>(
    event: E,
    listener: Listener<RedisJourneyEvents[E]>,
  ): () => void {
    return this.#events.on(event, listener)
  }

  record(journey: string, event: HubEvent): void {
    if (this.#closed || !this.#buffer.add(journey, event, this.#clock.now())) this.#drop('buffer', 1)
    else this.#plan(this.#interval)
  }

  async journey(id: string): Promise<readonly JourneyEntry[]> {
    const lines = await this.#connection.command('journey.read', 'LRANGE', [this.#key(id), 0, -1])
    return storyOf(lines as string[])
  }

  flush(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#flushing ??= this.#writeAll().finally(() => {
      this.#flushing = undefined
      this.#tellDropped()
      if (this.#closed || this.#buffer.size === 0) return
      this.#plan(Math.min(longestPause, this.#interval + 100 * 2 ** Math.min(this.#failures, 10)))
    })
    return this.#flushing
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#flushing
    await this.flush()
    this.#drop('buffer', this.#buffer.size)
    this.#tellDropped()
    this.#unregister?.()
    this.#events.clear()
  }

  debugStats(): Record<string, number> {
    const timers = this.#timer === undefined ? 0 : 1
    return { buffered: this.#buffer.size, timers, listeners: this.#events.size }
  }

  #key(journey: string): string {
    return `${this.#prefix}{${journey}}`
  }

  #plan(delay: number): void {
    if (this.#timer !== undefined || this.#flushing !== undefined) return
    this.#timer = this.#clock.setTimer(() => void this.flush(), delay, false)
  }

  /** Until nothing waits, or a write has failed. */
  async #writeAll(): Promise<void> {
    for (;;) {
      const batches = this.#buffer.take(journeysAtOnce, eventsAtOnce)
      if (batches.length === 0) return
      const written = await Promise.all(batches.map((batch) => this.#write(batch)))
      if (written.includes(false)) {
        this.#failures++
        return
      }
      this.#failures = 0
    }
  }

  /** @returns False if it has to be written again: then it waits. */
  async #write({ journey, events }: JourneyBatch): Promise<boolean> {
    const args: Argument[] = [this.#keep, this.#maxAge]
    const written: BufferedEvent[] = []
    const now = this.#clock.now()
    for (const buffered of events) {
      const line = this.#line(buffered)
      if (line === undefined) continue
      args.push(now - buffered.at, line)
      written.push(buffered)
    }
    try {
      if (written.length > 0) await this.#connection.run('journey.record', script, [this.#key(journey)], args)
      this.#written += written.length
    } catch (error) {
      if (!(error instanceof RedisUnavailableError) || error.reason !== 'error') {
        this.#buffer.putBack({ journey, events: written })
        return false
      }
      this.#drop('refused', written.length)
    }
    this.#buffer.settle(written.length)
    return true
  }

  #line({ event, sequence }: BufferedEvent): string | undefined {
    try {
      return lineOf(this.#source, sequence, event)
    } catch {
      this.#buffer.settle(1)
      this.#drop('encoding', 1)
      return undefined
    }
  }

  #drop(reason: JourneyLoss, events: number): void {
    if (events === 0) return
    this.#dropped += events
    this.#untold.set(reason, (this.#untold.get(reason) ?? 0) + events)
  }

  #tellDropped(): void {
    for (const [reason, events] of this.#untold) {
      this.#untold.delete(reason)
      this.#events.emit('dropped', { name: this.#name, reason, count: events })
    }
  }
}

function checkedSource(source: string): string {
  if (typeof source === 'string' && /^\S{1,64}$/.test(source)) return source
  throw new InvalidOptionError('source', 'a text of 1 to 64 characters without white space', source)
}

const randomText = (random: Random): string =>
  Array.from({ length: 12 }, () => Math.floor(random() * 36).toString(36)).join('')
