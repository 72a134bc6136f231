import {
  additive,
  byClass,
  chain,
  combine,
  type DelayInput,
  type DelayStrategy,
  decorrelated,
  delays,
  exponential,
  fibonacci,
  fixed,
  type Jitter,
  linear,
  proportional,
  type RetryOptions,
  retry,
} from '@seaworthy/retry'
import { seededRandom } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failing, reset, setup } from './toys.ts'

const half = (): number => 0.5

/** The first delays of a strategy. Each learns the one before. */
function schedule(strategy: DelayStrategy, length: number, input: Partial<DelayInput> = {}): number[] {
  const result: number[] = []
  for (let retry = 1; retry <= length; retry++) {
    const previous = result.at(-1) ?? 0
    result.push(strategy({ retry, previous, failureClass: 'transient', random: half, ...input }))
  }
  return result
}

const at = (strategy: DelayStrategy, retry: number): number =>
  strategy({ retry, previous: 0, failureClass: 'transient', random: half })

describe('strategies', () => {
  it('exponential doubles up to its limit', () => {
    expect(schedule(exponential(), 7)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
    expect(schedule(exponential('100ms', { factor: 3, max: '2s' }), 4)).toEqual([100, 300, 900, 2000])
    expect(schedule(exponential(0), 3)).toEqual([0, 0, 0])
  })

  it('linear adds a step', () => {
    expect(schedule(linear('2s', { max: '7s' }), 5)).toEqual([2000, 4000, 6000, 7000, 7000])
    expect(schedule(linear('1s', { step: '100ms' }), 3)).toEqual([1000, 1100, 1200])
    expect(schedule(linear('1s', { step: 0 }), 3)).toEqual([1000, 1000, 1000])
  })

  it('fixed stays', () => {
    expect(schedule(fixed('250ms'), 3)).toEqual([250, 250, 250])
  })

  it('fibonacci adds the two before', () => {
    const exact = [1, 1]
    while (exact.length < 70) exact.push((exact.at(-1) as number) + (exact.at(-2) as number))
    expect(schedule(fibonacci(1, { max: Number.MAX_SAFE_INTEGER }), 70)).toEqual(exact)
    expect(schedule(fibonacci(), 9)).toEqual([1, 1, 2, 3, 5, 8, 13, 21, 30].map((seconds) => seconds * 1000))
  })

  it('decorrelated stays between its base and three times the delay before', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2000 }),
        fc.integer({ min: 1, max: 60_000 }),
        fc.integer(),
        (base, max, seed) => {
          const strategy = decorrelated(base, { max })
          const random = seededRandom(seed)
          let previous = 0
          for (const delay of schedule(strategy, 20, { random })) {
            expect(delay).toBeGreaterThanOrEqual(Math.min(base, max))
            expect(delay).toBeLessThanOrEqual(Math.min(max, 3 * Math.max(base, previous)))
            if (delay < max) seen.add('free')
            else seen.add('limited')
            previous = delay
          }
        },
      ),
    )
    expect(seen).toEqual(new Set(['free', 'limited']))
  })

  it.each([
    ['exponential', exponential(), 30_000],
    ['exponential from 0', exponential(0), 0],
    ['linear', linear(), 30_000],
    ['fibonacci', fibonacci(), 30_000],
    ['fibonacci from 0', fibonacci(0), 0],
    ['decorrelated', decorrelated(), 2000],
    ['delays', delays([1, 2, 3]), 3],
    ['chain', chain([3, fixed(1)], exponential()), 30_000],
  ] as const)('%s overflows in no retry', (_, strategy, millionth) => {
    for (const retry of [1, 2, 50, 1000, 1025, 1_000_000]) {
      const delay = at(strategy, retry)
      expect(Number.isFinite(delay)).toBe(true)
      expect(delay).toBeGreaterThanOrEqual(0)
    }
    expect(at(strategy, 1_000_000)).toBe(millionth)
  })

  it.each([
    [() => exponential('x' as '1s'), 'exponential base must be a duration'],
    [() => exponential(1, { factor: 0.5 }), 'exponential factor must be a number of at least 1; got 0.5'],
    [() => exponential(1, { max: -1 }), 'exponential max must be a duration'],
    [() => linear(1, { step: -1 }), 'linear step must be a duration'],
    [() => fixed(Number.NaN), 'fixed delay must be a duration'],
    [() => fibonacci(-1), 'fibonacci base must be a duration'],
    [() => decorrelated(1, { max: Number.POSITIVE_INFINITY }), 'decorrelated max must be a duration'],
    [() => combine('product' as 'sum', fixed(1)), "combine how must be one of 'sum', 'max'"],
    [() => chain([0, fixed(1)], fixed(2)), 'chain retries must be a whole number of at least 1'],
    [() => proportional(1.5), 'proportional share must be a share above 0 and up to 1'],
    [() => additive(-1), 'additive extra must be a duration'],
  ])('%o is refused', (make, message) => {
    expect(make).toThrow(message)
  })
})

describe('delays', () => {
  function* growing(): Generator<number> {
    for (let delay = 1; ; delay += 1) yield delay
  }

  it('repeats the last one', () => {
    expect(schedule(delays(['100ms', '1s']), 4)).toEqual([100, 1000, 1000, 1000])
    expect(schedule(delays([]), 2)).toEqual([0, 0])
  })

  it('reads generators and other iterables, each once, as far as it must', () => {
    let read = 0
    const counting = function* (): Generator<number> {
      while (read < 5) yield ++read * 10
    }
    const strategy = delays(counting)
    expect(read).toBe(0)
    expect(at(strategy, 2)).toBe(20)
    expect(read).toBe(2)
    expect(schedule(strategy, 6)).toEqual([10, 20, 30, 40, 50, 50])
    expect(schedule(strategy, 2)).toEqual([10, 20])
    expect(schedule(delays(new Set([7, 8])), 3)).toEqual([7, 8, 8])
    expect(schedule(delays(growing()), 3)).toEqual([1, 2, 3])
  })

  it('of an endless sequence keeps the first thousand', () => {
    expect(at(delays(growing), 1_000_000)).toBe(1000)
  })

  it('that make no sense are refused when they are read', () => {
    expect(() => at(delays([1, -2]), 2)).toThrow('delay 2 must be a duration')
  })
})

describe('combinations', () => {
  it('add and choose', () => {
    expect(schedule(combine('sum', fixed(5), linear(10)), 3)).toEqual([15, 25, 35])
    expect(schedule(combine('max', fixed(15), linear(10)), 3)).toEqual([15, 20, 30])
    expect(schedule(combine('max'), 1)).toEqual([0])
  })

  it('take turns, each counting from 1', () => {
    const strategy = chain([2, fixed(50)], [3, linear(100)], exponential(1000))
    expect(schedule(strategy, 8)).toEqual([50, 50, 100, 200, 300, 1000, 2000, 4000])
  })

  it('go by class', () => {
    const strategy = byClass({ degraded: fixed(500), transient: fixed(5) }, fixed(50))
    expect(schedule(strategy, 1, { failureClass: 'degraded' })).toEqual([500])
    expect(schedule(strategy, 1, { failureClass: 'transient' })).toEqual([5])
    expect(schedule(strategy, 1, { failureClass: 'persistent' })).toEqual([50])
  })
})

/** The delays of a policy, from its events. */
async function delaysOf(options: RetryOptions): Promise<number[]> {
  const { clock, policy, events } = setup(options)
  await clock.runUntilSettled(policy.settle(failing(clock, ...Array.from({ length: 100 }, reset))), {
    limit: '30d',
  })
  return events.flatMap((event) => (event.type === 'retryScheduled' ? [event.delay] : []))
}

describe('jitter', () => {
  const bounds: [string, RetryOptions['jitter'], lowest: number, highest: number][] = [
    ['none', 'none', 1000, 1000],
    ['full', 'full', 0, 1000],
    ['equal', 'equal', 500, 1000],
    ['proportional', proportional(0.2), 800, 1200],
    ['additive', additive('300ms'), 1000, 1300],
  ]

  it.each(bounds)(
    '%s keeps to its bounds, and gets near both (verify 19)',
    async (_, jitter, lowest, highest) => {
      const seen = await delaysOf({ delay: 1000, jitter, attempts: 101, random: seededRandom(3) })
      expect(seen).toHaveLength(100)
      expect(Math.min(...seen)).toBeGreaterThanOrEqual(lowest)
      expect(Math.max(...seen)).toBeLessThanOrEqual(highest)
      const near = (highest - lowest) / 20
      expect(Math.min(...seen)).toBeLessThanOrEqual(lowest + near)
      expect(Math.max(...seen)).toBeGreaterThanOrEqual(highest - near)
    },
  )

  it('comes before the limits, and the limits before rounding up', async () => {
    const upward: Jitter = (delay) => delay * 10
    expect(await delaysOf({ delay: 100, jitter: upward, maxDelay: 250.5, attempts: 2 })).toEqual([251])
    expect(
      await delaysOf({ delay: 100, jitter: 'full', random: () => 0, minDelay: 30.1, attempts: 2 }),
    ).toEqual([31])
    expect(await delaysOf({ delay: 0.2, jitter: 'none', attempts: 2 })).toEqual([1])
  })

  it('is not added to a strategy that spreads by itself, unless asked for', async () => {
    const options: RetryOptions = { delay: decorrelated(100), random: () => 0, attempts: 3 }
    expect(await delaysOf(options)).toEqual([100, 100])
    expect(await delaysOf({ ...options, jitter: 'full' })).toEqual([0, 0])
    const mixed = byClass({ degraded: decorrelated(100) }, fixed(100))
    expect(await delaysOf({ ...options, delay: mixed })).toEqual([0, 0])
    const alike = combine('sum', decorrelated(100), decorrelated(100))
    expect(await delaysOf({ ...options, delay: alike })).toEqual([200, 200])
  })
})

describe('spread', () => {
  it('keeps clients that failed together from coming back together', async () => {
    const busiest = async (jitter: 'none' | 'full'): Promise<number> => {
      const { clock, policy } = setup({ jitter })
      const runs = Array.from({ length: 100 }, () => failing(clock, reset()))
      await clock.runUntilSettled(Promise.all(runs.map((run) => policy.execute(run))))
      const perSlot = new Map<number, number>()
      for (const { runs: times } of runs) {
        const slot = Math.floor((times[1] as number) / 50)
        perSlot.set(slot, (perSlot.get(slot) ?? 0) + 1)
      }
      return Math.max(...perSlot.values())
    }
    expect(await busiest('none')).toBe(100)
    expect(await busiest('full')).toBeLessThan(20)
  })

  it('is worth it: clients that contend for one place need far fewer calls', async () => {
    const contend = async (jitter: 'none' | 'full', delay: DelayStrategy): Promise<number> => {
      const { clock, policy } = setup({ attempts: Number.POSITIVE_INFINITY, jitter, delay })
      let calls = 0
      let taken = false
      const enter = async (): Promise<void> => {
        calls++
        if (taken) throw reset()
        taken = true
        await clock.sleep(10)
        taken = false
      }
      const clients = Array.from({ length: 50 }, () => policy.execute(enter))
      await clock.runUntilSettled(Promise.all(clients))
      return calls
    }
    const delay = exponential(100, { max: '10s' })
    const together = await contend('none', delay)
    expect(together).toBe((50 * 51) / 2) // Each time all but one come for nothing.
    expect(await contend('full', delay)).toBeLessThan(together / 3)
  })
})

it('a strategy learns which retry it is, the delay before, and what failed', async () => {
  const inputs: unknown[] = []
  const delay: DelayStrategy = ({ retry, previous, failureClass, random }) => {
    inputs.push([retry, previous, failureClass, random()])
    return retry * 10.5
  }
  await delaysOf({ delay, jitter: 'none', attempts: 4, random: () => 0.25 })
  expect(inputs).toEqual([
    [1, 0, 'transient', 0.25],
    [2, 11, 'transient', 0.25],
    [3, 21, 'transient', 0.25],
  ])
})

it('a duration stands for a fixed delay', async () => {
  expect(await delaysOf({ delay: '40ms', jitter: 'none', attempts: 3 })).toEqual([40, 40])
  expect(() => retry({ delay: fixed('40ms') })).not.toThrow()
})
