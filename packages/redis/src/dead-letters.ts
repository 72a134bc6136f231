/** Dead letters on Redis: the factory, its options and what they mean. */
import { count, InvalidOptionError, knownOptions, oneOf } from '@seaworthy/core'
import type { RedisClient } from './client.ts'
import { connectionOf, type RedisConnection } from './connection.ts'
import { LetterStore, type LetterStoreSettings, type RedisDeadLetterStore } from './dead-letter-store.ts'
import { checkedPrefix } from './key-options.ts'
import { streamKeys } from './stream-entry.ts'

/** Options of {@link redisDeadLetters}. */
export interface RedisDeadLettersOptions {
  /** Your client, or one under supervision ({@link redisConnection}), which other stores may share. */
  readonly redis: RedisClient | RedisConnection
  /** The name of the queue; the hash tag of all its keys. No braces. @defaultValue `'letters'`, or the name of the stream */
  readonly name?: string
  /** What all keys begin with. No braces. @defaultValue `'dlq:'` */
  readonly prefix?: string
  /** How many letters may be dead, leased or replaying. @defaultValue 100,000 */
  readonly maxCount?: number
  /**
   * What becomes of one more: `drop-oldest` removes the oldest dead one, `refuse` refuses the new one.
   *
   * @defaultValue `'refuse'`
   */
  readonly overflow?: 'drop-oldest' | 'refuse'
  /** How many settled letters are remembered, without their payload. @defaultValue 10,000 */
  readonly keepSettled?: number
  /** How many audit entries are kept, about; 0 for no audit. @defaultValue 100,000 */
  readonly auditLimit?: number
  /**
   * The Redis task stream that replayed letters go to, on the same server. Replaying is then one step of the store: no `replay`
   * function, nothing left half done by a crash. Give the stream the codec of the queue if it is not the default one.
   *
   * @defaultValue none: the queue's `replay` function publishes
   */
  readonly stream?: ReplayTarget
}

/** Which stream replayed letters go to. */
export interface ReplayTarget {
  /** Its name, which must be that of the queue: the two share a hash tag. */
  readonly name: string
  /** What its keys begin with. @defaultValue `'q:'` */
  readonly prefix?: string
  /** How many entries its audit keeps, about; 0 for no audit. @defaultValue 100,000 */
  readonly auditLimit?: number
}

/**
 * Keeps dead letters on Redis 7.0 or later: one server, Sentinel, or a cluster. Each method is one script and one round trip; all
 * times are those of the server. A script touches at most 500 letters, however many there are.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Methods reject with a
 *   {@link RedisUnavailableError}, within the `commandTimeout` of the connection.
 *
 * @example
 * ```ts
 * import { deadLetters } from '@seaworthy/dead-letter'
 * import { redisDeadLetters } from '@seaworthy/redis'
 * import { Redis } from 'ioredis'
 *
 * const client = new Redis({ lazyConnect: true })
 * const queue = deadLetters({ store: redisDeadLetters({ redis: client, name: 'mails' }) })
 * console.log(typeof queue.add) // function
 * await queue.close()
 * client.disconnect()
 * ```
 */
export function redisDeadLetters(options: RedisDeadLettersOptions): RedisDeadLetterStore {
  knownOptions('redisDeadLetters', options, [
    'redis',
    'name',
    'prefix',
    'maxCount',
    'overflow',
    'keepSettled',
    'auditLimit',
    'stream',
  ])
  const { redis, prefix, stream, maxCount = 100_000, overflow = 'refuse' } = options
  const { keepSettled = 10_000, auditLimit = 100_000 } = options
  const name = checkedName('name', options.name ?? stream?.name ?? 'letters')
  return new LetterStore({
    connection: connectionOf(redis),
    name,
    prefix: checkedPrefix(prefix, 'dlq:'),
    maxCount: count('maxCount', maxCount),
    overflow: oneOf('overflow', overflow, ['drop-oldest', 'refuse']),
    keepSettled: count('keepSettled', keepSettled, 0),
    auditLimit: count('auditLimit', auditLimit, 0),
    stream: stream === undefined ? undefined : target(stream, name),
  })
}

function target(
  { name, prefix, auditLimit = 100_000 }: ReplayTarget,
  queue: string,
): LetterStoreSettings['stream'] {
  if (name !== queue) throw new InvalidOptionError('stream.name', `the name of the queue, '${queue}'`, name)
  const keys = streamKeys({ name, prefix: checkedPrefix(prefix, 'q:') })
  return { keys, auditLimit: count('stream.auditLimit', auditLimit, 0) }
}

function checkedName(option: string, name: string): string {
  if (typeof name === 'string' && name !== '' && !/[{}]/.test(name)) return name
  throw new InvalidOptionError(option, 'a text without { and }', name)
}
