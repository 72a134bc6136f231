import type { Status } from '@seaworthy/example-order-service/status'
import { describe, expect, it } from 'vitest'
import { circuitsOf, levelOf, type View } from '../src/watch.ts'

const status = (circuits: Record<string, string>, store = 'up'): Status => ({
  circuits,
  stores: { redis: store },
  working: 0,
})
const well: View = {
  api: status({}),
  workers: { 'worker 1': status({ one: 'closed' }), 'worker 2': status({ two: 'open' }) },
}

describe('how the service does', () => {
  it('has the circuits of all who answer', () => {
    expect(circuitsOf(well)).toEqual({ one: 'closed', two: 'open' })
    expect(circuitsOf({ ...well, api: undefined, workers: { 'worker 1': undefined } })).toEqual({})
  })

  it.each<[number, string, Partial<View>]>([
    [0, 'all are there', {}],
    [2, 'a worker does not answer', { workers: { ...well.workers, 'worker 2': undefined } }],
    [3, 'the API has no Redis', { api: status({}, 'down'), workers: { 'worker 1': undefined } }],
    [4, 'the API does not answer', { api: undefined }],
  ])('is level %i when %s', (level, _, change) => {
    expect(levelOf({ ...well, ...change })).toBe(level)
  })
})
