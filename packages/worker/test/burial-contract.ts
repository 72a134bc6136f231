/** What a stream must do that writes dead letters in its own steps, as tests: letter and end of the entry are one. */
import { type DeadLetterStore, deadLetters, type NewLetter } from '@seaworthy/dead-letter'
import type { Delivery, TaskBurial, TaskStream } from '@seaworthy/worker'
import { expect } from 'vitest'

/** A stream and the letters beside it, both empty. */
export interface BurialUnderTest {
  readonly stream: TaskStream
  readonly letters: DeadLetterStore
  /** Lets time pass for both. */
  advance(milliseconds: number): Promise<void>
  close(): Promise<void>
}

/** How they are made. */
export interface BurialSetup {
  /** How many letters there is room for. */
  readonly maxCount: number
}

/** Where the tests go. */
export interface BurialRegister {
  describe(name: string, tests: () => void): void
  it(name: string, test: () => Promise<void>): void
}

const limits = { maxStarts: 5, maxDeliveries: 20, suspectAfter: 9 }
const idle = 30

/** @param remembers - Whether answers can get lost on the way, so that the stream has to know what it answered. */
export function burialContract(
  name: string,
  create: (setup: BurialSetup) => Promise<BurialUnderTest>,
  remembers: boolean,
  { describe, it }: BurialRegister,
): void {
  /** With a stream of its own. */
  const on = async (test: (hands: Hands) => Promise<void>, maxCount = 100): Promise<void> => {
    const under = await create({ maxCount })
    try {
      await test(handsOn(under))
    } finally {
      await under.close()
    }
  }

  describe(`${name}: a letter and the end of its task`, () => {
    it('are one step', () =>
      on(async ({ stream, letters, burial, pending, prepare, where }) => {
        const { receipt } = await pending('me', 'a')
        const letter = await prepare('a')
        const answer = await burial.bury('me', receipt, 'fatal', letter)
        expect(answer).toMatchObject({ outcome: 'added', dropped: [] })
        expect(await where()).toEqual({ pending: 0, acknowledged: 0, dead: 1, letters: 1 })
        const [end] = (await stream.audit('a')).slice(-1)
        expect(end).toMatchObject({ event: 'dead', owner: 'me', reason: 'fatal', task: 'a' })
        const { items } = await letters.list({ state: 'dead', order: 'oldest', limit: 9 })
        expect(items).toMatchObject([{ taskId: 'a' }])
      }))

    it('do not happen for who does not hold the task, nor for an earlier hand-out', () =>
      on(async ({ stream, burial, pending, prepare, takeOver, where }) => {
        const { receipt } = await pending('me', 'a')
        const letter = await prepare('a')
        const mine = await takeOver('me')
        for (const [owner, lost] of [
          ['other', mine.receipt],
          ['me', receipt],
          ['me', 'made up'],
          ['me', `${mine.receipt}0`],
        ] as const)
          expect(await burial.bury(owner, lost, 'fatal', letter)).toEqual({ outcome: 'lost' })
        expect(await where()).toEqual({ pending: 1, acknowledged: 0, dead: 0, letters: 0 })
        expect(await stream.acknowledge('me', [mine.receipt])).toEqual([])
        expect(await burial.bury('me', mine.receipt, 'fatal', letter)).toEqual({ outcome: 'lost' })
        expect(await where()).toEqual({ pending: 0, acknowledged: 1, dead: 0, letters: 0 })
      }))

    it('do not happen while there is no room, and the task stays with its owner', () =>
      on(async ({ letters, burial, pending, prepare, where }) => {
        const first = await pending('me', 'a')
        await burial.bury('me', first.receipt, 'fatal', await prepare('a'))
        const { receipt } = await pending('me', 'b')
        const letter = await prepare('b')
        for (let i = 0; i < 2; i++)
          expect(await burial.bury('me', receipt, 'fatal', letter)).toMatchObject({ outcome: 'full' })
        expect(await where()).toEqual({ pending: 1, acknowledged: 0, dead: 1, letters: 1 })
        const { items } = await letters.list({ state: 'dead', order: 'oldest', limit: 9 })
        await letters.discard(items[0]?.id ?? '', { actor: 'ada', reason: undefined })
        expect(await burial.bury('me', receipt, 'fatal', letter)).toMatchObject({ outcome: 'added' })
        expect(await where()).toEqual({ pending: 0, acknowledged: 0, dead: 2, letters: 1 })
      }, 1))

    it('are the end alone if the letter is there already', () =>
      on(async ({ letters, burial, pending, prepare, where }) => {
        const { receipt } = await pending('me', 'a')
        const earlier = await letters.add(await prepare('a'))
        const answer = await burial.bury('me', receipt, 'fatal', await prepare('a'))
        expect(answer).toMatchObject({ outcome: 'duplicate', id: 'id' in earlier ? earlier.id : '' })
        expect(await where()).toEqual({ pending: 0, acknowledged: 0, dead: 1, letters: 1 })
      }))

    it('happen once, however many try at once; the others find it lost', () =>
      on(async ({ burial, pending, prepare, where }) => {
        const { receipt } = await pending('me', 'a')
        const tries = Array.from({ length: 20 }, async () =>
          burial.bury('me', receipt, 'fatal', await prepare('a')),
        )
        const outcomes = (await Promise.all(tries)).map(({ outcome }) => outcome)
        expect(outcomes.filter((outcome) => outcome === 'added')).toHaveLength(1)
        expect(outcomes.filter((outcome) => outcome === 'lost')).toHaveLength(19)
        expect(await where()).toEqual({ pending: 0, acknowledged: 0, dead: 1, letters: 1 })
      }))

    it('and an acknowledgement exclude each other, whoever comes first', () =>
      on(async ({ stream, letters, burial, pending, prepare, where }) => {
        const ways = { acknowledged: 0, dead: 0 }
        for (let i = 0; i < 20; i++) {
          const { receipt } = await pending('me', `t${i}`)
          const letter = await prepare(`t${i}`)
          const acknowledge = () => stream.acknowledge('me', [receipt])
          const bury = () => burial.bury('me', receipt, 'fatal', letter)
          const both = i % 2 === 0 ? [acknowledge(), bury()] : [bury(), acknowledge()]
          const answers = await Promise.all(both)
          const lost = i % 2 === 0 ? answers[0] : answers[1]
          const acknowledged = Array.isArray(lost) && lost.length === 0
          ways[acknowledged ? 'acknowledged' : 'dead']++
          expect(await letters.lookup?.(`t${i}`)).toEqual(acknowledged ? undefined : expect.any(String))
        }
        expect(ways).toEqual({ acknowledged: 10, dead: 10 })
        expect(await where()).toEqual({ pending: 0, acknowledged: 10, dead: 10, letters: 10 })
      }))

    it('happen for one of two workers that take the task from each other', () =>
      on(async ({ burial, pending, prepare, takeOver, where }) => {
        const { receipt } = await pending('one', 'a')
        const [first, second] = [await prepare('a'), await prepare('a')]
        const taken = await takeOver('two')
        const answers = await Promise.all([
          burial.bury('one', receipt, 'fatal', first),
          burial.bury('two', taken.receipt, 'fatal', second),
        ])
        expect(answers.map(({ outcome }) => outcome)).toEqual(['lost', 'added'])
        expect(await where()).toEqual({ pending: 0, acknowledged: 0, dead: 1, letters: 1 })
      }))

    it('are answered again if the answer was lost', async () => {
      if (!remembers) return
      await on(async ({ burial, pending, prepare, where }) => {
        const { receipt } = await pending('me', 'a')
        const letter = await prepare('a')
        const answer = await burial.bury('me', receipt, 'fatal', letter)
        expect(await burial.bury('me', receipt, 'fatal', letter)).toMatchObject({
          outcome: 'added',
          id: 'id' in answer ? answer.id : '',
        })
        expect(await burial.bury('me', receipt, 'fatal', await prepare('a'))).toEqual({ outcome: 'lost' })
        expect(await where()).toEqual({ pending: 0, acknowledged: 0, dead: 1, letters: 1 })
      })
    })
  })
}

interface Hands extends BurialUnderTest {
  readonly burial: TaskBurial
  /** Enqueues a task and has it handed out. */
  pending(owner: string, task: string): Promise<Delivery>
  takeOver(owner: string): Promise<Delivery>
  /** A letter about a task, with the task as its dedupe key. */
  prepare(task: string): Promise<NewLetter>
  where(): Promise<Record<'pending' | 'acknowledged' | 'dead' | 'letters', number>>
}

function handsOn(under: BurialUnderTest): Hands {
  const { stream, letters, advance } = under
  const queue = deadLetters({ store: letters })
  const burial = stream.burials(letters)
  if (burial === undefined) throw new Error('the letters do not live beside the stream')
  return {
    ...under,
    burial,
    async pending(owner, task) {
      await stream.enqueue({ id: task, payload: task })
      const [delivery] = await stream.fetch(owner, { count: 1, wait: 5000 })
      return delivery as Delivery
    },
    async takeOver(owner) {
      await advance(idle)
      const request = { ...limits, minIdle: idle, count: 1, suspects: 1, mode: 'claim', cursor: '' } as const
      const { claimed } = await stream.reap(owner, request)
      return claimed[0] as Delivery
    },
    async prepare(task) {
      const { letter } = await queue.prepare(task, new Error('broken'), { taskId: task, dedupeKey: task })
      return letter
    },
    async where() {
      const { pending, acknowledged, dead } = await stream.stats()
      return { pending, acknowledged, dead, letters: (await letters.counts()).dead }
    },
  }
}
