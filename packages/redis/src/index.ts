/**
 * Redis stores for Seaworthy: idempotency records, dead letters, task streams, journeys. One script an operation.
 *
 * @module @seaworthy/redis
 */
export type { RedisClient } from './client.ts'
export {
  type RedisConnection,
  type RedisConnectionEvents,
  type RedisConnectionOptions,
  type RedisHealth,
  redisConnection,
} from './connection.ts'
export type { RedisDeadLetterStore } from './dead-letter-store.ts'
export { type RedisDeadLettersOptions, type ReplayTarget, redisDeadLetters } from './dead-letters.ts'
export { type RedisFailure, RedisUnavailableError } from './errors.ts'
export { type RedisIdempotencyOptions, redisIdempotency } from './idempotency.ts'
export { NotReplicatedError } from './idempotency-errors.ts'
export type { RedisIdempotencyStore } from './idempotency-store.ts'
export {
  type JourneyLoss,
  type RedisJourney,
  type RedisJourneyEvents,
  type RedisJourneyOptions,
  redisJourney,
} from './journey.ts'
export { type RedisStreamOptions, redisStream } from './stream.ts'
export type { RedisStream } from './task-stream.ts'
