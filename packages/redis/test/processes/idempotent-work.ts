/** A process that does idempotent work. Arguments: URL of the server, prefix, how many calls, lease, what to do: `once` or `hang`. */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { idempotency } from '@seaworthy/idempotency'
import { Redis } from 'ioredis'
import { redisIdempotency } from '../../src/idempotency.ts' // the whole package takes longer to load

const [url = '', prefix = '', calls = '1', lease = '30000', what = 'once'] = process.argv.slice(2)
const say = (line: object): void => void writeSync(1, `${JSON.stringify(line)}\n`)

const client = new Redis(url)
const store = redisIdempotency({ redis: client, prefix })
const policy = idempotency({
  store,
  lease: Number(lease),
  whenInFlight: 'wait',
  maxWait: '20s',
  storeTimeout: '5s',
})

async function work(): Promise<number> {
  await client.incr(`${prefix}runs`)
  say({ running: process.pid })
  await sleep(what === 'hang' ? 60_000 : 300)
  return process.pid
}

await client.ping()
say({ ready: true })
for await (const _ of process.stdin) break
const outcomes = await Promise.all(
  Array.from({ length: Number(calls) }, () => policy.settle(work, { key: 'task' })),
)
say({ outcomes: outcomes.map((each) => (each.status === 'fulfilled' ? each.value : String(each.reason))) })
store.close()
client.disconnect()
