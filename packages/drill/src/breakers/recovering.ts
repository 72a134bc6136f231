/** CB3 to CB5: it finds out in time, with few calls and growing patience, whether the dependency works again. */
import { type Bench, CheckFailure } from './bench.ts'
import { needsFailureRule, type Part, type Scenario } from './scenario.ts'

export const timedRecovery: Scenario = {
  id: 'CB3',
  name: 'timed_recovery',
  parts: [
    {
      name: 'trials close it',
      options: {
        failureThreshold: 5,
        recoveryTimeout: '60s',
        successThreshold: 3,
        halfOpen: { concurrency: 3 },
      },
      blocked: needsFailureRule,
      run: async (bench) => {
        bench.open()
        const openedAt = bench.now
        const wait = bench.expectWithin('the wait', bench.remaining('just opened'), bench.rules.wait(1))
        await bench.waitForTrial('open')
        const first = bench.admit('when the wait is over')
        bench.expectState('halfOpen', 'with a trial under way')
        const firstTrialAfter = bench.now - openedAt
        first.neutral()
        bench.succeedTrials('recovery')
        bench.open('after closing nothing is remembered')
        return { wait, firstTrialAfter, successes: bench.rules.successThreshold }
      },
    },
  ],
}

const failedTrials = 8

const backoff = (jitter: number): Part => ({
  name: jitter === 0 ? 'waits grow' : 'waits grow, with jitter',
  variant: jitter > 0,
  options: { failureThreshold: 5, recoveryTimeout: { initial: '1s', factor: 2, max: '30s', jitter } },
  blocked: needsFailureRule,
  run: async (bench) => {
    const { wait: bounds, resetOn } = bench.rules
    const waits: number[] = []
    bench.open()
    for (let opening = 1; opening <= failedTrials; opening++) {
      waits.push(bench.expectWithin(`wait ${opening}`, bench.remaining('open'), bounds(opening)))
      await bench.waitForTrial(`opening ${opening}`)
      bench.failTrials(`opening ${opening}`)
    }
    const spread = waits.filter((wait, index) => wait > bounds(index + 1).least + 0.01).length
    if (spread === 0 && bounds(1).most > bounds(1).least)
      throw new CheckFailure('no wait is longer than without jitter')
    const longest = bench.remaining('the last opening')
    await bench.waitForTrial('the last opening')
    bench.succeedTrials('recovery')
    if (resetOn === 'stable') await bench.sleep(longest + 1)
    bench.open('again')
    const again = bench.expectWithin('the wait after a recovery', bench.remaining('open'), bounds(1))
    return { waits, again }
  },
})

export const failedTrialBackoff: Scenario = {
  id: 'CB4',
  name: 'failed_probe_backoff',
  parts: [backoff(0), backoff(0.2)],
}

const crowd = 20

export const trialLimit: Scenario = {
  id: 'CB5',
  name: 'probe_limit_and_lost_probe',
  parts: [
    {
      name: 'few trials, none for ever',
      options: {
        failureThreshold: 5,
        recoveryTimeout: '1s',
        successThreshold: 3,
        halfOpen: { concurrency: 2, lease: '10s' },
      },
      blocked: needsFailureRule,
      run: async (bench) => {
        const { mostTrials } = bench
        bench.open()
        await bench.waitForTrial('open')
        const trials = bench.crowd(crowd)
        bench.expect(`trials of ${crowd} callers at once`, trials.length, mostTrials)
        trials[0]?.neutral()
        const again = bench.crowd(crowd)
        bench.expect('places that a call given up has freed', again.length, 1)
        const held = bench.now
        await bench.sleep(bench.rules.trials.lease - 1)
        if (bench.state === 'halfOpen') bench.refuse('1 ms before the lease of lost trials ends')
        await bench.sleep(held + bench.rules.trials.lease - bench.now + 0.001)
        const rounds = await closeAfterLoss(bench, mostTrials)
        // The lost ones come back at last.
        for (const trial of [...trials, ...again]) trial.failure(new Error('late'))
        bench.expectState('closed', 'after late results of lost trials')
        return { most: mostTrials, trials: trials.length, lost: mostTrials, rounds }
      },
    },
  ],
}

/** After all trials were lost it must be able to close: at once, or after another wait where the loss opens it again. */
async function closeAfterLoss(bench: Bench, mostTrials: number): Promise<number> {
  const { successThreshold, trials } = bench.rules
  if (bench.state === 'open') await bench.waitForTrial('opened by lost trials')
  const free = bench.crowd(crowd)
  if (free.length === 0) throw new CheckFailure('lost trials keep it half-open for ever: no call is let in')
  if (free.length > mostTrials)
    throw new CheckFailure(`${free.length} trials at once after a loss, and ${mostTrials} are allowed`)
  for (const permit of free) permit.neutral()
  for (let round = 1; round <= successThreshold + trials.failures; round++) {
    bench.admit('after a loss').success()
    if (bench.state === 'closed') return round
  }
  throw new CheckFailure('it does not close after lost trials')
}
