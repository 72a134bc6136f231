/** What every idempotency store must do: the conformance kit, as tests. */
import {
  type Check,
  type ConformanceKit,
  type IdempotencyStoreUnderTest,
  idempotencyStoreConformance,
  registerConformance,
  type TestRunner,
} from '@seaworthy/testing/conformance'
import * as vitest from 'vitest'

/** A store, and its time. */
export type StoreUnderTest = IdempotencyStoreUnderTest

const levels = ['L0', 'L1', 'L2'] as const
const ofMany = ({ name }: Check): boolean => name.startsWith('many claims at once')

function kit(name: string, create: () => Promise<StoreUnderTest>, histories: number): ConformanceKit {
  return idempotencyStoreConformance({ name, clock: 'real', create, histories })
}

/** @param runs - How many random histories are compared with the claim machine. */
export function storeContract(
  name: string,
  create: () => Promise<StoreUnderTest>,
  runs = 200,
  runner: TestRunner = vitest,
): void {
  registerConformance(kit(name, create, runs), runner, { levels, only: (check) => !ofMany(check) })
}

/** Of stores that take many claims at once. */
export function claimManyContract(
  name: string,
  create: () => Promise<StoreUnderTest>,
  runner: TestRunner = vitest,
): void {
  const createOne = async (): Promise<StoreUnderTest> => {
    const under = await create()
    if (under.store.claimMany === undefined) throw new Error('the store takes one claim at a time')
    return under
  }
  registerConformance(kit(name, createOne, 0), runner, { levels: ['L0'], only: ofMany })
}
