/**
 * The life of one entry of a stream, as a pure function of its state, an input and the time of the stream. Every
 * stream does these steps, each in one atomic step together with its audit entry; the memory stream runs this very
 * code.
 *
 * ```
 *            deliver              acknowledge
 * waiting ───────────▶ pending ───────────────▶ acknowledged
 *    ▲ ▲                │ │ ▲│       bury
 *    │ └───handBack─────┘ │ └┘claim ──────────▶ dead
 *    │     republish      │fail, handBack with a delay
 *    └─────promote───── due
 * ```
 *
 * Whoever holds an entry is named by owner and number of the hand-out. The number never repeats, so a worker that
 * lost an entry and got it again cannot be taken for itself in the past.
 */
import type { TaskCounts } from './task.ts'

/** Part of every state. */
interface Common extends TaskCounts {
  /** Hand-outs of all times. Only grows. */
  readonly handOuts: number
}

/** Nobody has it; the next fetch gets it. */
export interface Waiting extends Common {
  readonly name: 'waiting'
}

/** Somebody has it. */
export interface Pending extends Common {
  readonly name: 'pending'
  readonly owner: string
  /** When the owner was last known to hold it: at the hand-out, or at a beat. */
  readonly heardAt: number
  /** Whether this hand-out is counted in `starts`. */
  readonly started: boolean
}

/** Nobody gets it before its time. */
export interface Due extends Common {
  readonly name: 'due'
  readonly dueAt: number
}

/** It is over: done, or given up and kept among the dead letters. */
export interface Ended extends Common {
  readonly name: 'acknowledged' | 'dead'
}

/** The state of an entry. */
export type Entry = Waiting | Pending | Due | Ended

/** Who says that they hold it. */
export interface Holder {
  readonly owner: string
  readonly handOut: number
}

/** Everything that can happen to an entry. */
export type EntryInput =
  | { readonly type: 'deliver'; readonly owner: string }
  | { readonly type: 'beat' | 'start' | 'acknowledge' | 'bury'; readonly by: Holder }
  | { readonly type: 'fail' | 'handBack'; readonly by: Holder; readonly delay: number }
  | { readonly type: 'claim'; readonly owner: string; readonly minIdle: number }
  | { readonly type: 'republish'; readonly minIdle: number }
  | { readonly type: 'promote' }

/**
 * An entry and what led to it.
 *
 * - `done`: the step was made.
 * - `lost`: who asked does not hold it (any more); nothing changed.
 * - `refused`: it is not in a state for this; nothing changed.
 */
export interface EntryStep {
  readonly entry: Entry
  readonly outcome: 'done' | 'lost' | 'refused'
}

/** A new entry, which waits for `delay` milliseconds. */
export function enqueued(delay: number, now: number): Waiting | Due {
  return wait({ handOuts: 0, deliveries: 0, starts: 0, failures: 0 }, delay, now)
}

/** One step. @param now - Milliseconds on the clock of the stream. */
export function next(entry: Entry, input: EntryInput, now: number): EntryStep {
  switch (input.type) {
    case 'deliver':
      return entry.name === 'waiting' ? done(handOut(entry, input.owner, now)) : refused(entry)
    case 'promote':
      return entry.name === 'due' && entry.dueAt <= now ? done(wait(entry, 0, now)) : refused(entry)
    case 'claim':
      return isStale(entry, input.minIdle, now) ? done(handOut(entry, input.owner, now)) : refused(entry)
    case 'republish':
      return isStale(entry, input.minIdle, now) ? done(wait(entry, 0, now)) : refused(entry)
    default:
      return isHolder(entry, input.by) ? done(byHolder(entry, input, now)) : { entry, outcome: 'lost' }
  }
}

/** Whether nothing was heard of its owner for `minIdle` milliseconds. */
export function isStale(entry: Entry, minIdle: number, now: number): entry is Pending {
  return entry.name === 'pending' && now - entry.heardAt >= minIdle
}

/** How bad the history of an entry is that was taken over from a silent owner. */
export type Suspicion = 'none' | 'suspect' | 'poison'

/**
 * When an entry is taken for the cause of the crashes around it. All counts are of hand-outs that ended without a
 * word.
 */
export interface PoisonLimits {
  /** So many hand-outs, and it runs beside no other suspect. */
  readonly suspectAfter: number
  /** So many starts, and it is poison. */
  readonly maxStarts: number
  /** So many hand-outs, and it is poison even if the handler was never seen to start. */
  readonly maxDeliveries: number
}

/** Judges an entry by the counts it had when its owner fell silent. */
export function suspicion({ deliveries, starts }: TaskCounts, limits: PoisonLimits): Suspicion {
  if (starts >= limits.maxStarts || deliveries >= limits.maxDeliveries) return 'poison'
  return deliveries >= limits.suspectAfter ? 'suspect' : 'none'
}

type HolderInput = Extract<EntryInput, { by: Holder }>

function byHolder(entry: Pending, input: HolderInput, now: number): Entry {
  const { handOuts, deliveries, starts, failures } = entry
  switch (input.type) {
    case 'beat':
      return { ...entry, heardAt: now }
    case 'start':
      return entry.started ? entry : { ...entry, starts: starts + 1, started: true }
    case 'acknowledge':
      return { name: 'acknowledged', handOuts, deliveries, starts, failures }
    case 'bury':
      return { name: 'dead', handOuts, deliveries, starts, failures }
    case 'fail':
      return wait({ handOuts, deliveries: 0, starts: 0, failures: failures + 1 }, input.delay, now)
    case 'handBack': {
      const before = { deliveries: deliveries - 1, starts: entry.started ? starts - 1 : starts }
      return wait({ handOuts, ...before, failures }, input.delay, now)
    }
  }
}

function isHolder(entry: Entry, { owner, handOut }: Holder): entry is Pending {
  return entry.name === 'pending' && entry.owner === owner && entry.handOuts === handOut
}

function handOut({ handOuts, deliveries, starts, failures }: Common, owner: string, now: number): Pending {
  return {
    name: 'pending',
    handOuts: handOuts + 1,
    deliveries: deliveries + 1,
    starts,
    failures,
    owner,
    heardAt: now,
    started: false,
  }
}

function wait({ handOuts, deliveries, starts, failures }: Common, delay: number, now: number): Waiting | Due {
  const counts = { handOuts, deliveries, starts, failures }
  return delay > 0 ? { name: 'due', ...counts, dueAt: now + delay } : { name: 'waiting', ...counts }
}

const done = (entry: Entry): EntryStep => ({ entry, outcome: 'done' })
const refused = (entry: Entry): EntryStep => ({ entry, outcome: 'refused' })
