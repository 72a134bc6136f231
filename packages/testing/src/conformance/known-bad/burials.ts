/** Streams that write dead letters and end their tasks together, with a mistake in how they do it. */
import type { DeadLetterStore } from '@seaworthy/dead-letter'
import { VirtualClock } from '@seaworthy/testing'
import type { TaskBurial, TaskStream } from '@seaworthy/worker'
import type { Breakable } from '../kit.ts'
import type { TaskStreamSetup, TaskStreamUnderTest } from '../stream/under-test.ts'

type Bury = TaskBurial['bury']

interface Place {
  readonly stream: TaskStream
  readonly letters: DeadLetterStore
  /** What is right. */
  readonly right: Bury
}

/** The right one, to compare with. */
export const tasksBuried = (setup: TaskStreamSetup): Promise<TaskStreamUnderTest> =>
  burying(setup, ({ right }) => right)

/** Writes the letter, and looks then whose task it is. */
export const tasksBuriedByAnybody = (setup: TaskStreamSetup): Promise<TaskStreamUnderTest> =>
  burying(setup, ({ stream, letters }) => async (owner, receipt, reason, letter) => {
    const answer = await letters.add(letter)
    if (answer.outcome === 'full') return answer
    const ended = await stream.bury(owner, receipt, { reason, letter: answer.id })
    return ended === 'done' ? answer : { outcome: 'lost' }
  })

/** Ends the task, and learns then that there is no room for its letter. */
export const tasksAcknowledgedBeforeBuried = (setup: TaskStreamSetup): Promise<TaskStreamUnderTest> =>
  burying(setup, ({ stream, letters }) => async (owner, receipt, reason, letter) => {
    const ended = await stream.bury(owner, receipt, { reason, letter: undefined })
    return ended === 'lost' ? { outcome: 'lost' } : letters.add(letter)
  })

/** Writes the letter and leaves the task with its owner. */
export const tasksNeverBuried = (setup: TaskStreamSetup): Promise<TaskStreamUnderTest> =>
  burying(setup, ({ stream, letters }) => async (owner, receipt, _reason, letter) => {
    const lost = await stream.beat(owner, [receipt], [])
    return lost.length > 0 ? { outcome: 'lost' } : letters.add(letter)
  })

/** Takes every store of letters for one that lives beside the stream. */
export async function tasksBuriedAnywhere(setup: TaskStreamSetup): Promise<TaskStreamUnderTest> {
  const under = await tasksBuried(setup)
  const { stream, letters } = under
  const { burials } = stream
  stream.burials = () => burials.call(stream, letters as DeadLetterStore)
  return under
}

/** Does not know what it has answered: who did not get the answer is told that the task was never theirs. */
export async function tasksBuriedAndForgotten(
  setup: TaskStreamSetup,
): Promise<Breakable<TaskStreamUnderTest>> {
  let losing = false
  const under = await burying(setup, ({ right }) => async (...request) => {
    const answer = await right(...request)
    const isLost = losing
    losing = false
    if (isLost) throw new Error('The connection was lost')
    return answer
  })
  const nothing = (): void => {}
  const loseReply = (): void => {
    losing = true
  }
  return { ...under, faults: { loseReply, partition: nothing, heal: nothing } }
}

async function burying(
  { capacity, maxLetters }: TaskStreamSetup,
  buryOf: (place: Place) => Bury,
): Promise<TaskStreamUnderTest> {
  const { memoryStream } = await import('@seaworthy/worker')
  const { memoryDeadLetters } = await import('@seaworthy/dead-letter')
  const clock = new VirtualClock()
  const stream: TaskStream = memoryStream({ capacity, clock })
  const letters = memoryDeadLetters({ maxCount: maxLetters, overflow: 'refuse', clock })
  const { bury: right } = stream.burials(letters) as TaskBurial
  const bury = buryOf({ stream, letters, right })
  stream.burials = (store) => (store === letters ? { bury } : undefined)
  return { stream, letters, advance: (time) => clock.advance(time), close: () => stream.close() }
}
