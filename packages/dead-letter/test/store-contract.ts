/**
 * What every store of dead letters must do: the conformance kit, as tests. For stores whose time the tests control.
 */
import {
  type DeadLetterStoreSetup,
  type DeadLetterStoreUnderTest,
  deadLetterStoreConformance,
  newLetter,
  registerConformance,
  type TestRunner,
} from '@seaworthy/testing/conformance'
import * as vitest from 'vitest'
import { runs } from './runs.ts'

export { newLetter }

/** Makes a store that is empty. */
export type StoreFactory = (setup: DeadLetterStoreSetup) => Promise<DeadLetterStoreUnderTest>

/** Where tests go: to vitest, or to somebody who runs them one by one. */
export type TestRegister = TestRunner

/** How to run the contract. */
export interface ContractOptions {
  /** @defaultValue vitest */
  readonly register?: TestRegister
  /** How many random histories to try; fewer where every step goes over a network. @defaultValue 100 */
  readonly histories?: number
}

/** The tests. */
export function storeContract(
  name: string,
  create: StoreFactory,
  { register = vitest, histories = 100 }: ContractOptions = {},
): void {
  const { numRuns, seed } = runs(histories)
  const kit = deadLetterStoreConformance({
    name: `${name} as a store of dead letters`,
    clock: 'controlled',
    create,
    histories: numRuns,
  })
  registerConformance(kit, register, { levels: ['L0', 'L1', 'L2'], seed })
}
