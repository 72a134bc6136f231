import { interleavings } from '@seaworthy/testing/models'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1))

describe('interleavings', () => {
  test('of nothing is one empty order', () => {
    expect([...interleavings([])]).toEqual([[]])
    expect([...interleavings([[], []])]).toEqual([[]])
  })

  test('of lanes of one step are all permutations', () => {
    expect([...interleavings([['a'], ['b'], ['c']])].map((order) => order.join(''))).toEqual([
      'abc',
      'acb',
      'bac',
      'bca',
      'cab',
      'cba',
    ])
  })

  test('keep the order within each lane, are all different, and none is missing', () => {
    const lanes = fc
      .array(fc.nat(3), { minLength: 1, maxLength: 4 })
      .filter((sizes) => sizes.reduce((a, b) => a + b) < 9)
    fc.assert(
      fc.property(lanes, (sizes) => {
        const named = sizes.map((size, lane) => Array.from({ length: size }, (_, step) => ({ lane, step })))
        const orders = [...interleavings(named)]
        const total = sizes.reduce((a, b) => a + b)
        expect(orders.length).toBe(
          factorial(total) / sizes.reduce((product, size) => product * factorial(size), 1),
        )
        expect(new Set(orders.map((order) => JSON.stringify(order))).size).toBe(orders.length)
        for (const order of orders) {
          for (const [lane, steps] of named.entries())
            expect(order.filter((step) => step.lane === lane)).toEqual(steps)
        }
      }),
      { numRuns: 50 },
    )
  })
})
