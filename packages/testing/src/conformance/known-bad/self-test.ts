/** The test of the kits themselves: stores that are known to be wrong, and the checks that must notice. */
import { deadLetterStoreConformance } from '../dead-letter/kit.ts'
import { idempotencyStoreConformance } from '../idempotency/kit.ts'
import { runConformance } from '../run.ts'
import { taskStreamConformance } from '../stream/kit.ts'
import { setup as roomy } from '../stream/under-test.ts'
import type { KnownBad } from './known-bad.ts'
import { lettersLookedAtFirst, lettersOfAnybody } from './letters.ts'
import { optionalFeatures } from './optional-features.ts'
import {
  recordsInOrderOfKeys,
  recordsOfAnybody,
  recordsReadThenWritten,
  recordsWithoutTtl,
  recordsWithTimers,
} from './records.ts'
import { tasksAcknowledgedFirst, tasksInMemory, tasksOfAnybody } from './streams.ts'

/** What became of one of them. */
export interface SelfTestResult extends Pick<KnownBad, 'mistake' | 'caughtBy'> {
  /** Whether the check has failed, as it must. */
  readonly caught: boolean
  /** How it has. */
  readonly message: string | undefined
}

const linearizable = 'what many clients see at once is linearizable'

const readThenWritten = idempotencyStoreConformance({
  name: 'read, then written',
  clock: 'controlled',
  create: recordsReadThenWritten,
})
const recordsForAll = idempotencyStoreConformance({
  name: 'settled by anybody',
  clock: 'controlled',
  create: recordsOfAnybody,
})
const lookedAtFirst = deadLetterStoreConformance({
  name: 'looked at first',
  clock: 'controlled',
  create: lettersLookedAtFirst,
})
const lettersForAll = deadLetterStoreConformance({
  name: 'settled by anybody',
  clock: 'controlled',
  create: lettersOfAnybody,
})
const tasksForAll = taskStreamConformance({
  name: 'acknowledged by anybody',
  clock: 'controlled',
  create: tasksOfAnybody,
})

const withoutTtl = idempotencyStoreConformance({
  name: 'without a time to live',
  clock: 'controlled',
  create: recordsWithoutTtl,
})

/** Every mistake, with each of the checks that must notice it. */
export const knownBadStores: readonly KnownBad[] = [
  {
    mistake: 'reads a record, thinks, and writes it',
    kit: readThenWritten,
    caughtBy: 'claims: verify 41: grants it to one of many who ask at once',
  },
  { mistake: 'reads a record, thinks, and writes it', kit: readThenWritten, caughtBy: linearizable },
  {
    mistake: 'lets anybody settle a record',
    kit: recordsForAll,
    caughtBy: 'completions: verify 43: of another owner or fence have no effect',
  },
  {
    mistake: 'lets anybody settle a record',
    kit: recordsForAll,
    caughtBy: 'does what the claim machine does, for any sequence of steps',
  },
  {
    mistake: 'leaves a timer behind for each claim',
    kit: idempotencyStoreConformance({ name: 'with timers', clock: 'controlled', create: recordsWithTimers }),
    caughtBy: 'leaves nothing behind when it is closed',
  },
  {
    mistake: 'keeps a settled record as long as the work in flight',
    kit: withoutTtl,
    caughtBy:
      'time: keeps a settled record for longer than the work in flight if it was told to, and then forgets it',
  },
  {
    mistake: 'keeps a settled record as long as the work in flight',
    kit: withoutTtl,
    caughtBy:
      'time: forgets a settled record sooner than the work in flight if it was told to, and not before',
  },
  ...[
    'many claims at once: answers each as a claim by itself, in order, whatever becomes of the others',
    'many claims at once: takes two of one key for two claims, one after the other',
  ].map((caughtBy) => ({
    mistake: 'answers many claims in the order of their keys',
    kit: idempotencyStoreConformance({
      name: 'in order of keys',
      clock: 'controlled',
      create: recordsInOrderOfKeys,
    }),
    caughtBy,
  })),
  {
    mistake: 'looks at a letter, and then replays it',
    kit: lookedAtFirst,
    caughtBy: 'lets one of 50 operators replay a letter, and tells the others the same replay id',
  },
  { mistake: 'looks at a letter, and then replays it', kit: lookedAtFirst, caughtBy: linearizable },
  {
    mistake: 'lets anybody settle a letter',
    kit: lettersForAll,
    caughtBy: 'offers lapsed leases first, and refuses the one who came too late',
  },
  {
    mistake: 'lets anybody settle a letter',
    kit: lettersForAll,
    caughtBy: 'does what the letter machine does, for any sequence of steps',
  },
  {
    mistake: 'acknowledges a task that has failed, and then enqueues it again',
    kit: taskStreamConformance({
      name: 'acknowledged first',
      clock: 'controlled',
      create: tasksAcknowledgedFirst,
      breakable: { offers: ['proxy'], create: () => tasksAcknowledgedFirst(roomy) },
    }),
    caughtBy: 'faults: a failure whose reply is lost is counted once',
  },
  {
    mistake: 'lets anybody acknowledge a task',
    kit: tasksForAll,
    caughtBy:
      'the holder: is nobody else, and nobody of the past: what others ask for is lost and changes nothing',
  },
  {
    mistake: 'lets anybody acknowledge a task',
    kit: tasksForAll,
    caughtBy: 'does what the entry machine does, for any sequence of steps',
  },
  {
    mistake: 'loses all tasks when it is killed',
    kit: taskStreamConformance({
      name: 'in memory',
      clock: 'controlled',
      durable: true,
      create: tasksInMemory,
      breakable: { offers: ['restart'], create: () => tasksInMemory(roomy) },
    }),
    caughtBy: 'faults: what was answered is there when the server has been killed',
  },
  ...optionalFeatures,
]

/**
 * Runs the kits on stores that are known to be wrong. A kit that passes one of them proves nothing about yours. Needs the
 * packages of all three kinds of stores, and no server.
 *
 * @example
 * ```ts
 * import { conformanceSelfTest } from '@seaworthy/testing/conformance'
 *
 * const results = await conformanceSelfTest()
 * console.log(results.every(({ caught }) => caught)) // true
 * ```
 */
export async function conformanceSelfTest(seed?: number): Promise<readonly SelfTestResult[]> {
  const results: SelfTestResult[] = []
  for (const { mistake, kit, caughtBy } of knownBadStores) {
    const options = {
      only: ({ name }: { readonly name: string }) => name === caughtBy,
      ...(seed !== undefined && { seed }),
    }
    const { failures } = await runConformance(kit, options)
    results.push({ mistake, caughtBy, caught: failures.length > 0, message: failures[0]?.message })
  }
  return results
}
