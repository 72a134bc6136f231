import { postgresDeadLetters } from '@seaworthy/postgres'
import { deadLetterStoreConformance } from '@seaworthy/testing/conformance'
import type { Pool } from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { firstLevels } from './contract-levels.ts'
import {
  dropSchema,
  freshName,
  freshSchema,
  patient,
  poolOf,
  type TestClock,
  testClock,
} from './databases.ts'

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

  firstLevels(
    deadLetterStoreConformance({
      name: `PostgreSQL (${level})`,
      clock: 'controlled',
      histories: level === 'read committed' ? 12 : 4,
      create: async (setup) => ({
        store: postgresDeadLetters({ pool: patient(pool), schema, name: freshName(), ...setup }),
        advance: clock.advance,
      }),
    }),
    { seed: 20 }, // with which so few histories see all there is
  )
}
