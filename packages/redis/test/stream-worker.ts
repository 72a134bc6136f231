/**
 * A worker in a process of its own. It prints its owner, then one line for each event that tests look at: the type and the task.
 *
 * Payloads say what to do: `{ take, fate }` takes so many milliseconds, then ends as it says.
 */
import { deadLetters } from '@seaworthy/dead-letter'
import { redisConnection, redisDeadLetters, redisStream } from '@seaworthy/redis'
import { worker } from '@seaworthy/worker'
import { Redis } from 'ioredis'

/** What a task does. */
export interface Work {
  readonly take: number
  readonly fate: 'succeed' | 'fail' | 'exit'
}

const [url, name, prefix, concurrency] = process.argv.slice(2) as [string, string, string, string]
const client = new Redis(url, { retryStrategy: () => 50 })
client.on('error', () => {})
const redis = redisConnection(client, { commandTimeout: '2s' })
const tasks = worker<Work>({
  stream: redisStream({ redis, name, prefix, auditLimit: Number.POSITIVE_INFINITY }),
  deadLetters: deadLetters({ store: redisDeadLetters({ redis, name, prefix: `${prefix}dead:` }) }),
  concurrency: Number(concurrency),
  heartbeat: '300ms',
  minIdle: '900ms',
  interval: '100ms',
  maxStarts: 3,
  retries: { attempts: 1 },
  handler: async ({ take, fate }, { task }) => {
    console.log(`started ${task}`)
    await new Promise((resolve) => setTimeout(resolve, take))
    if (fate === 'exit') process.exit(1)
    if (fate === 'fail') throw new Error('broken')
  },
})
for (const event of ['late', 'lost', 'completed', 'claimed'] as const)
  tasks.on(event, ({ task }) => console.log(`${event} ${task}`))
// Nobody is left behind when the tests end, of whatever cause.
process.stdin.on('end', () => process.exit()).resume()
tasks.start()
console.log(`owner ${tasks.owner}`)
