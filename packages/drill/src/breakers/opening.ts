/** CB1 and CB2: it opens when its rule says so, and lets nothing through from then on. */
import { type Bench, CheckFailure } from './bench.ts'
import { Oracle } from './oracle.ts'
import { needsFailureRule, type Scenario } from './scenario.ts'

export const thresholdTrip: Scenario = {
  id: 'CB1',
  name: 'threshold_trip',
  parts: [
    {
      name: 'failures in a row',
      options: { failureThreshold: 5, failureRate: false, recoveryTimeout: '60s' },
      blocked: ({ failureThreshold }) =>
        Number.isFinite(failureThreshold) ? undefined : 'failureThreshold is off',
      run: async (bench) => {
        const { failureThreshold: needed, failureRate, window } = bench.rules
        const nearly = Array.from({ length: needed - 1 }, () => true)
        // Successes first, so that the share of failures does not open it before.
        const room = 'calls' in window ? Math.max(0, window.calls - 2 * needed) : Number.POSITIVE_INFINITY
        const successes = failureRate <= 1 ? Math.min(room, Math.ceil((2 * needed) / failureRate) + 1) : 1
        const calm = Array.from({ length: successes }, () => false)
        const oracle = new Oracle(bench.rules)
        const opened = bench.play([...calm, ...nearly, false, ...nearly, true], oracle)
        bench.expect('the number of openings', bench.timesOpened, 1)
        return { failureThreshold: needed, openedAtCall: opened, rule: oracle.rule }
      },
    },
    {
      name: 'share of failures',
      options: { failureThreshold: false, failureRate: 0.5, minimumRequests: 10, window: { calls: 100 } },
      blocked: ({ failureRate }) => (failureRate <= 1 ? undefined : 'failureRate is off'),
      run: async (bench) => {
        bench.open('all fail')
        const { failureRate, minimumRequests, window } = bench.rules
        const exact = bench.fresh().play(shares(minimumRequests, Math.ceil(failureRate * minimumRequests)))
        const calls = 'calls' in window ? Math.min(1000, window.calls) : Math.max(100, minimumRequests)
        const oracle = new Oracle(bench.rules)
        const below = bench.fresh().play(justBelow(failureRate, calls), oracle)
        if (exact === undefined) throw new CheckFailure('a share of exactly failureRate has not opened it')
        if (below !== undefined && oracle.rule === 'failureRate')
          throw new CheckFailure('a share below failureRate has opened it')
        return { minimumRequests, openedAtCall: exact, callsBelow: calls }
      },
    },
  ],
}

/** `failures` among `calls`, as evenly as can be, a failure last. */
function shares(calls: number, failures: number): boolean[] {
  const upTo = (call: number): number => Math.floor((call * failures) / calls + 1e-9)
  return Array.from({ length: calls }, (_, call) => upTo(call + 1) > upTo(call))
}

/** Outcomes of which less than `rate` are failures at every point. */
function justBelow(rate: number, calls: number): boolean[] {
  let failures = 0
  return Array.from({ length: calls }, (_, call) => {
    const fails = (failures + 1) / (call + 1) < rate
    if (fails) failures++
    return fails
  })
}

const waves = 20
const callers = 50

export const failFastOpen: Scenario = {
  id: 'CB2',
  name: 'fail_fast_open',
  parts: [
    {
      name: 'nothing gets through',
      options: { failureThreshold: 5, recoveryTimeout: '60s' },
      blocked: (rules) =>
        needsFailureRule(rules) ?? (rules.wait(1).least > 0 ? undefined : 'recoveryTimeout is 0'),
      run: async (bench) => {
        bench.open()
        const opened = bench.transitions.at(-1)
        bench.expect('the time at which a listener is told', opened?.at, bench.now)
        const wait = bench.expectWithin('retryAfter', bench.remaining('just opened'), bench.rules.wait(1))
        const since = bench.now
        let reached = 0
        for (let wave = 1; wave <= waves; wave++) {
          const left = wait - (bench.now - since)
          reached += await crowdCalls(bench, left)
          await bench.sleep(wait / (waves + 1))
        }
        bench.expect('calls that reached the dependency', reached, 0)
        bench.expectState('open', 'afterwards')
        return { calls: waves * callers, reached, wait, toldAfter: 0 }
      },
    },
  ],
}

/** Many calls at one instant, each of which must be turned away there and then. @returns How many got through. */
async function crowdCalls(bench: Bench, left: number): Promise<number> {
  let reached = 0
  const at = bench.now
  const calls = Array.from({ length: callers }, async () => {
    try {
      await bench.breaker.execute(() => {
        reached++
      })
    } catch (error) {
      const { retryAfter } = Object(error) as { retryAfter?: number }
      bench.expectWithin('retryAfter of a rejected call', retryAfter, { least: left, most: left })
      bench.expect('the time of a rejection', bench.now, at)
    }
  })
  await Promise.all(calls)
  return reached
}
