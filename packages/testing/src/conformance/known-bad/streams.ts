/** Streams of tasks with a mistake in them. */
import { VirtualClock } from '@seaworthy/testing'
import type { MemoryStream } from '@seaworthy/worker'
import type { Breakable } from '../kit.ts'
import type { TaskStreamSetup, TaskStreamUnderTest } from '../stream/under-test.ts'

async function memory({
  capacity,
}: TaskStreamSetup): Promise<TaskStreamUnderTest & { readonly stream: MemoryStream }> {
  const { memoryStream } = await import('@seaworthy/worker')
  const clock = new VirtualClock()
  const stream = memoryStream({ capacity, clock })
  return { stream, advance: (time) => clock.advance(time), close: () => stream.close() }
}

/**
 * Acknowledges a task that has failed, and then enqueues it again: what happens between the two requests costs the task. Here, the
 * reply to the first gets lost, and the client with it.
 */
export async function tasksAcknowledgedFirst(
  setup: TaskStreamSetup,
): Promise<Breakable<TaskStreamUnderTest>> {
  const under = await memory(setup)
  const { stream } = under
  const { fetch } = stream
  const payloads = new Map<string, { readonly id: string; readonly payload: string }>()
  let losing = false
  stream.fetch = async (owner, request) => {
    const deliveries = await fetch.call(stream, owner, request)
    for (const { receipt, task, payload } of deliveries) payloads.set(receipt, { id: task, payload })
    return deliveries
  }
  stream.retryLater = async (owner, receipt, { delay }) => {
    const [lost] = await stream.acknowledge(owner, [receipt])
    const isLost = losing
    losing = false
    if (isLost) throw new Error('The connection was lost')
    const task = payloads.get(receipt)
    if (lost !== undefined || task === undefined) return 'lost'
    await stream.enqueue({ ...task, delay })
    return 'done'
  }
  const nothing = (): void => {}
  return {
    ...under,
    faults: {
      loseReply() {
        losing = true
      },
      partition: nothing,
      heal: nothing,
    },
  }
}

/** Takes a receipt for good, whoever shows it. */
export async function tasksOfAnybody(setup: TaskStreamSetup): Promise<TaskStreamUnderTest> {
  const under = await memory(setup)
  const { stream } = under
  const { acknowledge, fetch } = stream
  const owners = new Map<string, string>()
  stream.fetch = async (owner, request) => {
    const deliveries = await fetch.call(stream, owner, request)
    for (const { receipt } of deliveries) owners.set(receipt, owner)
    return deliveries
  }
  stream.acknowledge = (owner, receipts) =>
    acknowledge.call(stream, owners.get(receipts[0] ?? '') ?? owner, receipts)
  return under
}

/** Loses everything when it is killed, and says that it does not. */
export async function tasksInMemory(setup: TaskStreamSetup): Promise<Breakable<TaskStreamUnderTest>> {
  let under = await memory(setup)
  // What the tests hold is the client; the server behind it is another one after a restart.
  const stream = new Proxy(under.stream, {
    get(_target, name) {
      const value: unknown = Reflect.get(under.stream, name)
      return typeof value === 'function' ? value.bind(under.stream) : value
    },
  })
  return {
    stream,
    advance: (time) => under.advance(time),
    close: () => under.close(),
    faults: {
      async restart() {
        await under.close()
        under = await memory(setup)
      },
    },
  }
}
