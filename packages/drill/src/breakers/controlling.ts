/** CB7: results that come late change nothing, and people have the last word. */
import { type Bench, CheckFailure } from './bench.ts'
import { needsFailureRule, type Scenario } from './scenario.ts'

const down = (): Error => new Error('down')

/** A breaker with a trial under way would not be half-open for sure under all rules; one whose trial was ignored is. */
async function halfOpen(bench: Bench): Promise<Bench> {
  bench.open()
  await bench.waitForTrial('open')
  bench.admit('the first trial').neutral()
  bench.expectState('halfOpen', 'after the first trial')
  return bench
}

/** Brings a new breaker into a state. */
const into: Readonly<Record<string, (bench: Bench) => Bench | Promise<Bench>>> = {
  closed: (bench) => bench,
  open: (bench) => {
    bench.open()
    return bench
  },
  halfOpen,
}

export const staleResultsAndControl: Scenario = {
  id: 'CB7',
  name: 'stale_results_and_control',
  parts: [
    {
      name: 'results of earlier states',
      options: { failureThreshold: 5, recoveryTimeout: '1s', successThreshold: 2 },
      blocked: needsFailureRule,
      run: async (bench) => {
        const { successThreshold, trials } = bench.rules
        const enough = successThreshold + trials.failures + 1
        const early = Array.from({ length: 2 * enough + 1 }, () => bench.admit('a long call'))
        bench.open()
        const wait = bench.remaining('open')
        early[0]?.success()
        bench.expectState('open', 'after a success that entered while it was closed')
        bench.expect('retryAfter after a late result', bench.remaining('open'), wait)
        await bench.waitForTrial('open')
        bench.admit('the first trial').neutral()
        for (const call of early.slice(1, enough + 1)) call.failure(down())
        bench.expectState('halfOpen', 'after late failures')
        for (const call of early.slice(enough + 1)) call.success()
        bench.expectState('halfOpen', 'after late successes')
        const lateTrial = bench.admit('a trial')
        bench.breaker.reset()
        bench.expectState('closed', 'after reset')
        lateTrial.failure(down())
        bench.open('a trial of an earlier state does not count')
        return { lateResults: early.length + 1 }
      },
    },
    {
      name: 'isolate',
      options: { failureThreshold: 5, recoveryTimeout: '1s' },
      blocked: needsFailureRule,
      run: async (bench) => {
        for (const reach of Object.values(into)) {
          const other = await reach(bench.fresh())
          const handle = other.breaker.isolate('test')
          other.expectState('isolated', 'after isolate')
          await other.sleep(10 * other.rules.wait(1).most + 1)
          other.refuse('isolated, long after the wait')
          handle.release()
          other.expectState('closed', 'after release')
          other.open('after release nothing is remembered')
          other.expectWithin('the wait after release', other.remaining('open'), other.rules.wait(1))
        }
        return { from: Object.keys(into) }
      },
    },
    {
      name: 'trip and reset',
      options: { failureThreshold: 5, recoveryTimeout: { initial: '1s', factor: 2, max: '30s', jitter: 0 } },
      blocked: needsFailureRule,
      run: async (bench) => {
        bench.breaker.trip()
        bench.expectState('open', 'after trip')
        bench.refuse('tripped')
        bench.breaker.reset()
        bench.open('after reset nothing is remembered')
        await bench.waitForTrial('open')
        bench.failTrials('the next wait is longer')
        bench.breaker.reset()
        bench.expectState('closed', 'after reset of an open breaker')
        bench.open('after reset nothing is remembered')
        const wait = bench.expectWithin('the wait after reset', bench.remaining('open'), bench.rules.wait(1))
        const tripped = await halfOpen(bench.fresh())
        tripped.breaker.trip()
        tripped.expectState('open', 'after trip of a half-open breaker')
        const reset = await halfOpen(bench.fresh())
        reset.breaker.reset()
        reset.expectState('closed', 'after reset of a half-open breaker')
        return { wait }
      },
    },
    {
      name: 'dispose',
      options: { failureThreshold: 5, recoveryTimeout: '1s' },
      blocked: needsFailureRule,
      run: async (bench) => {
        const before = bench.world.clock.pendingTimers
        for (const reach of Object.values(into)) {
          const other = await reach(bench.fresh())
          const { permit } = other.ask()
          other.breaker.dispose()
          const { code } = other.refuse('disposed')
          if (typeof code !== 'string')
            throw new CheckFailure('the rejection of a disposed breaker has no code')
          permit?.success()
          for (const [name, value] of Object.entries(other.breaker.debugStats()))
            other.expect(`debugStats().${name} after dispose`, value, 0)
          other.expect('the number of timers left', other.world.clock.pendingTimers, before)
        }
        return { from: Object.keys(into), timers: 0 }
      },
    },
  ],
}
