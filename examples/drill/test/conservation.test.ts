import { describe, expect, it } from 'vitest'
import { claims, type Found, type FoundAfterwards } from '../src/conservation.ts'

const step = (event: string) => ({ event })
const way = (id: string, ...events: string[]) => ({
  id,
  state: 'paid' as const,
  journey: [],
  steps: events.map(step),
})
const letter = { id: 'letter 1', type: 'order', failure: 'validation', errorClass: 'Error', journey: 'c' }

/** Three orders: two were paid, one is a dead letter and is paid when it is put back to work. */
const before: Found = {
  orders: {
    accepted: new Map([
      ['request 1', 'a'],
      ['request 2', 'b'],
      ['request 3', 'c'],
    ]),
    gaveUp: 0,
    twins: 1,
    torn: 0,
  },
  charged: new Map([
    ['a', 1],
    ['b', 1],
  ]),
  repeated: 1,
  letters: [letter],
  ways: [way('a', 'enqueued', 'acknowledged'), way('c', 'enqueued', 'dead')],
  unfinished: 0,
}
const after: FoundAfterwards = {
  charged: new Map([
    ['a', 1],
    ['b', 1],
    ['c', 1],
  ]),
  letters: 0,
  unfinished: 0,
}
const broken = (one: Partial<Found>, other: Partial<FoundAfterwards> = {}): string[] =>
  claims({ ...before, ...one }, { ...after, ...other }).flatMap(({ text, holds }) => (holds ? [] : text))
const { orders } = before

describe('the claims', () => {
  it('hold when nothing was lost and nothing was done twice', () => {
    expect(broken({})).toEqual([])
  })

  it.each<[string, RegExp, Partial<Found>, Partial<FoundAfterwards>]>([
    ['an order is neither paid nor a dead letter', /carried out, or is among/, { letters: [] }, {}],
    ['an order is still under way', /carried out, or is among/, { unfinished: 1 }, {}],
    [
      'nothing was ordered',
      /carried out, or is among/,
      { orders: { ...orders, accepted: new Map() } },
      { charged: new Map() },
    ],
    ['an order was charged twice', /carried out twice/, {}, { charged: new Map(after.charged).set('a', 2) }],
    [
      'one of two that were sent at once became another order',
      /placed twice/,
      { orders: { ...orders, torn: 1 } },
      {},
    ],
    ['nobody ever sent one twice', /placed twice/, { orders: { ...orders, twins: 0 } }, {}],
    ['the way of an order has no end', /followed by its id/, { ways: [way('a', 'enqueued')] }, {}],
    ['no order was looked at', /followed by its id/, { ways: [] }, {}],
    ['a dead letter has no cause', /followed by its id/, { letters: [{ ...letter, failure: '' }] }, {}],
    ['a letter stays dead', /operator puts/, {}, { letters: 1 }],
    ['an order is not carried out in the end', /operator puts/, {}, { charged: before.charged }],
    [
      'somebody paid for an order that nobody knows',
      /without knowing/,
      {},
      { charged: new Map(after.charged).set('d', 1) },
    ],
  ])('one of them fails when %s', (_, text, one, other) => {
    const found = broken(one, other)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(text)
  })

  it('allow for orders of customers who gave up', () => {
    const charged = new Map(after.charged).set('d', 1)
    expect(broken({ orders: { ...orders, gaveUp: 1 } }, { charged })).toEqual([])
  })
})
