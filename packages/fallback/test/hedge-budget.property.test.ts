import { sometimes } from '@seaworthy/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { contribution, earn, spend } from '../src/hedge-budget.ts'

it('verify 25: extra copies never exceed their share of the calls, and no share is lost while they are wanted', () => {
  const seen = sometimes(['granted', 'denied', 'saved up'])
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }).map((percent) => percent / 100),
      fc.array(
        fc.record({ calls: fc.integer({ min: 0, max: 300 }), wanted: fc.integer({ min: 0, max: 15 }) }),
      ),
      (share, rounds) => {
        let balance = 0
        let calls = 0
        let copies = 0
        for (const { calls: more, wanted } of rounds) {
          for (let call = 0; call < more; call++) balance = earn(balance, contribution(share))
          calls += more
          const before = copies
          for (let copy = 0; copy < wanted; copy++) {
            const rest = spend(balance)
            if (rest === undefined) seen.mark('denied')
            else {
              balance = rest
              copies++
              seen.mark('granted')
              expect(copies).toBeLessThanOrEqual(calls * share + 1e-9)
            }
          }
          const due = Math.min(10, Math.floor(more * share + 1e-9))
          expect(copies - before).toBeGreaterThanOrEqual(Math.min(due, wanted))
          expect(copies - before).toBeLessThanOrEqual(10)
          if (copies - before > due) seen.mark('saved up')
        }
      },
    ),
    { numRuns: 500 },
  )
  seen.verify()
})

it('lets every call have its copy with a share of 1, and starts with nothing', () => {
  expect(spend(0)).toBeUndefined()
  expect(spend(earn(0, contribution(1)))).toBe(0)
})

it('has exactly one copy after twenty calls with a share of 5 %', () => {
  let balance = 0
  for (let call = 0; call < 20; call++) {
    expect(spend(balance)).toBeUndefined()
    balance = earn(balance, contribution(0.05))
  }
  expect(spend(balance)).toBe(0)
})
