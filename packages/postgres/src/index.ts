/**
 * PostgreSQL stores for Seaworthy: idempotency records and dead letters, inside your own transaction where it matters.
 *
 * @module @seaworthy/postgres
 */
export type { PostgresClient, PostgresPool, PostgresQueries } from './client.ts'
export {
  type PostgresConnection,
  type PostgresConnectionEvents,
  type PostgresConnectionOptions,
  type PostgresHealth,
  postgresConnection,
} from './connection.ts'
export type { PostgresDeadLetterStore } from './dead-letter-store.ts'
export { type PostgresDeadLettersOptions, postgresDeadLetters } from './dead-letters.ts'
export {
  CommitUnknownError,
  type PostgresErrorCode,
  type PostgresFailure,
  PostgresSchemaError,
  PostgresUnavailableError,
  type StaleGrant,
  StaleGrantError,
} from './errors.ts'
export { type PostgresIdempotencyOptions, postgresIdempotency, type SweepOptions } from './idempotency.ts'
export type { PostgresIdempotencyStore } from './idempotency-store.ts'
export type { PostgresListener } from './key-listener.ts'
export { type Migrated, type MigrateOptions, migrate } from './migrate.ts'
export { singleConnection } from './single-connection.ts'
export {
  type IdempotentTransaction,
  type IdempotentTransactionOptions,
  idempotentTransaction,
} from './transaction.ts'
