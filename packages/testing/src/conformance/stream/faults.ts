/** Streams on servers whose replies are lost, that cannot be reached, or that are killed. */
import { expect } from 'expect'
import type { Contract } from '../contract.ts'
import type { BrokenHands } from '../kit-of.ts'
import { answerOf, endsWithin } from '../waiting.ts'
import { burialsOn, letterAbout } from './contract-burials.ts'
import { commitsOn } from './contract-commits.ts'
import { type Hands, none, tasks } from './under-test.ts'

/** So long may a call take that nobody answers. */
const patience = 30_000

export const proxyContract: Contract<BrokenHands<Hands>> = {
  'faults: an acknowledgement whose reply is lost is done once': async ({ hands, faults }) => {
    const { stream, add, fetchOne, counts } = hands
    await answerOf(() => add('a'))
    const { receipt } = await fetchOne('w')
    // Anything at all, so that what gets lost is no answer about the statement itself.
    await stream.acknowledge('v', [receipt])
    faults.loseReply()
    expect(await answerOf(() => stream.acknowledge('w', [receipt]))).toEqual([receipt])
    expect(await counts()).toEqual([0, 0, 0, 1, 0])
  },

  'faults: a failure whose reply is lost is counted once': async ({ hands, faults }) => {
    const { stream, add, fetchOne } = hands
    await answerOf(() => add('a'))
    const { receipt } = await fetchOne('w')
    await stream.retryLater('v', receipt, none)
    faults.loseReply()
    expect(await answerOf(() => stream.retryLater('w', receipt, none))).toBe('lost')
    expect(await fetchOne('v')).toMatchObject({ task: 'a', failures: 1, deliveries: 1 })
  },

  'faults: a commit whose reply is lost is done once': async ({ hands, faults }) => {
    await answerOf(() => hands.add('before'))
    const { commit, ends, states } = commitsOn(hands)
    await hands.fetchOne('v')
    const both = await ends('a', 'b')
    await commit('v', both)
    faults.loseReply()
    expect(await answerOf(() => commit('w', both))).toEqual(['lost', 'lost'])
    expect(await states('a', 'b')).toEqual(['completed', 'completed'])
    expect(await hands.counts()).toEqual([0, 1, 0, 2, 0])
  },

  'faults: a burial whose reply is lost is done once, and gets the same answer again': async ({
    hands,
    faults,
  }) => {
    const { bury, where } = burialsOn(hands)
    await answerOf(() => hands.add('a', 'b'))
    const [{ receipt = '' } = {}, other] = await hands.fetch('w', 2)
    await bury('w', other?.receipt ?? '', 'fatal', letterAbout('b'))
    const letter = letterAbout('a')
    faults.loseReply()
    const answer = await answerOf(() => bury('w', receipt, 'fatal', letter))
    expect(answer).toMatchObject({ outcome: 'added', id: expect.any(String) })
    expect(await bury('w', receipt, 'fatal', letter)).toMatchObject({
      outcome: 'added',
      id: 'id' in answer && answer.id,
    })
    // Somebody else's letter gets no such answer.
    expect(await bury('w', receipt, 'fatal', letterAbout('a'))).toEqual({ outcome: 'lost' })
    expect(await where()).toEqual({ pending: 0, acknowledged: 0, dead: 2, letters: 2 })
  },

  'faults: what was handed out and never arrived is found again': async ({ hands, faults }) => {
    const { stream, add, fetch } = hands
    await answerOf(() => add('a'))
    await fetch('v', 1).then(([first]) => stream.handBack('v', [first?.receipt as string], none))
    faults.loseReply()
    const got = await answerOf(() => fetch('w', 1))
    const found = await answerOf(() => stream.reconcile('w', [], { idle: 0, limit: 10 }))
    // Whoever sends the same request again by itself may have got it.
    expect(tasks([...got, ...found])).toContain('a')
    expect(found).toEqual([expect.objectContaining({ task: 'a', deliveries: 1 })])
  },

  'faults: calls end while nothing gets through': async ({ hands, faults }) => {
    const { stream, add, fetchOne, counts } = hands
    await answerOf(() => add('a'))
    const { receipt } = await fetchOne('w')
    faults.partition()
    const calls: Promise<unknown>[] = [
      stream.acknowledge('w', [receipt]),
      stream.enqueue({ payload: '1' }),
      stream.stats(),
    ]
    const ended = await Promise.all(calls.map((call) => endsWithin(patience, call)))
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    faults.heal()
    const [waiting = 0, pending = 0, , acknowledged = 0] = await answerOf(counts)
    expect(pending + acknowledged).toBe(1)
    expect(waiting).toBeLessThanOrEqual(1)
  },
}

export const restartContract: Contract<BrokenHands<Hands>> = {
  'faults: works again by itself when the server has been killed': async ({ hands, faults }) => {
    const { stream, add } = hands
    await answerOf(() => add('before'))
    await faults.restart()
    await answerOf(() => add('after'))
    const owner = 'w'
    const got: string[] = []
    while (!got.includes('after'))
      got.push(...tasks(await answerOf(() => stream.fetch(owner, { count: 10, wait: 1000 }))))
  },
}

export const durableContract: Contract<BrokenHands<Hands>> = {
  'faults: what was answered is there when the server has been killed': async ({ hands, faults }) => {
    const { stream, add, fetch, counts } = hands
    await answerOf(() => add('a', 'b', 'c'))
    await stream.enqueue({ id: 'later', payload: '1', delay: 3_600_000 })
    const [a, b] = await fetch('w', 2)
    await stream.acknowledge('w', [a?.receipt as string])
    await faults.restart()
    expect(await answerOf(counts)).toEqual([1, 1, 1, 1, 0])
    expect(await stream.acknowledge('w', [b?.receipt as string])).toEqual([])
    expect(tasks(await fetch('v'))).toEqual(['c'])
  },
}
