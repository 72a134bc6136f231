/** Which breakers to look at first: those that turn calls away, then those with the most failures, then the busiest. */
import type { CircuitView, CircuitWord } from '../../src/wire.ts'
import { circuitId } from './page-model.ts'

const urgency: Readonly<Record<CircuitWord, number>> = {
  open: 0,
  isolated: 1,
  halfOpen: 2,
  closed: 3,
  disposed: 4,
}

export interface Ranked {
  readonly circuit: CircuitView
  /** Failures and rejections of the last minute. */
  readonly trouble: number
  /** Calls of the last minute. */
  readonly calls: number
}

/** Sorts circuits, those that the reader has pinned first. */
export function rank(circuits: readonly Ranked[], pinned: ReadonlySet<string>): CircuitView[] {
  return [...circuits]
    .sort(
      (a, b) =>
        Number(pinned.has(circuitId(b.circuit))) - Number(pinned.has(circuitId(a.circuit))) ||
        urgency[a.circuit.state] - urgency[b.circuit.state] ||
        b.trouble - a.trouble ||
        b.calls - a.calls ||
        a.circuit.name.localeCompare(b.circuit.name) ||
        (a.circuit.key ?? '').localeCompare(b.circuit.key ?? ''),
    )
    .map(({ circuit }) => circuit)
}
