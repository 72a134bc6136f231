/** The contracts on PGlite: PostgreSQL in this process, with a single connection. */
import { type PostgresPool, postgresDeadLetters, postgresIdempotency } from '@seaworthy/postgres'
import {
  deadLetterStoreConformance,
  idempotencyStoreConformance,
  registerConformance,
} from '@seaworthy/testing/conformance'
import * as vitest from 'vitest'
import { freshName, freshSchema, patient, pglitePool, type TestClock, testClock } from './databases.ts'

let pool: PostgresPool
let close: () => Promise<void>
let records: string
let recordClock: TestClock
let letters: string
let letterClock: TestClock

vitest.beforeAll(async () => {
  ;({ pool, close } = pglitePool())
  records = await freshSchema(pool)
  recordClock = await testClock(pool, records, 'ticks')
  letters = await freshSchema(pool)
  letterClock = await testClock(pool, letters, 'stands')
})
vitest.afterAll(() => close())

const recordKit = idempotencyStoreConformance({
  name: 'PGlite store',
  clock: 'controlled',
  create: async () => {
    const store = postgresIdempotency({ pool: patient(pool), schema: records, sweep: false })
    return { store, advance: recordClock.advance, close: () => store.close() }
  },
})
registerConformance(recordKit, vitest, { levels: ['L0'] })

const letterKit = deadLetterStoreConformance({
  name: 'PGlite as a store of dead letters',
  clock: 'controlled',
  create: async (setup) => ({
    store: postgresDeadLetters({ pool: patient(pool), schema: letters, name: freshName(), ...setup }),
    advance: letterClock.advance,
  }),
})
registerConformance(letterKit, vitest, { levels: ['L0'] })
