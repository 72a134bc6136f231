/** The test of the conformance kit: it must catch SQL that is wrong. */
import { postgresDeadLetters } from '@seaworthy/postgres'
import { deadLetterStoreConformance } from '@seaworthy/testing/conformance'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshName, patient, poolOf } from './databases.ts'
import { check, expectToNotice, type KitOf, type Mistakes } from './wrong-sql.ts'

const letterMistakes: Mistakes = {
  'settles for whoever asks': ['known.fence IS DISTINCT FROM p_fence', 'false'],
  'renews for whoever asks': ['AND fence = p_fence AND state IN', 'AND state IN'],
  'shortens a lease': [' AND leased_until < v_until', ''],
  'gives out a fence twice': [`v_fence := nextval('seaworthy.dead_letter_fences')`, 'v_fence := 1'],
  'takes a lease for lapsed a millisecond too late': ['leased_until <= $2', 'leased_until < $2'],
  'replays what somebody is replaying': [`OR (known.state = 'replaying' AND known.leased_until > v_now)`, ''],
  'replays what is settled': ['IF known.settled_at IS NOT NULL OR (known', 'IF (known'],
  'discards what may be out already': [
    `known.state = 'replaying' OR known.leased_until`,
    'known.leased_until',
  ],
  'begins a replay that was begun anew, as a mere lease': [
    `state = CASE state WHEN 'replaying' THEN state ELSE 'leased' END,\n      owner`,
    `state = 'leased',\n      owner`,
  ],
  'keeps the payload of what is settled': ['settled_at = p_at, payload = NULL', 'settled_at = p_at'],
  'forgets the new payload': ['coalesce(p_payload, letter.payload)', 'letter.payload'],
  'hands the payload to whoever asks': ['known, true, p_actor IS NOT NULL', 'known, true, true'],
  'takes a dedupe key for good': ['IF keyed.until > v_now THEN', 'IF keyed.id IS NOT NULL THEN'],
  'takes a letter for the same as one that may be out': [
    `AND id = keyed.id AND state IN ('dead', 'leased')`,
    'AND id = keyed.id',
  ],
  'has room for one letter too many': ['+ 1 - p_max_count', '- p_max_count'],
  'counts held letters as no letters': [
    'WHEN (OLD.settled_at IS NULL AND NEW.settled_at IS NOT NULL)',
    `WHEN (OLD.state = 'dead')`,
  ],
  'never has room again': ['WHEN (OLD.settled_at IS NULL AND NEW.settled_at IS NOT NULL)', 'WHEN (false)'],
  'drops the youngest': ['ORDER BY id LIMIT surplus', 'ORDER BY id DESC LIMIT surplus'],
  'trims a letter that is a millisecond too young': [
    'floor(p_older_than)::bigint + 1',
    'floor(p_older_than)::bigint + 2',
  ],
  'trims one letter too few': ['greatest(0, kept - p_keep)', 'greatest(0, kept - p_keep - 1)'],
  'trims more than it was told': ['room := room - cardinality(lapsed)', 'room := 500'],
  'never gives back what has lapsed': [`AND leased_until <= v_now AND state = 'leased'`, 'AND false'],
  'leaves removals out of the audit': ['FROM gone WHERE p_audit ORDER BY id', 'FROM gone WHERE false'],
  'views without an audit': [`seaworthy.now_in_milliseconds(), 'viewed'`, `NULL, 'viewed'`],
  'skips a letter between two pages': ['THEN ids[p_limit] END', 'THEN ids[p_limit + 1] END'],
  'offers what is dead before what has lapsed': ['ids := lapsed || ids', 'ids := ids || lapsed'],
  'offers what is due by age': [`THEN 'due, id' ELSE`, `THEN 'id' ELSE`],
  'offers what is not due': [`THEN ' AND due <= $2' ELSE`, `THEN '' ELSE`],
  'looks at no type': ['hashtextextended(type, 0) = %s AND type = %L', '%s IS NOT NULL AND %L IS NOT NULL'],
  'counts no failed replay': [`CASE p_outcome WHEN 'failed' THEN 1 ELSE 0 END`, '0'],
  'calls settled what was settled otherwise': ['WHEN known.state = p_outcome THEN', 'WHEN true THEN'],
  'finds the first letter of a key instead of the last': ['SET id = v_id, until', 'SET until', 'lookup: '],
  'forgets the keys of letters that are settled': [
    'WHERE keys.queue = p_queue AND keys.key_hash = sha256',
    'WHERE letter.settled_at IS NULL AND keys.queue = p_queue AND keys.key_hash = sha256',
    'lookup: ',
  ],
  'gives a turn that somebody has': ['IF turn.owner <> p_owner THEN', 'IF false THEN', 'turns: '],
  'gives a turn before it is time': ['ELSIF turn.next_at > v_now AND NOT p_early', 'ELSIF false', 'turns: '],
  'takes an early one for late': ['turn.next_at > v_now AND NOT p_early', 'turn.next_at > v_now', 'turns: '],
  'gives a turn a millisecond too late': ['AND turn.until > v_now', 'AND turn.until >= v_now', 'turns: '],
  'never takes a turn from who fell silent': [
    'turn.owner IS NOT NULL AND turn.until > v_now',
    'turn.owner IS NOT NULL',
    'turns: ',
  ],
  'lets anybody end a turn': ['AND job = p_job AND owner = p_owner', 'AND job = p_job', 'turns: '],
  'mixes up jobs': [
    'WHERE queue = p_queue AND job = p_job FOR UPDATE',
    'WHERE queue = p_queue FOR UPDATE',
    'turns: ',
  ],
}

let pool: Pool
beforeAll(async () => {
  pool = await poolOf()
})
afterAll(() => pool.end())

const letters: KitOf = (schema, advance) =>
  deadLetterStoreConformance({
    name: schema,
    clock: 'controlled',
    create: async (setup) => ({
      store: postgresDeadLetters({ pool: patient(pool), schema, name: freshName(), ...setup }),
      advance,
    }),
  })

describe('the contract of dead letter stores', () => {
  it('passes SQL that is right', async () => {
    expect(await check(pool, (sql) => sql, 'stands', letters)).toBeUndefined()
  })

  it.each(Object.entries(letterMistakes))('catches SQL that %s', (_name, mistake) =>
    expectToNotice(pool, mistake, 'stands', letters),
  )
})
