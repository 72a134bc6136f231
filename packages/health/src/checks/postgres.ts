import type { CheckOptions, HealthCheck } from '../check.ts'

/** The part of a pool or client of `pg` that the check uses. */
export interface PostgresLike {
  query(text: string): Promise<unknown>
}

/** Asks a PostgreSQL server for `SELECT 1`, over a connection of the pool: a pool that is used up fails by its time limit. */
export function postgresCheck(pool: PostgresLike, options: CheckOptions = {}): HealthCheck {
  return {
    componentType: 'datastore',
    ...options,
    async check() {
      await pool.query('SELECT 1')
      return true
    },
  }
}
