/** Many tasks, several worker processes and one producer, while workers and the server are killed all the time; and what is true afterwards. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RedisStream, redisConnection, redisDeadLetters, redisStream } from '@seaworthy/redis'
import { type SeededRandom, seededRandom } from '@seaworthy/testing'
import { type RedisServer, startRedis } from '@seaworthy/testing/servers'
import type { StreamStats } from '@seaworthy/worker'
import { Redis } from 'ioredis'
import { type RunningWorker, startWorker, trailOf } from '../stream-processes.ts'
import { type AofTail, aofTail } from './aof-tail.ts'
import { type Ledger, ledgerAt } from './effects.ts'
import { minIdle } from './fleet-times.ts'
import type { FleetTask, Mistake } from './fleet-worker.ts'

export interface FleetOptions {
  /** The program of the workers. */
  readonly program: string
  readonly seed: number | string
  readonly tasks: number
  readonly workers: number
  readonly concurrency: number
  /** For how long they are enqueued, in milliseconds, at least; a slow machine takes longer. */
  readonly lasting: number
  /** How often the power of the server fails meanwhile. */
  readonly crashes: number
  /** What the workers do wrong. @defaultValue nothing */
  readonly mistake?: Mistake
  /** Whether the producer takes for safe what the server has confirmed. @defaultValue false */
  readonly forgetful?: boolean
}

/** What came of it. Lists hold ids of tasks, if nothing else is said. */
export interface FleetReport {
  /** Neither had their effect nor are dead letters. */
  readonly lost: readonly string[]
  /** Had their effect more than once. */
  readonly twice: readonly string[]
  /** Had their effect and are dead letters. */
  readonly both: readonly string[]
  /** Are dead letters though they could have been done. */
  readonly misjudged: readonly string[]
  /** Entries of the stream that ended more than once. */
  readonly endedTwice: readonly string[]
  readonly stats: StreamStats
  /** What the workers held when they were closed, and connections to the server that nobody should have any more. */
  readonly left: number
  /** What happened: a run in which nothing did shows nothing. */
  readonly happened: Readonly<Record<string, number>>
}

/** So much is cut off an append-only file, in milliseconds; and what was confirmed so shortly before a crash is not safe. */
const mostCut = 1000
const unsafeFor = 3000
/** In so many steps tasks are enqueued. */
const batches = 200
/** Every so many tasks one cannot be done. */
const brokenEvery = 50
/** How long what was enqueued may take to end, in milliseconds. */
const patience = 150_000

export async function runFleet(options: FleetOptions): Promise<FleetReport> {
  await using queue = await startRedis({
    persistence: 'everysec',
    args: ['--auto-aof-rewrite-percentage', '0'],
  })
  await using effects = await startRedis()
  const fleet = new Fleet(options, queue, effects.url)
  try {
    await fleet.run()
    return await fleet.report()
  } finally {
    fleet.end()
  }
}

class Fleet {
  readonly #options: FleetOptions
  readonly #server: RedisServer
  readonly #ledgerUrl: string
  readonly #ledger: Ledger
  readonly #client: Redis
  readonly #random: SeededRandom
  readonly #name = randomUUID()
  readonly #ids: readonly string[]
  readonly #workers: RunningWorker[] = []
  /** All that ever ran. */
  readonly #everybody: RunningWorker[] = []
  /** What the server has confirmed, and when. */
  readonly #confirmed: { readonly batch: readonly string[]; readonly at: number }[] = []
  readonly #happened: Record<string, number> = {}
  #crashedAt: number | undefined
  #produced = 0
  #over = false

  constructor(options: FleetOptions, server: RedisServer, ledgerUrl: string) {
    this.#options = options
    this.#server = server
    this.#ledgerUrl = ledgerUrl
    this.#ledger = ledgerAt(ledgerUrl)
    this.#client = new Redis(server.url, { retryStrategy: () => 50, autoResendUnfulfilledCommands: false })
    this.#client.on('error', () => {})
    this.#random = seededRandom(options.seed)
    this.#ids = Array.from({ length: options.tasks }, (_, index) => `t${index}`)
  }

  async run(): Promise<void> {
    for (let count = 0; count < this.#options.workers; count++) this.#startWorker()
    while (this.#workers.some(({ owner }) => owner === undefined)) await sleep(20)
    const producing = this.#produce()
    const killing = this.#kill()
    await producing
    this.#over = true
    await killing
    const stream = this.#stream()
    const until = performance.now() + patience
    for (;;) {
      const { waiting, pending, due } = await stream.stats()
      if (waiting + pending + due === 0) break
      if (performance.now() > until) throw new Error(`still there: ${waiting}, ${pending}, ${due}`)
      await sleep(50)
    }
    await stream.close()
  }

  async report(): Promise<FleetReport> {
    const left = await this.#closeWorkers()
    const stream = this.#stream()
    const stats = await stream.stats()
    await stream.close()
    const effects = countsOf(await this.#ledger.journal())
    const dead = await this.#deadTasks()
    const trail = await trailOf(this.#client, this.#name, 'q:')
    const endings = trail.filter(({ event }) => event === 'acknowledged' || event === 'dead')
    const moreThanOnce = (counts: ReadonlyMap<string, number>): string[] =>
      [...counts].flatMap(([id, count]) => (count > 1 ? [id] : []))
    const confirmed = this.#confirmed.reduce((sum, { batch }) => sum + batch.length, 0)
    return {
      lost: this.#ids.filter((id) => !effects.has(id) && !dead.has(id)),
      twice: moreThanOnce(effects),
      both: [...dead].filter((id) => effects.has(id)),
      misjudged: [...dead].filter((id) => !isBroken(id)),
      endedTwice: moreThanOnce(countsOf(endings.map(({ entry }) => entry))),
      stats,
      left,
      happened: {
        ...this.#happened,
        ...(await this.#ledger.refused()),
        taskDied: dead.size,
        takenOver: trail.filter(({ event }) => event === 'claimed').length,
        forgotten: Math.max(0, confirmed - stats.enqueued),
      },
    }
  }

  end(): void {
    this.#over = true
    for (const each of this.#everybody) each.process.kill('SIGKILL')
    this.#client.disconnect()
    this.#ledger.close()
  }

  #stream(): RedisStream {
    const redis = redisConnection(this.#client, { commandTimeout: '2s' })
    return redisStream({ redis, name: this.#name, auditLimit: Number.POSITIVE_INFINITY })
  }

  #startWorker(): void {
    const { program, concurrency, mistake = 'none' } = this.#options
    const args = [this.#server.url, this.#ledgerUrl, this.#name, String(concurrency), mistake]
    const started = startWorker(program, ...args)
    this.#workers.push(started)
    this.#everybody.push(started)
  }

  /** Enqueues everything; after each crash once more what was confirmed shortly before it. */
  async #produce(): Promise<void> {
    const { tasks, lasting, forgetful = false } = this.#options
    const stream = this.#stream()
    const batchSize = Math.ceil(tasks / batches)
    const began = performance.now()
    let answeredFor: number | undefined
    const again = async (): Promise<void> => {
      while (this.#crashedAt !== answeredFor) {
        const crashedAt = this.#crashedAt as number
        answeredFor = crashedAt
        const unsafe = this.#confirmed.filter(({ at }) => at >= crashedAt - unsafeFor)
        if (!forgetful) for (const { batch } of unsafe) await this.#enqueue(stream, batch)
      }
    }
    for (let from = 0; from < tasks; from += batchSize) {
      await this.#enqueue(stream, this.#ids.slice(from, from + batchSize))
      this.#produced = from + batchSize
      await again()
      await sleep((lasting * this.#produced) / tasks - (performance.now() - began))
    }
    // Whoever is about to cut the power does so before the producer goes home.
    while (this.#happened['serverCrashed'] !== this.#options.crashes) await sleep(20)
    await again()
    await stream.close()
  }

  async #enqueue(stream: RedisStream, batch: readonly string[]): Promise<void> {
    const tasks = batch.map((id) => ({ id, payload: JSON.stringify(workOf(id)) }))
    for (;;) {
      try {
        await stream.enqueueMany(tasks)
        this.#confirmed.push({ batch, at: performance.now() })
        return
      } catch {
        this.#count('enqueueFailed')
        await sleep(50)
      }
    }
  }

  /** Kills and freezes workers at random times, and the server when the producer has come so far. */
  async #kill(): Promise<void> {
    const { tasks, crashes } = this.#options
    const tail = await aofTail(this.#client)
    const crashAt = Array.from({ length: crashes }, (_, index) => (tasks * (index + 0.6)) / crashes)
    const thawing: Promise<void>[] = []
    while (!this.#over) {
      await sleep(150 + this.#random() * 300)
      const dice = this.#random()
      if (this.#produced >= (crashAt[0] ?? Number.POSITIVE_INFINITY)) {
        crashAt.shift()
        await this.#crash(tail)
      } else if (dice < 0.4) this.#killOne()
      else if (dice < 0.6) thawing.push(this.#freezeOne())
      else if (dice < 0.8) {
        await this.#client.script('FLUSH').catch(() => {})
        this.#count('scriptsFlushed')
      }
    }
    tail.stop()
    await Promise.all(thawing)
  }

  async #crash(tail: AofTail): Promise<void> {
    await this.#server.kill()
    const at = performance.now()
    this.#count('bytesCut', tail.cut(mostCut * (0.3 + 0.7 * this.#random())))
    await this.#server.restart()
    this.#count('serverCrashed')
    // From here on the producer enqueues again what was not safe.
    this.#crashedAt = at
  }

  #killOne(): void {
    const [victim] = this.#workers.splice(this.#pick(), 1)
    victim?.process.kill('SIGKILL')
    this.#startWorker()
    this.#count('workerKilled')
  }

  /** For longer than its tasks are its own. */
  async #freezeOne(): Promise<void> {
    const victim = this.#workers[this.#pick()]
    victim?.process.kill('SIGSTOP')
    this.#count('workerFrozen')
    await sleep(minIdle * 1.5)
    victim?.process.kill('SIGCONT')
  }

  #pick(): number {
    return Math.floor(this.#random() * this.#workers.length)
  }

  #count(what: string, by = 1): void {
    this.#happened[what] = (this.#happened[what] ?? 0) + by
  }

  async #deadTasks(): Promise<Set<string>> {
    const store = redisDeadLetters({ redis: this.#client, name: this.#name })
    const tasks = new Set<string>()
    let cursor: string | undefined
    do {
      const page = await store.list({
        state: 'dead',
        order: 'oldest',
        limit: 500,
        ...(cursor !== undefined && { cursor }),
      })
      for (const { taskId } of page.items) tasks.add(taskId ?? '')
      cursor = page.next
    } while (cursor !== undefined)
    return tasks
  }

  /** @returns What they say is left, and connections of others than us. */
  async #closeWorkers(): Promise<number> {
    for (const { process } of this.#workers) process.stdin?.end()
    const exits = this.#everybody.map(async (each) => {
      while (!each.gone) await sleep(20)
    })
    await Promise.all(exits)
    const told = this.#workers.map(({ lines }) => Number(/^left (\d+)$/.exec(lines.at(-1) ?? '')?.[1]))
    const clients = String(await this.#client.client('LIST'))
    const others = clients.trim().split('\n').length - 1
    return told.reduce((sum, count) => sum + count, others)
  }
}

const isBroken = (id: string): boolean => Number(id.slice(1)) % brokenEvery === 0

/** The same for the same task each time: its record remembers the payload. */
function workOf(id: string): FleetTask {
  const number = Number(id.slice(1))
  if (isBroken(id)) return { before: 0, after: 0, broken: true }
  return { before: number % 7 === 0 ? 10 : 0, after: number % 11 === 0 ? 60 : 0 }
}

function countsOf(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return counts
}
