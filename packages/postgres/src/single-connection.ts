import type { PGlite } from '@electric-sql/pglite'
import type { PostgresPool, PostgresQueries } from './client.ts'

/**
 * Makes a pool of a single connection, which one after another gets for itself: PGlite, or one client of pg.
 *
 * Use the connection through the pool only. A statement that goes past it would end up in whatever transaction is open.
 *
 * @example
 * ```ts
 * import { PGlite } from '@electric-sql/pglite'
 * import { migrate, singleConnection } from '@seaworthy/postgres'
 *
 * const database = new PGlite()
 * const pool = singleConnection(database)
 * console.log((await migrate(pool)).applied) // [ 1, 2 ]
 * await database.close()
 * ```
 */
export function singleConnection(connection: PostgresQueries): PostgresPool {
  const query = queryOf(connection)
  let free: Promise<void> = Promise.resolve()
  return {
    connect() {
      const turn = free
      let release = (): void => {}
      free = new Promise((resolve) => {
        release = resolve
      })
      return turn.then(() => ({ query, release: () => release() }))
    },
  }
}

/** PGlite takes several statements only through a method of its own. */
function queryOf(connection: PostgresQueries): PostgresQueries['query'] {
  const { exec } = connection as PostgresQueries & Partial<Pick<PGlite, 'exec'>>
  if (exec === undefined) return (text, values) => connection.query(text, values)
  return async (text, values) => {
    if (values !== undefined) return connection.query(text, values)
    const results = await exec.call(connection, text)
    return { rows: results.at(-1)?.rows ?? [] }
  }
}
