import { defaultHub, Emitter, type Hub, type Listener } from '@seaworthy/core'
import { closeWorker } from './closing.ts'
import { Desk } from './desk.ts'
import { StreamClosedError } from './errors.ts'
import { Heartbeat } from './heartbeat.ts'
import { Intake } from './intake.ts'
import { type WorkerOptions, workerSettings } from './options.ts'
import { Runner } from './runner.ts'
import type { WorkerEvents, WorkerState } from './worker-events.ts'

/** Does the tasks of a stream. Made by {@link worker}. */
export interface Worker {
  readonly kind: 'worker'
  readonly name: string | undefined
  /** The name under which the stream knows it. */
  readonly owner: string
  readonly state: WorkerState
  /** Whether {@link pause} holds. */
  readonly paused: boolean
  /** Handlers that run or are about to. */
  readonly active: number

  /**
   * Begins to fetch. From then on the worker never stops by itself: whatever fails is tried again.
   *
   * @throws {@link StreamClosedError} when it was closed.
   */
  start(): void

  /** Fetches and takes over nothing more until {@link resume}. What it has in hand goes on. */
  pause(): void

  /** Fetches again. */
  resume(): void

  /**
   * Ends it: stops to fetch, gives back at once what has not started, waits up to `drain` for running handlers,
   * aborts their signals then, and gives back what does not come to an end, at no cost to its attempts. A second call
   * does not wait any longer. Never rejects.
   *
   * @returns Resolves when it is over; the same promise for all calls.
   */
  close(): Promise<void>

  /** Subscribes to an event. @returns A function that unsubscribes. */
  on<E extends keyof WorkerEvents>(event: E, listener: Listener<WorkerEvents[E]>): () => void

  /** Exact sizes of what it holds. All zero when it is closed and nobody listens. */
  debugStats(): Record<string, number>
}

/**
 * Does the tasks of a stream, several at a time, each at least once: it takes over what dead workers leave behind,
 * says all the time what it holds, retries what fails, and puts among the dead letters what cannot be done.
 *
 * A handler may run again after a crash, a pause of the process or a lost connection, so it has to bear that: with
 * `idempotency`, and with `context.fence` for what it writes to.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { memoryStream, worker } from '@seaworthy/worker'
 *
 * const stream = memoryStream()
 * await stream.enqueue({ id: 'mail-1', payload: JSON.stringify({ to: 'ada' }) })
 *
 * const mails = worker({
 *   stream,
 *   deadLetters: 'discard',
 *   handler: ({ to }: { to: string }, { task, attempt }) => console.log(task, attempt, to), // mail-1 1 ada
 * })
 * const done = new Promise((resolve) => mails.on('completed', resolve))
 * mails.start()
 * await done
 * await mails.close()
 * ```
 */
export function worker<T = unknown>(options: WorkerOptions<T>): Worker {
  return new StreamWorker(options as WorkerOptions)
}

class StreamWorker implements Worker {
  readonly kind = 'worker'
  readonly name: string | undefined
  readonly owner: string
  readonly #desk: Desk
  readonly #events: Emitter<WorkerEvents>
  readonly #runner: Runner
  readonly #heartbeat: Heartbeat
  readonly #intake: Intake
  readonly #unregister: (() => void) | undefined
  #state: WorkerState = 'idle'
  #closed: Promise<void> | undefined = undefined
  #force: () => void = () => {}

  constructor(options: WorkerOptions) {
    const settings = workerSettings(options)
    const { name, owner } = settings
    const hub = options.hub ?? defaultHub
    this.name = name
    this.owner = owner
    this.#events = new Emitter(this.kind, name, hub)
    this.#desk = new Desk(settings, this.#events)
    this.#runner = new Runner(this.#desk)
    this.#heartbeat = new Heartbeat(this.#desk, this.#runner.guard)
    this.#intake = new Intake(this.#desk, this.#runner)
    this.#unregister = name === undefined ? undefined : this.#register(hub, name)
  }

  get state(): WorkerState {
    return this.#state
  }

  get paused(): boolean {
    return this.#intake.paused
  }

  get active(): number {
    return this.#desk.hands.active
  }

  start(): void {
    if (this.#state === 'running') return
    if (this.#state !== 'idle') throw new StreamClosedError(this.name ?? this.kind)
    this.#become('running')
    this.#heartbeat.start()
    this.#intake.start()
  }

  pause(): void {
    if (this.paused) return
    this.#intake.paused = true
    if (this.#events.wants('paused')) this.#events.emit('paused', { name: this.name })
  }

  resume(): void {
    if (!this.paused) return
    this.#intake.paused = false
    this.#desk.hands.nudge()
    if (this.#events.wants('resumed')) this.#events.emit('resumed', { name: this.name })
  }

  close(): Promise<void> {
    if (this.#closed === undefined) this.#closed = this.#close()
    else this.#force()
    return this.#closed
  }

  on<E extends keyof WorkerEvents>(event: E, listener: Listener<WorkerEvents[E]>): () => void {
    return this.#events.on(event, listener)
  }

  debugStats(): Record<string, number> {
    const { active, waiting, settling } = this.#desk.hands
    return {
      active,
      waiting,
      settling,
      unsent: this.#runner.unsent,
      timers: this.#heartbeat.timers + this.#intake.timers,
      listeners: this.#events.size,
    }
  }

  async #close(): Promise<void> {
    const wasRunning = this.#state === 'running'
    this.#become('draining')
    const forced = new Promise<void>((resolve) => {
      this.#force = resolve
    })
    const parts = { desk: this.#desk, intake: this.#intake, runner: this.#runner, heartbeat: this.#heartbeat }
    if (wasRunning) await closeWorker({ ...parts, forced })
    this.#unregister?.()
    this.#become('closed')
  }

  #become(to: WorkerState): void {
    const from = this.#state
    this.#state = to
    if (this.#events.wants('stateChange')) this.#events.emit('stateChange', { name: this.name, from, to })
  }

  #register(hub: Hub, name: string): () => void {
    return hub.register({
      kind: this.kind,
      name,
      snapshot: () => this.#snapshot(),
      actions: {
        pause: () => this.pause(),
        resume: () => this.resume(),
        drain: () => this.close(),
      },
    })
  }

  #snapshot(): object {
    const { settings, hands } = this.#desk
    const { active, waiting, settling } = hands
    return {
      state: this.#state,
      paused: this.paused,
      stream: settings.stream.name,
      owner: this.owner,
      concurrency: settings.concurrency,
      active,
      waiting,
      settling,
      lag: this.#heartbeat.lag,
      silence: this.#heartbeat.silence,
    }
  }
}
