/** The conformance kit for stores of dead letters. */
import { knownOptions } from '@seaworthy/core'
import { type Contract, checksOf } from '../contract.ts'
import { type Check, type ConformanceKit, type Need, storeOptionNames } from '../kit.ts'
import { kitOf, using } from '../kit-of.ts'
import { conserves } from './conservation.ts'
import { lookupContract, turnsContract, turnTimesContract } from './contract-extras.ts'
import { holdersContract } from './contract-holders.ts'
import { droppingContract, lettersContract, refusingContract } from './contract-letters.ts'
import { timesContract } from './contract-times.ts'
import { durableContract, proxyContract, restartContract } from './faults.ts'
import { compareWithMachine } from './histories.ts'
import { letterScenario } from './scenario.ts'
import {
  ada,
  type DeadLetterStoreOptions,
  type DeadLetterStoreSetup,
  type DeadLetterStoreUnderTest,
  type Hands,
  handsOn,
  newLetter,
  roomy,
} from './under-test.ts'

/**
 * What every {@link @seaworthy/dead-letter!DeadLetterStore} has to do. Needs the package `@seaworthy/dead-letter`.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { memoryDeadLetters } from '@seaworthy/dead-letter'
 * import { VirtualClock } from '@seaworthy/testing'
 * import { deadLetterStoreConformance, runConformance } from '@seaworthy/testing/conformance'
 *
 * const kit = deadLetterStoreConformance({
 *   name: 'memory',
 *   clock: 'controlled',
 *   async create(setup) {
 *     const clock = new VirtualClock()
 *     return { store: memoryDeadLetters({ ...setup, clock }), advance: (time) => clock.advance(time) }
 *   },
 * })
 * console.log((await runConformance(kit)).level) // L2
 * ```
 */
export function deadLetterStoreConformance(options: DeadLetterStoreOptions): ConformanceKit {
  knownOptions('deadLetterStoreConformance', options, storeOptionNames)
  const { histories = 100 } = options
  const create = (setup: DeadLetterStoreSetup) => options.create(setup)
  const contract = (rules: Contract<Hands>, setup = roomy, needs: readonly Need[] = []): readonly Check[] =>
    checksOf(
      'L0',
      rules,
      using(() => create(setup), handsOn),
      needs,
    )
  const models: Contract<undefined> = {
    'verify 47: every letter is in exactly one place, whatever happens': (_, seed) =>
      conserves(create, histories, seed),
    'does what the letter machine does, for any sequence of steps': (_, seed) =>
      compareWithMachine(create, histories, seed),
  }
  return kitOf({
    kind: 'dead-letter-store',
    options,
    checks: [
      ...contract(lettersContract),
      ...contract(refusingContract, { maxCount: 2, overflow: 'refuse' }),
      ...contract(droppingContract, { maxCount: 3, overflow: 'drop-oldest' }),
      ...contract(holdersContract),
      ...contract({ ...lookupContract, ...turnsContract }),
      ...contract({ ...timesContract, ...turnTimesContract }, roomy, ['controlledClock']),
      ...checksOf('L1', models, (run) => run(undefined), ['controlledClock']),
    ],
    scenario: letterScenario,
    faults: [
      { contract: proxyContract, needs: ['proxy'] },
      { contract: restartContract, needs: ['restart'] },
      { contract: durableContract, needs: ['restart', 'durable'] },
    ],
    create: () => create(roomy),
    storeOf: ({ store }) => store,
    handsOn,
    operation: addAndDiscard,
  })
}

async function addAndDiscard({ store }: DeadLetterStoreUnderTest): Promise<void> {
  const added = await store.add(newLetter())
  if (added.outcome !== 'added') throw new Error(added.outcome)
  await store.discard(added.id, ada)
}
