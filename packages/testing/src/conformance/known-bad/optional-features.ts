/** What stores need not offer, done wrong: each mistake, and the check that must notice it. */
import { deadLetterStoreConformance } from '../dead-letter/kit.ts'
import type { DeadLetterStoreOptions } from '../dead-letter/under-test.ts'
import { taskStreamConformance } from '../stream/kit.ts'
import { setup as roomy, type TaskStreamOptions } from '../stream/under-test.ts'
import {
  tasksAcknowledgedBeforeBuried,
  tasksBuried,
  tasksBuriedAndForgotten,
  tasksBuriedAnywhere,
  tasksBuriedByAnybody,
  tasksNeverBuried,
} from './burials.ts'
import {
  tasksAcknowledgedUnsettled,
  tasksCommittedAnywhere,
  tasksCommittedUnfenced,
  tasksCommittedUpToTheFirst,
  tasksSettledByAnybody,
} from './commits.ts'
import type { KnownBad } from './known-bad.ts'
import {
  lettersFoundOnce,
  lettersFoundUntilSettled,
  turnsBeforeTheirTime,
  turnsEndedByAnybody,
  turnsForAllJobs,
  turnsLookedAtFirst,
  turnsWithoutEnd,
} from './letters.ts'

/** By mistake: how to make a store with it, and the check that must notice. */
type Mistakes<Create> = Readonly<Record<string, readonly [create: Create, caughtBy: string]>>

export const optionalFeatures: readonly KnownBad[] = [
  ...lettersThat({
    'finds the first letter of a key': [
      lettersFoundOnce,
      'lookup: finds the letter that was added last, also when an earlier one goes',
    ],
    'forgets the key of a letter that is settled': [
      lettersFoundUntilSettled,
      'lookup: finds a letter by its dedupe key, whatever became of it, as long as it is there',
    ],
    'gives a turn to all who ask': [turnsLookedAtFirst, 'turns: are given to one of 50 who ask at once'],
    'never takes a turn from who fell silent': [
      turnsWithoutEnd,
      'turns: of who fell silent are over with their lease',
    ],
    'lets anybody end a turn': [turnsEndedByAnybody, 'turns: are ended by who has them, and by nobody else'],
    'gives turns before it is time': [
      turnsBeforeTheirTime,
      'turns: do not begin before it is time, unless early',
    ],
    'has one turn for all jobs': [
      turnsForAllJobs,
      'turns: of one job have nothing to do with those of another',
    ],
  }),
  ...streamsThat({
    'settles the record of whose task it is not': [
      tasksSettledByAnybody,
      'commits: end a task and its record in one step, or neither',
    ],
    'acknowledges a task before it knows that its record is there': [
      tasksAcknowledgedUnsettled,
      'commits: end a task and its record in one step, or neither',
    ],
    'commits without looking at the fence': [
      tasksCommittedUnfenced,
      'commits: judge each by itself: what is wrong with one changes nothing for the others',
    ],
    'stops at the first task that it cannot commit': [
      tasksCommittedUpToTheFirst,
      'commits: judge each by itself: what is wrong with one changes nothing for the others',
    ],
    'says that all records live beside it': [
      tasksCommittedAnywhere,
      'commits: are not offered to a store of records that lives elsewhere',
    ],
    'writes the letter of whose task it is not': [
      tasksBuriedByAnybody,
      'burials: change nothing for who does not hold the task, nor for an earlier hand-out',
    ],
    'ends a task before it knows that there is room for its letter': [
      tasksAcknowledgedBeforeBuried,
      'burials: change nothing while there is no room for the letter, and the task stays with its owner',
    ],
    'writes a letter and leaves the task': [
      tasksNeverBuried,
      'burials: write the letter and end the task in one step',
    ],
    'says that all letters live beside it': [
      tasksBuriedAnywhere,
      'burials: are not offered to a store of letters that lives elsewhere',
    ],
  }),
  {
    mistake: 'does not know what it has answered',
    kit: taskStreamConformance({
      name: 'buried and forgotten',
      clock: 'controlled',
      create: tasksBuried,
      breakable: { offers: ['proxy'], create: () => tasksBuriedAndForgotten(roomy) },
    }),
    caughtBy: 'faults: a burial whose reply is lost is done once, and gets the same answer again',
  },
]

function lettersThat(mistakes: Mistakes<DeadLetterStoreOptions['create']>): KnownBad[] {
  return Object.entries(mistakes).map(([mistake, [create, caughtBy]]) => ({
    mistake,
    kit: deadLetterStoreConformance({ name: mistake, clock: 'controlled', create }),
    caughtBy,
  }))
}

function streamsThat(mistakes: Mistakes<TaskStreamOptions['create']>): KnownBad[] {
  return Object.entries(mistakes).map(([mistake, [create, caughtBy]]) => ({
    mistake,
    kit: taskStreamConformance({ name: mistake, clock: 'controlled', create }),
    caughtBy,
  }))
}
