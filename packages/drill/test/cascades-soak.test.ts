import { type CircuitBreaker, circuitBreaker } from '@seaworthy/circuit-breaker'
import { bulkhead } from '@seaworthy/flow'
import { describe, expect, it, vi } from 'vitest'
import { runSoak } from '../src/index.ts'

// A simulation is seconds of pure computing; on a machine that does other things as well it takes its time.
vi.setConfig({ testTimeout: 300_000 })

describe('a soak in virtual time', () => {
  it('of four hours breaks no rule, recovers, leaves nothing behind, and comes by everything of interest', async () => {
    const { passed, violations, timeToSteady, gauges, duration, requests, faults, sometimes } =
      await runSoak()
    expect(violations).toEqual([])
    expect(gauges.after).toEqual(gauges.before)
    expect(timeToSteady).toBeLessThan(60_000)
    expect(duration).toBeGreaterThan(4 * 3_600_000)
    expect(passed).toBe(true)
    expect(faults.length).toBeGreaterThan(30)
    for (const [what, times] of Object.entries(sometimes)) expect([what, times > 0]).toEqual([what, true])
    for (const ending of ['full', 'degraded', 'failed'] as const)
      expect([ending, requests[ending] > 0]).toEqual([ending, true])
  })

  it('has the same event hash for every run of a seed, uses no real time, and differs from seed to seed', async () => {
    const options = { seed: 7, for: '30m' } as const
    const [first, again, other] = [
      await runSoak(undefined, options),
      await runSoak(undefined, { ...options, tripwire: true }),
      await runSoak(undefined, { ...options, seed: 8 }),
    ]
    expect(again).toEqual(first)
    expect(other.hash).not.toBe(first.hash)
    expect([first.passed, other.passed]).toEqual([true, true])
  })

  it('finds a circuit that lets calls through while it is open', async () => {
    // Its layer is left out, so it stops nobody.
    const leaky = (breaker: CircuitBreaker): CircuitBreaker =>
      new Proxy(breaker, {
        get: (target, key) => {
          if (key === 'layers') return () => []
          const value: unknown = Reflect.get(target, key, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    const { passed, violations } = await runSoak(undefined, {
      for: '10m',
      policies: {
        circuitBreaker: (options) => {
          const breaker = leaky(circuitBreaker(options))
          breaker.trip()
          return breaker
        },
      },
    })
    expect(passed).toBe(false)
    expect(violations.join()).toMatch(/let a call through while open/)
  })

  it('finds a bulkhead that lets too many calls run', async () => {
    const wide: typeof bulkhead = (options) =>
      bulkhead({ ...options, concurrency: options.concurrency * 100 })
    const { violations } = await runSoak(undefined, {
      for: '1m',
      clients: 40,
      think: '1s',
      policies: { bulkhead: wide },
    })
    expect(violations.join()).toMatch(/runs \d+ calls at once/)
  })

  it('finds a listener that every opening of a circuit leaves behind', async () => {
    const { passed, gauges } = await runSoak(undefined, {
      for: '30m',
      policies: {
        circuitBreaker: (options) => {
          const breaker = circuitBreaker(options)
          breaker.on('open', () => void breaker.on('slow', () => {}))
          return breaker
        },
      },
    })
    expect(passed).toBe(false)
    expect(gauges.after['policies.listeners']).toBeGreaterThan(gauges.before['policies.listeners'] ?? 0)
  })

  it('finds a timer that every opening of a circuit leaves behind', async () => {
    const { passed, gauges } = await runSoak(undefined, {
      for: '30m',
      policies: {
        circuitBreaker: (options) => {
          const breaker = circuitBreaker(options)
          breaker.on('open', () => void options?.clock?.setTimer(() => {}, 1e9))
          return breaker
        },
      },
    })
    expect(passed).toBe(false)
    expect(gauges.after['clock.timers']).toBeGreaterThan(1)
  })
})
