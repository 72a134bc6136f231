/** Clients that enqueue, fetch, take over and end the same tasks, now and then with the receipt of the past. */
import { systemClock } from '@seaworthy/core'
import type { Delivery, ReapRequest, StreamStats, TaskStream } from '@seaworthy/worker'
import { expect } from 'expect'
import { expectLinearizable, expectToHaveSeen, type Line } from '../history.ts'
import type { Client, Scenario } from '../scenario.ts'
import { answerOf } from '../waiting.ts'
import { type HandOut, type HolderStep, type TaskInput, type TaskOutput, taskModel } from './task-model.ts'
import { none } from './under-test.ts'

type TaskLine = Line<TaskInput, TaskOutput>
type TaskClient = Client<TaskStream, TaskInput, TaskOutput>

/** Everybody counts as silent, and nothing as poison. */
const reaping: ReapRequest = {
  minIdle: 0,
  count: 2,
  suspects: 1e6,
  suspectAfter: 1e6,
  maxStarts: 1e6,
  maxDeliveries: 1e6,
  mode: 'claim',
  cursor: '',
}

/** How often each of these is how a task ends for its holder, out of ten. */
const endings: readonly (HolderStep | undefined)[] = [
  'acknowledge',
  'acknowledge',
  'acknowledge',
  'acknowledge',
  'bury',
  'fail',
  'fail',
  'handBack',
  'handBack',
  undefined, // forgets about it
]

const wanted = ['fetch', 'reap', 'acknowledge', 'bury', 'fail', 'handBack', 'start', 'lost']

export const taskScenario: Scenario<TaskStream, TaskInput, TaskOutput, null, StreamStats> = {
  prepare: async () => null,

  async round(client) {
    const { random } = client
    const owner = client.newOwner()
    if (random() < 0.7) await enqueue(client, owner)
    const handOuts = random() < 0.2 ? await reap(client, owner) : await fetch(client, owner)
    for (const handOut of handOuts) await work(client, owner, handOut)
  },

  /** Ends everything, as the last worker of all would. */
  async finish(client) {
    for (let tries = 0; ; tries++) {
      const stats = await answerOf(() => client.store.stats())
      if (stats.waiting + stats.pending + stats.due === 0 || tries === 1000) return stats
      const owner = client.newOwner()
      const handOuts = [...(await reap(client, owner)), ...(await fetch(client, owner))]
      for (const handOut of handOuts) await hold(client, 'acknowledge', owner, handOut)
      if (handOuts.length === 0) await systemClock.sleep(10)
    }
  },

  async verify(lines, _, stats) {
    const { entryMachine } = await import('@seaworthy/worker')
    const all = byTask(lines)
    expectLinearizable(all, taskModel(entryMachine))
    const inputs = new Map(all.flatMap((line) => ('call' in line ? [[line.id, line.input.type]] : [])))
    expectToHaveSeen(
      all.flatMap((line) => {
        if (!('output' in line)) return []
        return line.output.outcome === 'done' ? (inputs.get(line.id) ?? []) : line.output.outcome
      }),
      wanted,
    )
    const ended = new Map(lines.flatMap((line) => ('output' in line ? [[line.id, line.output.outcome]] : [])))
    const asked = lines.filter((line) => 'call' in line && line.input.type === 'enqueue')
    const answered = asked.filter(({ id }) => ended.get(id) === 'done').length
    const unknown = asked.filter(({ id }) => !ended.has(id)).length
    // Nothing was lost, and nothing was made up.
    expect(stats).toMatchObject({ waiting: 0, pending: 0, due: 0, vanished: 0 })
    expect(stats.acknowledged + stats.dead).toBe(stats.enqueued)
    expect(stats.enqueued).toBeGreaterThanOrEqual(answered)
    expect(stats.enqueued).toBeLessThanOrEqual(answered + unknown)
  },
}

async function enqueue({ store, recorder }: TaskClient, id: string): Promise<void> {
  await recorder.observe(id, { type: 'enqueue' }, async () => {
    try {
      await store.enqueue({ id, payload: '1' })
      return { outcome: 'done' }
    } catch (error) {
      if ((error as { readonly code?: unknown }).code === 'ERR_QUEUE_FULL') return { outcome: 'full' }
      throw error
    }
  })
}

const fetch = ({ store, recorder, random }: TaskClient, owner: string): Promise<readonly HandOut[]> =>
  handOutsOf(
    recorder.observe('*', { type: 'fetch', owner }, async () =>
      told(await store.fetch(owner, { count: 1 + Math.floor(random() * 2), wait: 0 })),
    ),
  )

const reap = ({ store, recorder }: TaskClient, owner: string): Promise<readonly HandOut[]> =>
  handOutsOf(
    recorder.observe('*', { type: 'reap', owner }, async () => {
      const { claimed, poison } = await store.reap(owner, reaping)
      return told([...claimed, ...poison])
    }),
  )

async function handOutsOf(answer: Promise<TaskOutput | undefined>): Promise<readonly HandOut[]> {
  return (await answer)?.handOuts ?? []
}

function told(deliveries: readonly Delivery[]): TaskOutput {
  const handOuts = deliveries.map(({ task, receipt, previousOwner, deliveries, starts, failures }) => ({
    ...{ task, receipt, deliveries, starts, failures },
    ...(previousOwner !== undefined && { previousOwner }),
  }))
  return { outcome: 'done', handOuts }
}

async function work(client: TaskClient, owner: string, handOut: HandOut): Promise<void> {
  const { random } = client
  if (random() < 0.3) await hold(client, 'beat', owner, handOut)
  if (random() < 0.5) await hold(client, 'start', owner, handOut)
  const ending = endings[Math.floor(random() * endings.length)]
  if (ending === undefined) return
  await hold(client, ending, owner, handOut)
  // A reply may be lost: it is sent again, or too late.
  if (random() < 0.3) await hold(client, ending, owner, handOut)
}

async function hold(
  client: TaskClient,
  type: HolderStep,
  owner: string,
  { task, receipt }: HandOut,
): Promise<void> {
  const { store, recorder } = client
  await recorder.observe(task, { type, owner, receipt }, async () => ({
    outcome: (await holderStep(store, type, owner, receipt)) ? 'done' : 'lost',
  }))
}

/** @returns Whether it was done. */
async function holderStep(
  stream: TaskStream,
  type: HolderStep,
  owner: string,
  receipt: string,
): Promise<boolean> {
  switch (type) {
    case 'beat':
      return (await stream.beat(owner, [receipt], [])).length === 0
    case 'start':
      return (await stream.beat(owner, [receipt], [receipt])).length === 0
    case 'acknowledge':
      return (await stream.acknowledge(owner, [receipt])).length === 0
    case 'handBack':
      return (await stream.handBack(owner, [receipt], none)).length === 0
    case 'fail':
      return (await stream.retryLater(owner, receipt, none)) === 'done'
    case 'bury':
      return (await stream.bury(owner, receipt, { reason: 'test', letter: 'letter' })) === 'done'
  }
}

/**
 * Each fetch and reap as one operation on each task that it got, or that it may have got when nobody knows. Tasks that it left alone say
 * nothing.
 */
function byTask(lines: readonly TaskLine[]): TaskLine[] {
  const ends = new Map<string, TaskLine>()
  const handingOut = new Set<string>()
  const tasks: string[] = []
  for (const line of lines) {
    if (!('call' in line)) ends.set(line.id, line)
    else if (line.key === '*') handingOut.add(line.id)
    else if (line.input.type === 'enqueue') tasks.push(line.key)
  }
  return lines.flatMap((line) => {
    if (!handingOut.has(line.id)) return line
    if (!('call' in line)) return []
    const { id, call, input } = line
    const begins = (task: string): TaskLine => ({ id: `${id} ${task}`, key: task, call, input })
    const end = ends.get(id)
    if (end === undefined) return tasks.map(begins)
    if (!('return' in end)) return []
    return (end.output.handOuts ?? []).flatMap((handOut) => [
      begins(handOut.task),
      { id: `${id} ${handOut.task}`, return: end.return, output: { outcome: 'done', handOuts: [handOut] } },
    ])
  })
}
