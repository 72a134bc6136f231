/** What happens after a failed run: a table. And the small parts that nothing else shows. */
import { SeaworthyError } from '@seaworthy/core'
import { seededRandom } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pause } from '../src/insist.ts'
import { judge, type RetryRules, standardDelay } from '../src/judgement.ts'
import { Line, Timetable, Trail } from '../src/memory-parts.ts'

const rules: RetryRules = { attempts: 5, delay: () => 100, classify: undefined, random: () => 0.5 }
const open = new SeaworthyError('ERR_CIRCUIT_OPEN', '', { failureClass: 'persistent', retryAfter: 4000.5 })
const status = (code: number): Error => Object.assign(new Error(), { status: code })

describe('a failed run', () => {
  it.each<[string, unknown, boolean, number, object]>([
    ['an unknown error', new Error(), true, 0, { kind: 'retry', delay: 100, failureClass: 'transient' }],
    ['the last but one', new Error(), true, 3, { kind: 'retry', delay: 100, failureClass: 'transient' }],
    ['the last', new Error(), true, 4, { kind: 'dead', reason: 'exhausted', failureClass: 'transient' }],
    ['too many requests', status(429), true, 0, { kind: 'retry', delay: 100, failureClass: 'degraded' }],
    [
      'no access, maybe mended tomorrow',
      status(401),
      true,
      0,
      { kind: 'retry', delay: 100, failureClass: 'persistent' },
    ],
    ['a bad request', status(400), true, 0, { kind: 'dead', reason: 'fatal', failureClass: 'fatal' }],
    ['a bug', new TypeError(), true, 0, { kind: 'dead', reason: 'fatal', failureClass: 'fatal' }],
    ['nothing at all', undefined, true, 0, { kind: 'retry', delay: 100, failureClass: 'transient' }],
    [
      'an open circuit before the run',
      open,
      false,
      4,
      { kind: 'postpone', delay: 4001, failureClass: 'persistent' },
    ],
    [
      'an open circuit inside of the run',
      open,
      true,
      0,
      { kind: 'retry', delay: 4001, failureClass: 'persistent' },
    ],
    [
      'a policy of your own that throws',
      new Error(),
      false,
      0,
      { kind: 'retry', delay: 100, failureClass: 'transient' },
    ],
  ])('%s', (_, error, ran, failures, judged) => {
    expect(judge({ error, ran, failures }, rules)).toEqual(judged)
  })

  it('survives errors whose properties throw', () => {
    const hostile = new Proxy(new Error(), {
      get: () => {
        throw new Error('hostile')
      },
    })
    expect(judge({ error: hostile, ran: true, failures: 0 }, rules)).toMatchObject({
      kind: 'retry',
      delay: 100,
    })
  })

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, 'soon'])(
    'a delay of %s counts as not given',
    (answer) => {
      const broken = { ...rules, delay: () => answer as number }
      expect(judge({ error: new Error(), ran: true, failures: 0 }, broken)).toMatchObject({ delay: 500 })
    },
  )
})

it('A2: the standard delay is anywhere up to 1 s, 2 s, 4 s, … 30 s', () => {
  const least = seededRandom(7)
  for (const [retry, most] of [
    [1, 1000],
    [2, 2000],
    [5, 16_000],
    [6, 30_000],
    [2000, 30_000],
  ] as const) {
    const input = { retry, previous: 0, failureClass: 'transient' } as const
    expect(standardDelay({ ...input, random: () => 1 })).toBe(most)
    expect(standardDelay({ ...input, random: () => 0 })).toBe(0)
    expect(standardDelay({ ...input, random: least })).toBeLessThan(most)
  }
})

it('a store is asked again after 50 ms to 100 ms, at last every 2.5 s to 5 s', () => {
  expect([pause(1, () => 0), pause(1, () => 1)]).toEqual([50, 100])
  expect([pause(1e6, () => 0), pause(1e6, () => 1)]).toEqual([2500, 5000])
})

describe('the parts of the memory stream', () => {
  it('a line is first in, first out', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(), { nil: undefined })), (steps) => {
        const line = new Line<number>()
        const model: number[] = []
        for (const step of steps) {
          if (step === undefined) expect(line.shift()).toBe(model.shift())
          else {
            line.push(step)
            model.push(step)
          }
          expect(line.size).toBe(model.length)
          expect(line.toArray()).toEqual(model)
        }
      }),
      { numRuns: 200, seed: 1 },
    )
  })

  it('a timetable is sorted by time, then by order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), fc.nat(10), fc.nat(20), (times, now, limit) => {
        const table = new Timetable<string>()
        for (const [order, at] of times.entries()) table.add(at, `${at} ${order}`)
        const sorted = times.map((at, order) => ({ at, order })).sort((left, right) => left.at - right.at)
        const due = sorted.filter(({ at }) => at <= now).slice(0, limit)
        expect(table.first).toBe(sorted[0]?.at)
        expect(table.takeDue(now, limit)).toEqual(due.map(({ at, order }) => `${at} ${order}`))
        expect(table.size).toBe(times.length - due.length)
      }),
      { numRuns: 200, seed: 1 },
    )
  })

  it('a trail keeps the last entries', () => {
    const trail = new Trail<number>(3)
    for (const entry of [1, 2, 3, 4, 5]) trail.add(entry)
    expect(trail.find(() => true, 9)).toEqual([3, 4, 5])
    expect(trail.find((entry) => entry !== 4, 1)).toEqual([5])
  })
})
