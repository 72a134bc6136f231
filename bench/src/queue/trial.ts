/**
 * One measurement in a fresh process: `trial.mjs SUBJECT CONTENDER URL JOBS`. Prints what it found as JSON.
 *
 * Jobs are processed by handlers that do nothing, so all that is measured is the queue: what the client does, the network, and the server.
 */
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { contenders, type OpenQueue } from './contenders.ts'

/** What was measured: jobs a second, and the processor time of a job on both sides, in microseconds. */
export interface Trial {
  readonly rate: number
  readonly client: number
  readonly server: number
  /** Bytes of a waiting job in Redis. */
  readonly bytes?: number
}

const [subject = '', contender = '', url = '', count = '0'] = process.argv.slice(2)
const jobs = Number(count)
const chosen = contenders.find(({ name }) => name === contender)
if (chosen === undefined) throw new Error(`no contender is called ${contender}`)
const queue = chosen.open(url, randomUUID())
const control = new Redis(url)
const [kind, size] = subject.split('.') as [string, string]

const result =
  kind === 'enqueue' ? await enqueue(size) : kind === 'memory' ? await memory() : await work(Number(size))
process.stdout.write(JSON.stringify(result))
process.exit(0)

async function enqueue(how: string): Promise<Trial> {
  await add(queue, 200, how) // warm-up
  return timed(() => add(queue, jobs, how))
}

async function memory(): Promise<Trial> {
  await add(queue, 100, 'bulk')
  const before = await used()
  const trial = await timed(() => add(queue, jobs, 'bulk'))
  return { ...trial, bytes: ((await used()) - before) / jobs }
}

async function work(concurrency: number): Promise<Trial> {
  await add(queue, 500, 'bulk')
  await drain(concurrency, 500) // warm-up
  await add(queue, jobs, 'bulk')
  return timed(() => drain(concurrency, jobs))
}

/** Works until so many jobs were done, the last one included in full: until the queue was told. */
async function drain(concurrency: number, expected: number): Promise<void> {
  let done = 0
  let all: () => void
  const finished = new Promise<void>((resolve) => {
    all = resolve
  })
  const worker = queue.work(concurrency, () => {
    if (++done === expected) all()
  })
  await finished
  await worker.close()
}

async function add(to: OpenQueue, total: number, how: string): Promise<void> {
  if (how === 'single') for (let i = 0; i < total; i++) await to.enqueue()
  else if (how === 'bulk') for (let i = 0; i < total; i += 100) await to.enqueueMany(Math.min(100, total - i))
  else {
    let left = total
    const lane = async (): Promise<void> => {
      while (left-- > 0) await to.enqueue()
    }
    await Promise.all(Array.from({ length: 50 }, lane))
  }
}

async function timed(act: () => Promise<unknown>): Promise<Trial> {
  const server = await serverTime()
  const client = process.cpuUsage()
  const began = performance.now()
  await act()
  const took = performance.now() - began
  const { user, system } = process.cpuUsage(client)
  return {
    rate: (jobs * 1000) / took,
    client: (user + system) / jobs,
    server: ((await serverTime()) - server) / jobs,
  }
}

/** Microseconds. */
async function serverTime(): Promise<number> {
  const info = await control.info('cpu')
  const seconds = (name: string): number => Number(new RegExp(`${name}:([0-9.]+)`).exec(info)?.[1])
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6
}

async function used(): Promise<number> {
  return Number(/used_memory:([0-9]+)/.exec(await control.info('memory'))?.[1])
}
