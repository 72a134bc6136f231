/** One job of upkeep on its timer: never beside itself in this process, nor in another if the store gives turns. */
import { type Clock, failureClass, type Random, type Timer } from '@seaworthy/core'
import type { BatchStatistics } from './batch-statistics.ts'
import type { Desk } from './desk.ts'
import type { PurgeStatistics, UpkeepJob, UpkeepRun, UpkeepStatus } from './upkeep-status.ts'

/** What to repeat. */
export interface UpkeepTask {
  readonly job: UpkeepJob
  readonly every: number
  /** Rejects when the store fails. */
  run(): Promise<BatchStatistics | PurgeStatistics>
}

/**
 * The latest first look after a start, in milliseconds. A process that is started anew every hour would never do what is due once a day if each
 * began by waiting a day.
 */
const latestStart = 60_000
/** The pause after the first failure, in milliseconds. It doubles up to the interval. */
const firstPause = 5000

export class Job {
  readonly name: UpkeepJob
  readonly #desk: Desk
  readonly #task: UpkeepTask
  readonly #clock: Clock
  readonly #random: Random
  #started = false
  #timer: Timer | undefined = undefined
  /** When the timer fires. */
  #dueAt = 0
  #running: Promise<UpkeepRun> | undefined = undefined
  #runs = 0
  #failed = 0
  #failures = 0
  #last: { readonly run: UpkeepRun; readonly endedAt: number } | undefined = undefined

  constructor(desk: Desk, task: UpkeepTask) {
    this.name = task.job
    this.#desk = desk
    this.#task = task
    this.#clock = desk.settings.clock
    this.#random = desk.settings.random
  }

  get timers(): number {
    return this.#timer === undefined ? 0 : 1
  }

  get running(): boolean {
    return this.#running !== undefined
  }

  status(): UpkeepStatus {
    const now = this.#clock.now()
    const waiting = this.#timer !== undefined
    return {
      job: this.name,
      every: this.#task.every,
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
    if (!this.running) this.#arm(this.#spread(Math.min(this.#task.every, latestStart)))
  }

  /** Starts nothing more, and waits for what runs. */
  async stop(): Promise<void> {
    this.#started = false
    this.#disarm()
    await this.#running
  }

  /**
   * Joins a run that is under way. Never rejects.
   *
   * @param early - Whether it may begin before it is time.
   */
  run(early: boolean): Promise<UpkeepRun> {
    this.#disarm()
    this.#running ??= this.#run(early)
    return this.#running
  }

  async #run(early: boolean): Promise<UpkeepRun> {
    const began = this.#clock.now()
    let nextIn = 0
    let run: Omit<UpkeepRun, 'job' | 'duration'>
    try {
      const wait = await this.#beginTurn(early)
      if (wait === 0) {
        run = { outcome: 'done', result: await this.#work(), failureClass: undefined }
        this.#failures = 0
        nextIn = this.#spread(this.#task.every)
      } else {
        run = { outcome: 'elsewhere', result: undefined, failureClass: undefined }
        // Those who wait for one turn to end do not all come at once.
        nextIn = Math.ceil(wait + this.#random() * Math.min(wait, this.#task.every / 10))
      }
    } catch (error) {
      run = { outcome: 'failed', result: undefined, failureClass: failureClass(error) }
      this.#failed++
      nextIn = this.#pause(++this.#failures)
    }
    const result: UpkeepRun = { job: this.name, ...run, duration: this.#clock.now() - began }
    if (run.outcome !== 'elsewhere') {
      this.#runs++
      this.#last = { run: result, endedAt: this.#clock.now() }
      await this.#endTurn(nextIn)
    }
    this.#running = undefined
    if (this.#started) this.#arm(nextIn)
    this.#tell(result, nextIn)
    return result
  }

  /** @returns 0 if it is ours; else how long to wait. */
  async #beginTurn(early: boolean): Promise<number> {
    const { owner, lease: leaseFor } = this.#desk.settings
    const request = { job: this.name, owner, leaseFor, early }
    return this.#desk.ask('beginTurn', async (store) => (await store.beginTurn?.(request)) ?? 0)
  }

  /** Keeps the turn while it works. Should it be lost all the same, two work at once; leases of letters keep them apart. */
  async #work(): Promise<BatchStatistics | PurgeStatistics> {
    const { store, lease } = this.#desk.settings
    if (store.beginTurn === undefined) return this.#task.run()
    const over = new AbortController()
    const renewal = this.#renew(lease / 3, over.signal)
    try {
      return await this.#task.run()
    } finally {
      over.abort()
      await renewal
    }
  }

  /** Resolves when the signal aborts. */
  async #renew(every: number, signal: AbortSignal): Promise<void> {
    while (await this.#slept(every, signal)) await this.#beginTurn(false).catch(() => 0)
  }

  /** Whether the time went by without an abort. */
  #slept(delay: number, signal: AbortSignal): Promise<boolean> {
    return this.#clock.sleep(delay, signal).then(
      () => true,
      () => false,
    )
  }

  /** If the store does not hear of it, the turn ends with its lease, and the next may come sooner. */
  async #endTurn(nextIn: number): Promise<void> {
    const { owner } = this.#desk.settings
    const end = this.#desk.ask('endTurn', async (store) => store.endTurn?.(this.name, owner, nextIn))
    await end.catch(() => {})
  }

  #arm(delay: number): void {
    this.#dueAt = this.#clock.now() + delay
    this.#timer = this.#clock.setTimer(() => void this.run(false), delay, false)
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Processes that started together do not stay together. */
  #spread(delay: number): number {
    return Math.ceil(delay * (0.9 + 0.2 * this.#random()))
  }

  #pause(failures: number): number {
    const longest = Math.min(this.#task.every, firstPause * 2 ** Math.min(failures - 1, 20))
    return Math.ceil(longest * (0.5 + 0.5 * this.#random()))
  }

  #tell({ job, outcome, duration, result }: UpkeepRun, nextIn: number): void {
    const { events, name } = this.#desk
    if (outcome === 'elsewhere' || !events.wants('upkeep')) return
    const failures = this.#failures
    events.emit('upkeep', { name, job, outcome, duration, letters: lettersOf(result), failures, nextIn })
  }
}

/** How many letters a run had to do with. */
function lettersOf(result: UpkeepRun['result']): number {
  if (result === undefined) return 0
  return 'claimed' in result ? result.claimed : result.byAge + result.byCount + result.settled
}
