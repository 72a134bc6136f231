/** Random histories of one client, compared with the letter machine step by step, to the millisecond. */
import type { LetterState, letterMachine, SettleOutcome, StoredLetter } from '@seaworthy/dead-letter'
import { sometimes } from '@seaworthy/testing'
import { expect } from 'expect'
import fc from 'fast-check'
import { assertUntilSeen } from '../until-seen.ts'
import {
  ada,
  type DeadLetterStoreOptions,
  type Hands,
  handsOn,
  leaseFor,
  newLetter,
  roomy,
} from './under-test.ts'

type Input =
  | { readonly type: 'add'; readonly dueIn: number | undefined }
  | { readonly type: 'wait'; readonly time: number }
  | { readonly type: 'claim'; readonly limit: number; readonly dueOnly: boolean }
  | { readonly type: 'retry' | 'discard'; readonly at: number }
  | { readonly type: 'renew'; readonly lease: number; readonly time: number }
  | { readonly type: 'settle'; readonly lease: number; readonly outcome: SettleOutcome }

const anyInput: fc.Arbitrary<Input> = fc.oneof(
  {
    arbitrary: fc.record({ type: fc.constant('add'), dueIn: fc.constantFrom(undefined, 0, 300) }),
    weight: 2,
  },
  {
    arbitrary: fc.record({ type: fc.constant('wait'), time: fc.constantFrom(1, leaseFor - 1, leaseFor) }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      type: fc.constant('claim'),
      limit: fc.integer({ min: 1, max: 3 }),
      dueOnly: fc.boolean(),
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ type: fc.constantFrom('retry', 'discard'), at: fc.nat(20) }), weight: 2 },
  fc.record({ type: fc.constant('renew'), lease: fc.nat(20), time: fc.constantFrom(1, leaseFor) }),
  {
    arbitrary: fc.record({
      type: fc.constant('settle'),
      lease: fc.nat(20),
      outcome: fc.constantFrom<SettleOutcome[]>(
        'resolved',
        'discarded',
        'returned',
        'replay',
        'replayed',
        'failed',
      ),
    }),
    weight: 4,
  },
)

const outcomes = [
  'done',
  'already',
  'leased',
  'stale',
  'claimed',
  'takenOver',
  'returned',
  'replayed',
  'lost',
] as const

/** Comes by everything that there is to see, which a few random histories may not. */
const tour: Input[] = [
  { type: 'add', dueIn: undefined },
  { type: 'claim', limit: 1, dueOnly: false },
  { type: 'settle', lease: 0, outcome: 'returned' },
  { type: 'renew', lease: 0, time: leaseFor },
  { type: 'claim', limit: 1, dueOnly: false },
  { type: 'wait', time: leaseFor },
  { type: 'claim', limit: 1, dueOnly: false },
  { type: 'settle', lease: 1, outcome: 'resolved' },
  { type: 'retry', at: 0 },
  { type: 'settle', lease: 2, outcome: 'replay' },
  { type: 'settle', lease: 2, outcome: 'replayed' },
  { type: 'settle', lease: 2, outcome: 'replayed' },
  { type: 'retry', at: 0 },
]

/** @param runs - How many histories. */
export async function compareWithMachine(
  create: DeadLetterStoreOptions['create'],
  runs: number,
  seed: number,
): Promise<void> {
  // Where it is needed and not before: who tests another kind of store may not have this package.
  const { letterMachine: machine } = await import('@seaworthy/dead-letter')
  const seen = sometimes(outcomes)
  await assertUntilSeen(
    seen,
    fc.asyncProperty(fc.array(anyInput, { size: '+1', maxLength: 40 }), async (inputs) => {
      const under = await create(roomy)
      try {
        const history = new History(machine, handsOn(under), (outcome) => seen.mark(outcome))
        await history.play(inputs)
      } finally {
        await under.close?.()
      }
    }),
    { numRuns: runs, seed, examples: [[tour]] },
  )
}

type Machine = typeof letterMachine

class History {
  readonly #machine: Machine
  readonly #hands: Hands
  readonly #saw: (outcome: (typeof outcomes)[number]) => void
  readonly #conditions = new Map<string, letterMachine.Condition>()
  readonly #leases: { readonly id: string; readonly fence: number }[] = []
  #now = 0

  constructor(machine: Machine, hands: Hands, saw: (outcome: (typeof outcomes)[number]) => void) {
    this.#machine = machine
    this.#hands = hands
    this.#saw = saw
  }

  async play(inputs: readonly Input[]): Promise<void> {
    this.#now = (await this.#hands.store.counts()).now
    for (const input of inputs) {
      await this.#do(input)
      await this.#compare()
    }
  }

  async #do(input: Input): Promise<void> {
    const { add, advance, store } = this.#hands
    switch (input.type) {
      case 'add': {
        const { dueIn } = input
        const due = dueIn === undefined ? undefined : this.#now + dueIn
        this.#conditions.set(await add(newLetter({ dueIn })), this.#machine.newlyDead(due))
        return
      }
      case 'wait':
        await advance(input.time)
        this.#now += input.time
        return
      case 'claim':
        return this.#claim(input)
      case 'retry': {
        const id = this.#letter(input.at)
        if (id === undefined) return
        const result = await store.retry(id, { ...ada, owner: 'ada', leaseFor })
        const fence = 'fence' in result ? result.fence : 0
        const lease = { owner: 'ada', fence, until: this.#now + leaseFor }
        const step = this.#step(id, { type: 'retry', lease, oneStep: store.replaysItself })
        expect(result.outcome).toBe(step.answer === 'done' ? step.condition.state : step.answer)
        if (step.answer === 'done' && fence > 0) this.#leases.push({ id, fence })
        return
      }
      case 'discard': {
        const id = this.#letter(input.at)
        if (id === undefined) return
        const step = this.#step(id, { type: 'discard' })
        const { outcome } = await store.discard(id, ada)
        expect(outcome).toBe(step.answer === 'done' ? 'discarded' : step.answer)
        return
      }
      case 'renew': {
        const lease = this.#lease(input.lease)
        if (lease === undefined) return
        const { id, fence } = lease
        const step = this.#step(id, { type: 'renew', fence, until: this.#now + input.time })
        expect(await store.renew([id], fence, input.time)).toEqual(step.answer === 'done' ? [id] : [])
        if (step.answer !== 'done') this.#saw('lost')
        return
      }
      case 'settle':
        return this.#settle(input)
    }
  }

  async #claim({ limit, dueOnly }: Input & { readonly type: 'claim' }): Promise<void> {
    const { letters, fence } = await this.#hands.claim({ limit, dueOnly })
    expect(letters.length).toBeLessThanOrEqual(limit)
    for (const { id, state } of letters) {
      const before = this.#conditions.get(id)
      // Only what is due, but for what a holder has left behind.
      if (dueOnly && before?.state === 'dead') expect(before.due).toBeLessThanOrEqual(this.#now)
      expect(fence).toBeGreaterThan(before?.fence ?? 0)
      const step = this.#step(id, {
        type: 'claim',
        lease: { owner: 'recovery', fence, until: this.#now + leaseFor },
      })
      expect([step.answer, step.condition.state]).toEqual(['done', state])
      this.#leases.push({ id, fence })
    }
  }

  async #settle({ lease: at, outcome }: Input & { readonly type: 'settle' }): Promise<void> {
    const { store, settle } = this.#hands
    const lease = this.#lease(at)
    if (lease === undefined) return
    const { id, fence } = lease
    const due = outcome === 'returned' || outcome === 'failed' ? this.#now : undefined
    const step = this.#step(id, { type: 'settle', fence, outcome, due, oneStep: store.replaysItself })
    expect(await settle(id, fence, { outcome, dueIn: due === undefined ? undefined : 0 })).toBe(step.answer)
  }

  #step(id: string, input: letterMachine.Input): letterMachine.Step {
    const step = this.#machine.next(this.#conditions.get(id) as letterMachine.Condition, input, this.#now)
    this.#conditions.set(id, step.condition)
    this.#saw(step.answer)
    const { transition } = step
    if (
      transition === 'claimed' ||
      transition === 'takenOver' ||
      transition === 'returned' ||
      transition === 'replayed'
    )
      this.#saw(transition)
    return step
  }

  async #compare(): Promise<void> {
    const { store } = this.#hands
    const letters = [...this.#conditions]
    const [{ now, ...counts }, ...found] = await Promise.all([
      store.counts(),
      ...letters.map(([id]) => store.get(id)),
    ])
    // One comparison, since each takes its time, and there are many.
    const seen = found.map((letter) => letter && factsOf(letter))
    const expected = letters.map(([id, { state, attempts, due, owner, until, settledAt }]) => {
      return { id, state, attempts, due, owner, leasedUntil: until, settledAt }
    })
    expect({ now, letters: seen, counts: states.map((state) => counts[state]) }).toEqual({
      now: this.#now,
      letters: expected,
      counts: states.map((state) => letters.filter(([, letter]) => letter.state === state).length),
    })
  }

  #letter(at: number): string | undefined {
    return [...this.#conditions.keys()][at % Math.max(1, this.#conditions.size)]
  }

  #lease(at: number): { readonly id: string; readonly fence: number } | undefined {
    return this.#leases[at % Math.max(1, this.#leases.length)]
  }
}

const states: readonly LetterState[] = ['dead', 'leased', 'replaying', 'replayed', 'resolved', 'discarded']

/** What the machine decides about. */
function factsOf({ id, state, attempts, due, owner, leasedUntil, settledAt }: StoredLetter): object {
  return { id, state, attempts, due, owner, leasedUntil, settledAt }
}
