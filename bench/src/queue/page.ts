/** A page of 50 from many dead letters: `page.mjs CONTENDER URL LETTERS`. Prints the median in milliseconds as JSON. */
import { randomUUID } from 'node:crypto'
import { deadLetters } from '@seaworthy/dead-letter'
import { redisDeadLetters } from '@seaworthy/redis'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'

const [contender, url = '', count = '0'] = process.argv.slice(2)
const letters = Number(count)
const reads = 200
const name = randomUUID()
const connection = new Redis(url, { maxRetriesPerRequest: null })
const error = Object.assign(new Error('no answer within 30 s'), { code: 'ETIMEDOUT' })

const read = contender?.startsWith('bullmq') ? await failedJobs() : await deadOnes()
const times: number[] = []
for (let i = 0; i < reads; i++) {
  const began = performance.now()
  if ((await read()) !== 50) throw new Error('a page has 50')
  times.push(performance.now() - began)
}
times.sort((a, b) => a - b)
process.stdout.write(JSON.stringify({ median: times[reads / 2], slow: times[reads * 0.99] }))
process.exit(0)

async function deadOnes(): Promise<() => Promise<number>> {
  const queue = deadLetters({ store: redisDeadLetters({ redis: connection, name, maxCount: letters * 2 }) })
  for (let i = 0; i < letters; i += 200) {
    await Promise.all(
      Array.from({ length: 200 }, (_, n) => queue.add({ job: i + n }, error, { type: 'mail' })),
    )
  }
  return async () => (await queue.list({ limit: 50 })).items.length
}

async function failedJobs(): Promise<() => Promise<number>> {
  const queue = new Queue(name, { connection })
  for (let i = 0; i < letters; i += 1000)
    await queue.addBulk(Array.from({ length: 1000 }, (_, n) => ({ name: 'mail', data: { job: i + n } })))
  const worker = new Worker(name, () => Promise.reject(error), {
    connection: new Redis(url, { maxRetriesPerRequest: null }),
    concurrency: 50,
  })
  worker.on('error', () => {})
  while ((await queue.getFailedCount()) < letters) await new Promise((resolve) => setTimeout(resolve, 200))
  await worker.close()
  return async () => (await queue.getFailed(0, 49)).length
}
