/** Work that has to be done again and again, once among all instances. */
import { randomBytes } from 'node:crypto'
import {
  type Clock,
  type Duration,
  defaultHub,
  duration,
  Emitter,
  type EventMap,
  type Hub,
  InvalidOptionError,
  knownOptions,
  type Listener,
  type Random,
  SeaworthyError,
  systemClock,
  systemRandom,
} from '@seaworthy/core'
import { Job, type UpkeepJob } from './job.ts'
import type { UpkeepStore } from './lease-store.ts'
import type { UpkeepJobStatus, UpkeepOutcome, UpkeepRunResult } from './status.ts'

/** A job as it is given to {@link upkeep}. */
export interface UpkeepJobOptions {
  /** From the end of one run to the start of the next, give or take a tenth. */
  readonly every: Duration
  /** The work. It should end soon after `signal` aborts. It may fail. */
  run(signal: AbortSignal): unknown
}

/** Options of {@link upkeep}. */
export interface UpkeepOptions {
  /** What to do, by name; see {@link standardJobs}. */
  readonly jobs: Readonly<Record<string, UpkeepJobOptions>>
  /** Gives each job to one instance at a time. @defaultValue none: each instance does all jobs */
  readonly store?: UpkeepStore
  /** How long a turn lasts when its instance falls silent. @defaultValue `'1m'` */
  readonly lease?: Duration
  /** How long the store may take. @defaultValue `'2s'` */
  readonly storeTimeout?: Duration
  /** The name of this instance in the store. @defaultValue a random one */
  readonly instance?: string
  /** Its name on the hub, as a component of kind `upkeep`. @defaultValue `'default'` */
  readonly name?: string
  /** @defaultValue the hub of the process */
  readonly hub?: Hub
  /** @defaultValue the system clock */
  readonly clock?: Clock
  /** Spreads the runs. @defaultValue `Math.random` */
  readonly random?: Random
}

/** What upkeep tells those who listen. */
export type UpkeepEvents = EventMap & {
  /** A job has run here. `failures`: how many runs in a row have failed. */
  ran: {
    readonly job: string
    readonly outcome: UpkeepOutcome
    readonly duration: number
    readonly failures: number
  }
  /** The store failed, so this instance works for itself until it answers again. */
  storeFailed: { readonly operation: 'begin' | 'end' }
}

/** Upkeep. Made by {@link upkeep}. */
export interface Upkeep {
  /** Begins: the first runs come within a minute, spread. Does nothing when it has begun. */
  start(): void
  /** How the jobs do, here. */
  status(): readonly UpkeepJobStatus[]
  /**
   * Runs a job now, started or not; a run that is under way here is joined. Never rejects because the job fails: the answer says so.
   *
   * @throws {@link @seaworthy/core!InvalidOptionError} when there is no such job; {@link @seaworthy/core!SeaworthyError} with code
   *   `ERR_DISPOSED` when it is closed.
   */
  runNow(job: string): Promise<UpkeepRunResult>
  /** Subscribes to an event. @returns A function that unsubscribes. */
  on<E extends keyof UpkeepEvents & string>(event: E, listener: Listener<UpkeepEvents[E]>): () => void
  /** Begins nothing more, aborts the signal of what runs, and waits for it to end. */
  close(): Promise<void>
  /** Timers, runs and listeners, for leak tests. */
  debugStats(): Record<string, number>
}

/**
 * Does jobs again and again: each never beside itself, not in step with other instances, and with a store by one instance at a time. A job that
 * fails is tried again sooner, at growing intervals. A store that fails stops nothing: then each instance works for itself.
 *
 * Timers do not keep the process running.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { upkeep } from '@seaworthy/ops'
 *
 * const jobs = upkeep({ jobs: { tidy: { every: '1h', run: () => console.log('tidied up') } } })
 * jobs.start()
 * console.log((await jobs.runNow('tidy')).outcome) // tidied up, then: done
 * await jobs.close()
 * ```
 */
export function upkeep(options: UpkeepOptions): Upkeep {
  knownOptions('upkeep', options, [
    'jobs',
    'store',
    'lease',
    'storeTimeout',
    'instance',
    'name',
    'hub',
    'clock',
    'random',
  ])
  return new JobList(options, jobsOf(options.jobs))
}

class JobList implements Upkeep {
  readonly #jobs: ReadonlyMap<string, Job>
  readonly #events: Emitter<UpkeepEvents>
  readonly #closing = new AbortController()
  readonly #leave: () => void

  constructor(options: UpkeepOptions, jobs: readonly UpkeepJob[]) {
    const { name = 'default', hub = defaultHub, clock = systemClock, random = systemRandom, store } = options
    this.#events = new Emitter('upkeep', name, hub)
    const settings = {
      clock,
      random,
      store,
      owner: options.instance ?? randomBytes(9).toString('base64url'),
      lease: duration('lease', options.lease ?? '1m', 1000),
      storeTimeout: duration('storeTimeout', options.storeTimeout ?? '2s', 1),
      signal: this.#closing.signal,
      told: ({ name: job, outcome, duration }: UpkeepRunResult, failures: number): void => {
        if (this.#events.wants('ran')) this.#events.emit('ran', { job, outcome, duration, failures })
      },
      storeFailed: (operation: 'begin' | 'end'): void => this.#events.emit('storeFailed', { operation }),
    }
    this.#jobs = new Map(jobs.map((job) => [job.name, new Job(job, settings)]))
    this.#leave = hub.register({
      kind: 'upkeep',
      name,
      snapshot: () => ({ jobs: this.status() }),
      actions: { runNow: (job: string) => this.runNow(job) },
    })
  }

  start(): void {
    if (this.#closing.signal.aborted) return
    for (const job of this.#jobs.values()) job.start()
  }

  status(): readonly UpkeepJobStatus[] {
    return [...this.#jobs.values()].map((job) => job.status())
  }

  async runNow(name: string): Promise<UpkeepRunResult> {
    if (this.#closing.signal.aborted)
      throw new SeaworthyError('ERR_DISPOSED', 'Upkeep is closed', { failureClass: 'persistent' })
    const job = this.#jobs.get(name)
    if (job === undefined)
      throw new InvalidOptionError('job', `one of ${[...this.#jobs.keys()].join(', ')}`, name)
    return job.run(true)
  }

  on<E extends keyof UpkeepEvents & string>(event: E, listener: Listener<UpkeepEvents[E]>): () => void {
    return this.#events.on(event, listener)
  }

  async close(): Promise<void> {
    this.#leave()
    this.#closing.abort(new Error('Upkeep was closed'))
    await Promise.all([...this.#jobs.values()].map((job) => job.stop()))
    this.#events.clear()
  }

  debugStats(): Record<string, number> {
    const jobs = [...this.#jobs.values()]
    return {
      timers: jobs.reduce((sum, { timers }) => sum + timers, 0),
      running: jobs.filter(({ running }) => running).length,
      listeners: this.#events.size,
    }
  }
}

function jobsOf(jobs: UpkeepOptions['jobs']): UpkeepJob[] {
  if (typeof jobs !== 'object' || jobs === null) throw new InvalidOptionError('jobs', 'jobs by name', jobs)
  return Object.entries(jobs).map(([name, job]) => {
    knownOptions(`job '${name}'`, job, ['every', 'run'])
    if (typeof job.run !== 'function') throw new InvalidOptionError(`jobs.${name}.run`, 'a function', job.run)
    return { name, every: duration(`jobs.${name}.every`, job.every, 1000), run: (signal) => job.run(signal) }
  })
}
