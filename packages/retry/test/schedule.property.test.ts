/**
 * Random calls against a closed form of what should happen: when each attempt starts, when the call ends and how. The
 * closed form knows nothing of p-retry, of promises or of the code under test; it is a page of arithmetic.
 */
import {
  additive,
  exponential,
  fibonacci,
  fixed,
  type GaveUpReason,
  linear,
  proportional,
  retry,
  retryInfo,
} from '@seaworthy/retry'
import { expectNoLeaks, seededRandom, sometimes, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listen, reset } from './toys.ts'

/** One run of the function. */
interface Attempt {
  readonly takes: number
  readonly fails: 'transient' | 'fatal' | undefined
  /** What the server asks for with a failure. */
  readonly hint: number | undefined
}

interface Scenario {
  readonly attempts: number
  readonly shape: 'fixed' | 'linear' | 'exponential' | 'fibonacci'
  readonly base: number
  readonly minDelay: number
  readonly maxDelay: number
  readonly hintMode: 'floor' | 'exact'
  readonly maxServerDelay: number
  readonly maxElapsed: number
  readonly deadline: number
  /** Never at the same time as anything else. */
  readonly abortAt: number
  readonly script: readonly Attempt[]
}

interface Ending {
  readonly starts: number[]
  readonly endsAt: number
  readonly outcome: GaveUpReason | 'success'
}

const fibonacciNumbers = [1, 1, 2, 3, 5, 8, 13, 21, 34, 55]
const shapes: Record<Scenario['shape'], (base: number, retry: number) => number> = {
  fixed: (base) => base,
  linear: (base, retry) => base * retry,
  exponential: (base, retry) => base * 2 ** (retry - 1),
  fibonacci: (base, retry) => base * (fibonacciNumbers[retry - 1] as number),
}

/** The closed form. Jitter is none, and the draw for hints is 0. */
function expected(scenario: Scenario): Ending {
  const { attempts, shape, base, minDelay, maxDelay, maxServerDelay, deadline, maxElapsed, abortAt } =
    scenario
  const starts: number[] = []
  let now = 0
  let step = 0
  for (const [index, { takes, fails, hint }] of scenario.script.entries()) {
    starts.push(now)
    now += takes
    const end = (outcome: Ending['outcome'], endsAt = now): Ending => ({ starts, endsAt, outcome })
    if (fails === undefined) return end('success')
    if (abortAt < now) return end('aborted')
    if (fails === 'fatal') return end('class')
    if (index + 1 === attempts) return end('attempts')
    if (hint !== undefined && hint > maxServerDelay) return end('server-delay')
    step++
    const own = Math.min(maxDelay, Math.max(minDelay, Math.min(30_000, shapes[shape](base, step))))
    let wait = own
    if (hint !== undefined && (scenario.hintMode === 'exact' || hint > own)) {
      wait = hint
      step = 0
    }
    if (now + wait >= deadline) return end('deadline')
    if (now + wait >= maxElapsed) return end('elapsed')
    if (abortAt < now + wait) return end('aborted', abortAt)
    now += wait
  }
  throw new Error('the script is too short')
}

const strategies = { fixed, linear, exponential, fibonacci }

const attempt: fc.Arbitrary<Attempt> = fc.record({
  takes: fc.constantFrom(0, 1, 40, 1000),
  fails: fc.constantFrom('transient', 'transient', 'transient', 'transient', 'fatal', undefined),
  hint: fc.constantFrom(undefined, undefined, undefined, 0, 300, 5000, 61_000),
})

const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    attempts: fc.integer({ min: 2, max: 9 }),
    shape: fc.constantFrom('fixed', 'linear', 'exponential', 'fibonacci'),
    base: fc.constantFrom(0, 1, 100, 1000, 20_000),
    minDelay: fc.constantFrom(0, 0, 50),
    maxDelay: fc.constantFrom(50, 1500, 1_000_000, 1_000_000),
    hintMode: fc.constantFrom('floor', 'exact'),
    maxServerDelay: fc.constantFrom(200, 60_000),
    maxElapsed: fc.constantFrom(1, 1000, 10_000, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
    deadline: fc.constantFrom(0, 1000, 3001, 30_000, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
    abortAt: fc.oneof(
      fc.constant(Number.POSITIVE_INFINITY),
      fc.integer({ min: 0, max: 20_000 }).map((time) => time + 0.5),
    ),
    script: fc.array(attempt, { minLength: 9, maxLength: 9 }),
  } as const)
  .map((each) => each as Scenario)

const endings = sometimes([
  'success',
  'success after retries',
  'attempts',
  'class',
  'server-delay',
  'deadline',
  'elapsed',
  'aborted',
  'aborted in a wait',
])

/** Runs a scenario on a policy, and says what happened. */
async function observed(scenario: Scenario, clock: VirtualClock): Promise<Ending> {
  const { attempts, shape, base, minDelay, maxDelay, hintMode, maxServerDelay, maxElapsed } = scenario
  const options = { attempts, minDelay, maxDelay, hintMode, maxServerDelay, maxElapsed }
  const delay = strategies[shape](base)
  const policy = retry({ clock, random: () => 0, jitter: 'none', delay, ...options })
  const told = listen(policy)
  const controller = new AbortController()
  const began = clock.now()
  const starts: number[] = []
  const errors: unknown[] = []
  const run = async (): Promise<string> => {
    const { takes, fails, hint } = scenario.script[starts.length] as Attempt
    starts.push(clock.now() - began)
    if (takes > 0) await clock.sleep(takes)
    if (fails === undefined) return 'success'
    errors.push(Object.assign(reset(), { retryAfter: hint, ...(fails === 'fatal' && { status: 400 }) }))
    throw errors.at(-1)
  }
  const { deadline, abortAt } = scenario
  const abortion =
    abortAt < Number.POSITIVE_INFINITY && clock.setTimer(() => controller.abort('the reason'), abortAt)
  const settled = await clock.runUntilSettled(
    policy.settle(run, {
      signal: controller.signal,
      deadline: deadline < Number.POSITIVE_INFINITY ? began + deadline : undefined,
    }),
    { limit: '1d' },
  )
  if (abortion) abortion.cancel()
  const endsAt = clock.now() - began
  expectNoLeaks({ policies: [policy], except: ['listeners'], clock, signals: [controller.signal] })

  const last = told.at(-1)
  if (settled.status === 'fulfilled') {
    expect(settled.value).toBe('success')
    if (starts.length > 1) expect(last).toMatchObject({ type: 'succeeded', attempts: starts.length })
    else expect(told).toEqual([])
    return { starts, endsAt, outcome: 'success' }
  }
  if (last?.type !== 'gaveUp') throw new Error('nothing was told')
  expect(last.attempts).toBe(starts.length)
  if (last.reason === 'aborted') expect(settled.reason).toBe('the reason')
  else {
    // verify 23
    expect(settled.reason).toBe(errors.at(-1))
    expect(retryInfo(settled.reason)).toEqual({ attempts: starts.length, reason: last.reason })
  }
  return { starts, endsAt, outcome: last.reason }
}

describe('the schedule of a call', () => {
  it('is that of the closed form (verify 18, 20, 21, 22, 23, 24)', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (each) => {
        const ending = expected(each)
        expect(await observed(each, new VirtualClock(12_345))).toEqual(ending)

        const { starts, endsAt, outcome } = ending
        endings.mark(outcome as 'success')
        if (outcome === 'success' && starts.length > 1) endings.mark('success after retries')
        if (outcome === 'aborted' && endsAt === each.abortAt) endings.mark('aborted in a wait')
        expect(starts.length).toBeLessThanOrEqual(each.attempts)
        for (const start of starts.slice(1)) {
          expect(start).toBeLessThan(Math.min(each.deadline, each.maxElapsed, each.abortAt))
        }
      }),
      { numRuns: 1500 },
    )
    endings.verify()
  })

  it('of calls side by side is that of each alone', async () => {
    const several = fc.array(scenario, { minLength: 2, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(several, async (scenarios) => {
        const clock = new VirtualClock()
        const policy = retry({ clock, delay: 100, jitter: 'none', attempts: 5 })
        const runs = scenarios.map(({ script }) => {
          const starts: number[] = []
          const run = async (): Promise<void> => {
            const { takes, fails } = script[starts.length] as Attempt
            starts.push(clock.now())
            await clock.sleep(takes)
            if (fails !== undefined) throw reset()
          }
          return { starts, done: policy.settle(run) }
        })
        await clock.runUntilSettled(Promise.all(runs.map(({ done }) => done)))
        for (const [index, { starts }] of runs.entries()) {
          const script = (scenarios[index] as Scenario).script.slice(0, 5)
          const length = script.findIndex(({ fails }) => fails === undefined) + 1 || 5
          const durations = script.slice(0, length).map(({ takes }) => takes + 100)
          const alone = durations.map((_, nth) =>
            durations.slice(0, nth).reduce((sum, each) => sum + each, 0),
          )
          expect(starts).toEqual(alone)
        }
        expectNoLeaks({ policies: [policy], clock })
      }),
      { numRuns: 200 },
    )
  })
})

describe('the bounds of delays (verify 19)', () => {
  it.each(['fixed', 'linear', 'exponential', 'fibonacci'] as const)(
    '%s keeps to them with every jitter',
    async (shape) => {
      const jitters = {
        none: ['none', 1, 1, 0],
        full: ['full', 0, 1, 0],
        equal: ['equal', 0.5, 1, 0],
        proportional: [proportional(0.25), 0.75, 1.25, 0],
        additive: [additive(70), 1, 1, 70],
      } as const
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...Object.values(jitters)),
          fc.integer({ min: 0, max: 3000 }),
          fc.integer({ min: 0, max: 40_000 }),
          fc.integer(),
          async ([jitter, least, most, extra], base, maxDelay, seed) => {
            const clock = new VirtualClock()
            const policy = retry({
              clock,
              attempts: 9,
              jitter,
              maxDelay,
              delay: strategies[shape](base),
              random: seededRandom(seed),
            })
            const told = listen(policy)
            await clock.runUntilSettled(policy.settle(() => Promise.reject(reset())))
            for (const event of told) {
              if (event.type !== 'retryScheduled') continue
              const raw = Math.min(30_000, shapes[shape](base, event.attempt - 1))
              expect(event.delay).toBeGreaterThanOrEqual(Math.min(maxDelay, raw * least))
              expect(event.delay).toBeLessThanOrEqual(Math.ceil(Math.min(maxDelay, raw * most + extra)))
            }
            expect(clock.now()).toBe(
              told.reduce((sum, event) => sum + (event.type === 'retryScheduled' ? event.delay : 0), 0),
            )
          },
        ),
        { numRuns: 60 },
      )
    },
  )
})

describe('scaling', () => {
  it('all times by a factor scales all starts by it', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, fc.constantFrom(2, 10), async (each, factor) => {
        // Only where nothing is a constant of the policy itself, like the limit of 30 s.
        const bounded = { ...each, base: Math.min(each.base, 100), attempts: Math.min(each.attempts, 5) }
        const small = await observed(bounded, new VirtualClock())
        const times = (value: number): number => value * factor
        const large = await observed(
          {
            ...bounded,
            base: times(bounded.base),
            minDelay: times(bounded.minDelay),
            maxDelay: times(bounded.maxDelay),
            maxServerDelay: times(bounded.maxServerDelay),
            maxElapsed: times(bounded.maxElapsed),
            deadline: times(bounded.deadline),
            abortAt: times(bounded.abortAt),
            script: bounded.script.map(({ takes, fails, hint }) => ({
              takes: times(takes),
              fails,
              hint: hint === undefined ? hint : times(hint),
            })),
          },
          new VirtualClock(),
        )
        expect(large).toEqual({
          starts: small.starts.map(times),
          endsAt: times(small.endsAt),
          outcome: small.outcome,
        })
      }),
      { numRuns: 150 },
    )
  })
})
