/** Records on servers whose replies are lost, that cannot be reached, or that are killed. */
import { expect } from 'expect'
import type { Contract } from '../contract.ts'
import type { BrokenHands } from '../kit-of.ts'
import { answerOf, endsWithin } from '../waiting.ts'
import { day, freshKey, type Hands } from './under-test.ts'

/** So long may a call take that nobody answers. */
const patience = 30_000

export const proxyContract: Contract<BrokenHands<Hands>> = {
  'faults: a claim whose reply is lost is granted once to who asks again': async ({ hands, faults }) => {
    const { granted, claim, store, key } = hands
    const request = { owner: 'ann', fingerprint: '', lease: day, retain: day, takeover: true }
    await answerOf(() => store.claim(freshKey(), request))
    faults.loseReply()
    const { fence } = await answerOf(() => granted('ann', { lease: day, retain: day }))
    expect(await store.peek(key)).toMatchObject({ owner: 'ann', fence, attempt: 1 })
    expect(await claim('bob')).toMatchObject({ kind: 'inFlight' })
  },

  'faults: work whose last reply is lost ends once': async ({ hands, faults }) => {
    const { granted, claim, complete } = hands
    const token = await answerOf(() => granted('ann', { lease: day, retain: day }))
    // Anything at all, so that what gets lost is no answer about the statement itself.
    await complete({ ...token, owner: 'bob' })
    faults.loseReply()
    expect(await answerOf(() => complete(token, 'completed', 'first'))).toBe('already')
    expect(await complete(token, 'completed', 'second')).toBe('already')
    expect(await claim('bob')).toEqual({ kind: 'completed', result: 'first' })
  },

  'faults: calls end while nothing gets through, and grant no work to two': async ({ hands, faults }) => {
    const { claim, store, key } = hands
    await answerOf(() => store.peek(key))
    faults.partition()
    const owners = ['ann', 'bob', 'cy']
    const request = { lease: day, retain: day }
    const ended = await Promise.all(owners.map((owner) => endsWithin(patience, claim(owner, request))))
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    faults.heal()
    const claims = await Promise.all(owners.map((owner) => answerOf(() => claim(owner, request))))
    expect(claims.filter(({ kind }) => kind !== 'inFlight')).toHaveLength(1)
  },
}

export const restartContract: Contract<BrokenHands<Hands>> = {
  'faults: works again by itself when the server has been killed': async ({ hands, faults }) => {
    const { granted, complete } = hands
    await answerOf(() => granted('ann'))
    await faults.restart()
    const token = await answerOf(() => granted('ann', { lease: day, retain: day }))
    expect(await complete(token)).toBe('stored')
  },
}

export const durableContract: Contract<BrokenHands<Hands>> = {
  'faults: what was answered is there when the server has been killed': async ({ hands, faults }) => {
    const { granted, complete, claim, store, key } = hands
    const times = { lease: day, retain: day }
    const running = await answerOf(() => granted('ann', times))
    await faults.restart()
    expect(await answerOf(() => store.peek(key))).toMatchObject({ owner: 'ann', fence: running.fence })
    expect(await claim('bob', times)).toMatchObject({ kind: 'inFlight' })
    expect(await complete(running)).toBe('stored')
    await faults.restart()
    expect(await answerOf(() => claim('cy', times))).toEqual({ kind: 'completed', result: 'done' })
  },
}
