import { describe, expect, it } from 'vitest'
import { abortListenerCounts, changedCounts, instanceCounts, resourceCounts } from '../src/memory/gauges.ts'
import { accountObjects } from '../src/memory/object-accounting.ts'

describe('objects that each operation leaves behind', () => {
  it('the fourth leak shape: what grows by the same with every operation is found, at 7, 11 and 13', async () => {
    const held = new Map<number, string>()
    let operations = 0
    const { accumulating, operations: counted } = await accountObjects({
      operation: () => {
        operations++
        held.set(held.size, 'a')
        held.set(held.size, 'b')
      },
      counts: () => ({ held: held.size, other: 5 }),
    })
    expect(accumulating).toEqual([
      { name: 'held', perOperation: 2, growth: { 7: [14, 14, 14], 11: [22, 22, 22], 13: [26, 26, 26] } },
    ])
    expect(counted).toBe(1 + 3 * (7 + 11 + 13))
    expect(operations).toBe(counted)
  })

  it('the first operation is discarded: what it sets up is no accumulation', async () => {
    const once = new Set<string>()
    const { accumulating, operations } = await accountObjects({
      operation: async () => once.add('connection'),
      counts: () => ({ once: once.size }),
    })
    expect(accumulating).toEqual([])
    expect(operations).toBe(1 + 3 * 7) // without a suspect nobody has to be confirmed
  })

  it('a pool that grows in chunks of about the same is found within 5 %', async () => {
    let [size, calls] = [0, 0]
    const { accumulating } = await accountObjects({
      operation: () => {
        calls++
        size += calls % 20 === 0 ? 41 : 40
      },
      counts: () => ({ size }),
    })
    expect(accumulating).toMatchObject([{ name: 'size' }])
    expect(accumulating[0]?.perOperation).toBeCloseTo(40, 0)
  })

  it.each([
    ['a buffer that is full after 12', (n: number) => Math.min(n, 12)],
    ['what is cleaned up now and then', (n: number) => n % 10],
    ['what grows with time and not with operations', (n: number) => Math.floor(Math.sqrt(n) * 3)],
    ['what counting itself leaves behind', (_: number, counted: number) => counted],
    ['what shrinks', (n: number) => 1000 - n],
  ])('is not found in %s', async (_, shape) => {
    let [calls, counted] = [0, 0]
    const { accumulating } = await accountObjects({
      operation: () => calls++,
      counts: () => ({ it: shape(calls, ++counted) }),
    })
    expect(accumulating).toEqual([])
  })

  it('a multiple of 7 by chance does not stand the test at 11', async () => {
    let calls = 0
    const { accumulating, operations } = await accountObjects({
      operation: () => calls++,
      counts: () => ({ weekly: 7 * Math.ceil((calls - 1) / 7) }),
    })
    expect(accumulating).toEqual([])
    expect(operations).toBeGreaterThan(1 + 3 * 7)
  })

  it('what the operation throws ends it, and options that make no sense are refused', async () => {
    const failed = new Error('down')
    const counts = () => ({})
    await expect(accountObjects({ operation: () => Promise.reject(failed), counts })).rejects.toBe(failed)
    await expect(accountObjects({ operation: () => {}, counts, legs: [1] })).rejects.toThrow(
      'legs must be a whole number of at least 2',
    )
    await expect(accountObjects({ operation: () => {} } as never)).rejects.toThrow(
      'counts must be a function',
    )
  })
})

describe('exact sizes', () => {
  it('gauges that are not exactly what they were are named; a missing one is 0', () => {
    expect(changedCounts({ timers: 0, waiters: 2, permits: 5 }, { timers: 0, waiters: 3, queue: 1 })).toEqual(
      [
        { name: 'waiters', before: 2, after: 3 },
        { name: 'permits', before: 5, after: 0 },
        { name: 'queue', before: 0, after: 1 },
      ],
    )
    expect(changedCounts({ timers: 1 }, { timers: 1, queue: 0 })).toEqual([])
  })

  it('listeners that wait for a signal to abort are counted', () => {
    const [held, clean] = [new AbortController(), new AbortController()]
    const listeners = [() => {}, () => {}]
    for (const listener of listeners) held.signal.addEventListener('abort', listener)
    expect(abortListenerCounts({ held: held.signal, clean: clean.signal })).toEqual({ held: 2, clean: 0 })
    for (const listener of listeners) held.signal.removeEventListener('abort', listener)
    expect(abortListenerCounts({ held: held.signal })).toEqual({ held: 0 })
  })

  it('live objects are counted by class, and no longer when they are let go of', () => {
    class Session {}
    class AdminSession extends Session {}
    const none = instanceCounts({ Session })['Session'] as number
    let held: Session[] = [new Session(), new AdminSession()]
    expect(instanceCounts({ Session })).toEqual({ Session: none + 2 })
    expect(held).toHaveLength(2)
    held = []
    expect(instanceCounts({ Session })).toEqual({ Session: none })
  })

  it('what keeps the process running is counted by type', () => {
    const before = resourceCounts()['Timeout'] ?? 0
    const timer = setTimeout(() => {}, 60_000)
    expect(resourceCounts()['Timeout']).toBe(before + 1)
    clearTimeout(timer)
  })
})
