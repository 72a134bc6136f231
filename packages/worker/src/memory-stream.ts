/**
 * A stream in the memory of the process: a thin shell around the machine in `entry.ts`. Every method does its step
 * without a pause, so it is atomic.
 */
import {
  type Clock,
  count,
  duration,
  knownOptions,
  onAbort,
  type Random,
  systemClock,
  systemRandom,
} from '@seaworthy/core'
import type { DeadLetterStore } from '@seaworthy/dead-letter'
import type { TaskBurial } from './burial.ts'
import { suspicion } from './entry.ts'
import { QueueFullError, StreamClosedError } from './errors.ts'
import { Entries, receiptOf } from './memory-entries.ts'
import type {
  Burial,
  FetchRequest,
  Postponement,
  Promoted,
  Reaped,
  ReapRequest,
  ReconcileRequest,
  StreamStats,
  TaskStream,
} from './stream.ts'
import type { Delivery, NewTask, TaskAudit } from './task.ts'

/** Options of {@link memoryStream}. */
export interface MemoryStreamOptions {
  /** The name of the queue. @defaultValue `'tasks'` */
  readonly name?: string
  /** How many unfinished tasks it may hold; `Infinity` for no limit. @defaultValue 100,000 */
  readonly capacity?: number
  /** How many steps of tasks are kept for `audit`; 0 for none. @defaultValue 10,000 */
  readonly auditLimit?: number
  /** @defaultValue the system clock */
  readonly clock?: Clock
  /** Makes the ids of tasks without one. @defaultValue `Math.random` */
  readonly random?: Random
}

/** A {@link TaskStream} in memory. */
export interface MemoryStream extends TaskStream {
  /** Exact sizes of what it holds, for leak tests. */
  debugStats(): Record<string, number>
}

/**
 * A stream that lives and dies with the process, with the same contract as one on a server: the default for tests,
 * for development, and for work that may be lost with the process. Several workers may share it.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { memoryStream } from '@seaworthy/worker'
 *
 * const stream = memoryStream({ name: 'mails' })
 * await stream.enqueue({ id: 'mail-1', payload: JSON.stringify({ to: 'ada' }) })
 * const [delivery] = await stream.fetch('me', { count: 1, wait: 0 })
 * console.log(delivery?.task, delivery?.payload) // mail-1 {"to":"ada"}
 * console.log(await stream.acknowledge('me', [delivery?.receipt ?? ''])) // []
 * ```
 */
export function memoryStream(options: MemoryStreamOptions = {}): MemoryStream {
  knownOptions('memoryStream', options, ['name', 'capacity', 'auditLimit', 'clock', 'random'])
  return new InMemory(options)
}

interface Waiter {
  readonly owner: string
  readonly count: number
  settle(deliveries: readonly Delivery[]): void
}

/** What one pass over the pending entries may look at. */
const mostReapedAtOnce = 100

class InMemory implements MemoryStream {
  readonly name: string
  readonly #capacity: number
  readonly #clock: Clock
  readonly #entries: Entries
  readonly #waiters = new Set<Waiter>()
  #closed = false

  constructor(options: MemoryStreamOptions) {
    const { name = 'tasks', capacity = 100_000, auditLimit = 10_000 } = options
    const { clock = systemClock, random = systemRandom } = options
    this.name = name
    this.#capacity = count('capacity', capacity, 1, true)
    this.#clock = clock
    this.#entries = new Entries(clock, random, count('auditLimit', auditLimit, 0, true))
  }

  async enqueue(task: NewTask): Promise<string> {
    const [id] = await this.enqueueMany([task])
    return id as string
  }

  async enqueueMany(tasks: readonly NewTask[]): Promise<readonly string[]> {
    this.#check()
    for (const { delay = 0 } of tasks) duration('delay', delay)
    if (this.#entries.unfinished + tasks.length > this.#capacity)
      throw new QueueFullError(this.name, this.#capacity)
    const ids = tasks.map((task) => this.#entries.add(task))
    this.#serve()
    return ids
  }

  fetch(owner: string, { count, wait, signal }: FetchRequest): Promise<readonly Delivery[]> {
    return new Promise((resolve, reject) => {
      this.#check()
      signal?.throwIfAborted()
      this.#entries.heard(owner)
      if (this.#entries.waiting > 0 || wait <= 0) {
        resolve(this.#entries.handOut(owner, count))
        return
      }
      const end = (): void => {
        this.#waiters.delete(waiter)
        timer.cancel()
        forget()
      }
      const waiter: Waiter = {
        owner,
        count,
        settle: (deliveries) => {
          end()
          resolve(deliveries)
        },
      }
      this.#waiters.add(waiter)
      const timer = this.#clock.setTimer(() => waiter.settle([]), wait)
      const forget = signal
        ? onAbort(signal, (reason) => {
            end()
            reject(reason)
          })
        : nothing
    })
  }

  async beat(
    owner: string,
    receipts: readonly string[],
    started: readonly string[],
  ): Promise<readonly string[]> {
    this.#check()
    this.#entries.heard(owner)
    const starting = new Set(started)
    return receipts.filter((receipt) => {
      if (this.#entries.byHolder(owner, receipt, 'beat') === undefined) return true
      if (starting.has(receipt)) this.#entries.start(owner, receipt)
      return false
    })
  }

  async acknowledge(owner: string, receipts: readonly string[]): Promise<readonly string[]> {
    this.#check()
    return receipts.filter((receipt) => {
      const item = this.#entries.byHolder(owner, receipt, 'acknowledge')
      if (item === undefined) return true
      this.#entries.log('acknowledged', item, { owner })
      return false
    })
  }

  async retryLater(
    owner: string,
    receipt: string,
    { delay, reason }: Postponement,
  ): Promise<'done' | 'lost'> {
    this.#check()
    const item = this.#entries.byHolder(owner, receipt, 'fail', delay)
    if (item === undefined) return 'lost'
    this.#entries.log('retryScheduled', item, { owner, delay, reason })
    this.#serve()
    return 'done'
  }

  async handBack(
    owner: string,
    receipts: readonly string[],
    { delay, reason }: Postponement,
  ): Promise<readonly string[]> {
    this.#check()
    const lost = receipts.filter((receipt) => {
      const item = this.#entries.byHolder(owner, receipt, 'handBack', delay)
      if (item === undefined) return true
      this.#entries.log('handedBack', item, { owner, delay, reason })
      return false
    })
    this.#serve()
    return lost
  }

  async bury(owner: string, receipt: string, { reason }: Burial): Promise<'done' | 'lost'> {
    this.#check()
    return this.#bury(owner, receipt, reason) ? 'done' : 'lost'
  }

  burials(store: DeadLetterStore): TaskBurial | undefined {
    const addNow = store.addNow?.bind(store)
    if (addNow === undefined) return undefined
    return {
      bury: async (owner, receipt, reason, letter) => {
        this.#check()
        if (!this.#entries.isHeld(owner, receipt)) return { outcome: 'lost' }
        const answer = addNow(letter)
        if (answer.outcome !== 'full') this.#bury(owner, receipt, reason)
        return answer
      },
    }
  }

  commits(): undefined {
    return undefined
  }

  async reap(owner: string, request: ReapRequest): Promise<Reaped> {
    this.#check()
    this.#entries.heard(owner)
    const { minIdle, mode } = request
    const claimed: Delivery[] = []
    const poison: Delivery[] = []
    let republished = 0
    let suspects = 0
    for (const item of this.#entries.stale(minIdle)) {
      if (claimed.length + poison.length + republished >= Math.min(request.count, mostReapedAtOnce)) break
      const judged = suspicion(item.state, request)
      if (judged === 'suspect' && ++suspects > request.suspects) continue
      if (judged !== 'poison' && mode === 'republish') {
        this.#entries.takeOver(item, 'republished', { type: 'republish', minIdle }, owner)
        republished++
        continue
      }
      const delivery = this.#entries.takeOver(item, 'claimed', { type: 'claim', owner, minIdle }, owner)
      ;(judged === 'poison' ? poison : claimed).push(delivery)
    }
    this.#serve()
    return { claimed, poison, republished, vanished: 0, cursor: '', holdOff: 0 }
  }

  async promote(limit: number): Promise<Promoted> {
    this.#check()
    const promoted = this.#entries.promote(limit)
    this.#serve()
    const first = this.#entries.firstDue
    return { promoted, next: first === undefined ? undefined : Math.max(0, first - this.#clock.now()) }
  }

  async reconcile(
    owner: string,
    known: readonly string[],
    { idle, limit }: ReconcileRequest,
  ): Promise<readonly Delivery[]> {
    this.#check()
    this.#entries.heard(owner)
    const inHand = new Set(known)
    const lost = this.#entries
      .stale(idle)
      .filter(({ id, state }) => state.owner === owner && !inHand.has(receiptOf(id, state.handOuts)))
    return lost.slice(0, limit).map((item) => {
      this.#entries.byHolder(owner, receiptOf(item.id, item.state.handOuts), 'beat')
      this.#entries.log('resent', item, { owner })
      return this.#entries.delivery(item)
    })
  }

  async leave(owner: string): Promise<boolean> {
    this.#check()
    if ((this.#entries.owners.get(owner)?.holding ?? 0) > 0) return false
    this.#entries.owners.delete(owner)
    return true
  }

  async prune(idle: number): Promise<readonly string[]> {
    this.#check()
    const now = this.#clock.now()
    const waiting = new Set([...this.#waiters].map(({ owner }) => owner))
    const gone = [...this.#entries.owners].filter(
      ([owner, { heardAt, holding }]) => holding === 0 && now - heardAt >= idle && !waiting.has(owner),
    )
    for (const [owner] of gone) this.#entries.owners.delete(owner)
    return gone.map(([owner]) => owner)
  }

  async stats(): Promise<StreamStats> {
    this.#check()
    const { size: owners } = this.#entries.owners
    return { ...this.#entries.counts, vanished: 0, owners, capacity: this.#capacity }
  }

  async audit(task: string, limit = 100): Promise<readonly TaskAudit[]> {
    this.#check()
    return this.#entries.trail.find((entry) => entry.task === task, limit)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const waiter of this.#waiters) waiter.settle([])
  }

  debugStats(): Record<string, number> {
    const { waiting, pending, due } = this.#entries.counts
    return { waiting, pending, due, fetching: this.#waiters.size, owners: this.#entries.owners.size }
  }

  #bury(owner: string, receipt: string, reason: string): boolean {
    const item = this.#entries.byHolder(owner, receipt, 'bury')
    if (item === undefined) return false
    this.#entries.log('dead', item, { owner, reason })
    return true
  }

  #check(): void {
    if (this.#closed) throw new StreamClosedError(this.name)
  }

  /** Hands what waits to those who wait for it, first come first served. */
  #serve(): void {
    for (const waiter of this.#waiters) {
      if (this.#entries.waiting === 0) return
      waiter.settle(this.#entries.handOut(waiter.owner, waiter.count))
    }
  }
}

const nothing = (): void => {}
