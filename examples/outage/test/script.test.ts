import { describe, expect, it } from 'vitest'
import { answeredByUpstream, badDay, outageStart, phaseAt, recoveryStart, workTime } from '../src/script.ts'
import { schedule } from '../src/traffic.ts'

describe('the bad day', () => {
  it('fills its duration without gaps, whatever the duration', () => {
    for (const duration of [6000, 30_000, 60_000]) {
      const { phases } = badDay(duration)
      expect(phases[0]?.from).toBe(0)
      for (const [index, { to }] of phases.entries()) {
        expect(phases[index + 1]?.from ?? duration).toBeCloseTo(to)
      }
    }
  })

  it('begins its outage and ends it where the phases say so', () => {
    const day = badDay()
    expect([outageStart(day), recoveryStart(day)]).toEqual([5000, 19_000])
    expect(
      [4999, 5000, 8000, 13_000, 16_000, 19_000, 24_000, 99_000].map((at) => phaseAt(day, at).mood),
    ).toEqual(['healthy', 'errors', 'hangs', 'throttled', 'resets', 'recovering', 'healthy', 'healthy'])
  })

  it('gets quicker while it recovers', () => {
    const day = badDay()
    const times = [19_000, 20_000, 22_000, 23_999].map((at) => workTime(day, at))
    expect(times).toEqual(times.toSorted((a, b) => b - a))
    expect(times[0]).toBe(day.upstream.coldWork)
    expect(workTime(day, 24_000)).toBe(day.upstream.work)
  })

  it('says which requests it could have answered', () => {
    const day = badDay()
    const lastMoment = 19_000 - day.patience + day.notice
    const could = (at: number) => answeredByUpstream(day, at)
    expect([0, 4900, lastMoment, 19_000, 29_999].map(could)).toEqual([true, true, true, true, true])
    // On its way when the outage began; in the middle of it; too shortly before the end of it.
    expect([4990, 10_000, lastMoment - 1].map(could)).toEqual([false, false, false])
    // A busy machine makes the same requests too late.
    expect([4900, lastMoment].map((at) => answeredByUpstream(day, at, 500))).toEqual([false, false])
    expect(answeredByUpstream(day, 18_999, day.patience)).toBe(false)
  })
})

describe('the schedule', () => {
  it('is the same for the same seed, and another for another', () => {
    const day = badDay()
    expect(schedule(day, 1)).toEqual(schedule(day, 1))
    expect(schedule(day, 1)).not.toEqual(schedule(day, 2))
  })

  it('comes at the rate of the day, in order, until its end', () => {
    const day = badDay(600_000)
    const requests = schedule(day, 1)
    expect(requests.length / 600).toBeCloseTo(day.rate, 0)
    expect(requests.every(({ at }, index) => at >= (requests[index - 1]?.at ?? 0) && at < day.duration)).toBe(
      true,
    )
  })

  it("asks for products by Zipf's law", () => {
    const day = badDay(120_000)
    const requests = schedule(day, 1)
    const count = (wanted: number) => requests.filter(({ product }) => product === wanted).length
    expect(count(0) / count(1)).toBeCloseTo(2, 0)
    expect(count(0) / count(9)).toBeGreaterThan(8)
    expect(new Set(requests.map(({ product }) => product)).size).toBe(day.products)
  })
})
