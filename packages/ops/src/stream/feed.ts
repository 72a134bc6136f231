/** The stream of events: a snapshot for who comes, then what changes, once a second, and what is important at once. */
import type { Clock, WallClock } from '@seaworthy/core'
import { Fault } from '../http/fault.ts'
import type {
  ByeEvent,
  DeltaEvent,
  SeriesPoint,
  SessionAnswer,
  SnapshotEvent,
  TransitionEvent,
} from '../wire.ts'
import { type LiveState, Shown } from './live-state.ts'
import { StreamReader } from './reader.ts'
import type { Transitions } from './transitions.ts'

const mostReaders = 20
/** Who reads must say again who they are, in milliseconds: what they may do can have been taken back. */
const longest = 3_600_000
const retryAfter = 3000
const firstTransitions = 100

/** What the feed needs. */
export interface FeedOptions {
  readonly clock: Clock
  readonly wallClock: WallClock
  readonly transitions: () => Transitions
  /** Reads the state of everything. */
  readonly read: () => LiveState
  /** A text that no other process has, so that numbers of events are not mistaken for those of another one. */
  readonly process: string
}

export class Feed {
  readonly #options: FeedOptions
  readonly #readers = new Map<StreamReader, SessionAnswer>()
  readonly #shown = new Shown()
  #closed = false

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /** How many read. */
  get size(): number {
    return this.#readers.size
  }

  /** @throws Fault 503 when there are too many already, or it is closed. */
  open(session: SessionAnswer, lastEventId: string | undefined): Response {
    if (this.#closed) throw new Fault(503, 'closed', 'The process ends.')
    if (this.#readers.size >= mostReaders)
      throw new Fault(503, 'too_many_streams', 'There are too many streams.', { 'retry-after': '10' })
    const reader = new StreamReader(this.#options.clock, (gone) => this.#readers.delete(gone))
    reader.retryAfter(retryAfter)
    reader.seq = this.#seqOf(lastEventId)
    const state = this.#options.read()
    // What others were shown stays what the next delta is compared with; it may tell this one something twice.
    if (this.#readers.size === 0) this.#shown.set(state)
    this.#readers.set(reader, session)
    this.#sendSnapshot(reader, session, state)
    return new Response(reader.body, {
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        // Without `no-transform`, middleware that compresses keeps events back.
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
      },
    })
  }

  /** A second is over. */
  second(points: readonly SeriesPoint[]): void {
    if (this.#readers.size === 0) return
    const { clock, wallClock, read, transitions } = this.#options
    const state = read()
    const changes = this.#shown.update(state)
    const something = changes !== undefined || points.length > 0
    const delta: DeltaEvent = {
      seq: transitions().seq,
      time: Math.round(wallClock()),
      figures: state.figures,
      ...changes,
      points,
    }
    for (const [reader, session] of [...this.#readers]) {
      if (clock.now() - reader.openedAt >= longest) this.#end(reader, { reason: 'renew' })
      else if (reader.behind) this.#catchUp(reader, session, state)
      else if (something) reader.send('delta', delta)
      reader.keepAlive()
    }
  }

  /** Something important happened. */
  transition(transition: TransitionEvent): void {
    for (const reader of this.#readers.keys()) this.#sendTransition(reader, transition)
  }

  /** Ends all streams. */
  close(): void {
    this.#closed = true
    for (const reader of [...this.#readers.keys()]) this.#end(reader, { reason: 'closing' })
  }

  #sendTransition(reader: StreamReader, transition: TransitionEvent): void {
    if (reader.behind) return
    if (reader.send('transition', transition, this.#idOf(transition.seq))) reader.seq = transition.seq
  }

  #catchUp(reader: StreamReader, session: SessionAnswer, state: LiveState): void {
    if (!reader.ready) return
    reader.behind = false
    this.#sendSnapshot(reader, session, state)
  }

  #sendSnapshot(reader: StreamReader, session: SessionAnswer, state: LiveState): void {
    const { wallClock, transitions } = this.#options
    const known = transitions()
    const missed = reader.seq < 0 ? undefined : known.after(reader.seq)
    const snapshot: SnapshotEvent = {
      seq: known.seq,
      time: Math.round(wallClock()),
      session,
      ...state,
      transitions: missed ?? known.latest(firstTransitions),
      resumed: missed !== undefined,
    }
    if (reader.send('snapshot', snapshot, this.#idOf(known.seq))) reader.seq = known.seq
  }

  #end(reader: StreamReader, bye: ByeEvent): void {
    this.#readers.delete(reader)
    reader.send('bye', bye)
    reader.end()
  }

  #idOf(seq: number): string {
    return `${this.#options.process}.${seq}`
  }

  /** The number of the last event that somebody has; -1 if they have none of this process. */
  #seqOf(id: string | undefined): number {
    const [process, seq] = id?.split('.') ?? []
    return process === this.#options.process && /^\d{1,15}$/.test(seq ?? '') ? Number(seq) : -1
  }
}
