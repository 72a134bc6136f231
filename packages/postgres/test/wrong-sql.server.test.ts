/** The test of the contracts: they must catch SQL that is wrong. */
import { postgresDeadLetters, postgresIdempotency } from '@seaworthy/postgres'
import {
  type ConformanceKit,
  deadLetterStoreConformance,
  idempotencyStoreConformance,
  runConformance,
} from '@seaworthy/testing/conformance'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { changedSchema, dropSchema, freshName, patient, poolOf, testClock } from './databases.ts'

/** What is right, and what is wrong in its place; everywhere. */
type Mistakes = Readonly<Record<string, readonly [right: string, wrong: string]>>

const recordMistakes: Mistakes = {
  'completes for whoever asks': ['known.owner <> p_owner OR known.fence <> p_fence THEN', 'false THEN'],
  'compares no owner': ['known.owner <> p_owner OR ', ''],
  'compares no fence': [' OR known.fence <> p_fence', ''],
  'settles what is settled': [`WHEN known.state <> 'inFlight' THEN 'already'`, ''],
  'never lets a record expire': ['known.expires_at <= ', `'infinity'::timestamptz <= `],
  'grants what is in flight': ['ELSIF known.lease_until > p_now THEN', 'ELSIF false THEN'],
  'never grants what is abandoned': ['ELSIF p_takeover THEN', 'ELSIF false THEN'],
  'takes over unasked': ['ELSIF p_takeover THEN', 'ELSIF true THEN'],
  'does again what is done': [`known.state IN ('completed', 'failed')`, `known.state IN ('failed')`],
  'forgets that work has failed': [`known.state IN ('completed', 'failed')`, `known.state = 'completed'`],
  'compares no fingerprint': ['known.fingerprint <> p_fingerprint THEN', 'false THEN'],
  'compares the last fingerprint': [`known.fingerprint <> '' AND p_fingerprint <> ''`, 'true'],
  'gives a fence twice': [
    'fence = greatest(floor(extract(epoch FROM v_now) * 1000000)::bigint, record.fence + 1)',
    'fence = record.fence',
  ],
  'counts no attempts': ['ELSE record.attempt + 1 END', 'ELSE record.attempt END'],
  'forgets the last error': ['THEN NULL ELSE record.payload END', 'THEN NULL ELSE NULL END'],
  'makes a new grant of a claim that was sent twice': [
    `known.state = 'inFlight' AND known.owner = p_owner THEN`,
    'false THEN',
  ],
  'locks out whoever claims twice': [
    `known.state = 'retryable' OR known.owner = p_owner`,
    `known.state = 'retryable'`,
  ],
  'renews no lease': ['SET lease_until = v_now + seaworthy.lasting(p_lease), expires_at', 'SET expires_at'],
  'renews what is settled': [`known.state <> 'inFlight' OR known.owner`, 'known.owner'],
  'keeps a settled record for ever': [
    'payload = p_payload, expires_at = v_now + seaworthy.lasting(p_ttl)',
    `payload = p_payload, expires_at = 'infinity'`,
  ],
  'drops whatever the fence': ['p_fence IS NOT NULL AND known.fence <> p_fence', 'false'],
  'shows a payload that was omitted as an empty one': [
    'payload = p_payload',
    `payload = coalesce(p_payload, '')`,
  ],
  'calls abandoned work in flight': [
    `THEN 'abandoned' ELSE known.state END`,
    'THEN known.state ELSE known.state END',
  ],
  'answers one of many claims': ['answers[asked.place] :=', 'answers[1] :='],
}

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
}

let pool: Pool
beforeAll(async () => {
  pool = await poolOf()
})
afterAll(() => pool.end())

/** What goes wrong first; undefined if nothing does. */
async function firstFailure(kit: ConformanceKit): Promise<string | undefined> {
  const { failures } = await runConformance(kit, { levels: ['L0'], failFast: true, seed: 1 })
  return failures[0]?.message
}

async function check(
  change: (sql: string) => string,
  clock: 'stands' | 'ticks',
  kitOf: (schema: string, advance: (milliseconds: number) => Promise<void>) => ConformanceKit,
): Promise<string | undefined> {
  const schema = await changedSchema(pool, change)
  try {
    const { advance } = await testClock(pool, schema, clock)
    return await firstFailure(kitOf(schema, advance))
  } finally {
    await dropSchema(pool, schema)
  }
}

/** @throws Error when there is no such place. */
function replacing(mistakes: Mistakes, name: string): (sql: string) => string {
  const [right, wrong] = mistakes[name] ?? ['', '']
  // A mistake is in one of two files.
  return (sql) => sql.replaceAll(right, () => wrong)
}

const records = (schema: string, advance: (milliseconds: number) => Promise<void>) =>
  idempotencyStoreConformance({
    name: schema,
    clock: 'controlled',
    create: async () => {
      const store = postgresIdempotency({ pool: patient(pool), schema, sweep: false })
      return { store, advance, close: () => store.close() }
    },
  })

const letters = (schema: string, advance: (milliseconds: number) => Promise<void>) =>
  deadLetterStoreConformance({
    name: schema,
    clock: 'controlled',
    create: async (setup) => ({
      store: postgresDeadLetters({ pool: patient(pool), schema, name: freshName(), ...setup }),
      advance,
    }),
  })

describe('the contract of idempotency stores', () => {
  it('passes SQL that is right', async () => {
    expect(await check((sql) => sql, 'ticks', records)).toBeUndefined()
  })

  it.each(Object.keys(recordMistakes))('catches SQL that %s', async (name) => {
    expect(typeof (await check(replacing(recordMistakes, name), 'ticks', records))).toBe('string')
  })
})

describe('the contract of dead letter stores', () => {
  it('passes SQL that is right', async () => {
    expect(await check((sql) => sql, 'stands', letters)).toBeUndefined()
  })

  it.each(Object.keys(letterMistakes))('catches SQL that %s', async (name) => {
    expect(typeof (await check(replacing(letterMistakes, name), 'stands', letters))).toBe('string')
  })
})
