import { describe, expect, it } from 'vitest'
import { figures, percentile, Recorder, recent } from '../src/measure.ts'

const request = (id: number, at: number, product = 0) => ({ id, at, product })

describe('the recorder', () => {
  it('tells live answers, answers from a fresh cache and stale ones apart by their age', () => {
    const recorder = new Recorder()
    const [live, joined, cached, stale] = [0, 100, 300, 3000].map((at, id) => recorder.begin(request(id, at)))
    if (!live || !joined || !cached || !stale) throw new Error('four samples')
    recorder.answered(live, 150, 0, 0, 1000)
    recorder.answered(joined, 150, 0, 0, 1000)
    recorder.answered(cached, 301, 0, 151, 1000)
    recorder.answered(stale, 3001, 0, 2851, 1000)
    expect(recorder.samples.map(({ outcome }) => outcome)).toEqual(['live', 'live', 'cached', 'stale'])
    expect(recorder.pending).toBe(0)
  })

  it('knows whether a product had been seen when it was asked for', () => {
    const recorder = new Recorder()
    const first = recorder.begin(request(0, 0, 5))
    const second = recorder.begin(request(1, 1, 5))
    recorder.answered(first, 10, 5, 0, 1000)
    const third = recorder.begin(request(2, 20, 5))
    const other = recorder.begin(request(3, 20, 6))
    expect([first, second, third, other].map(({ seenBefore }) => seenBefore)).toEqual([
      false,
      false,
      true,
      false,
    ])
  })

  it('notices an answer to another question, and the code of an error along its causes', () => {
    const recorder = new Recorder()
    const mixedUp = recorder.begin(request(0, 0, 5))
    const failed = recorder.begin(request(1, 0, 5))
    recorder.answered(mixedUp, 10, 6, 0, 1000)
    const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' })
    recorder.failed(failed, 10, new TypeError('fetch failed', { cause: reset }))
    expect([mixedUp.mixedUp, failed.error]).toEqual([true, 'ECONNRESET'])
  })
})

describe('figures', () => {
  it('count the time that waiting requests have waited', () => {
    const recorder = new Recorder()
    recorder.answered(recorder.begin(request(0, 0)), 10, 0, 0, 1000)
    recorder.begin(request(1, 100))
    expect(figures(recorder.samples, 0, 1000, 900)).toMatchObject({
      requests: 2,
      success: 1,
      p50: 10,
      p99: 800,
    })
  })

  it('of a moment are of those who waited then, whenever they came', () => {
    const recorder = new Recorder()
    recorder.answered(recorder.begin(request(0, 0)), 10, 0, 0, 1000)
    recorder.failed(recorder.begin(request(1, 100)), 3100, new Error('gone'))
    expect(recent(recorder.samples, 3000, 3200)).toMatchObject({ requests: 1, success: 0, p99: 3000 })
  })

  it('of nothing are undefined, and no zero', () => {
    expect(figures([], 0, 1)).toEqual({
      requests: 0,
      answered: 0,
      success: undefined,
      p50: undefined,
      p99: undefined,
    })
    expect(percentile([], 0.5)).toBeUndefined()
  })

  it('use nearest ranks', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
    expect([0, 0.5, 0.99, 1].map((share) => percentile(hundred, share))).toEqual([1, 50, 99, 100])
  })
})
