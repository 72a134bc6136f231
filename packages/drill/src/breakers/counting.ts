/** CB6: what it counts, what it forgets, what it does not count. */
import { CheckFailure } from './bench.ts'
import { Oracle } from './oracle.ts'
import { failuresToOpen } from './rules.ts'
import { needsFailureRule, type Scenario } from './scenario.ts'

const ignored = 100

export const windowSemantics: Scenario = {
  id: 'CB6',
  name: 'window_semantics',
  parts: [
    {
      name: 'old failures are forgotten',
      options: {
        failureThreshold: false,
        failureRate: 0.5,
        minimumRequests: 10,
        window: { time: '10s', buckets: 10 },
      },
      blocked: ({ failureRate, failureThreshold, minimumRequests }) => {
        if (failureRate > 1) return 'failureRate is off'
        return Math.min(minimumRequests, failureThreshold) > 1 ? undefined : 'the first failure opens it'
      },
      run: async (bench) => {
        const { failureThreshold, minimumRequests, window } = bench.rules
        const some = Array.from({ length: Math.min(minimumRequests, failureThreshold) - 1 }, () => true)
        const oracle = new Oracle(bench.rules)
        bench.play(some, oracle)
        if ('calls' in window) {
          bench.play(
            Array.from({ length: window.calls }, () => false),
            oracle,
          )
        } else {
          // One success ends the streak, which no window forgets.
          bench.play([false], oracle)
          await bench.sleep(3 * window.time)
        }
        bench.play(some, oracle)
        bench.expectState('closed', 'with nothing but failures that are old or too few')
        const opened = bench.play(
          Array.from({ length: 10_000 }, () => true),
          oracle,
        )
        if (opened === undefined) throw new CheckFailure('it does not open any more')
        return { forgotten: some.length, openedAfter: opened, rule: oracle.rule }
      },
    },
    {
      name: 'slow calls count',
      options: {
        failureThreshold: false,
        failureRate: false,
        slowCallDuration: '1s',
        slowCallRate: 0.5,
        minimumRequests: 10,
        window: { time: '10s', buckets: 10 },
      },
      blocked: ({ slowCallDuration, window }) => {
        if (!Number.isFinite(slowCallDuration)) return 'slowCallDuration is off'
        const room = 'calls' in window || window.time * (1 - 1 / window.buckets) > 2 * slowCallDuration
        return room ? undefined : 'the window is shorter than two slow calls'
      },
      run: async (bench) => {
        const { minimumRequests: needed, slowCallDuration: slow } = bench.rules
        const quick = bench.fresh()
        const inTime = quick.crowd(needed)
        await bench.sleep(slow - 1)
        for (const permit of inTime) permit.success()
        quick.expectState('closed', 'after calls that were nearly slow')
        const late = bench.crowd(needed - 1)
        await bench.sleep(slow)
        for (const permit of late) permit.success()
        bench.expectState('closed', 'after too few slow calls')
        const last = bench.admit('the last slow call')
        await bench.sleep(slow)
        last.success()
        bench.expectState('open', `after ${needed} slow successes`)
        return { slowCalls: needed, slowCallDuration: slow }
      },
    },
    {
      name: 'ignored outcomes do not count',
      options: { failureThreshold: 5, recoveryTimeout: '1s', successThreshold: 2 },
      blocked: needsFailureRule,
      run: async (bench) => {
        const needed = failuresToOpen(bench.rules)
        for (let failure = 1; failure < needed; failure++) bench.admit('closed').failure(new Error('down'))
        for (let call = 1; call <= ignored; call++) bench.admit('ignored').neutral()
        bench.expectState('closed', `after ${ignored} ignored outcomes`)
        bench.admit('closed').failure(new Error('down'))
        bench.expectState('open', `after ${needed} failures with ignored outcomes between them`)
        await bench.waitForTrial('open')
        for (let call = 1; call <= ignored; call++) bench.admit('ignored trial').neutral()
        bench.expectState('halfOpen', `after ${ignored} ignored trials`)
        bench.succeedTrials('recovery')
        return { ignored: 2 * ignored, failures: needed }
      },
    },
  ],
}
