/** Scripts with a mistake in them: the contract has to notice each. */
import {
  type Check,
  type DeadLetterStoreOptions,
  deadLetterStoreConformance,
  newLetter,
} from '@seaworthy/testing/conformance'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deadLetterScripts } from '../src/dead-letter-scripts.ts'
import type { LetterStore } from '../src/dead-letter-store.ts'
import { add, connect, storesOn } from './dead-letter-toys.ts'
import { expectToNotice, type Mistake } from './wrong-scripts.ts'

interface Mutant extends Mistake {
  /** Only with a stream beside the letters. */
  readonly publishes?: boolean
}

const mutants: readonly Mutant[] = [
  {
    mistake: 'settles for whoever asks',
    right: "if record[FENCE] ~= fence then return 'stale' end",
    wrong: '',
  },
  {
    mistake: 'renews for whoever asks',
    right: 'record[UNTIL] and record[FENCE] == fence',
    wrong: 'record[UNTIL]',
  },
  {
    mistake: 'shortens a lease',
    right: 'if ends > record[UNTIL] then',
    wrong: 'if true then',
  },
  {
    mistake: 'renews the record and not the index',
    right: "redis.call('ZADD', queue.leases[record[STATE]], ends, sequence)",
    wrong: '',
  },
  {
    mistake: 'gives out a fence twice',
    right: 'math.max(last + 1, queue.microseconds)',
    wrong: 'math.max(last, 1)',
  },
  {
    mistake: 'takes a lease for lapsed a millisecond too late',
    right: 'record[UNTIL] > queue.now',
    wrong: 'record[UNTIL] >= queue.now',
  },
  {
    mistake: 'replays what somebody is replaying',
    right: "or (record[STATE] == 'replaying' and letters.isHeld(queue, record))",
    wrong: '',
  },
  {
    mistake: 'replays what is settled',
    right: 'if letters.isSettled(record) or',
    wrong: 'if',
  },
  {
    mistake: 'replays what is leased',
    right: "if letters.isHeld(queue, record) then return { 'leased'",
    wrong: "if false then return { 'leased'",
  },
  {
    mistake: 'discards what may be out already',
    right: "if record[STATE] == 'replaying' or letters.isHeld",
    wrong: 'if letters.isHeld',
  },
  {
    mistake: 'begins a replay that was begun anew, as a mere lease',
    right: "record[STATE] == 'replaying' and 'replaying' or 'leased'",
    wrong: "'leased'",
  },
  {
    mistake: 'keeps the payload of what is settled',
    right: "letters.writePayload(queue, sequence, record, '')",
    wrong: '',
  },
  {
    mistake: 'forgets the new payload',
    right: "if ARGV[8] == '1' then",
    wrong: 'if false then',
  },
  {
    mistake: 'leaves letters in their old places',
    right: 'letters.displace(queue, { { sequence',
    wrong: 'letters.sequenceOf("", { { sequence',
  },
  {
    mistake: 'never recovers what is due by time',
    right: 'if record[DUE] then return bySequence, queue.due, record[DUE] end',
    wrong: '',
  },
  {
    mistake: 'counts held letters as no letters',
    right: "dead + redis.call('ZCARD', states.leased) + redis.call('ZCARD', states.replaying) + 1",
    wrong: 'dead + 1',
  },
  { mistake: 'has room for one letter too many', right: '+ 1 - maxCount', wrong: '- maxCount' },
  {
    mistake: 'takes a dedupe key for good',
    right: 'if not record or record[KEY_UNTIL] <= queue.now then return end',
    wrong: 'if not record then return end',
  },
  {
    mistake: 'takes a letter for the same as one that may be out',
    right: "if record[STATE] == 'dead' or record[STATE] == 'leased' then return sequence, record end",
    wrong: 'return sequence, record',
  },
  {
    mistake: 'forgets no dedupe keys',
    right: "redis.call('HDEL', queue.keys, key)",
    wrong: "redis.call('HGET', queue.keys, key)",
  },
  {
    mistake: 'gives one id to two letters of one instant',
    right: 'last, number = queue.now, 0 else number = number + 1',
    wrong: 'last, number = queue.now, 0 else last = queue.now',
  },
  {
    mistake: 'trims a letter that is a millisecond too young',
    right: '<= queue.now - age\n    if',
    wrong: '<= queue.now - age + 1\n    if',
  },
  { mistake: 'trims one letter too few', right: 'at > surplus', wrong: 'at >= surplus' },
  {
    mistake: 'trims more than it was told',
    right: 'local room = batch - #lapsed',
    wrong: 'local room = 500',
  },
  {
    mistake: 'never gives back what has lapsed',
    right: 'if record then\n    letters.release(queue, lapsed[at]',
    wrong: 'if false then\n    letters.release(queue, lapsed[at]',
  },
  {
    mistake: 'leaves removals out of the audit',
    right: 'letters.note(queue, sequence, record, event, record[STATE]',
    wrong: 'letters.sequenceOf("", record, event, record[STATE]',
  },
  {
    mistake: 'views without an audit',
    right: "letters.note(queue, sequence, record, 'viewed'",
    wrong: "letters.sequenceOf('', record, 'viewed'",
  },
  {
    mistake: 'skips a letter between two pages',
    right: 'next = sequences[at - 1]',
    wrong: 'next = sequences[at]',
  },
  {
    mistake: 'offers what is dead before what has lapsed',
    right: 'offer(sequencesOf(lapsed))',
    wrong: '',
  },
  {
    mistake: 'publishes at every attempt',
    right:
      "if letters.isSettled(record) or (record[STATE] == 'replaying' and letters.isHeld(queue, record)) then",
    wrong: 'if false then',
    publishes: true,
  },
  {
    mistake: 'publishes and leaves the letter dead',
    right: "letters.finish(queue, sequence, record, 'replayed', false",
    wrong: "letters.sequenceOf('', record, 'replayed', false",
    publishes: true,
  },
  {
    mistake: 'gives a turn that somebody has',
    right: 'if taken and holder ~= owner then return ends - queue.now end',
    wrong: '',
    noticedBy: 'turns: ',
  },
  {
    mistake: 'gives a turn before it is time',
    right: "next > queue.now and ARGV[5] ~= '1'",
    wrong: 'false',
    noticedBy: 'turns: ',
  },
  {
    mistake: 'takes an early one for late',
    right: "next > queue.now and ARGV[5] ~= '1'",
    wrong: 'next > queue.now',
    noticedBy: 'turns: ',
  },
  {
    mistake: 'lets anybody end a turn',
    right: 'if holder ~= owner then return 0 end',
    wrong: '',
    noticedBy: 'turns: ',
  },
  {
    mistake: 'gives a turn too late',
    right: "holder ~= '' and ends > queue.now",
    wrong: "holder ~= '' and ends >= queue.now",
    noticedBy: 'turns: ',
  },
  {
    mistake: 'mixes up jobs',
    right: "local job, owner, lease = 'turn:' .. ARGV[2] .. ':'",
    wrong: "local job, owner, lease = 'turn:'",
    noticedBy: 'turns: ',
  },
  {
    mistake: 'forgets when it was time if somebody falls silent',
    right: 'return write(owner, queue.now + lease, next)',
    wrong: 'return write(owner, queue.now + lease, 0)',
    noticedBy: 'turns: ',
  },
  {
    mistake: 'finds the first letter of a key instead of the last',
    right: "redis.call('HSET', queue.keys, letter.key, sequence)",
    wrong: "redis.call('HSETNX', queue.keys, letter.key, sequence)",
    noticedBy: 'lookup: ',
  },
  {
    mistake: 'forgets the keys of letters that are settled',
    right: "letters.writePayload(queue, sequence, record, '')",
    wrong: "letters.forgetKey(queue, sequence, record) letters.writePayload(queue, sequence, record, '')",
    noticedBy: 'lookup: ',
  },
]

let client: Redis
beforeAll(async () => {
  client = await connect()
})
afterAll(() => client.disconnect())

/** What no answer shows: texts on the server. */
async function leavesNothing(create: DeadLetterStoreOptions['create']): Promise<void> {
  const { store, advance, close } = await create({ maxCount: 10, overflow: 'refuse' })
  const { name } = store as LetterStore
  const ids: string[] = []
  for (const dueIn of [undefined, 0])
    ids.push(await add(store, newLetter({ dueIn, dedupeKey: `key ${dueIn}`, payload: 'secret' })))
  await advance(1)
  for (const id of ids) await store.discard(id, { actor: 'ada', reason: undefined })
  for (const key of await client.keys(`*{${name}}:e:*`)) expect(await client.get(key)).not.toContain('secret')
  await store.trim({ olderThan: 0, keep: 0, settledBefore: 0, batch: 10, actor: 'ada' })
  const left = (await client.keys(`*{${name}}*`)).map((key) => key.slice(key.indexOf('}')))
  expect(left.filter((key) => !key.startsWith('}:meta') && key !== '}:audit')).toEqual([])
  await close?.()
}

describe('the right scripts', () => {
  it('leave nothing behind: no payload of a settled letter, no key of one that is gone', () =>
    leavesNothing(storesOn(() => client)))
})

describe('wrong scripts', () => {
  it.each(mutants)('are caught: one that $mistake', (mutant) =>
    expectToNotice(client, mutant, (rewrite) => {
      const { publishes = false } = mutant
      const create = storesOn(() => client, { publishes, rewrite })
      const kit = deadLetterStoreConformance({ name: 'scripts', clock: 'controlled', create, histories: 20 })
      // What no answer shows is no matter of the kit.
      const nothingLeft: Check = {
        level: 'L0',
        name: 'leaves no trace',
        needs: [],
        run: () => leavesNothing(create),
      }
      return {
        scripts: Object.values(deadLetterScripts(publishes, rewrite)),
        kit: { ...kit, checks: [nothingLeft, ...kit.checks] },
      }
    }),
  )
})
