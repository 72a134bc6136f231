/** One job on its timer: never beside itself in this process, nor in another one with the same store. */
import type { Clock, Random, Timer } from '@seaworthy/core'
import { within } from '../http/within.ts'
import type { UpkeepStore } from './lease-store.ts'
import type { UpkeepJobStatus, UpkeepOutcome, UpkeepRunResult } from './status.ts'

/** A piece of work that is done again and again. */
export interface UpkeepJob {
  /** What it is called, here and in the store. */
  readonly name: string
  /** Milliseconds from the end of one run to the start of the next, give or take a tenth. */
  readonly every: number
  /** The work. It should end soon after `signal` aborts. It may fail. */
  run(signal: AbortSignal): unknown
}

/** What a job needs besides itself. */
export interface JobSettings {
  readonly clock: Clock
  readonly random: Random
  readonly store: UpkeepStore | undefined
  readonly owner: string
  /** How long a turn is without being asked for again. */
  readonly lease: number
  /** How long the store may take. */
  readonly storeTimeout: number
  readonly signal: AbortSignal
  /** Told of each run. Must not throw. */
  readonly told: (run: UpkeepRunResult, failures: number) => void
  /** Told when the store fails. Must not throw. */
  readonly storeFailed: (operation: 'begin' | 'end') => void
}

/** The latest first look after a start. A process that is started anew each hour would never do what is due once a day if it waited a day first. */
const latestStart = 60_000
/** The pause after the first failure. It doubles up to the interval. */
const firstPause = 5000
const jitter = 0.1

export class Job {
  readonly #job: UpkeepJob
  readonly #settings: JobSettings
  #started = false
  #timer: Timer | undefined = undefined
  #dueAt = 0
  #running: Promise<UpkeepRunResult> | undefined = undefined
  #runs = 0
  #failed = 0
  #failures = 0
  #last: { readonly run: UpkeepRunResult; readonly endedAt: number } | undefined = undefined

  constructor(job: UpkeepJob, settings: JobSettings) {
    this.#job = job
    this.#settings = settings
  }

  get name(): string {
    return this.#job.name
  }

  get timers(): number {
    return this.#timer === undefined ? 0 : 1
  }

  get running(): boolean {
    return this.#running !== undefined
  }

  status(): UpkeepJobStatus {
    const now = this.#settings.clock.now()
    const waiting = this.#timer !== undefined
    return {
      name: this.name,
      every: this.#job.every,
      state: this.running ? 'running' : waiting ? 'waiting' : 'stopped',
      runs: this.#runs,
      failed: this.#failed,
      failures: this.#failures,
      last: this.#last && { ...this.#last.run, ago: Math.round(now - this.#last.endedAt) },
      nextIn: waiting ? Math.max(0, Math.round(this.#dueAt - now)) : undefined,
    }
  }

  /** Does nothing when it has been started. */
  start(): void {
    if (this.#started) return
    this.#started = true
    if (!this.running) this.#arm(this.#settings.random() * Math.min(this.#job.every, latestStart))
  }

  /** Starts nothing more, and waits for what runs. */
  async stop(): Promise<void> {
    this.#started = false
    this.#disarm()
    await this.#running
  }

  /** Runs it, or joins the run that is under way. Never rejects. @param early - Whether it may begin before it is time. */
  run(early: boolean): Promise<UpkeepRunResult> {
    this.#disarm()
    this.#running ??= this.#run(early)
    return this.#running
  }

  async #run(early: boolean): Promise<UpkeepRunResult> {
    const { clock, random, told } = this.#settings
    const began = clock.now()
    const wait = await this.#beginTurn(early)
    const outcome: UpkeepOutcome = wait > 0 ? 'elsewhere' : await this.#work()
    const run = { name: this.name, outcome, duration: Math.round(clock.now() - began) }
    let nextIn: number
    if (outcome === 'elsewhere') {
      // Those who wait for one turn to end do not all come at once.
      nextIn = Math.ceil(wait + random() * Math.min(wait, this.#job.every * jitter))
    } else {
      this.#count(outcome)
      this.#last = { run, endedAt: clock.now() }
      nextIn = this.#failures === 0 ? this.#spread(this.#job.every) : this.#pause()
      await this.#endTurn(nextIn)
    }
    this.#running = undefined
    if (this.#started) this.#arm(nextIn)
    told(run, this.#failures)
    return run
  }

  #count(outcome: 'done' | 'failed'): void {
    this.#runs++
    if (outcome === 'done') {
      this.#failures = 0
      return
    }
    this.#failed++
    this.#failures++
  }

  /** The work, with the turn kept while it goes on. */
  async #work(): Promise<'done' | 'failed'> {
    const { clock, store, lease, signal } = this.#settings
    const over = new AbortController()
    const renew = async (): Promise<void> => {
      while (await slept(clock, lease / 3, over.signal)) await this.#beginTurn(false)
    }
    const renewal = store === undefined ? undefined : renew()
    try {
      // Its own microtask: work that throws at once is work that fails.
      await Promise.resolve().then(() => this.#job.run(signal))
      return 'done'
    } catch {
      return 'failed'
    } finally {
      over.abort()
      await renewal
    }
  }

  /**
   * @returns 0 if it is ours; else how long to wait. Without its store each instance works for itself: what is not done at all is worse than what
   * is done twice.
   */
  async #beginTurn(early: boolean): Promise<number> {
    const { clock, store, owner, lease: leaseFor, storeTimeout, storeFailed } = this.#settings
    if (store === undefined) return 0
    try {
      const ask = (): Promise<number> => store.begin({ job: this.name, owner, leaseFor, early })
      return await within(clock, storeTimeout, ask, tookTooLong)
    } catch {
      storeFailed('begin')
      return 0
    }
  }

  async #endTurn(nextIn: number): Promise<void> {
    const { clock, store, owner, storeTimeout, storeFailed } = this.#settings
    if (store === undefined) return
    try {
      await within(clock, storeTimeout, () => store.end({ job: this.name, owner, nextIn }), tookTooLong)
    } catch {
      storeFailed('end') // The lease lapses by itself.
    }
  }

  #spread(delay: number): number {
    return delay * (1 + jitter * (2 * this.#settings.random() - 1))
  }

  #pause(): number {
    return this.#spread(Math.min(this.#job.every, firstPause * 2 ** Math.min(this.#failures - 1, 20)))
  }

  #arm(delay: number): void {
    const { clock } = this.#settings
    this.#disarm()
    this.#dueAt = clock.now() + delay
    const fire = (): void => {
      this.#timer = undefined
      void this.run(false)
    }
    this.#timer = clock.setTimer(fire, delay, false)
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}

/** Whether the time went by without an abort. */
const slept = (clock: Clock, delay: number, signal: AbortSignal): Promise<boolean> =>
  clock.sleep(delay, signal).then(
    () => true,
    () => false,
  )

function tookTooLong(): never {
  throw new Error('The store did not answer')
}
