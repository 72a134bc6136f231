import { defaultHub, Emitter, type FailureClass, type Listener, Periodic } from '@seaworthy/core'
import { Burials } from './burials.ts'
import { crashError } from './dead-letter-sink.ts'
import { answerWithin, storeLimit } from './desk.ts'
import { StreamClosedError } from './errors.ts'
import { classOf } from './insist.ts'
import { reaperSettings, type TakeOverOptions, type TakeOverSettings } from './options.ts'
import type { Delivery } from './task.ts'

/** Options of {@link reaper}. */
export type ReaperOptions = TakeOverOptions

/** The events of a reaper. */
export type ReaperEvents = {
  /** Tasks of owners that fell silent wait for any worker now. */
  republished: { readonly name: string | undefined; readonly count: number }
  /**
   * A task was poison; it is among the dead letters, under `letter` (undefined if it was discarded, as the options
   * say).
   */
  deadLettered: {
    readonly name: string | undefined
    readonly task: string
    readonly starts: number
    readonly deliveries: number
    readonly previousOwner: string | undefined
    readonly letter: string | undefined
  }
  /** Entries without content were dropped. */
  vanished: { readonly name: string | undefined; readonly count: number }
  /** Owners that hold nothing and are silent were forgotten. */
  pruned: { readonly name: string | undefined; readonly count: number }
  /** The store started not long ago: nothing is taken over for so long, in milliseconds. */
  heldOff: { readonly name: string | undefined; readonly holdOff: number }
  /** A call to a store failed. It is made again in time. */
  storeError: {
    readonly name: string | undefined
    readonly operation: string
    readonly failureClass: FailureClass
  }
}

/** Gives back to the stream what silent workers hold. Made by {@link reaper}. */
export interface Reaper {
  readonly kind: 'reaper'
  readonly name: string | undefined
  readonly owner: string
  /** Begins to look. @throws {@link StreamClosedError} when it was closed. */
  start(): void
  /** One look at the whole stream now, whether it was started or not. Rejects as the stream does. */
  reap(): Promise<ReapSummary>
  /** Ends it, when the look that is under way is over. Never rejects. */
  close(): Promise<void>
  /** Subscribes to an event. @returns A function that unsubscribes. */
  on<E extends keyof ReaperEvents>(event: E, listener: Listener<ReaperEvents[E]>): () => void
  /** Exact sizes of what it holds. All zero when it is closed and nobody listens. */
  debugStats(): Record<string, number>
}

/** What one look has done. */
export interface ReapSummary {
  readonly republished: number
  /** Poison that was put among the dead letters. */
  readonly buried: number
  readonly vanished: number
}

/** Entries in one call to the stream. */
const batch = 100
const pruneEvery = 60_000

/**
 * Watches a stream from a process without handlers: tasks whose owner was not heard of for `minIdle` wait again for
 * any worker, poison goes to the dead letters, owners that are gone are forgotten. Workers do the same for
 * themselves; a reaper is for streams whose workers may all be busy or gone, and for letting an operator see to it.
 * Any number of them may run.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { memoryStream, reaper } from '@seaworthy/worker'
 *
 * const stream = memoryStream()
 * await stream.enqueue({ payload: '1' })
 * await stream.fetch('worker that will die', { count: 1, wait: 0 })
 *
 * const watch = reaper({ stream, deadLetters: 'discard', minIdle: '30ms', heartbeat: '10ms' })
 * await new Promise((resolve) => setTimeout(resolve, 50))
 * console.log(await watch.reap()) // { republished: 1, buried: 0, vanished: 0 }
 * ```
 */
export function reaper(options: ReaperOptions): Reaper {
  return new StreamReaper(options)
}

class StreamReaper implements Reaper {
  readonly kind = 'reaper'
  readonly name: string | undefined
  readonly owner: string
  readonly #settings: TakeOverSettings
  readonly #events: Emitter<ReaperEvents>
  readonly #burials: Burials
  readonly #upkeep: readonly Periodic[]
  readonly #unregister: (() => void) | undefined
  #closed = false

  constructor(options: ReaperOptions) {
    const settings = reaperSettings(options)
    const { name, owner, clock, random, interval } = settings
    const hub = options.hub ?? defaultHub
    this.name = name
    this.owner = owner
    this.#settings = settings
    this.#events = new Emitter(this.kind, name, hub)
    const { stream, deadLetters } = settings
    this.#burials = new Burials(
      stream,
      deadLetters,
      { worker: owner, attempts: undefined },
      {
        letters: (operation, call) => answerWithin(clock, storeLimit, operation, call),
        stream: (_, call) => call(),
      },
    )
    const every = (milliseconds: number, operation: string, job: () => Promise<unknown>): Periodic => {
      const run = (): Promise<unknown> => job().catch((error: unknown) => this.#trouble(operation, error))
      return new Periodic({ clock, random, interval: milliseconds, jitter: 0.2, run })
    }
    this.#upkeep = [
      every(interval, 'reap', () => this.reap()),
      every(pruneEvery, 'prune', () => this.#prune()),
    ]
    this.#unregister =
      name === undefined
        ? undefined
        : hub.register({
            kind: this.kind,
            name,
            snapshot: () => ({ stream: settings.stream.name, owner, minIdle: settings.minIdle }),
            actions: { reap: () => this.reap() },
          })
  }

  start(): void {
    if (this.#closed) throw new StreamClosedError(this.name ?? this.kind)
    for (const each of this.#upkeep) each.start()
  }

  async reap(): Promise<ReapSummary> {
    const { stream, minIdle, limits } = this.#settings
    const sum = { republished: 0, buried: 0, vanished: 0 }
    let cursor = ''
    do {
      const request = {
        ...limits,
        minIdle,
        count: batch,
        suspects: batch,
        mode: 'republish',
        cursor,
      } as const
      const reaped = await stream.reap(this.owner, request)
      const { republished, vanished, holdOff } = reaped
      this.#tell(republished, vanished, holdOff)
      sum.republished += republished
      sum.vanished += vanished
      for (const delivery of reaped.poison) if (await this.#bury(delivery)) sum.buried++
      cursor = reaped.cursor
    } while (cursor !== '' && !this.#closed)
    return sum
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.all(this.#upkeep.map((each) => each.stop()))
    // What it could not bury is taken over by others; until then the stream does not let it go.
    await this.#settings.stream.leave(this.owner).catch((error: unknown) => this.#trouble('leave', error))
    this.#unregister?.()
  }

  on<E extends keyof ReaperEvents>(event: E, listener: Listener<ReaperEvents[E]>): () => void {
    return this.#events.on(event, listener)
  }

  debugStats(): Record<string, number> {
    const timers = this.#upkeep.reduce((sum, each) => sum + each.timers, 0)
    return { timers, listeners: this.#events.size }
  }

  /** If it fails the task stays pending, and after `minIdle` somebody tries again. */
  async #bury(delivery: Delivery): Promise<boolean> {
    const { task, journey, starts, deliveries, previousOwner } = delivery
    let letter: string | undefined
    try {
      const buried = await this.#burials.bury(
        { delivery, burial: undefined },
        crashError(delivery),
        'crashed',
      )
      if (buried?.outcome !== 'done') return false
      letter = buried.letter
    } catch (error) {
      this.#trouble('deadLetters.add', error)
      return false
    }
    if (this.#events.wants('deadLettered', journey)) {
      const facts = { name: this.name, task, starts, deliveries, previousOwner, letter }
      this.#events.emit('deadLettered', facts, journey)
    }
    return true
  }

  async #prune(): Promise<void> {
    const { stream, minIdle } = this.#settings
    const { length: count } = await stream.prune(minIdle)
    if (count > 0 && this.#events.wants('pruned')) this.#events.emit('pruned', { name: this.name, count })
  }

  #tell(republished: number, vanished: number, holdOff: number): void {
    const { name } = this
    if (republished > 0 && this.#events.wants('republished'))
      this.#events.emit('republished', { name, count: republished })
    if (vanished > 0 && this.#events.wants('vanished'))
      this.#events.emit('vanished', { name, count: vanished })
    if (holdOff > 0 && this.#events.wants('heldOff')) this.#events.emit('heldOff', { name, holdOff })
  }

  #trouble(operation: string, error: unknown): void {
    if (this.#events.wants('storeError'))
      this.#events.emit('storeError', { name: this.name, operation, failureClass: classOf(error) })
  }
}
