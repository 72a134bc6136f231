/** Which changes of state a breaker may make, and which a run has seen. */
import type { BreakerChange } from './port.ts'

/** From, to, and the causes that count as one. */
interface Legal {
  readonly name: string
  readonly from: string
  readonly to: string
  readonly reasons: readonly string[]
}

const legal = (from: string, to: string, name: string, ...reasons: string[]): Legal => ({
  name: `${from} -> ${to} (${name})`,
  from,
  to,
  reasons: reasons.length > 0 ? reasons : [name],
})

/**
 * The twelve changes that a complete run comes by. A trial that never ends frees its place after its lease and does not open the circuit, so there is
 * no change for it.
 */
const required: readonly Legal[] = [
  legal('closed', 'open', 'threshold', 'failureThreshold', 'failureRate', 'slowCallRate'),
  legal('closed', 'open', 'trip'),
  legal('open', 'halfOpen', 'recoveryTimeout'),
  legal('halfOpen', 'closed', 'successThreshold'),
  legal('halfOpen', 'open', 'trial'),
  legal('halfOpen', 'open', 'trip'),
  legal('open', 'closed', 'reset'),
  legal('halfOpen', 'closed', 'reset'),
  legal('closed', 'isolated', 'isolate'),
  legal('open', 'isolated', 'isolate'),
  legal('halfOpen', 'isolated', 'isolate'),
  legal('isolated', 'closed', 'release'),
]

/** Changes that a breaker may make besides: a watchdog for lost trials is another way to do without leases. */
const allowed: readonly Legal[] = [
  legal('halfOpen', 'open', 'watchdog'),
  ...['closed', 'open', 'halfOpen', 'isolated'].map((from) => legal(from, 'disposed', 'dispose')),
]

/** Which of the legal changes were seen. */
export interface TransitionCoverage {
  /** How often each of the twelve was seen. */
  readonly seen: Readonly<Record<string, number>>
  readonly missing: readonly string[]
  /** Changes that must not be. */
  readonly illegal: readonly string[]
  /** The share of the twelve that was seen. */
  readonly share: number
}

/** Counts changes. */
export function transitionCoverage(changes: readonly BreakerChange[]): TransitionCoverage {
  const count = ({ from, to, reasons }: Legal): number =>
    changes.filter((each) => each.from === from && each.to === to && reasons.includes(each.reason)).length
  const seen = Object.fromEntries(required.map((each) => [each.name, count(each)]))
  const missing = required.filter((each) => count(each) === 0).map(({ name }) => name)
  const known = [...required, ...allowed]
  const illegal = changes
    .filter(
      ({ from, to, reason }) =>
        !known.some((each) => each.from === from && each.to === to && each.reasons.includes(reason)),
    )
    .map(({ from, to, reason }) => `${from} -> ${to} (${reason})`)
  return {
    seen,
    missing,
    illegal: [...new Set(illegal)],
    share: (required.length - missing.length) / required.length,
  }
}
