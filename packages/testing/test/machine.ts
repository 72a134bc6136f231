/** The breaker's state machine as the model can be compared with it. */
import { circuitMachine } from '@seaworthy/circuit-breaker'
import type { BreakerRules, BreakerUnderTest, BreakerView } from '@seaworthy/testing/models'

/** What the model shows of itself, of the machine. Its windows forget what is too old; nothing else changes. */
export function machineView(state: circuitMachine.State, now: number): BreakerView {
  const closed = state.name === 'closed' ? state : undefined
  const trying = state.name === 'halfOpen' ? state : undefined
  const open = state.name === 'open' ? state : undefined
  closed?.failures.expire(now)
  closed?.slow?.expire(now)
  return {
    state: state.name,
    retryAfter: open && Math.max(0, open.since + open.openFor - now),
    epoch: state.epoch,
    since: state.since,
    opening: open && { number: open.openings, openFor: open.openFor, cause: open.cause },
    consecutiveFailures: closed?.consecutiveFailures ?? 0,
    calls: closed?.failures.calls ?? 0,
    failures: closed?.failures.hits ?? 0,
    timedCalls: closed?.slow?.calls ?? 0,
    slowCalls: closed?.slow?.hits ?? 0,
    trials: trying?.underway.size ?? 0,
    trialSuccesses: trying?.successes ?? 0,
    trialFailures: trying?.failures ?? 0,
    handles: state.name === 'isolated' ? state.handles : 0,
    wouldOpen: closed?.wouldOpen !== undefined,
  }
}

/** A machine that lives on from step to step, as it does in a policy. */
export function machineUnderTest(initialRules: BreakerRules): BreakerUnderTest {
  let rules = initialRules
  let state: circuitMachine.State = circuitMachine.initial(rules, 0)
  const take = (input: circuitMachine.Input, now: number): circuitMachine.Output => {
    const step = circuitMachine.next(state, input, now, rules)
    state = step.state
    return step.output
  }
  return {
    call(now) {
      const output = take({ type: 'call' }, now)
      if (output.type !== 'admitted') return undefined
      const { token } = output
      return (outcome, later, retryAfter) =>
        take({ type: 'settle', token, outcome, retryAfter }, later).type === 'settled'
    },
    view: (now) => machineView(circuitMachine.clone(state, now, rules), now),
    trip: (now, openFor) => take({ type: 'trip', openFor }, now),
    reset: (now) => take({ type: 'reset' }, now),
    isolate: (now) => take({ type: 'isolate', reason: 'test' }, now),
    release: (now) => take({ type: 'release' }, now),
    dispose: (now) => take({ type: 'dispose' }, now),
    reconfigure: (changed, now) => {
      take({ type: 'reconfigure', rules: changed }, now)
      rules = changed
    },
  }
}
