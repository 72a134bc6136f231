/** Dead letters on servers whose replies are lost, that cannot be reached, or that are killed. */
import { expect } from 'expect'
import type { Contract } from '../contract.ts'
import type { BrokenHands } from '../kit-of.ts'
import { answerOf, endsWithin } from '../waiting.ts'
import { ada, type Hands, newLetter, retryBy } from './under-test.ts'

/** So long may a call take that nobody answers. */
const patience = 30_000
const day = 86_400_000

export const proxyContract: Contract<BrokenHands<Hands>> = {
  'faults: a letter whose reply is lost is there once, by its dedupe key': async ({ hands, faults }) => {
    const { store, add } = hands
    await answerOf(() => add())
    const letter = newLetter({ dedupeKey: 'k', dedupeFor: day })
    faults.loseReply()
    const again = await answerOf(() => store.add(letter))
    // A store may know the letter again by its token, and then says that it is the one that was added.
    expect(['duplicate', 'added']).toContain(again.outcome)
    expect(await store.counts()).toMatchObject({ dead: 2 })
  },

  'faults: a settlement whose reply is lost is done once, and says so again': async ({ hands, faults }) => {
    const { store, add, claim, settle, events } = hands
    const id = await answerOf(() => add())
    const { fence } = await claim({ leaseFor: day })
    await settle(id, fence + 1, { outcome: 'resolved' })
    faults.loseReply()
    expect(await answerOf(() => settle(id, fence, { outcome: 'resolved' }))).toBe('done')
    expect(await store.get(id)).toMatchObject({ state: 'resolved' })
    expect((await events(id)).filter((event) => event.startsWith('resolved'))).toHaveLength(1)
  },

  'faults: a replay whose reply is lost is begun by nobody else': async ({ hands, faults }) => {
    const { store, add } = hands
    const id = await answerOf(() => add())
    await store.retry(await add(), retryBy('ada'))
    faults.loseReply()
    const again = await answerOf(() => store.retry(id, { ...retryBy('ada'), leaseFor: day }))
    expect(again).toMatchObject({ outcome: 'already', replayId: `${id}:1` })
  },

  'faults: calls end while nothing gets through': async ({ hands, faults }) => {
    const { store, add } = hands
    const id = await answerOf(() => add())
    faults.partition()
    const calls = [store.counts(), store.discard(id, ada), store.add(newLetter())]
    const ended = await Promise.all(calls.map((call) => endsWithin(patience, Promise.resolve<unknown>(call))))
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    faults.heal()
    const { dead, discarded } = await answerOf(() => store.counts())
    expect([1, 2]).toContain(dead + discarded)
  },
}

export const restartContract: Contract<BrokenHands<Hands>> = {
  'faults: works again by itself when the server has been killed': async ({ hands, faults }) => {
    const { store, add } = hands
    await answerOf(() => add())
    await faults.restart()
    const id = await answerOf(() => add())
    expect(await store.discard(id, ada)).toMatchObject({ outcome: 'discarded' })
  },
}

export const durableContract: Contract<BrokenHands<Hands>> = {
  'faults: what was answered is there when the server has been killed': async ({ hands, faults }) => {
    const { store, add, claim, settle, events } = hands
    const held = await answerOf(() => add({ type: 'held' }))
    const { fence } = await claim({ type: 'held', leaseFor: day })
    const discarded = await add()
    await store.discard(discarded, ada)
    const dead = await add()
    await faults.restart()
    expect(await answerOf(() => store.counts())).toMatchObject({ dead: 1, leased: 1, discarded: 1 })
    expect((await store.get(dead, ada))?.payload).toBe(newLetter().payload)
    expect(await settle(held, fence, { outcome: 'resolved' })).toBe('done')
    expect(await events(discarded)).toEqual(['added by worker', 'discarded by ada'])
  },
}
