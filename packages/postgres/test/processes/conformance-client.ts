/** A client of the conformance kits, for all stores on PostgreSQL. */
import { conformanceClient } from '@seaworthy/testing/conformance'
import { Pool } from 'pg'
// By file: whole packages take long to load.
import { type PostgresConnection, postgresConnection } from '../../src/connection.ts'
import { postgresDeadLetters } from '../../src/dead-letters.ts'
import { postgresIdempotency } from '../../src/idempotency.ts'

interface Place {
  readonly url: string
  readonly schema: string
}

function connect(url: string): { readonly pool: PostgresConnection; end(): Promise<void> } {
  const pool = new Pool({ connectionString: url })
  return { pool: postgresConnection(pool, { commandTimeout: '20s' }), end: () => pool.end() }
}

await conformanceClient({
  async idempotency({ url, schema }: Place) {
    const { pool, end } = connect(url)
    const store = postgresIdempotency({ pool, schema, sweep: false })
    return {
      store,
      async close() {
        await store.close()
        await end()
      },
    }
  },
  async deadLetters({ url, schema }: Place) {
    const { pool, end } = connect(url)
    return { store: postgresDeadLetters({ pool, schema }), close: end }
  },
})
