/** Enqueues that share a call. */
import { VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { EnqueueCalls } from '../src/enqueue-calls.ts'

/** Calls that are answered by hand. */
function setUp() {
  const sent: { readonly tasks: readonly string[]; answer(added: number): void; fail(error: Error): void }[] =
    []
  const calls = new EnqueueCalls<string>(
    (tasks) =>
      new Promise((resolve, reject) => {
        sent.push({ tasks, answer: resolve, fail: reject })
      }),
  )
  const add = (...tasks: string[]): Promise<boolean>[] => tasks.map((task) => calls.enqueue(task, 1))
  const batches = (): (readonly string[])[] => sent.map(({ tasks }) => tasks)
  return { calls, sent, add, batches }
}

/** Lets all promises go on that can. */
const turn = (): Promise<void> => new VirtualClock().settle()
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `t${index}`)

describe('enqueues', () => {
  it('that come together share a call, and what comes while it is under way shares the next', async () => {
    const { add, sent, batches } = setUp()
    add('a', 'b')
    await turn()
    expect(batches()).toEqual([['a', 'b']])
    add('c')
    await turn()
    add('d')
    await turn()
    expect(batches()).toHaveLength(1)
    sent[0]?.answer(2)
    await turn()
    expect(batches()).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
  })

  it('hear each whether there was room for them: for the first ones', async () => {
    const { add, sent } = setUp()
    const answers = Promise.all(add('a', 'b', 'c'))
    await turn()
    sent[0]?.answer(2)
    expect(await answers).toEqual([true, true, false])
  })

  it('fail together, and those after them go on', async () => {
    const { add, sent, batches } = setUp()
    const failed = Promise.allSettled(add('a', 'b'))
    await turn()
    const next = add('c')
    const error = new Error('down')
    sent[0]?.fail(error)
    expect(await failed).toEqual([
      { status: 'rejected', reason: error },
      { status: 'rejected', reason: error },
    ])
    await turn()
    expect(batches()).toEqual([['a', 'b'], ['c']])
    sent[1]?.answer(1)
    expect(await Promise.all(next)).toEqual([true])
  })

  it('do not wait for the call before them when they are 50, or much text', async () => {
    const { add, calls, batches } = setUp()
    add('first')
    await turn()
    add(...names(49))
    await turn()
    expect(batches()).toHaveLength(1)
    add('last')
    expect(batches()[1]).toEqual([...names(49), 'last'])
    void calls.enqueue('half', 32 * 1024)
    expect(batches()).toHaveLength(2)
    void calls.enqueue('other half', 32 * 1024)
    expect(batches()[2]).toEqual(['half', 'other half'])
    add('small')
    await turn()
    expect(batches()).toHaveLength(3)
  })
})
