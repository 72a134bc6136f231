/**
 * Redis stores for Seaworthy: idempotency records, dead letters, task streams, journeys, and what instances share about circuits, levels and
 * scheduled jobs. One script an operation.
 *
 * @module @seaworthy/redis
 */
export { type RedisBreakers, type RedisBreakersOptions, redisBreakers } from './breakers.ts'
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
export {
  type RedisDegradationOptions,
  type RedisDegradationStore,
  redisDegradation,
} from './degradation.ts'
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
export type { RedisRisk, RedisServerFacts } from './server-facts.ts'
export { type RedisStreamOptions, redisStream } from './stream.ts'
export type { RedisStream } from './task-stream.ts'
export { type RedisUpkeepOptions, type RedisUpkeepStore, redisUpkeep } from './upkeep.ts'
