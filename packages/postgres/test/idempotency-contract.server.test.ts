import { setTimeout as sleep } from 'node:timers/promises'
import { postgresIdempotency } from '@seaworthy/postgres'
import { idempotencyStoreConformance } from '@seaworthy/testing/conformance'
import { postgresForTests } from '@seaworthy/testing/servers'
import { Client, type Pool } from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { firstLevels } from './contract-levels.ts'
import { dropSchema, freshSchema, patient, poolOf, type TestClock, testClock } from './databases.ts'

const levels = ['read committed', 'repeatable read', 'serializable'] as const

for (const level of levels) {
  let pool: Pool
  let schema: string
  let clock: TestClock
  let url: string
  beforeAll(async () => {
    ;({ url } = await postgresForTests())
    pool = await poolOf({ options: `-c default_transaction_isolation=${level.replace(' ', '\\ ')}` })
    schema = await freshSchema(pool)
    clock = await testClock(pool, schema, 'runs')
  })
  afterAll(async () => {
    await dropSchema(pool, schema)
    await pool.end()
  })

  firstLevels(
    idempotencyStoreConformance({
      name: `PostgreSQL store (${level})`,
      clock: 'real',
      pace: 4, // for machines that stall; time is put forward, so it costs nothing
      histories: level === 'read committed' ? 100 : 20,
      async create() {
        const listen = (): Client => new Client(url)
        const store = postgresIdempotency({ pool: patient(pool), schema, sweep: false, listen })
        // The clock is put forward; what happens on the network takes its time.
        const advance = async (milliseconds: number): Promise<void> => {
          await clock.advance(milliseconds)
          await sleep(Math.min(milliseconds / 4, 250))
        }
        return { store, advance, close: () => store.close() }
      },
    }),
  )
}
