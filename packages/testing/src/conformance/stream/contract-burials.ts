/** Of streams with dead letters beside them: a letter and the end of its task in one step, one example a rule. */
import type { DeadLetterStore, NewLetter } from '@seaworthy/dead-letter'
import type { TaskBurial } from '@seaworthy/worker'
import { expect } from 'expect'
import type { Contract } from '../contract.ts'
import { newLetter } from '../dead-letter/under-test.ts'
import { NotOffered } from '../kit.ts'
import { elsewhere, type Hands } from './under-test.ts'

/** Longer than any check takes, in milliseconds. */
const day = 86_400_000

export const burialsContract: Contract<Hands> = {
  'burials: write the letter and end the task in one step': async (hands) => {
    const { letters, bury, where } = burialsOn(hands)
    await hands.add('a')
    const { receipt } = await hands.fetchOne('w')
    const answer = await bury('w', receipt, 'fatal', letterAbout('a'))
    expect(answer).toMatchObject({ outcome: 'added', dropped: [] })
    expect(await where()).toEqual({ pending: 0, acknowledged: 0, dead: 1, letters: 1 })
    const [end] = (await hands.stream.audit('a')).slice(-1)
    expect(end).toMatchObject({ event: 'dead', owner: 'w', reason: 'fatal', task: 'a' })
    expect(await taskIds(letters)).toEqual(['a'])
  },

  'burials: change nothing for who does not hold the task, nor for an earlier hand-out': async (hands) => {
    const { bury, where } = burialsOn(hands)
    await hands.add('a')
    const { receipt } = await hands.fetchOne('w')
    const letter = letterAbout('a')
    const mine = await hands.takeOver('w')
    for (const [owner, lost] of [
      ['v', mine.receipt],
      ['w', receipt],
      ['w', 'made up'],
      ['w', `${mine.receipt}0`],
    ] as const)
      expect(await bury(owner, lost, 'fatal', letter)).toEqual({ outcome: 'lost' })
    expect(await where()).toEqual({ pending: 1, acknowledged: 0, dead: 0, letters: 0 })
    expect(await hands.stream.acknowledge('w', [mine.receipt])).toEqual([])
    expect(await bury('w', mine.receipt, 'fatal', letter)).toEqual({ outcome: 'lost' })
    expect(await where()).toEqual({ pending: 0, acknowledged: 1, dead: 0, letters: 0 })
  },

  'burials: end the task alone if its letter is there already': async (hands) => {
    const { letters, bury, where } = burialsOn(hands)
    await hands.add('a')
    const { receipt } = await hands.fetchOne('w')
    const earlier = await letters.add(letterAbout('a'))
    const answer = await bury('w', receipt, 'fatal', letterAbout('a'))
    expect(answer).toMatchObject({ outcome: 'duplicate', id: 'id' in earlier ? earlier.id : '' })
    expect(await where()).toEqual({ pending: 0, acknowledged: 0, dead: 1, letters: 1 })
  },

  'burials: happen once, however many try at once; the others find the task lost': async (hands) => {
    const { bury, where } = burialsOn(hands)
    await hands.add('a')
    const { receipt } = await hands.fetchOne('w')
    const tries = Array.from({ length: 20 }, () => bury('w', receipt, 'fatal', letterAbout('a')))
    const outcomes = (await Promise.all(tries)).map(({ outcome }) => outcome)
    expect(outcomes.filter((outcome) => outcome === 'added')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'lost')).toHaveLength(19)
    expect(await where()).toEqual({ pending: 0, acknowledged: 0, dead: 1, letters: 1 })
  },

  'burials: and acknowledgements exclude each other, whoever comes first': async (hands) => {
    const { letters, bury, where } = burialsOn(hands)
    const buried: string[] = []
    for (let i = 0; i < 20; i++) {
      const task = `t${i}`
      await hands.add(task)
      const { receipt } = await hands.fetchOne('w')
      const acknowledge = () => hands.stream.acknowledge('w', [receipt])
      const inOrder = () => Promise.all([acknowledge(), bury('w', receipt, 'fatal', letterAbout(task))])
      const reversed = () => Promise.all([bury('w', receipt, 'fatal', letterAbout(task)), acknowledge()])
      const [one, other] = i % 2 === 0 ? await inOrder() : await reversed()
      const [answer, lost] = 'outcome' in one ? [one, other] : [other, one]
      expect([answer, lost]).toEqual(
        'id' in answer ? [expect.anything(), [receipt]] : [{ outcome: 'lost' }, []],
      )
      if ('id' in answer) buried.push(task)
    }
    const dead = buried.length
    expect(await where()).toEqual({ pending: 0, acknowledged: 20 - dead, dead, letters: dead })
    expect((await taskIds(letters)).toSorted()).toEqual(buried.toSorted())
  },

  'burials: happen for one of two workers that take the task from each other': async (hands) => {
    const { bury, where } = burialsOn(hands)
    await hands.add('a')
    const { receipt } = await hands.fetchOne('one')
    const taken = await hands.takeOver('two')
    const answers = await Promise.all([
      bury('one', receipt, 'fatal', letterAbout('a')),
      bury('two', taken.receipt, 'fatal', letterAbout('a')),
    ])
    expect(answers.map(({ outcome }) => outcome)).toEqual(['lost', 'added'])
    expect(await where()).toEqual({ pending: 0, acknowledged: 0, dead: 1, letters: 1 })
  },

  'burials: are not offered to a store of letters that lives elsewhere': async ({ stream }) => {
    expect(stream.burials(elsewhere())).toBeUndefined()
  },
}

/** With room for one letter. */
export const crampedBurialsContract: Contract<Hands> = {
  'burials: change nothing while there is no room for the letter, and the task stays with its owner': async (
    hands,
  ) => {
    const { letters, bury, where } = burialsOn(hands)
    await hands.add('a', 'b')
    const [first, second] = await hands.fetch('w', 2)
    const { receipt = '' } = second ?? {}
    expect(await bury('w', first?.receipt ?? '', 'fatal', letterAbout('a'))).toMatchObject({
      outcome: 'added',
    })
    const letter = letterAbout('b')
    for (let i = 0; i < 2; i++)
      expect(await bury('w', receipt, 'fatal', letter)).toMatchObject({ outcome: 'full' })
    expect(await where()).toEqual({ pending: 1, acknowledged: 0, dead: 1, letters: 1 })
    const { items } = await letters.list({ state: 'dead', order: 'oldest', limit: 9 })
    await letters.discard(items[0]?.id ?? '', { actor: 'ada', reason: undefined })
    expect(await bury('w', receipt, 'fatal', letter)).toMatchObject({ outcome: 'added' })
    expect(await where()).toEqual({ pending: 0, acknowledged: 0, dead: 2, letters: 1 })
  },
}

interface Burials extends TaskBurial {
  readonly letters: DeadLetterStore
  /** How many tasks are where, and how many letters there are. */
  where(): Promise<Record<'pending' | 'acknowledged' | 'dead' | 'letters', number>>
}

export function burialsOn({ stream, letters }: Hands): Burials {
  if (letters === undefined) throw new NotOffered('No dead letters live beside the stream')
  const burials = stream.burials(letters)
  if (burials === undefined) throw new Error('The stream does not bury in the dead letters beside it')
  return {
    letters,
    bury: (owner, receipt, reason, letter) => burials.bury(owner, receipt, reason, letter),
    async where() {
      const { pending, acknowledged, dead } = await stream.stats()
      return { pending, acknowledged, dead, letters: (await letters.counts()).dead }
    },
  }
}

/** A letter with the task as its dedupe key. */
export function letterAbout(task: string): NewLetter {
  return newLetter({ taskId: task, dedupeKey: task, dedupeFor: day })
}

async function taskIds(letters: DeadLetterStore): Promise<(string | undefined)[]> {
  const ids: (string | undefined)[] = []
  let cursor: string | undefined
  do {
    const page = await letters.list({ state: 'dead', order: 'oldest', limit: 9, cursor })
    ids.push(...page.items.map(({ taskId }) => taskId))
    cursor = page.next
  } while (cursor !== undefined)
  return ids
}
