/** A service in a simulation: so many places, a queue, and work that takes time. */
import { type Clock, count, onAbort, type Random, type Timer } from '@seaworthy/core'
import type { World } from '../world.ts'
import { SimulatedFailure } from './errors.ts'
import { type ServiceTime, type TimeLaw, timeLaw } from './service-time.ts'

/** Options of {@link SimulatedNode}. */
export interface SimulatedNodeOptions {
  /** How many pieces of work run at once. */
  readonly concurrency: number
  /** How many wait; more are refused. @defaultValue `Infinity` */
  readonly queue?: number
  /** How long its own work takes. */
  readonly serviceTime: ServiceTime
  /** Whether work ends when its caller gives up. Most servers go on. @defaultValue false */
  readonly cancels?: boolean
}

/** What is wrong with a node. */
export interface NodeFault {
  /** The share of work that fails once it is done. @defaultValue 0 */
  readonly errors?: number
  /** Milliseconds that all work takes longer. @defaultValue 0 */
  readonly delay?: number
  /** Whether work that begins does not end until the fault is taken away. @defaultValue false */
  readonly hangs?: boolean
}

/** One piece of work. */
interface Job {
  readonly work: () => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  timer: Timer | undefined
  forget: (() => void) | undefined
  over: boolean
}

/** A service with a limit on its concurrency and its queue. Work takes its time, then what it calls; it keeps its place until both are over. */
export class SimulatedNode {
  readonly name: string
  readonly concurrency: number
  readonly law: TimeLaw
  /** How many pieces of work have arrived, refused ones included. */
  arrived = 0
  /** How many found no room. */
  refused = 0
  /** How many have been ended, well or not. */
  ended = 0
  /** The most that were under way at once. */
  peak = 0
  /** How many are under way. */
  active = 0
  readonly #clock: Clock
  readonly #random: Random
  readonly #queueLimit: number
  readonly #cancels: boolean
  readonly #queue: Job[] = []
  readonly #hanging = new Set<Job>()
  #fault: NodeFault = {}

  constructor(world: World, name: string, options: SimulatedNodeOptions) {
    this.name = name
    this.concurrency = count('concurrency', options.concurrency)
    this.#queueLimit = count('queue', options.queue ?? Number.POSITIVE_INFINITY, 0, true)
    this.law = timeLaw('serviceTime', options.serviceTime)
    this.#cancels = options.cancels ?? false
    this.#clock = world.clock
    this.#random = world.random(`node ${name}`)
  }

  /** How many wait. */
  get queued(): number {
    return this.#queue.length
  }

  /** Puts a fault in place of any other, from now on. @returns A function that takes it away. */
  inject(fault: NodeFault): () => void {
    this.#fault = fault
    return () => {
      if (this.#fault === fault) this.heal()
    }
  }

  /** Takes every fault away; hanging work goes on. */
  heal(): void {
    this.#fault = {}
    for (const job of [...this.#hanging]) {
      this.#hanging.delete(job)
      this.#begin(job)
    }
  }

  /**
   * Does its own work and then `work`, such as calls to others.
   *
   * @param caller - Whose signal ends the work, where the node cancels.
   * @throws SimulatedFailure when there is no room or a fault says so; and what `work` rejects with.
   */
  serve<T>(work: () => T | PromiseLike<T>, caller?: { readonly signal: AbortSignal }): Promise<T> {
    this.arrived++
    return new Promise<T>((resolve, reject) => {
      const job: Job = {
        work,
        resolve: resolve as Job['resolve'],
        reject,
        timer: undefined,
        forget: undefined,
        over: false,
      }
      if (this.active >= this.concurrency && this.#queue.length >= this.#queueLimit) {
        this.refused++
        reject(new SimulatedFailure(`${this.name} is full`))
        return
      }
      if (this.#cancels && caller?.signal.aborted) {
        reject(caller.signal.reason)
        return
      }
      if (this.#cancels && caller !== undefined)
        job.forget = onAbort(caller.signal, (reason) => this.#cancel(job, reason))
      if (this.active < this.concurrency) this.#start(job)
      else this.#queue.push(job)
    })
  }

  /** Exact counts of what it holds. */
  debugStats(): Record<string, number> {
    return { active: this.active, queued: this.#queue.length, hanging: this.#hanging.size }
  }

  #start(job: Job): void {
    this.active++
    if (this.active > this.peak) this.peak = this.active
    if (this.#fault.hangs === true) this.#hanging.add(job)
    else this.#begin(job)
  }

  #begin(job: Job): void {
    const time = this.law.draw(this.#random) + (this.#fault.delay ?? 0)
    job.timer = this.#clock.setTimer(() => void this.#finish(job), time)
  }

  async #finish(job: Job): Promise<void> {
    const { errors = 0 } = this.#fault
    try {
      if (errors > 0 && this.#random() < errors) throw new SimulatedFailure(`${this.name} failed`)
      const value = await job.work()
      this.#end(job, () => job.resolve(value))
    } catch (error) {
      this.#end(job, () => job.reject(error))
    }
  }

  #cancel(job: Job, reason: unknown): void {
    const place = this.#queue.indexOf(job)
    if (place >= 0) {
      this.#queue.splice(place, 1)
      job.over = true
      job.reject(reason)
      return
    }
    this.#hanging.delete(job)
    job.timer?.cancel()
    this.#end(job, () => job.reject(reason))
  }

  #end(job: Job, settle: () => void): void {
    if (job.over) return
    job.over = true
    job.forget?.()
    this.active--
    this.ended++
    const next = this.#queue.shift()
    if (next !== undefined) this.#start(next)
    settle()
  }
}
