import { type RetryOptions, retryInfo } from '@seaworthy/retry'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { busy, failing, reset, setup } from './toys.ts'

const hinted = (retryAfter: unknown): Error => Object.assign(reset(), { retryAfter })

describe('a floor', () => {
  it('is never shortened: not by maxDelay, not by the strategy, not by jitter (verify 24)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 60_000, noNaN: true }),
        fc.double({ min: 0, max: 90_000, noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 0, max: 5000 }),
        async (hint, delay, draw, maxDelay) => {
          const { clock, policy, events } = setup({ delay, maxDelay, random: () => draw })
          const run = failing(clock, hinted(hint))
          await clock.runUntilSettled(policy.execute(run))
          const waited = run.runs[1] as number
          expect(waited).toBeGreaterThanOrEqual(hint)
          expect(waited).toBeLessThanOrEqual(Math.max(maxDelay, Math.ceil(hint + Math.min(1000, hint / 10))))
          expect(Number.isInteger(waited)).toBe(true)
          expect(events[0]).toMatchObject({ delay: waited })
        },
      ),
    )
  })

  it('gives way to a strategy that waits longer', async () => {
    const { clock, policy, events } = setup({ delay: 8000, jitter: 'none' })
    await clock.runUntilSettled(policy.execute(failing(clock, hinted(1000))))
    expect(clock.now()).toBe(8000)
    expect(events[0]).toMatchObject({ delay: 8000, delaySource: 'strategy' })
  })

  it('gets up to a tenth added, and a second at most, so that clients do not come back together', async () => {
    for (const [hint, draw, waited] of [
      [2000, 0.5, 2100],
      [2000, 0.999, 2200],
      [50_000, 0.5, 50_500],
      [0, 0.5, 0],
    ] as const) {
      const { clock, policy } = setup({ delay: 0, random: () => draw })
      await clock.runUntilSettled(policy.execute(failing(clock, hinted(hint))))
      expect(clock.now()).toBe(waited)
    }
  })

  it('as long as the strategy would have waited changes nothing', async () => {
    const { clock, policy, events } = setup({ jitter: 'none', random: () => 0 })
    await clock.runUntilSettled(policy.execute(failing(clock, hinted(1000), hinted(2000), reset())))
    const scheduled = events.flatMap((event) =>
      event.type === 'retryScheduled' ? [[event.delay, event.delaySource]] : [],
    )
    expect(scheduled).toEqual([
      [1000, 'strategy'],
      [2000, 'strategy'],
      [4000, 'strategy'],
    ])
  })

  it('begins the strategy again: after the wait that the server asked for, the dependency is taken for new', async () => {
    const { clock, policy, events } = setup({ jitter: 'none', attempts: 9, random: () => 0 })
    const run = failing(clock, reset(), reset(), hinted(10_000), reset(), reset())
    await clock.runUntilSettled(policy.execute(run))
    const delays = events.flatMap((event) => (event.type === 'retryScheduled' ? [event.delay] : []))
    expect(delays).toEqual([1000, 2000, 10_000, 1000, 2000])
  })
})

describe('an exact hint', () => {
  const options: RetryOptions = { hintMode: 'exact', jitter: 'none' }

  it('replaces the strategy, rounded up', async () => {
    const { clock, policy, events } = setup(options)
    const run = failing(clock, hinted(250.2), hinted(30_000), reset())
    await clock.runUntilSettled(policy.execute(run))
    expect(run.runs).toEqual([0, 251, 30_251, 31_251])
    expect(events.flatMap((event) => (event.type === 'retryScheduled' ? [event.delaySource] : []))).toEqual([
      'server',
      'server',
      'strategy',
    ])
  })

  it('of 0 retries at once', async () => {
    const { clock, policy, events } = setup(options)
    await clock.runUntilSettled(policy.execute(failing(clock, hinted(0))))
    expect(clock.now()).toBe(0)
    expect(events[0]).toMatchObject({ delay: 0, delaySource: 'immediate' })
  })
})

describe('a server that asks for too much', () => {
  it('ends the call at once, and the caller learns for how long to stay away', async () => {
    const { clock, policy, events } = setup({
      maxServerDelay: '5s',
      delayFrom: (failure) => (failure as { wait?: number }).wait,
    })
    const error = Object.assign(reset(), { wait: 5001 })
    await expect(policy.execute(failing(clock, error))).rejects.toBe(error)
    expect(clock.pendingTimers).toBe(0)
    expect(events.at(-1)).toMatchObject({ type: 'gaveUp', reason: 'server-delay', retryAfter: 5001 })
    expect(retryInfo(error)).toEqual({ attempts: 1, reason: 'server-delay' })
    expect(error).toHaveProperty('retryAfter', 5001)
    expect(Object.keys(error)).toEqual(['code', 'wait'])
  })

  it('is one that asks for more than maxServerDelay, not for just as much', async () => {
    const { clock, policy } = setup({ maxServerDelay: '5s', hintMode: 'exact' })
    expect(await clock.runUntilSettled(policy.execute(failing(clock, hinted(5000))))).toBe(2)
  })

  it('may ask for anything if maxServerDelay is Infinity', async () => {
    const { clock, policy } = setup({ maxServerDelay: Number.POSITIVE_INFINITY, hintMode: 'exact' })
    const answer = policy.execute(failing(clock, hinted(86_400_000)))
    expect(await clock.runUntilSettled(answer, { limit: '2d' })).toBe(2)
  })

  it.each([['stop'], [-1], [Number.POSITIVE_INFINITY]] as const)('%s means stop', async (answer) => {
    const { clock, policy, events } = setup({
      delayFrom: () => answer,
      maxServerDelay: Number.POSITIVE_INFINITY,
    })
    const run = failing(clock, reset())
    await expect(policy.execute(run)).rejects.toThrow('connection reset')
    expect(run.runs).toHaveLength(1)
    expect(events.at(-1)).toMatchObject({ type: 'gaveUp', reason: 'server-delay', retryAfter: undefined })
  })
})

describe('where hints come from', () => {
  it.each([[undefined], [Number.NaN], ['30'], [null], [new Date(0)]])(
    'a retryAfter of %s says nothing',
    async (retryAfter) => {
      const { clock, policy } = setup({ jitter: 'none', delay: 100 })
      await clock.runUntilSettled(policy.execute(failing(clock, hinted(retryAfter))))
      expect(clock.now()).toBe(100)
    },
  )

  it('failures that will not be retried are not asked', async () => {
    let asked = 0
    const { clock, policy } = setup({
      delayFrom: () => {
        asked++
        return undefined
      },
    })
    await policy.settle(failing(clock, new TypeError('bug')))
    expect(asked).toBe(0)
  })

  it('a busy server that says when is asked again then', async () => {
    const { clock, policy } = setup({ random: () => 0 })
    await clock.runUntilSettled(policy.execute(failing(clock, busy(3000))))
    expect(clock.now()).toBe(3000)
  })
})
