/**
 * Operators of one process who all press the same button at once. Arguments: URL of the server, name of the queue, id of the letter, how many, and
 * who replays: `store` or `process`. With the latter each replay takes a while and leaves a mark on the server.
 */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { deadLetters } from '@seaworthy/dead-letter'
import { Redis } from 'ioredis'
import { redisConnection } from '../../src/connection.ts'
import { redisDeadLetters } from '../../src/dead-letters.ts' // the whole package takes longer to load

const [url = '', name = '', id = '', count = '1', replays = 'store'] = process.argv.slice(2)
const say = (line: object): void => void writeSync(1, `${JSON.stringify(line)}\n`)

const client = new Redis(url)
const redis = redisConnection(client, { commandTimeout: '20s' })
const queue = deadLetters({
  store: redisDeadLetters({ redis, name, ...(replays === 'store' && { stream: { name } }) }),
  ...(replays === 'process' && {
    replay: async (_letter: unknown, { replayId }: { readonly replayId: string }) => {
      await client.rpush(`{${name}}:sent`, replayId)
      await sleep(200)
    },
  }),
})

await client.ping()
say({ ready: true })
for await (const _ of process.stdin) break
const pressed = Array.from({ length: Number(count) }, (_, at) =>
  queue.retry(id, { actor: `operator ${at} of ${process.pid}` }),
)
say({ answers: await Promise.all(pressed) })
await queue.close()
redis.dispose()
client.disconnect()
