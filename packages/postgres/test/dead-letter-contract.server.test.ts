import { postgresDeadLetters } from '@seaworthy/postgres'
import type { Pool } from 'pg'
import * as vitest from 'vitest'
import { type StoreFactory, storeContract } from '../../dead-letter/test/store-contract.ts'
import { storeExtras } from '../../dead-letter/test/store-extras.ts'
import {
  dropSchema,
  freshName,
  freshSchema,
  patient,
  poolOf,
  type TestClock,
  testClock,
} from './databases.ts'

const { afterAll, beforeAll } = vitest

for (const level of ['read committed', 'serializable']) {
  let pool: Pool
  let schema: string
  let clock: TestClock
  beforeAll(async () => {
    pool = await poolOf({ options: `-c default_transaction_isolation=${level.replace(' ', '\\ ')}` })
    schema = await freshSchema(pool)
    clock = await testClock(pool, schema, 'stands')
  })
  afterAll(async () => {
    await dropSchema(pool, schema)
    await pool.end()
  })

  const create: StoreFactory = async (setup) => ({
    store: postgresDeadLetters({ pool: patient(pool), schema, name: freshName(), ...setup }),
    advance: clock.advance,
  })
  storeContract(`PostgreSQL (${level})`, create, { histories: level === 'read committed' ? 12 : 4 })
  storeExtras(`PostgreSQL (${level})`, create, vitest)
}
