import { sometimes } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createWindow, remember, type Window, type WindowShape } from '../src/window.ts'

const totals = ({ calls, hits }: Window): object => ({ calls, hits })

const shapes: fc.Arbitrary<WindowShape> = fc.oneof(
  fc.integer({ min: 1, max: 20 }).map((calls) => ({ calls })),
  fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 10 }))
    .map(([buckets, width]) => ({ time: buckets * width, buckets })),
)

/** A walk of the clock with its standstills, small steps and long gaps, and what is recorded on the way. */
const walks = fc.array(
  fc.record({
    by: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 12 }), fc.constantFrom(59, 60, 61, 100_000)),
    hit: fc.boolean(),
  }),
  { maxLength: 80 },
)

/** Counts again from a list of everything. */
function recount(shape: WindowShape, seen: readonly { at: number; hit: boolean }[], now: number): object {
  const kept =
    'calls' in shape
      ? seen.slice(-shape.calls)
      : seen.filter(({ at }) => {
          const width = shape.time / shape.buckets
          return Math.floor(now / width) - Math.floor(at / width) < shape.buckets
        })
  return { calls: kept.length, hits: kept.filter(({ hit }) => hit).length }
}

describe('windows', () => {
  it('I8: have the totals of a naive list, for any walk of the clock', () => {
    const seen = sometimes(['forgot a hit', 'was clean again', 'long gap', 'ring wrapped'])
    fc.assert(
      fc.property(shapes, walks, (shape, walk) => {
        const window = createWindow(shape)
        const list: { at: number; hit: boolean }[] = []
        let now = 0
        let everHit = false
        for (const { by, hit } of walk) {
          now += by
          window.record(hit, now)
          list.push({ at: now, hit })
          everHit ||= hit
          expect(totals(window)).toEqual(recount(shape, list, now))
          if (by > 1000) seen.mark('long gap')
          if ('calls' in shape && list.length > shape.calls) seen.mark('ring wrapped')
          if (everHit && window.hits < list.filter((each) => each.hit).length) seen.mark('forgot a hit')
          if (everHit && window.hits === 0) seen.mark('was clean again')
        }
        window.expire(now + 7)
        expect(totals(window)).toEqual(recount(shape, list, now + 7))
      }),
      { numRuns: 500 },
    )
    seen.verify()
  })

  it('verify 14: hold no more than their size', () => {
    const window = createWindow({ calls: 3 })
    for (const hit of [true, true, true, false, false]) window.record(hit, 0)
    expect(totals(window)).toEqual({ calls: 3, hits: 1 })
  })

  it('verify 14: forget everything older than their length, also after a day of silence', () => {
    const window = createWindow({ time: 10_000, buckets: 10 })
    for (let i = 0; i < 17; i++) window.record(true, 500)
    window.expire(9999)
    expect(totals(window)).toEqual({ calls: 17, hits: 17 })
    window.expire(10_000)
    expect(totals(window)).toEqual({ calls: 0, hits: 0 })
    window.record(true, 86_400_000)
    expect(totals(window)).toEqual({ calls: 1, hits: 1 })
  })

  it('forget a bucket at a time', () => {
    const window = createWindow({ time: 30, buckets: 3 })
    window.record(true, 0)
    window.record(false, 10)
    window.record(true, 29)
    window.expire(30)
    expect(totals(window)).toEqual({ calls: 2, hits: 1 })
    window.expire(40)
    expect(totals(window)).toEqual({ calls: 1, hits: 1 })
  })

  it('give what they export back to a new window, with the same future', () => {
    fc.assert(
      fc.property(
        shapes,
        walks,
        walks,
        fc.integer({ min: -5000, max: 5000 }),
        (shape, past, future, shift) => {
          const window = createWindow(shape)
          let now = 0
          for (const { by, hit } of past) {
            now += by
            window.record(hit, now)
          }
          const copy = remember(shape, JSON.parse(JSON.stringify(window.export(now))), now + shift)
          expect(totals(copy)).toEqual(totals(window))
          for (const { by, hit } of future) {
            now += by
            window.record(hit, now)
            copy.record(hit, now + shift)
            expect(totals(copy)).toEqual(totals(window))
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('export runs of calls, not single calls', () => {
    const window = createWindow({ calls: 10 })
    for (const hit of [false, false, false, true, true, false]) window.record(hit, 0)
    expect(window.export(0)).toEqual([0, 3, 2, 0, 1, 0])
  })

  it('I18: give as much as fits to a window of another shape', () => {
    const calls = createWindow({ calls: 8 })
    for (const hit of [true, false, false, true, true]) calls.record(hit, 0)
    const exported = calls.export(0)
    expect(totals(remember({ calls: 100 }, exported, 0))).toEqual({ calls: 5, hits: 3 })
    expect(totals(remember({ calls: 3 }, exported, 0))).toEqual({ calls: 3, hits: 2 })
    expect(totals(remember({ time: 100, buckets: 10 }, exported, 12345))).toEqual({ calls: 5, hits: 3 })
    const time = createWindow({ time: 100, buckets: 10 })
    time.record(true, 5)
    time.record(false, 95)
    expect(totals(remember({ time: 20, buckets: 2 }, time.export(99), 99))).toEqual({ calls: 1, hits: 0 })
    expect(totals(remember({ calls: 10 }, time.export(99), 99))).toEqual({ calls: 2, hits: 1 })
  })

  it('record a million calls in a ring of bits, and nothing at all while none was a hit', () => {
    const window = createWindow({ calls: 1_000_000 }) as Window & { bits?: Uint8Array }
    window.record(false, 0, 2_000_000)
    expect(window.bits).toBeUndefined()
    expect(window.calls).toBe(1_000_000)
    window.record(true, 0)
    expect(window.bits?.byteLength).toBe(125_000)
    expect(totals(window)).toEqual({ calls: 1_000_000, hits: 1 })
    window.record(false, 0, 999_999)
    expect(window.hits).toBe(1)
    window.record(false, 0)
    expect(window.hits).toBe(0)
  })
})
