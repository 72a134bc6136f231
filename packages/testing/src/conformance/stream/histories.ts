/** Random histories of one client, compared with the entry machine step by step. No time passes in them. */

import { sometimes } from '@seaworthy/testing'
import type { Delivery, entryMachine } from '@seaworthy/worker'
import { expect } from 'expect'
import fc from 'fast-check'
import { assertUntilSeen } from '../until-seen.ts'
import type { EntryMachine, HolderStep } from './task-model.ts'
import { setup, type TaskStreamUnderTest } from './under-test.ts'

type Owner = 'ann' | 'bob'

type Input =
  | { readonly type: 'enqueue'; readonly count: number; readonly later: boolean }
  | { readonly type: 'fetch'; readonly owner: Owner; readonly count: number }
  | { readonly type: 'reap'; readonly owner: Owner; readonly mode: 'claim' | 'republish' }
  | { readonly type: 'reconcile'; readonly owner: Owner; readonly known: number }
  | { readonly type: 'leave'; readonly owner: Owner }
  /** `receipt` is that of one of the last hand-outs, `owner` not always the right one. */
  | {
      readonly type: HolderStep
      readonly owner: Owner | 'holder'
      readonly receipt: number
      readonly later: boolean
    }

const owner = fc.constantFrom<Owner[]>('ann', 'bob')

const anyInput: fc.Arbitrary<Input> = fc.oneof(
  {
    arbitrary: fc.record({
      type: fc.constant('enqueue'),
      count: fc.constantFrom(1, 2, 8),
      later: fc.constantFrom(false, false, true),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({ type: fc.constant('fetch'), owner, count: fc.integer({ min: 1, max: 3 }) }),
    weight: 4,
  },
  {
    arbitrary: fc.record({
      type: fc.constantFrom<HolderStep[]>(
        'beat',
        'start',
        'acknowledge',
        'bury',
        'fail',
        'handBack',
        'start',
        'fail',
      ),
      owner: fc.constantFrom<(Owner | 'holder')[]>('holder', 'holder', 'holder', 'ann', 'bob'),
      receipt: fc.nat(5),
      later: fc.constantFrom(false, false, false, true),
    }),
    weight: 8,
  },
  {
    arbitrary: fc.record({ type: fc.constant('reap'), owner, mode: fc.constantFrom('claim', 'republish') }),
    weight: 2,
  },
  fc.record({ type: fc.constant('reconcile'), owner, known: fc.nat(3) }),
  fc.record({ type: fc.constant('leave'), owner }),
)

const sights = [
  'full',
  'done',
  'lost',
  'claimed',
  'poison',
  'republished',
  'resent',
  'left',
  'stayed',
] as const

/** Nobody hears of it again while the test runs. */
const later = 3_600_000

const poisonLimits = { suspectAfter: 2, maxStarts: 2, maxDeliveries: 4 }

/** Rare among random ones: everybody falls silent over one task until it is poison. */
const poisoned: Input[] = [
  { type: 'enqueue', count: 1, later: false },
  { type: 'fetch', owner: 'ann', count: 1 },
  ...Array.from({ length: 4 }, (): Input => ({ type: 'reap', owner: 'bob', mode: 'claim' })),
]

/** @param runs - How many histories. */
export async function compareWithMachine(
  create: () => Promise<TaskStreamUnderTest>,
  runs: number,
  seed: number,
): Promise<void> {
  // Where it is needed and not before: who tests another kind of store may not have this package.
  const { entryMachine: machine } = await import('@seaworthy/worker')
  const seen = sometimes(sights)
  await assertUntilSeen(
    seen,
    fc.asyncProperty(fc.array(anyInput, { size: '+2', maxLength: 60 }), async (inputs) => {
      const under = await create()
      try {
        const history = new History(machine, under, (sight) => seen.mark(sight))
        for (const input of inputs) await history.play(input)
      } finally {
        await under.close()
      }
    }),
    { numRuns: runs, seed, examples: [[poisoned]] },
  )
}

interface Known {
  readonly task: string
  state: entryMachine.Entry
  /** Of the last hand-out. */
  receipt: string | undefined
}

class History {
  readonly #machine: EntryMachine
  readonly #under: TaskStreamUnderTest
  readonly #saw: (sight: (typeof sights)[number]) => void
  readonly #tasks = new Map<string, Known>()
  /** Who waits, longest first. Those in one list have begun to wait at once, in an order that is not known. */
  #waiting: string[][] = []
  readonly #handOuts: { readonly task: string; readonly owner: Owner; readonly receipt: string }[] = []

  constructor(
    machine: EntryMachine,
    under: TaskStreamUnderTest,
    saw: (sight: (typeof sights)[number]) => void,
  ) {
    this.#machine = machine
    this.#under = under
    this.#saw = saw
  }

  async play(input: Input): Promise<void> {
    switch (input.type) {
      case 'enqueue':
        await this.#enqueue(input.count, input.later ? later : 0)
        break
      case 'fetch':
        await this.#fetch(input.owner, input.count)
        break
      case 'reap':
        await this.#reap(input.owner, input.mode)
        break
      case 'reconcile':
        await this.#reconcile(input.owner, input.known)
        break
      case 'leave': {
        const holds = this.#heldBy(input.owner).length > 0
        expect(await this.#under.stream.leave(input.owner)).toBe(!holds)
        this.#saw(holds ? 'stayed' : 'left')
        break
      }
      default:
        await this.#hold(input)
    }
    await this.#compare()
  }

  async #enqueue(count: number, delay: number): Promise<void> {
    const ids = Array.from({ length: count }, (_, at) => `task ${this.#tasks.size + at}`)
    const unfinished = this.#in('waiting') + this.#in('pending') + this.#in('due')
    const added = this.#under.stream.enqueueMany(ids.map((id) => ({ id, payload: `of ${id}`, delay })))
    if (unfinished + count > setup.capacity) {
      await expect(added).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL' })
      return this.#saw('full')
    }
    expect(await added).toEqual(ids)
    for (const id of ids) {
      this.#tasks.set(id, { task: id, state: this.#machine.enqueued(delay, 0), receipt: undefined })
      if (delay === 0) this.#waiting.push([id])
    }
  }

  async #fetch(owner: Owner, count: number): Promise<void> {
    const deliveries = await this.#under.stream.fetch(owner, { count, wait: 0 })
    expect(deliveries).toHaveLength(Math.min(count, this.#in('waiting')))
    for (const delivery of deliveries) {
      expect(this.#waiting[0]).toContain(delivery.task)
      this.#stopWaiting(delivery.task)
      this.#handOut(delivery, owner, { type: 'deliver', owner })
    }
  }

  async #reap(owner: Owner, mode: 'claim' | 'republish'): Promise<void> {
    const before = [...this.#tasks.values()].filter(({ state }) => state.name === 'pending')
    const judged = new Map(
      before.map(({ task, state }) => [task, this.#machine.suspicion(state, poisonLimits)]),
    )
    const poisonous = before.filter(({ task }) => judged.get(task) === 'poison')
    let cursor = ''
    let republished = 0
    const taken: string[] = []
    do {
      const request = { minIdle: 0, count: 100, suspects: 100, mode, cursor, ...poisonLimits }
      const reaped = await this.#under.stream.reap(owner, request)
      for (const [kind, deliveries] of [
        ['poison', reaped.poison],
        ['claimed', reaped.claimed],
      ] as const) {
        for (const delivery of deliveries) {
          const { task } = delivery
          expect([task, judged.get(task) === 'poison']).toEqual([task, kind === 'poison'])
          const { state } = this.#tasks.get(task) as Known
          expect(delivery.previousOwner).toBe(state.name === 'pending' ? state.owner : undefined)
          this.#handOut(delivery, owner, { type: 'claim', owner, minIdle: 0 })
          taken.push(task)
          this.#saw(kind)
        }
      }
      republished += reaped.republished
      cursor = reaped.cursor
    } while (cursor !== '')
    if (mode === 'claim') return expect(taken.sort()).toEqual(before.map(({ task }) => task).sort())
    expect(taken.sort()).toEqual(poisonous.map(({ task }) => task).sort())
    const again = before.filter((known) => !poisonous.includes(known))
    expect(republished).toBe(again.length)
    for (const known of again) {
      known.state = this.#machine.next(known.state, { type: 'republish', minIdle: 0 }, 0).entry
      this.#saw('republished')
    }
    if (again.length > 0) this.#waiting.push(again.map(({ task }) => task))
  }

  async #reconcile(owner: Owner, count: number): Promise<void> {
    const held = this.#heldBy(owner)
    const known = held.slice(0, count).map(({ receipt }) => receipt as string)
    const found = await this.#under.stream.reconcile(owner, known, { idle: 0, limit: 100 })
    expect(found.map(({ receipt }) => receipt).sort()).toEqual(
      held
        .slice(count)
        .map(({ receipt }) => receipt)
        .sort(),
    )
    for (const delivery of found) {
      this.#expectCounts(delivery)
      this.#saw('resent')
    }
  }

  async #hold(input: Extract<Input, { readonly type: HolderStep }>): Promise<void> {
    const handOut = this.#handOuts.at(-1 - input.receipt)
    if (handOut === undefined) return
    const { task, receipt } = handOut
    const owner = input.owner === 'holder' ? handOut.owner : input.owner
    const known = this.#tasks.get(task) as Known
    const delay = input.later ? later : 0
    const number = receipt === known.receipt ? known.state.handOuts : -1
    const step = this.#machine.next(
      known.state,
      { type: input.type, delay, by: { owner, handOut: number } },
      0,
    )
    known.state = step.entry
    const wasDone = await this.#ask(input.type, owner, receipt, delay)
    expect([input.type, wasDone ? 'done' : 'lost']).toEqual([input.type, step.outcome])
    if (step.entry.name === 'waiting') this.#waiting.push([task])
    this.#saw(wasDone ? 'done' : 'lost')
  }

  /** @returns Whether it was done. */
  async #ask(type: HolderStep, owner: string, receipt: string, delay: number): Promise<boolean> {
    const { stream } = this.#under
    const postponement = { delay, reason: 'test' }
    switch (type) {
      case 'beat':
        return (await stream.beat(owner, [receipt], [])).length === 0
      case 'start':
        return (await stream.beat(owner, [receipt], [receipt])).length === 0
      case 'acknowledge':
        return (await stream.acknowledge(owner, [receipt])).length === 0
      case 'handBack':
        return (await stream.handBack(owner, [receipt], postponement)).length === 0
      case 'fail':
        return (await stream.retryLater(owner, receipt, postponement)) === 'done'
      case 'bury':
        return (await stream.bury(owner, receipt, { reason: 'test', letter: 'letter' })) === 'done'
    }
  }

  #handOut(delivery: Delivery, owner: Owner, input: entryMachine.EntryInput): void {
    const { task, receipt, payload } = delivery
    const known = this.#tasks.get(task) as Known
    const step = this.#machine.next(known.state, input, 0)
    expect([task, step.outcome]).toEqual([task, 'done'])
    expect(this.#handOuts.map((handOut) => handOut.receipt)).not.toContain(receipt)
    known.state = step.entry
    known.receipt = receipt
    expect(payload).toBe(`of ${task}`)
    this.#expectCounts(delivery)
    this.#handOuts.push({ task, owner, receipt })
  }

  #expectCounts({ task, deliveries, starts, failures }: Delivery): void {
    const { state } = this.#tasks.get(task) as Known
    const expected = { deliveries: state.deliveries, starts: state.starts, failures: state.failures }
    expect({ task, deliveries, starts, failures }).toEqual({ task, ...expected })
  }

  async #compare(): Promise<void> {
    const { waiting, pending, due, acknowledged, dead, vanished, enqueued } = await this.#under.stream.stats()
    expect({ waiting, pending, due, acknowledged, dead, vanished, enqueued }).toEqual({
      waiting: this.#in('waiting'),
      pending: this.#in('pending'),
      due: this.#in('due'),
      acknowledged: this.#in('acknowledged'),
      dead: this.#in('dead'),
      vanished: 0,
      enqueued: this.#tasks.size,
    })
  }

  #in(name: entryMachine.Entry['name']): number {
    return [...this.#tasks.values()].filter(({ state }) => state.name === name).length
  }

  #heldBy(owner: Owner): Known[] {
    return [...this.#tasks.values()].filter(({ state }) => state.name === 'pending' && state.owner === owner)
  }

  #stopWaiting(task: string): void {
    this.#waiting = this.#waiting
      .map((group) => group.filter((each) => each !== task))
      .filter(({ length }) => length > 0)
  }
}
