/** The part of a PostgreSQL client that is used: node-postgres has it, and so does PGlite behind {@link singleConnection}. */

/** Something that runs statements. */
export interface PostgresQueries {
  /** Runs a statement with `values` for `$1`, `$2`, …; or, without values, any number of statements. */
  query(text: string, values?: unknown[]): Promise<{ readonly rows: Record<string, unknown>[] }>
}

/** A connection that was taken from a pool, for example a `PoolClient` of pg. */
export interface PostgresClient extends PostgresQueries {
  /** Gives it back. @param destroy - Whether it is broken, so that the pool closes it. */
  release(destroy?: boolean): void
  on?(event: 'error', listener: (error: Error) => void): unknown
  off?(event: 'error', listener: (error: Error) => void): unknown
}

/** A pool of connections: a `Pool` of pg, or what {@link singleConnection} makes. It is yours: nothing here closes it. */
export interface PostgresPool<Client extends PostgresClient = PostgresClient> {
  connect(): Promise<Client>
  on?(event: 'error', listener: (error: Error) => void): unknown
}
