/** The claim machine, all of it: every history of two owners with three grants. */
import { claimMachine } from '@seaworthy/idempotency'
import { Counterexample } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { exploreHistories } from './histories.ts'
import { wrongMachines } from './wrong-machines.ts'

describe('the claim machine', () => {
  it('verify 41, 42, 43, 44, 46: keeps its promises in every history', () => {
    const seen = exploreHistories(claimMachine)
    expect(seen.states).toBeGreaterThan(5000)
    expect(seen.transitions).toEqual(['claim', 'complete', 'forget', 'lose', 'renew', 'tick'])
  })

  it.each(Object.entries(wrongMachines))('is not one in which %s', (_mistake, machine) => {
    expect(() => exploreHistories(machine)).toThrow(Counterexample)
  })
})
