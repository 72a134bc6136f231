/** The test of the conformance kit: it must catch SQL that is wrong. */
import { postgresIdempotency } from '@seaworthy/postgres'
import { idempotencyStoreConformance } from '@seaworthy/testing/conformance'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { patient, poolOf } from './databases.ts'
import { check, expectToNotice, type KitOf, type Mistakes } from './wrong-sql.ts'

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

let pool: Pool
beforeAll(async () => {
  pool = await poolOf()
})
afterAll(() => pool.end())

const records: KitOf = (schema, advance) =>
  idempotencyStoreConformance({
    name: schema,
    clock: 'controlled',
    create: async () => {
      const store = postgresIdempotency({ pool: patient(pool), schema, sweep: false })
      return { store, advance, close: () => store.close() }
    },
  })

describe('the contract of idempotency stores', () => {
  it('passes SQL that is right', async () => {
    expect(await check(pool, (sql) => sql, 'ticks', records)).toBeUndefined()
  })

  it.each(Object.entries(recordMistakes))('catches SQL that %s', (_name, mistake) =>
    expectToNotice(pool, mistake, 'ticks', records),
  )
})
