/**
 * What a task stream needs to write a dead letter in its own script: the seam between the two stores.
 *
 * The script has `addFunctions` in front, checks its receipt, opens the letters at the place of `keys`, and ends the task unless
 * `letters.add` answers `full`.
 */
import type { DeadLetterStore } from '@seaworthy/dead-letter'
import type { RedisConnection } from './connection.ts'
import { LetterStore } from './dead-letter-store.ts'
import type { LettersBeside } from './letters-beside.ts'

/**
 * How to write letters, if a script of the stream may: into a store of ours, on the same client, with the hash tag of the queue.
 *
 * @returns Undefined if they live in different places.
 */
export function lettersBeside(
  store: DeadLetterStore,
  connection: RedisConnection,
  queue: string,
): LettersBeside | undefined {
  if (!(store instanceof LetterStore)) return undefined
  if (store.connection.client !== connection.client || store.name !== queue) return undefined
  return store.beside()
}
