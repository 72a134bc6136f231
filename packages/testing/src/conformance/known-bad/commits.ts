/** Streams that end tasks and their idempotency records together, with a mistake in how they do it. */
import type { IdempotencyStore } from '@seaworthy/idempotency'
import { VirtualClock } from '@seaworthy/testing'
import type { CommitAnswer, TaskEnd, TaskStream } from '@seaworthy/worker'
import type { TaskStreamSetup, TaskStreamUnderTest } from '../stream/under-test.ts'

/** Ends one task. */
type End = (
  stream: TaskStream,
  records: IdempotencyStore,
  owner: string,
  end: TaskEnd,
) => Promise<CommitAnswer>

/** What is right, in the memory of one process: look whose task it is, settle, acknowledge. */
const endRightly: End = async (stream, records, owner, { receipt, key, completion }) => {
  if ((await stream.beat(owner, [receipt], [])).length > 0) return 'lost'
  if ((await records.complete(key, completion)) === 'stale') return 'stale'
  await stream.acknowledge(owner, [receipt])
  return 'done'
}

/** The right one, to compare with. */
export const tasksCommitted = (setup: TaskStreamSetup): Promise<TaskStreamUnderTest> =>
  committing(setup, endRightly)

/** Settles the record, and looks then whose task it is. */
export const tasksSettledByAnybody = (setup: TaskStreamSetup): Promise<TaskStreamUnderTest> =>
  committing(setup, async (stream, records, owner, { receipt, key, completion }) => {
    if ((await records.complete(key, completion)) === 'stale') return 'stale'
    return (await stream.acknowledge(owner, [receipt])).length === 0 ? 'done' : 'lost'
  })

/** Acknowledges the task, and finds then that its record belongs to somebody else by now. */
export const tasksAcknowledgedUnsettled = (setup: TaskStreamSetup): Promise<TaskStreamUnderTest> =>
  committing(setup, async (stream, records, owner, { receipt, key, completion }) => {
    if ((await stream.acknowledge(owner, [receipt])).length > 0) return 'lost'
    return (await records.complete(key, completion)) === 'stale' ? 'stale' : 'done'
  })

/** Does not look at the fence of the record. */
export const tasksCommittedUnfenced = (setup: TaskStreamSetup): Promise<TaskStreamUnderTest> =>
  committing(setup, async (stream, records, owner, end) => {
    const { fence = end.completion.fence } = (await records.peek(end.key)) ?? {}
    return endRightly(stream, records, owner, { ...end, completion: { ...end.completion, fence } })
  })

/** Leaves the rest alone as soon as it cannot end one. */
export const tasksCommittedUpToTheFirst = (setup: TaskStreamSetup): Promise<TaskStreamUnderTest> => {
  let stopped = false
  const endUnlessStopped: End = async (stream, records, owner, end) => {
    if (stopped) return 'lost'
    const answer = await endRightly(stream, records, owner, end)
    stopped = answer !== 'done'
    return answer
  }
  return committing(setup, endUnlessStopped, () => {
    stopped = false
  })
}

/** Takes every store of records for the one that lives beside the stream. */
export const tasksCommittedAnywhere = async (setup: TaskStreamSetup): Promise<TaskStreamUnderTest> => {
  const under = await tasksCommitted(setup)
  const { stream, records } = under
  const { commits } = stream
  stream.commits = () => commits.call(stream, records as IdempotencyStore)
  return under
}

async function committing(
  { capacity }: TaskStreamSetup,
  end: End,
  begin: () => void = () => {},
): Promise<TaskStreamUnderTest> {
  const { memoryStream } = await import('@seaworthy/worker')
  const { memoryIdempotencyStore } = await import('@seaworthy/idempotency')
  const clock = new VirtualClock()
  const stream: TaskStream = memoryStream({ capacity, clock })
  const records = memoryIdempotencyStore({ clock })
  stream.commits = (store) => {
    if (store !== records) return undefined
    return {
      async commit(owner, ends) {
        begin()
        const answers: CommitAnswer[] = []
        for (const each of ends) answers.push(await end(stream, records, owner, each))
        return answers
      },
    }
  }
  return { stream, records, advance: (time) => clock.advance(time), close: () => stream.close() }
}
