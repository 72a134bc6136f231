/** Random histories for circuit breakers, compared with the model after every step. */
import type { CircuitOutcome, OpenCause } from '@seaworthy/circuit-breaker'
import fc from 'fast-check'
import type { BreakerRules } from './breaker-facts.ts'
import {
  type BreakerHistory,
  type BreakerMoment,
  type BreakerUnderTest,
  Call,
  Hand,
  Reconfigure,
  Settle,
  Wait,
  WaitForTrial,
} from './breaker-history.ts'
import { breakerModel } from './breaker-model.ts'

/** What {@link breakerCommands} makes. */
export interface BreakerCommandOptions {
  /** Those that the breaker begins with. Waits end just before, at and just after what they say. */
  readonly rules: BreakerRules
  /** Told of everything of interest; {@link @seaworthy/testing!sometimes} can count it. */
  readonly onMoment?: (moment: BreakerMoment) => void
}

/** The beginning of a history, for fast-check's `modelRun`. */
export function breakerHistory(rules: Partial<BreakerRules>, now = 0): BreakerHistory {
  return { model: breakerModel(rules, now), now, calls: [] }
}

/**
 * Histories of calls, outcomes (also late ones), waits and interference by hand. After each command the breaker must
 * look like the model, or the run fails and fast-check shrinks it.
 *
 * @example
 * ```ts
 * import { circuitMachine } from '@seaworthy/circuit-breaker'
 * import { type BreakerUnderTest, breakerCommands, breakerHistory, breakerModel } from '@seaworthy/testing/models'
 * import fc from 'fast-check'
 *
 * const { rules } = breakerModel({ failureThreshold: 2 })
 * const underTest = (): BreakerUnderTest => {
 *   let state: circuitMachine.State = circuitMachine.initial(rules, 0)
 *   const step = (input: circuitMachine.Input, now: number) => {
 *     const { state: after, output } = circuitMachine.next(state, input, now, rules)
 *     state = after
 *     return output
 *   }
 *   return {
 *     call(now) {
 *       const output = step({ type: 'call' }, now)
 *       if (output.type !== 'admitted') return undefined
 *       const { token } = output
 *       return (outcome, later) => step({ type: 'settle', token, outcome }, later).type === 'settled'
 *     },
 *     view: () => ({ state: state.name, epoch: state.epoch }),
 *     trip: (now, openFor) => step({ type: 'trip', openFor }, now),
 *     reset: (now) => step({ type: 'reset' }, now),
 *     isolate: (now) => step({ type: 'isolate', reason: 'test' }, now),
 *     release: (now) => step({ type: 'release' }, now),
 *     dispose: (now) => step({ type: 'dispose' }, now),
 *   }
 * }
 * const property = fc.property(breakerCommands({ rules }), (commands) =>
 *   fc.modelRun(() => ({ model: breakerHistory(rules), real: underTest() }), commands),
 * )
 * console.log(fc.check(property, { numRuns: 200 }).failed) // false
 * ```
 */
export function breakerCommands({
  rules,
  onMoment = () => {},
}: BreakerCommandOptions): fc.Arbitrary<Iterable<fc.Command<BreakerHistory, BreakerUnderTest>>> {
  const call = fc.constant(new Call(onMoment))
  const settle = (outcome: CircuitOutcome) =>
    fc.nat(7).map((which) => new Settle(outcome, which, undefined, onMoment))
  const failure = settle('failure')
  const hinted = fc
    .tuple(fc.nat(7), fc.constantFrom(...hints(rules)))
    .map(([which, retryAfter]) => new Settle('failure', which, retryAfter, onMoment))
  const wait = fc.constantFrom(...boundaries(rules)).map((by) => new Wait(by, onMoment))
  const reopening = fc.constantFrom(-1, 0, 1).map((off) => new WaitForTrial(off as -1 | 0 | 1, onMoment))
  const trip = fc.constantFrom(undefined, 0, 1).map((openFor) => new Hand('trip', openFor, onMoment))
  const hands = fc
    .constantFrom('reset', 'isolate', 'release', 'release')
    .map((name) => new Hand(name, undefined, onMoment))
  const dispose = fc.constant(new Hand('dispose', undefined, onMoment))
  const change = fc.constantFrom(...changes(rules)).map((patch) => new Reconfigure(patch, onMoment))
  // Each is drawn as often as the others: what is here twice comes twice as often.
  const calls = [call, call, call, call, settle('success'), settle('success'), settle('neutral')]
  const failures = [failure, failure, failure, hinted]
  const often = [...calls, ...failures, wait, reopening]
  return fc.commands([...often, ...often, ...often, ...often, trip, hands, hands, hands, change, dispose], {
    size: '+1',
  })
}

/** Waits that failures ask for: shorter and longer than what the rules say. */
const hints = ({ recovery }: BreakerRules): number[] => [
  1,
  recovery(1, noCause) + 1,
  10 * recovery(2, noCause),
]

/** Rules that change while calls are under way, and the ways back. */
function changes(rules: BreakerRules): Partial<BreakerRules>[] {
  const { mode, failureThreshold, minimumRequests, successThreshold, halfOpen } = rules
  const { concurrency, failures } = halfOpen
  return [
    { mode },
    { mode: 'observe' },
    { mode: 'disabled' },
    { failureThreshold, minimumRequests },
    { failureThreshold: 1 },
    { minimumRequests: 1 },
    { successThreshold, halfOpen },
    { successThreshold: 1 },
    { halfOpen: { ...halfOpen, concurrency: concurrency + 1, failures: failures + 1 } },
  ]
}

/** The times at which a breaker with these rules does something, and those around them. */
function boundaries({ window, slowCallDuration, halfOpen, recovery }: BreakerRules): number[] {
  const bucket = 'time' in window ? [window.time / window.buckets, window.time] : []
  const lengths = [
    ...bucket,
    slowCallDuration,
    halfOpen.lease,
    recovery(1, noCause),
    recovery(2, noCause),
  ].filter(Number.isFinite)
  const around = lengths.flatMap((length) => [length - 1, length, length + 1])
  return [...new Set([1, ...around])].filter((length) => length > 0)
}

const noCause: OpenCause = {
  reason: 'trip',
  retryAfter: undefined,
  consecutiveFailures: 0,
  calls: 0,
  failures: 0,
  timedCalls: 0,
  slowCalls: 0,
}
