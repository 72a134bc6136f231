import { duration, type Random } from '@seaworthy/core'
import type { DeadLetterStore, PayloadCodec } from '@seaworthy/dead-letter'
import type { IdempotencyStore } from '@seaworthy/idempotency'
import {
  type Burial,
  type CommitAnswer,
  type Delivery,
  type FetchRequest,
  type NewTask,
  type Postponement,
  type Promoted,
  QueueFullError,
  type Reaped,
  type ReapRequest,
  type ReconcileRequest,
  StreamClosedError,
  type StreamStats,
  type TaskAudit,
  type TaskBurial,
  type TaskCommit,
  type TaskEnd,
  type TaskStream,
} from '@seaworthy/worker'
import { BlockingReads, inOneWrite } from './blocking-reads.ts'
import type { RedisConnection } from './connection.ts'
import { lettersBeside } from './dead-letter-burial.ts'
import { EnqueueCalls } from './enqueue-calls.ts'
import { HandedOut } from './handed-out.ts'
import { completionArguments, recordsBeside } from './idempotency-commit.ts'
import type { Argument } from './script.ts'
import { streamKeys } from './stream-entry.ts'
import { lostOf, receiptsOf } from './stream-receipts.ts'
import {
  auditOf,
  deliveriesOf,
  deliveriesOfEntries,
  type RawAudit,
  type RawDelivery,
  type RawEntry,
  statsOf,
} from './stream-replies.ts'
import { type StreamScripts, streamScripts } from './stream-scripts.ts'

/** The options of {@link redisStream}, checked. Durations are milliseconds. */
export interface TaskStreamSettings {
  readonly connection: RedisConnection
  readonly name: string
  readonly prefix: string
  readonly capacity: number
  readonly auditLimit: number
  readonly block: number
  readonly codec: PayloadCodec
  readonly random: Random
}

/** So much longer than its wait a read may take. */
const readGrace = 3000
const group = 'workers'
/** An owner that fetches all the time says so this often, in milliseconds: to forget it takes others many times as long. */
const heardEvery = 1000
/** Redis and Lua know no better infinity for a whole number. */
const endless = Number.MAX_SAFE_INTEGER
/** What the script gets of a new task. */
type TaskArguments = readonly [id: string, headers: string, journey: string, payload: string, delay: number]
const standardScripts: StreamScripts = streamScripts()

/** A {@link @seaworthy/worker!TaskStream} on Redis. */
export interface RedisStream extends TaskStream {
  /** Exact sizes of what it holds, for leak tests. All zero when it is closed. */
  debugStats(): Record<string, number>
}

/** Made by {@link redisStream}. */
export class RedisTaskStream implements RedisStream {
  readonly name: string
  readonly #settings: TaskStreamSettings
  readonly #scripts: StreamScripts
  readonly #reads: BlockingReads
  readonly #handedOut = new HandedOut()
  readonly #enqueues = new EnqueueCalls<TaskArguments>((tasks) => this.#add(tasks, 'each'))
  readonly #keys: readonly string[]
  /** Whether the consumer group is known to be there. */
  #grouped = false
  /** Who told the server last that it is there, when, and what to add to our time to get that of the server. */
  #heard: { readonly owner: string; readonly at: number; readonly ahead: number } | undefined
  #closed = false

  /** @param scripts - Others than its own only in tests. */
  constructor(settings: TaskStreamSettings, scripts: StreamScripts = standardScripts) {
    const { name, prefix, connection } = settings
    this.name = name
    this.#settings = settings
    this.#scripts = scripts
    this.#reads = new BlockingReads(connection)
    const { stream, totals, audit } = streamKeys({ name, prefix })
    const base = `${prefix}{${name}}:`
    this.#keys = [stream, `${base}due`, `${base}b`, `${base}w`, totals, `${base}st`, audit]
  }

  async enqueue(task: NewTask): Promise<string> {
    this.#check()
    const args = this.#argumentsOf(task)
    const [id, headers, journey, payload] = args
    const text = id.length + headers.length + journey.length + payload.length
    if (!(await this.#enqueues.enqueue(args, text))) throw this.#full()
    return id
  }

  async enqueueMany(tasks: readonly NewTask[]): Promise<readonly string[]> {
    this.#check()
    if (tasks.length === 0) return []
    const added = tasks.map((task) => this.#argumentsOf(task))
    if ((await this.#add(added, 'all')) === 0) throw this.#full()
    return added.map(([id]) => id)
  }

  async fetch(owner: string, { count, wait, signal }: FetchRequest): Promise<readonly Delivery[]> {
    this.#check()
    signal?.throwIfAborted()
    const { clock } = this.#settings.connection
    if (wait <= 0) return this.#fetchNow(owner, count)
    const until = clock.now() + wait
    let left = wait
    do {
      const deliveries = await this.#fetchWaiting(owner, count, left, signal)
      if (deliveries.length > 0 || this.#closed) return deliveries
      left = until - clock.now()
    } while (left > 0)
    return []
  }

  async beat(
    owner: string,
    receipts: readonly string[],
    started: readonly string[],
  ): Promise<readonly string[]> {
    const asked = receiptsOf(receipts)
    const { valid, first, last } = asked
    let lost: number[]
    try {
      const args = [owner, first, last, valid.length, ...valid, ...started]
      lost = (await this.#run('beat', args)) as number[]
    } catch (error) {
      // Their starts may be counted or not.
      this.#handedOut.forget(started)
      throw error
    }
    this.#handedOut.start(started)
    return lostOf(receipts, asked, lost)
  }

  async acknowledge(owner: string, receipts: readonly string[]): Promise<readonly string[]> {
    const described = (receipt: string): Argument[] => [receipt, this.#handedOut.stepOf(receipt)]
    return this.#end('acknowledge', owner, receipts, [], described)
  }

  async retryLater(
    owner: string,
    receipt: string,
    { delay, reason }: Postponement,
  ): Promise<'done' | 'lost'> {
    return this.#endOne('retry', owner, receipt, [delay, reason])
  }

  handBack(
    owner: string,
    receipts: readonly string[],
    { delay, reason }: Postponement,
  ): Promise<readonly string[]> {
    return this.#end('handBack', owner, receipts, [delay, reason])
  }

  bury(owner: string, receipt: string, { reason }: Burial): Promise<'done' | 'lost'> {
    return this.#endOne('bury', owner, receipt, [reason])
  }

  burials(store: DeadLetterStore): TaskBurial | undefined {
    const letters = lettersBeside(store, this.#settings.connection, this.name)
    if (letters === undefined) return undefined
    return {
      bury: async (owner, receipt, reason, letter) => {
        const { valid, first } = receiptsOf([receipt])
        if (valid.length === 0) return { outcome: 'lost' }
        const args = [owner, first, receipt, reason, ...letters.argumentsOf(letter)]
        const answer = (await this.#run('buryLetter', args, letters.keys)) as readonly [outcome: string]
        if (answer[0] !== 'full') this.#handedOut.forget(valid)
        return answer[0] === 'lost' ? { outcome: 'lost' } : letters.answerOf(answer)
      },
    }
  }

  commits(store: IdempotencyStore): TaskCommit | undefined {
    const recordKey = recordsBeside(store, this.#settings.connection, this.name)
    if (recordKey === undefined) return undefined
    return { commit: (owner, ends) => this.#commit(owner, ends, recordKey) }
  }

  async reap(owner: string, request: ReapRequest): Promise<Reaped> {
    const { minIdle, count, suspects, suspectAfter, maxStarts, maxDeliveries, mode, cursor } = request
    const limits = [suspects, suspectAfter, maxStarts, maxDeliveries]
    const answer = await this.#run('reap', [owner, Math.ceil(minIdle), count, ...limits, mode, cursor])
    const [now, claimed, poison, republished, vanished, next, holdOff] = answer as [
      number,
      RawDelivery[],
      RawDelivery[],
      number,
      number,
      string,
      number,
    ]
    return {
      claimed: await this.#deliveries(claimed, now),
      poison: await this.#deliveries(poison, now),
      republished,
      vanished,
      cursor: next,
      holdOff,
    }
  }

  async promote(limit: number): Promise<Promoted> {
    const [promoted, next] = (await this.#run('promote', [limit])) as [number, number]
    return { promoted, next: next < 0 ? undefined : next }
  }

  async reconcile(
    owner: string,
    known: readonly string[],
    { idle, limit }: ReconcileRequest,
  ): Promise<readonly Delivery[]> {
    const answer = await this.#run('reconcile', [owner, Math.ceil(idle), limit, ...known])
    const [now, rows] = answer as [number, RawDelivery[]]
    return this.#deliveries(rows, now)
  }

  async leave(owner: string): Promise<boolean> {
    this.#heard = undefined
    const gone = (await this.#run('leave', [owner])) as string[]
    return gone.length > 0
  }

  async prune(idle: number): Promise<readonly string[]> {
    return (await this.#run('leave', ['', idle])) as string[]
  }

  async stats(): Promise<StreamStats> {
    return statsOf((await this.#run('stats', [])) as number[], this.#settings.capacity)
  }

  async audit(task: string, limit = 100): Promise<readonly TaskAudit[]> {
    const rows = (await this.#run('audit', [task, limit])) as RawAudit[]
    return rows.map(auditOf).reverse()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#reads.close()
    this.#handedOut.clear()
  }

  debugStats(): Record<string, number> {
    const { reading, idle } = this.#reads.sizes
    return { fetching: reading, connections: reading + idle, handedOut: this.#handedOut.size }
  }

  async #fetchNow(owner: string, count: number): Promise<readonly Delivery[]> {
    const [now, entries] = (await this.#run('fetch', [owner, count])) as [number, RawEntry[]]
    return this.#remember(await deliveriesOfEntries(entries, { now, codec: this.#settings.codec }))
  }

  /** One wait on the server. */
  async #fetchWaiting(
    owner: string,
    count: number,
    wait: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly Delivery[]> {
    const { block, codec, connection } = this.#settings
    const [stream, , , owners] = this.#keys as [string, string, string, string]
    const slice = Math.max(1, Math.ceil(Math.min(wait, block)))
    const begin = connection.clock.now()
    const grouped = this.#grouped
    const known =
      this.#heard?.owner === owner && begin - this.#heard.at < heardEvery ? this.#heard : undefined
    const groupIsGone = (error: unknown): undefined => {
      this.#grouped = false
      this.#heard = undefined
      if (!grouped || !isGroupGone(error)) throw error
    }
    const read = ['GROUP', group, owner, 'COUNT', count, 'BLOCK', slice, 'STREAMS', stream, '>']
    const answer = await this.#reads.run({
      operation: 'stream.fetch',
      budget: slice + readGrace,
      signal,
      send: async (client) => {
        const heard = async () => {
          const args = [owner, grouped ? '' : 'create']
          const now = (await this.#scripts.heard.run(client, [stream, owners], args)) as number
          return { owner, at: begin, ahead: now - begin }
        }
        const entries = () => client.call('XREADGROUP', read).then(entriesOf, groupIsGone)
        if (grouped && known) return [known, await entries()] as const
        if (!grouped) return [await heard(), await entries()] as const
        // The server answers the first before it begins to wait.
        return Promise.all(inOneWrite(client, () => [heard(), entries()] as const))
      },
    })
    if (answer === undefined) return []
    const [heard, entries] = answer
    if (entries === undefined) return []
    this.#grouped = true
    this.#heard = heard
    if (entries.length === 0) return []
    const now = heard.ahead + connection.clock.now()
    return this.#remember(await deliveriesOfEntries(entries, { now, codec }))
  }

  #argumentsOf({ id, payload, headers, journey = '', delay = 0 }: NewTask): TaskArguments {
    return [
      id ?? uniqueText(this.#settings.random),
      headers === undefined ? '' : JSON.stringify(headers),
      journey,
      payload,
      duration('delay', delay),
    ]
  }

  /** @returns How many were added: none or all, or as many as there is room for, from the first on. */
  async #add(tasks: readonly TaskArguments[], which: 'all' | 'each'): Promise<number> {
    const args: Argument[] = [Math.min(this.#settings.capacity, endless), which]
    for (const task of tasks) args.push(...task)
    return (await this.#run('enqueue', args)) as number
  }

  #full(): QueueFullError {
    return new QueueFullError(this.name, this.#settings.capacity)
  }

  async #commit(
    owner: string,
    ends: readonly TaskEnd[],
    recordKey: (key: string) => string,
  ): Promise<readonly CommitAnswer[]> {
    this.#check()
    const { valid, first, last } = receiptsOf(ends.map(({ receipt }) => receipt))
    if (valid.length === 0) return ends.map(() => 'lost')
    const asked = valid.length === ends.length ? ends : ends.filter(({ receipt }) => valid.includes(receipt))
    const records: string[] = []
    const args: Argument[] = [owner, first, last]
    for (const { receipt, key, completion } of asked) {
      records.push(recordKey(key))
      args.push(receipt, this.#handedOut.stepOf(receipt), ...completionArguments(completion))
    }
    const answers = (await this.#run('commit', args, records)) as CommitAnswer[]
    this.#handedOut.forget(valid.filter((_, index) => answers[index] !== 'stale'))
    if (asked === ends) return answers
    const known = new Map(asked.map((end, index) => [end, answers[index] as CommitAnswer]))
    return ends.map((end) => known.get(end) ?? 'lost')
  }

  async #end(
    operation: 'acknowledge' | 'handBack',
    owner: string,
    receipts: readonly string[],
    facts: readonly Argument[],
    described: (receipt: string) => readonly Argument[] = (receipt) => [receipt],
  ): Promise<readonly string[]> {
    this.#check()
    const asked = receiptsOf(receipts)
    const { valid, first, last } = asked
    if (valid.length === 0) return receipts
    const args = [owner, first, last, ...facts]
    for (const receipt of valid) args.push(...described(receipt))
    const lost = await this.#run(operation, args)
    this.#handedOut.forget(valid)
    return lostOf(receipts, asked, lost as number[])
  }

  async #endOne(
    operation: 'retry' | 'bury',
    owner: string,
    receipt: string,
    facts: readonly Argument[],
  ): Promise<'done' | 'lost'> {
    this.#check()
    const { valid, first } = receiptsOf([receipt])
    if (valid.length === 0) return 'lost'
    const done = await this.#run(operation, [owner, first, receipt, ...facts])
    this.#handedOut.forget(valid)
    return done === 1 ? 'done' : 'lost'
  }

  async #deliveries(rows: readonly RawDelivery[], now: number): Promise<readonly Delivery[]> {
    return this.#remember(await deliveriesOf(rows, { now, codec: this.#settings.codec }))
  }

  #remember(deliveries: readonly Delivery[]): readonly Delivery[] {
    if (this.#settings.auditLimit > 0) this.#handedOut.remember(deliveries)
    return deliveries
  }

  async #run(
    operation: keyof StreamScripts,
    args: readonly Argument[],
    moreKeys: readonly string[] = [],
  ): Promise<unknown> {
    this.#check()
    const { connection, auditLimit } = this.#settings
    const keys = moreKeys.length === 0 ? this.#keys : [...this.#keys, ...moreKeys]
    return connection.run(`stream.${operation}`, this.#scripts[operation], keys, [
      Math.min(auditLimit, endless),
      ...args,
    ])
  }

  #check(): void {
    if (this.#closed) throw new StreamClosedError(this.name)
  }
}

/** What XREADGROUP says of one stream. */
function entriesOf(answer: unknown): readonly RawEntry[] {
  const streams = answer as readonly (readonly [key: string, entries: readonly RawEntry[]])[] | null
  return streams?.[0]?.[1] ?? []
}

/** By the text: the group or its stream was deleted, before the read or while it waited. */
const isGroupGone = (error: unknown): boolean =>
  error instanceof Error && (error.message.startsWith('NOGROUP') || error.message.startsWith('UNBLOCKED'))

/** 20 letters and digits, some 100 bits of chance: no two are ever the same. */
function uniqueText(random: Random): string {
  const part = (): string =>
    Math.floor(random() * 36 ** 10)
      .toString(36)
      .padStart(10, '0')
  return part() + part()
}
