import { seededRandom } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { scenarioIds, swarm } from '../src/index.ts'
import { type Schedule, timesOf } from '../src/schedule.ts'
import { stage } from './helpers.ts'

function first(count: number, schedule: Schedule, frequency = 1): number[] {
  const times = timesOf(schedule, seededRandom(1), frequency)
  return Array.from({ length: count }, () => times.next()).flatMap(({ value, done }) => (done ? [] : [value]))
}

describe('schedules', () => {
  it('one shot fires once', () => {
    expect(first(3, { kind: 'oneShot', at: '5s' })).toEqual([5000])
  })

  it('fixed fires evenly, within its jitter, and never out of order', () => {
    expect(first(3, { kind: 'fixed', every: '1s' })).toEqual([1000, 2000, 3000])
    expect(first(3, { kind: 'fixed', every: '1s' }, 4)).toEqual([250, 500, 750])
    const jittered = first(1000, { kind: 'fixed', every: 1000, jitter: 0.5 })
    for (const [index, time] of jittered.entries())
      expect(Math.abs(time - 1000 * (index + 1))).toBeLessThanOrEqual(500)
    expect(jittered).toEqual([...jittered].sort((a, b) => a - b))
  })

  it('poisson has its mean, keeps its gap, and its gaps vary as they should', () => {
    const times = first(5000, { kind: 'poisson', mean: '10s', minGap: '2s' })
    const gaps = times.map((time, index) => time - (times[index - 1] ?? 0))
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    const spread = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2000)
    expect(mean / 10_000).toBeCloseTo(1, 1)
    // Of an exponential distribution the mean is the standard deviation.
    expect(spread / 8000).toBeCloseTo(1, 1)
  })

  it('windows leave out what is outside of them, and end', () => {
    const windows = [
      { from: '2s', to: '4s' },
      { from: '7s', to: '8s' },
    ] as const
    expect(first(100, { kind: 'fixed', every: '1s', windows })).toEqual([2000, 3000, 7000])
  })

  it.each<[string, Schedule]>([
    ['every', { kind: 'fixed', every: 0 }],
    ['jitter', { kind: 'fixed', every: '1s', jitter: 0.6 }],
    ['minGap', { kind: 'poisson', mean: '1s', minGap: '1s' }],
    ['windows[0].to', { kind: 'fixed', every: '1s', windows: [{ from: '2s', to: '1s' }] }],
  ])('%s is checked when the schedule starts', (name, schedule) => {
    const { chaos } = stage()
    expect(() => chaos.schedule({ scenario: 'latency_spike', on: 'api', for: '1s' }, schedule)).toThrow(name)
  })
})

describe('a schedule of a controller', () => {
  const request = { scenario: 'provider_outage', on: 'api', for: '3s' } as const
  const every = { kind: 'fixed', every: '1s', windows: [{ from: 0, to: '6s' }] } as const

  it('forbid: turns away what overlaps, and counts it', async () => {
    const { chaos, clock, events } = stage()
    const schedule = chaos.schedule(request, every)
    await clock.advance('10s')
    // At 1 s and, when that has ended at 4 s, at 4 or 5 s.
    expect([schedule.fired, schedule.fired - schedule.refused]).toEqual([5, 2])
    expect(events.filter(({ type }) => type === 'refused')).toHaveLength(schedule.refused)
    expect(clock.pendingTimers).toBe(0)
    expect(chaos.debugStats()['schedules']).toBe(0)
  })

  it('queue: waits for the end of the last one, with one at most', async () => {
    const { chaos, clock } = stage()
    const schedule = chaos.schedule(request, every, 'queue')
    await clock.advance('20s')
    expect(chaos.snapshot().injections.map(({ startedAt }) => startedAt)).toEqual([1000, 4000, 7000])
    // 2 s waits for the first, 4 s for that one; 3 s and 5 s find somebody waiting.
    expect(schedule.refused).toBe(2)
  })

  it('replace: ends the last one', async () => {
    const { chaos, clock } = stage()
    chaos.schedule(request, every, 'replace')
    await clock.advance('20s')
    const starts = chaos.snapshot().injections.map(({ startedAt }) => startedAt)
    expect(starts).toEqual([1000, 2000, 3000, 4000, 5000])
    expect(chaos.snapshot().counters).toMatchObject({ injected: 5, recovered: 5 })
  })

  it('stops at once, and leaves what is in place to its end', async () => {
    const { chaos, clock } = stage()
    const schedule = chaos.schedule(request, every)
    await clock.advance('1s')
    schedule.stop()
    expect(chaos.debugStats()).toMatchObject({ active: 1, schedules: 0 })
    await clock.advance('10s')
    expect(schedule.fired).toBe(1)
    expect(chaos.debugStats()).toMatchObject({ active: 0, timers: 0 })
  })

  it('runs faster with intensity', async () => {
    const { chaos, clock } = stage({ intensity: 'high' })
    const schedule = chaos.schedule({ ...request, for: 100 }, { kind: 'fixed', every: '4s' })
    await clock.advance('8s')
    expect(schedule.fired).toBe(8)
    chaos.kill()
  })
})

describe('swarm', () => {
  it('is the same for the same seed, leaves families out, and has none once in 16 seeds', () => {
    const all = Array.from({ length: 1600 }, (_, seed) => swarm(seed))
    expect(swarm(5)).toEqual(swarm('5'))
    const none = all.filter(({ length }) => length === 0).length
    expect(none / 100).toBeCloseTo(1, 0)
    const some = all.filter(({ length }) => length > 0)
    for (const id of scenarioIds) {
      const share = some.filter((families) => families.includes(id)).length / some.length
      expect(share).toBeCloseTo(0.5, 1)
    }
    expect(
      Array.from({ length: 50 }, (_, seed) => swarm(seed, ['only'])).filter(({ length }) => length === 0)
        .length,
    ).toBeLessThan(10)
  })
})
