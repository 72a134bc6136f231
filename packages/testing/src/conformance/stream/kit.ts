/** The conformance kit for streams of tasks. */
import { knownOptions } from '@seaworthy/core'
import { type Contract, checksOf } from '../contract.ts'
import { type Check, type ConformanceKit, storeOptionNames } from '../kit.ts'
import { kitOf, using } from '../kit-of.ts'
import { burialsContract, crampedBurialsContract } from './contract-burials.ts'
import { commitsContract, manyCommitsContract } from './contract-commits.ts'
import { holderContract } from './contract-holder.ts'
import { intakeContract } from './contract-intake.ts'
import { reapContract } from './contract-reap.ts'
import { durableContract, proxyContract, restartContract } from './faults.ts'
import { compareWithMachine } from './histories.ts'
import { taskScenario } from './scenario.ts'
import {
  type Hands,
  handsOn,
  setup,
  type TaskStreamOptions,
  type TaskStreamSetup,
  type TaskStreamUnderTest,
} from './under-test.ts'

/**
 * What every {@link @seaworthy/worker!TaskStream} has to do. Needs the package `@seaworthy/worker`.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { VirtualClock } from '@seaworthy/testing'
 * import { runConformance, taskStreamConformance } from '@seaworthy/testing/conformance'
 * import { memoryStream } from '@seaworthy/worker'
 *
 * const kit = taskStreamConformance({
 *   name: 'memory',
 *   clock: 'controlled',
 *   async create({ capacity }) {
 *     const clock = new VirtualClock()
 *     const stream = memoryStream({ capacity, clock })
 *     return { stream, advance: (time) => clock.advance(time), close: () => stream.close() }
 *   },
 * })
 * console.log((await runConformance(kit)).level) // L2
 * ```
 */
export function taskStreamConformance(options: TaskStreamOptions): ConformanceKit {
  knownOptions('taskStreamConformance', options, storeOptionNames)
  const { pace = 1, histories = 100 } = options
  const create = (): Promise<TaskStreamUnderTest> => options.create(setup)
  const contract = (rules: Contract<Hands>, changes: Partial<TaskStreamSetup> = {}): readonly Check[] => {
    const createOne = (): Promise<TaskStreamUnderTest> => options.create({ ...setup, ...changes })
    return checksOf(
      'L0',
      rules,
      using(createOne, (under) => handsOn(under, pace)),
    )
  }
  const models: Contract<undefined> = {
    'does what the entry machine does, for any sequence of steps': (_, seed) =>
      compareWithMachine(create, histories, seed),
  }
  return kitOf({
    kind: 'task-stream',
    options,
    checks: [
      ...contract({ ...intakeContract, ...holderContract, ...reapContract }),
      ...contract({ ...commitsContract, ...burialsContract }),
      ...contract(manyCommitsContract, { capacity: 400 }),
      ...contract(crampedBurialsContract, { maxLetters: 1 }),
      ...checksOf('L1', models, (run) => run(undefined)),
    ],
    scenario: taskScenario,
    faults: [
      { contract: proxyContract, needs: ['proxy'] },
      { contract: restartContract, needs: ['restart'] },
      { contract: durableContract, needs: ['restart', 'durable'] },
    ],
    create,
    storeOf: ({ stream }) => stream,
    handsOn: (under) => handsOn(under, pace),
    operation: enqueueAndAcknowledge,
  })
}

async function enqueueAndAcknowledge({ stream }: TaskStreamUnderTest): Promise<void> {
  await stream.enqueue({ payload: '1' })
  const [delivery] = await stream.fetch('w', { count: 1, wait: 0 })
  await stream.acknowledge('w', [delivery?.receipt as string])
}
