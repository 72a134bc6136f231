import { describe, expect, it } from 'vitest'
import { type AsyncFunction, bare, type Contender, loopOf, measure, type Subject } from '../src/harness.ts'

const passesOn: Contender = { name: 'passes on', build: () => (fn) => fn() }
const nothing = async (): Promise<void> => {}

function counted(): { calls: number; most: number; fn: AsyncFunction } {
  let running = 0
  const counts = {
    calls: 0,
    most: 0,
    fn: async () => {
      counts.calls++
      counts.most = Math.max(counts.most, ++running)
      await nothing()
      running--
    },
  }
  return counts
}

const subject = (changes: Partial<Subject>): Subject => ({
  name: 'subject',
  title: 'Subject',
  contenders: [bare, passesOn],
  functions: () => [nothing],
  verify: nothing,
  ...changes,
})

describe('loopOf', () => {
  it.each([bare, passesOn])('makes exactly so many calls, one after the other: $name', async (contender) => {
    const counts = counted()
    const loop = loopOf(subject({ functions: () => [counts.fn] }), contender, await contender.build())
    await loop(10)
    expect(counts).toMatchObject({ calls: 10, most: 1 })
  })

  it('keeps so many calls in flight', async () => {
    const counts = counted()
    const loop = loopOf(subject({ functions: () => [counts.fn], inFlight: 4 }), passesOn, (fn) => fn())
    await loop(20)
    expect(counts).toMatchObject({ calls: 20, most: 4 })
  })

  it('calls different functions in turn', async () => {
    const all = Array.from({ length: 4 }, counted)
    const loop = loopOf(subject({ functions: () => all.map(({ fn }) => fn) }), passesOn, (fn) => fn())
    await loop(8)
    expect(all.map(({ calls }) => calls)).toEqual([2, 2, 2, 2])
  })

  it('goes on after a rejection where calls are meant to reject', async () => {
    let calls = 0
    const fails = async (): Promise<void> => {
      calls++
      throw new Error('down')
    }
    await loopOf(subject({ functions: () => [fails], rejects: true }), passesOn, (fn) => fn())(3)
    expect(calls).toBe(3)
    await expect(loopOf(subject({ functions: () => [fails] }), passesOn, (fn) => fn())(3)).rejects.toThrow(
      'down',
    )
  })
})

describe('measure', () => {
  it('compares every contender with the first', async () => {
    const measured = await measure(subject({}), { slices: 2 })
    expect(measured.map(({ contender }) => contender)).toEqual(['bare await fn()', 'passes on'])
    expect(measured[0]?.ratio).toBe(1)
    for (const { nanoseconds } of measured) expect(nanoseconds).toBeGreaterThan(0)
  })

  it('counts calls in whole groups', async () => {
    const counts = counted()
    await measure(subject({ functions: () => [counts.fn], contenders: [bare], period: 10 }), { slices: 2 })
    expect(counts.calls % 10).toBe(0)
  })

  it('gives no figures for a contender that does not do its job', async () => {
    const verify = async (): Promise<void> => {
      throw new Error('it did not')
    }
    await expect(measure(subject({ verify }), { slices: 1 })).rejects.toThrow(
      'subject: passes on does not do its job',
    )
  })
})
