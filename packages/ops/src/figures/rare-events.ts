/** Events that happen rarely enough to be counted as they come. */
import type { Clock, Hub, HubEvent } from '@seaworthy/core'
import type { Ledger } from './ledger.ts'

type Facts = Readonly<Record<string, unknown>>
/** What an event adds to the ledger. */
type Entry = (event: HubEvent, facts: Facts) => readonly [what: string, value?: number][]

/** The prefix of failures by class. */
export const failedAs = 'failed as '

const failure: Entry = (_event, { failureClass }) =>
  typeof failureClass === 'string' ? [[failedAs + failureClass]] : []
const asNamed: Entry = ({ type }) => [[type]]

/** By type of event and kind of component. */
const entries: Readonly<Record<string, Readonly<Record<string, Entry>>>> = {
  failure: { 'circuit-breaker': failure, 'circuit-breaker-per-key': failure },
  gaveUp: { retry: failure },
  answered: { fallback: asNamed },
  unanswered: { fallback: asNamed },
  used: {
    'fallback-registry': (_event, { result }) => [
      [result === 'success' || result === 'hit' ? 'answered' : 'failed'],
    ],
  },
  added: {
    'dead-letters': (_event, { type, failure: kind }) => [
      ['added'],
      [`added ${String(typeof kind === 'string' ? kind : type).slice(0, 60)}`],
    ],
  },
  replayed: { 'dead-letters': asNamed },
  replayFailed: { 'dead-letters': asNamed },
  resolved: { 'dead-letters': asNamed },
  discarded: { 'dead-letters': asNamed },
  expired: { 'dead-letters': asNamed },
}

/** Counts rare events, and how long breakers took to recover. @returns A function that ends it. */
export function hearRareEvents(hub: Hub, clock: Clock, ledger: Ledger): () => void {
  const openSince = new Map<string, number>()
  const leave = Object.entries(entries).map(([type, byKind]) =>
    hub.on(type, (event) => {
      const { kind, name, payload } = event
      for (const [what, value] of byKind[kind]?.(event, payload as Facts) ?? [])
        ledger.add(clock.now(), kind, name, what, value)
    }),
  )
  leave.push(
    hub.on('stateChange', ({ kind, name, payload }) => {
      if (!kind.startsWith('circuit-breaker')) return
      const now = clock.now()
      const { to, key = '' } = payload as { readonly to?: unknown; readonly key?: unknown }
      const circuit = `${kind}:${name}\u0000${String(key)}`
      const since = openSince.get(circuit)
      if (to === 'open') {
        ledger.add(now, kind, name, 'openings')
        if (since === undefined && openSince.size < mostOpen) openSince.set(circuit, now)
      } else if (to === 'closed' && since !== undefined) {
        openSince.delete(circuit)
        ledger.add(now, kind, name, 'recoveries')
        ledger.add(now, kind, name, 'recoveryTime', now - since)
      }
    }),
    hub.watch(({ kind, name }, present) => {
      if (present) return
      for (const circuit of openSince.keys())
        if (circuit.startsWith(`${kind}:${name}\u0000`)) openSince.delete(circuit)
    }),
  )
  return () => {
    for (const each of leave) each()
  }
}

/** Of breakers per key there may be many open at once, or keys that never come again. */
const mostOpen = 10_000
