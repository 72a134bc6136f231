/** The conformance kit for stores of idempotency records. */
import { knownOptions } from '@seaworthy/core'
import { type Contract, checksOf } from '../contract.ts'
import { type ConformanceKit, storeOptionNames } from '../kit.ts'
import { kitOf, using } from '../kit-of.ts'
import { claimsContract } from './contract-claims.ts'
import { claimManyContract } from './contract-many.ts'
import { recordsContract } from './contract-records.ts'
import { durableContract, proxyContract, restartContract } from './faults.ts'
import { compareWithMachine } from './histories.ts'
import { recordScenario } from './scenario.ts'
import {
  day,
  freshKey,
  type Hands,
  handsOn,
  type IdempotencyStoreOptions,
  type IdempotencyStoreUnderTest,
} from './under-test.ts'

/**
 * What every {@link @seaworthy/idempotency!IdempotencyStore} has to do. Needs the package `@seaworthy/idempotency`.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { memoryIdempotencyStore } from '@seaworthy/idempotency'
 * import { idempotencyStoreConformance, runConformance } from '@seaworthy/testing/conformance'
 * import { setTimeout as sleep } from 'node:timers/promises'
 *
 * const kit = idempotencyStoreConformance({
 *   name: 'memory, in real time',
 *   clock: 'real',
 *   create: async () => ({ store: memoryIdempotencyStore(), advance: (time) => sleep(time + 2) }),
 * })
 * const report = await runConformance(kit, { levels: ['L0'], concurrency: 20 })
 * console.log(report.level, report.passed) // L0 44
 * ```
 */
export function idempotencyStoreConformance(options: IdempotencyStoreOptions): ConformanceKit {
  knownOptions('idempotencyStoreConformance', options, storeOptionNames)
  const { pace = 1, histories = 100 } = options
  const withHands = using(
    () => options.create(),
    (under) => handsOn(under, pace),
  )
  const models: Contract<Hands> = {
    'does what the claim machine does, for any sequence of steps': (hands, seed) =>
      compareWithMachine(hands, histories, seed),
  }
  return kitOf({
    kind: 'idempotency-store',
    options,
    checks: [
      ...checksOf('L0', { ...claimsContract, ...claimManyContract, ...recordsContract }, withHands),
      ...checksOf('L1', models, withHands),
    ],
    scenario: recordScenario,
    faults: [
      { contract: proxyContract, needs: ['proxy'] },
      { contract: restartContract, needs: ['restart'] },
      { contract: durableContract, needs: ['restart', 'durable'] },
    ],
    create: () => options.create(),
    storeOf: ({ store }) => store,
    handsOn: (under) => handsOn(under, pace),
    operation: claimAndComplete,
  })
}

async function claimAndComplete({ store }: IdempotencyStoreUnderTest): Promise<void> {
  const key = freshKey()
  const request = { owner: 'ann', fingerprint: '', lease: day, retain: day, takeover: true }
  const claim = await store.claim(key, request)
  if (claim.kind !== 'acquired') throw new Error(claim.kind)
  await store.complete(key, { owner: 'ann', fence: claim.fence, state: 'completed', payload: '1', ttl: day })
}
