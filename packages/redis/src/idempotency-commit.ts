/**
 * What a task stream needs to settle a record in its own scripts: the seam between the two stores.
 *
 * A script of the stream has `settleFunctions` in front, checks its receipts, reads the records of all with
 * `idempotency.read`, and then for each calls `idempotency.settle(key, record, unpack of completionArguments)` and goes on with it unless the
 * answer is `stale`.
 */
import type { IdempotencyStore } from '@seaworthy/idempotency'
import type { RedisConnection } from './connection.ts'
import { settleArguments } from './idempotency-answers.ts'
import { settleFunctions } from './idempotency-scripts.ts'
import { RecordStore } from './idempotency-store.ts'

/** The Lua text that defines `idempotency.read(key)` and `idempotency.settle(key, record, owner, fence, state, kept, payload, ttl)`. */
export const completionFunctions: string = settleFunctions(true)

/** The six arguments of `idempotency.settle` after the record. */
export const completionArguments: typeof settleArguments = settleArguments

/**
 * Where the records of a store are, if a script of the stream may touch them: a store of ours, on the same client, beside the keys of the
 * queue.
 *
 * @returns The key of a record; undefined if they live in different places.
 */
export function recordsBeside(
  store: IdempotencyStore,
  connection: RedisConnection,
  queue: string,
): ((key: string) => string) | undefined {
  if (!(store instanceof RecordStore)) return undefined
  if (store.connection.client !== connection.client || store.queue !== queue) return undefined
  return (key) => store.recordKey(key)
}
