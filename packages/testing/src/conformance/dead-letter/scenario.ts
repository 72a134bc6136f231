/** Clients that claim, replay, settle and discard the same letters, now and then with the lease of the past. */
import type { DeadLetterStore, SettleOutcome } from '@seaworthy/dead-letter'
import { expect } from 'expect'
import { expectLinearizable, expectToHaveSeen, type Line } from '../history.ts'
import type { Client, Scenario } from '../scenario.ts'
import { answerOf } from '../waiting.ts'
import { type LetterInput, type LetterOutput, letterModel } from './letter-model.ts'
import { newLetter } from './under-test.ts'

type LetterLine = Line<LetterInput, LetterOutput>
type Asked = Extract<LetterLine, { readonly call: number }>
type LetterClient = Client<DeadLetterStore, LetterInput, LetterOutput>

/** The ids of the letters of each turn. */
type Letters = readonly (readonly string[])[]

const lettersInTurn = 3
/** Nobody takes over: whose lease is over when is another matter. */
const leaseFor = 86_400_000

const wanted = ['claimed', 'discarded', 'already', 'leased', 'done', 'stale']
const endings: readonly SettleOutcome[] = [
  'returned',
  'returned',
  'returned',
  'replay',
  'replay',
  'resolved',
  'discarded',
]

/** Letters of one turn have a type of their own, so clients of that turn meet. */
const typeOf = (turn: number): string => `turn${turn}`

export const letterScenario: Scenario<DeadLetterStore, LetterInput, LetterOutput, Letters, number> = {
  async prepare(store, turns) {
    const add = async (turn: number): Promise<string> => {
      const added = await store.add(newLetter({ type: typeOf(turn) }))
      if (added.outcome !== 'added') throw new Error(`A letter was not added: ${added.outcome}`)
      return added.id
    }
    const letters: string[][] = []
    for (let turn = 0; turn < turns; turn++)
      letters.push(await Promise.all(Array.from({ length: lettersInTurn }, () => add(turn))))
    return letters
  },

  async round(client, turn, letters) {
    const { random } = client
    const id = letters[turn]?.[Math.floor(random() * lettersInTurn)] as string
    const choice = random()
    if (choice < 0.5) await claim(client, typeOf(turn))
    else if (choice < 0.85) await retry(client, id)
    else await discard(client, id)
  },

  async finish({ store }) {
    const { dead, leased, replaying, replayed, resolved, discarded } = await answerOf(() => store.counts())
    return dead + leased + replaying + replayed + resolved + discarded
  },

  async verify(lines, letters, counted) {
    const { letterMachine } = await import('@seaworthy/dead-letter')
    const all = byLetter(lines, letters)
    expectLinearizable(all, letterModel(letterMachine))
    expectToHaveSeen(
      all.flatMap((line) => ('output' in line ? (line.output.state ? 'claimed' : line.output.outcome) : [])),
      wanted,
    )
    // Nothing has vanished, and nothing is there twice.
    expect(counted).toBe(letters.flat().length)
  },
}

async function claim(client: LetterClient, type: string): Promise<void> {
  const { store, recorder, random } = client
  const owner = client.newOwner()
  const limit = 1 + Math.floor(random() * 2)
  const claimed = await recorder.observe('*', { type: 'claim', owner, of: type }, async () => {
    const { letters, fence } = await store.claim({ limit, leaseFor, owner, dueOnly: false, type })
    return { outcome: 'done', fence, letters: letters.map(({ id, state }) => ({ id, state })) }
  })
  const { fence = 0, letters = [] } = claimed ?? {}
  for (const { id } of letters) {
    if (random() < 0.3) await renew(client, id, fence)
    const outcome = endings[Math.floor(random() * endings.length)] as SettleOutcome
    await settle(client, id, fence, outcome)
    if (outcome === 'replay' && !store.replaysItself) await publish(client, id, fence)
    // A reply may be lost: it is sent again, or too late.
    if (random() < 0.3) await settle(client, id, fence, outcome)
  }
}

async function retry(client: LetterClient, id: string): Promise<void> {
  const { store, recorder } = client
  const owner = client.newOwner()
  const input = { type: 'retry', owner, oneStep: store.replaysItself } as const
  const answer = await recorder.observe(id, input, async () => {
    const result = await store.retry(id, { owner, actor: owner, reason: undefined, leaseFor })
    return { outcome: result.outcome, ...('fence' in result && { fence: result.fence }) }
  })
  if (answer?.fence !== undefined) await publish(client, id, answer.fence)
}

/** The second half of a replay. Often it fails, so that others get a chance. */
const publish = (client: LetterClient, id: string, fence: number): Promise<void> =>
  settle(client, id, fence, client.random() < 0.75 ? 'failed' : 'replayed')

async function discard({ store, recorder }: LetterClient, id: string): Promise<void> {
  await recorder.observe(id, { type: 'discard' }, async () => {
    const { outcome } = await store.discard(id, { actor: 'ada', reason: undefined })
    return { outcome }
  })
}

async function renew({ store, recorder }: LetterClient, id: string, fence: number): Promise<void> {
  await recorder.observe(id, { type: 'renew', fence }, async () => {
    const held = await store.renew([id], fence, leaseFor)
    return { outcome: held.includes(id) ? 'done' : 'stale' }
  })
}

async function settle(
  client: LetterClient,
  id: string,
  fence: number,
  outcome: SettleOutcome,
): Promise<void> {
  const { store, recorder } = client
  const settlement = { outcome, dueIn: undefined, actor: 'ada', reason: undefined }
  const input = { type: 'settle', fence, outcome, oneStep: store.replaysItself } as const
  await recorder.observe(id, input, async () => ({ outcome: await store.settle(id, fence, settlement) }))
}

/**
 * Each claim as one operation on each letter that it took, or that it may have taken when nobody knows. Letters that it left alone say
 * nothing: a claim may find fewer than there are.
 */
function byLetter(lines: readonly LetterLine[], letters: Letters): LetterLine[] {
  const claims = new Map<string, LetterLine>()
  const ends = new Map<string, LetterLine>()
  for (const line of lines) {
    if (!('call' in line)) ends.set(line.id, line)
    else if (line.input.type === 'claim') claims.set(line.id, line)
  }
  return lines.flatMap((line) => {
    if (!claims.has(line.id)) return line
    return 'call' in line ? claimed(line, ends.get(line.id), letters) : []
  })
}

function claimed(claim: Asked, end: LetterLine | undefined, letters: Letters): LetterLine[] {
  const { id, call, input } = claim
  const begins = (letter: string): LetterLine => ({ id: `${id} ${letter}`, key: letter, call, input })
  if (end === undefined) {
    const turn = letters.findIndex((_, turn) => input.type === 'claim' && typeOf(turn) === input.of)
    return (letters[turn] ?? []).map(begins)
  }
  if (!('return' in end)) return []
  const { letters: got = [], fence = 0 } = end.output
  return got.flatMap(({ id: letter, state }) => [
    begins(letter),
    { id: `${id} ${letter}`, return: end.return, output: { outcome: 'done', state, fence } },
  ])
}
