/**
 * What should be broken, and what is: the state of all injections as a pure function of what has happened. No clock, no
 * target, no event; the controller does what the ledger says and tells it what it did.
 */
import type { RefusalReason } from './gates.ts'

/**
 * Where an injection is: `planned → gated → injecting → active → recovering → recovered | recoverFailed`, or out at the side with
 * `refused` or `expired`.
 */
export type InjectionPhase =
  | 'planned'
  | 'gated'
  | 'injecting'
  | 'active'
  | 'recovering'
  | 'recovered'
  | 'recoverFailed'
  | 'refused'
  | 'expired'

/** Why the faults of an injection end. */
export type RecoveryCause =
  | 'elapsed'
  | 'asked'
  | 'stopped'
  | 'killSwitch'
  | 'budget'
  | 'leaseLost'
  | 'replaced'
  | 'notApplied'

/** One fault of one injection on one target. */
interface FaultRecord {
  /** The target and the kind of fault: no two injections may have it in common. */
  readonly place: string
  /** How often it was put in place, and taken away: 0 or 1 each. */
  readonly injected: number
  readonly recovered: number
}

/** One injection. */
export interface LedgerEntry {
  readonly id: string
  readonly phase: InjectionPhase
  readonly reason: RefusalReason | undefined
  readonly cause: RecoveryCause | undefined
  readonly faults: readonly FaultRecord[]
}

/** All of it. */
export interface Ledger {
  readonly killed: boolean
  readonly maxConcurrent: number
  readonly entries: readonly LedgerEntry[]
}

/** What can happen. */
export type LedgerInput =
  | { readonly type: 'plan'; readonly id: string; readonly places: readonly string[] }
  /** All gates up to the record are open, as far as others can judge. The ledger judges concurrency and overlap. */
  | { readonly type: 'admit'; readonly id: string }
  | { readonly type: 'refuse'; readonly id: string; readonly reason: RefusalReason }
  | { readonly type: 'expire'; readonly id: string }
  /** The announcement is recorded. */
  | { readonly type: 'inject'; readonly id: string }
  /** A fault is put in place now. If that fails, it is `removed` after `recover`. */
  | { readonly type: 'apply'; readonly id: string; readonly place: string }
  | { readonly type: 'recover'; readonly id: string; readonly cause: RecoveryCause }
  | { readonly type: 'removed'; readonly id: string; readonly place: string }
  | { readonly type: 'settle'; readonly id: string; readonly well: boolean }
  | { readonly type: 'forget'; readonly id: string }
  | { readonly type: 'kill' }
  | { readonly type: 'reset' }

/** Nothing has happened yet. */
export function emptyLedger(maxConcurrent: number): Ledger {
  return { killed: false, maxConcurrent, entries: [] }
}

/** What follows. Inputs that make no sense in a state change nothing. */
export function next(ledger: Ledger, input: LedgerInput): Ledger {
  switch (input.type) {
    case 'plan':
      return plan(ledger, input.id, input.places)
    case 'kill':
      return { ...ledger, killed: true, entries: ledger.entries.map(killed) }
    case 'reset':
      return ledger.entries.some(inPlace) ? ledger : { ...ledger, killed: false }
    case 'forget': {
      const kept = ledger.entries.filter((entry) => entry.id !== input.id || !isOver(entry) || inPlace(entry))
      return kept.length === ledger.entries.length ? ledger : { ...ledger, entries: kept }
    }
    default: {
      const before = entryOf(ledger, input.id)
      if (before === undefined) return ledger
      const after = nextEntry(ledger, before, input)
      if (after === before) return ledger
      return { ...ledger, entries: ledger.entries.map((entry) => (entry === before ? after : entry)) }
    }
  }
}

/** The entry of an injection. */
export function entryOf(ledger: Ledger, id: string): LedgerEntry | undefined {
  return ledger.entries.find((entry) => entry.id === id)
}

/** Whether the faults of an injection should be in place. */
export function isWanted({ phase }: LedgerEntry): boolean {
  return phase === 'injecting' || phase === 'active'
}

/** Whether a fault of an injection is in place. */
export function inPlace({ faults }: LedgerEntry): boolean {
  return faults.some(({ injected, recovered }) => injected > recovered)
}

/** Whether an injection counts against `maxConcurrent`, and keeps others from its places. */
export function isActive(entry: LedgerEntry): boolean {
  return entry.phase === 'gated' || isWanted(entry) || inPlace(entry)
}

/** Whether nothing will become of an injection any more. */
export function isOver({ phase }: LedgerEntry): boolean {
  return phase === 'recovered' || phase === 'recoverFailed' || phase === 'refused' || phase === 'expired'
}

/** Whether another injection has a place in common with this one. */
export function overlaps(ledger: Ledger, entry: LedgerEntry): boolean {
  const places = entry.faults.map(({ place }) => place)
  return ledger.entries.some(
    (other) => other !== entry && isActive(other) && other.faults.some(({ place }) => places.includes(place)),
  )
}

/** How many injections are active. */
export function activeCount({ entries }: Ledger): number {
  return entries.filter(isActive).length
}

function plan(ledger: Ledger, id: string, places: readonly string[]): Ledger {
  if (entryOf(ledger, id) !== undefined) return ledger
  const entry: LedgerEntry = {
    id,
    phase: ledger.killed ? 'refused' : 'planned',
    reason: ledger.killed ? 'killSwitch' : undefined,
    cause: undefined,
    faults: places.map((place) => ({ place, injected: 0, recovered: 0 })),
  }
  return { ...ledger, entries: [...ledger.entries, entry] }
}

type EntryInput = Exclude<LedgerInput, { readonly type: 'plan' | 'kill' | 'reset' | 'forget' }>

function nextEntry(ledger: Ledger, entry: LedgerEntry, input: EntryInput): LedgerEntry {
  const { phase } = entry
  switch (input.type) {
    case 'admit':
      return phase === 'planned' ? admit(ledger, entry) : entry
    case 'refuse':
      return phase === 'planned' || phase === 'gated' ? refused(entry, input.reason) : entry
    case 'expire':
      return phase === 'planned' || phase === 'gated' ? { ...entry, phase: 'expired' } : entry
    case 'inject':
      return phase === 'gated' ? { ...entry, phase: 'injecting' } : entry
    case 'apply':
      return isWanted(entry) ? applied(entry, input.place) : entry
    case 'recover':
      if (phase === 'planned' || phase === 'gated') return { ...entry, phase: 'expired', cause: input.cause }
      return isWanted(entry) ? { ...entry, phase: 'recovering', cause: input.cause } : entry
    case 'removed':
      return isWanted(entry) ? entry : counted(entry, input.place, 'recovered')
    case 'settle':
      if (phase !== 'recovering') return entry
      return { ...entry, phase: input.well && !inPlace(entry) ? 'recovered' : 'recoverFailed' }
  }
}

function admit(ledger: Ledger, entry: LedgerEntry): LedgerEntry {
  if (activeCount(ledger) >= ledger.maxConcurrent) return refused(entry, 'maxConcurrentChaos')
  if (overlaps(ledger, entry)) return refused(entry, 'overlap')
  return { ...entry, phase: 'gated' }
}

/** The last fault in place makes it active. */
function applied(entry: LedgerEntry, place: string): LedgerEntry {
  const after = counted(entry, place, 'injected')
  return after.faults.every(({ injected }) => injected > 0) ? { ...after, phase: 'active' } : after
}

/** Once each, and no recovery before the injection. */
function counted(entry: LedgerEntry, place: string, what: 'injected' | 'recovered'): LedgerEntry {
  const faults = entry.faults.map((fault) => {
    const due = fault.place === place && (what === 'injected' ? fault.injected === 0 : inPlaceOf(fault))
    return due ? { ...fault, [what]: fault[what] + 1 } : fault
  })
  return { ...entry, faults }
}

const inPlaceOf = ({ injected, recovered }: FaultRecord): boolean => injected > recovered

const refused = (entry: LedgerEntry, reason: RefusalReason): LedgerEntry => ({
  ...entry,
  phase: 'refused',
  reason,
})

function killed(entry: LedgerEntry): LedgerEntry {
  if (entry.phase === 'planned' || entry.phase === 'gated') return refused(entry, 'killSwitch')
  return isWanted(entry) ? { ...entry, phase: 'recovering', cause: 'killSwitch' } : entry
}
