/** A process that waits to be killed in a transaction. Arguments: URL of the server, schema, where: `worked`, `completed` or `committed`. */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'pg'
// By file: whole packages take long to load.
import type { PostgresPool } from '../../src/client.ts'
import { postgresIdempotency } from '../../src/idempotency.ts'
import { idempotentTransaction } from '../../src/transaction.ts'

const [url = '', schema = '', where = ''] = process.argv.slice(2)
const pool = new Pool({ connectionString: url })

async function waitAt(place: string): Promise<void> {
  if (place !== where) return
  writeSync(1, `${JSON.stringify({ at: place })}\n`)
  await sleep(60_000)
}

/** Stops where it is told to. */
const stopping: PostgresPool = {
  async connect() {
    const client = await pool.connect()
    return {
      release: () => client.release(),
      async query(text, values) {
        const result = await client.query(text, values)
        if (text.includes('idempotency_complete')) await waitAt('completed')
        if (text === 'COMMIT') await waitAt('committed')
        return result
      },
    }
  },
}

const once = idempotentTransaction({
  store: postgresIdempotency({ pool: stopping, schema }),
  lease: 3000,
  storeTimeout: '1s',
})
await once.execute(
  async (client) => {
    await client.query(`INSERT INTO "${schema}".effects VALUES ('key', 'child')`)
    await waitAt('worked')
    return 'child'
  },
  { key: 'key' },
)
