/**
 * A worker in a process of its own, whose tasks have effects on a ledger. Arguments: where the queue is, where the ledger is, the name of the
 * queue, how many tasks at once, and what is wrong with it. When its input ends it closes, and prints what is left of it.
 */
import { deadLetters } from '@seaworthy/dead-letter'
import { redisConnection, redisDeadLetters, redisIdempotency, redisStream } from '@seaworthy/redis'
import { worker } from '@seaworthy/worker'
import { Redis } from 'ioredis'
import { ledgerAt } from './effects.ts'
import { heartbeat, minIdle } from './fleet-times.ts'

/** What a task does: it takes some milliseconds before its effect and after it, or it cannot be done at all. */
export interface FleetTask {
  readonly before: number
  readonly after: number
  readonly broken?: true
}

/** `unfenced`: has its effect without looking. `early`: says that it is done before it has its effect. */
export type Mistake = 'none' | 'unfenced' | 'early'

const [url = '', ledgerUrl = '', name = '', concurrency = '', mistake = 'none'] = process.argv.slice(2)
const client = new Redis(url, { retryStrategy: () => 50 })
client.on('error', () => {})
const redis = redisConnection(client, { commandTimeout: '1s' })
const ledger = ledgerAt(ledgerUrl)
const stream = redisStream({ redis, name, auditLimit: Number.POSITIVE_INFINITY })
const store = redisIdempotency({ redis, queue: name, hints: false })
const letters = deadLetters({ store: redisDeadLetters({ redis, name }) })

const pause = (milliseconds: number): unknown =>
  milliseconds === 0 ? undefined : new Promise((resolve) => setTimeout(resolve, milliseconds))

async function effect(task: string, fence: number, { before, after }: FleetTask): Promise<void> {
  if (mistake === 'unfenced') {
    await pause(before)
    await ledger.applyAlways(task)
  } else {
    if ((await ledger.begin(task, fence)) === 'stale') throw new Error('superseded')
    await pause(before)
    if ((await ledger.apply(task, fence)) === 'stale') throw new Error('superseded')
  }
  await pause(after)
}

const tasks = worker<FleetTask>({
  stream,
  deadLetters: letters,
  idempotency: { store },
  concurrency: Number(concurrency),
  heartbeat,
  minIdle,
  interval: '100ms',
  // Who is killed at random is no poison.
  maxStarts: 1000,
  maxDeliveries: 1000,
  suspectAfter: Number.POSITIVE_INFINITY,
  retries: { attempts: 1000, delay: '50ms' },
  handler: (work, { task, fence }) => {
    if (work.broken) throw Object.assign(new Error('broken'), { failureClass: 'fatal' })
    if (mistake !== 'early') return effect(task, fence as number, work)
    setTimeout(() => effect(task, fence as number, work).catch(() => {}), 400)
    return undefined
  },
})

async function close(): Promise<void> {
  await tasks.close()
  await letters.close()
  await stream.close()
  store.close()
  const left = [tasks, stream, store, redis].flatMap((part) => Object.values(part.debugStats?.() ?? {}))
  console.log(`left ${left.reduce((sum, count) => sum + count, 0)}`)
  process.exit()
}
process.stdin.on('end', () => void close()).resume()
tasks.start()
console.log(`owner ${tasks.owner}`)
