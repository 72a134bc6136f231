import {
  type CallContext,
  type Clock,
  type FailureClass,
  type Inner,
  onAbort,
  type Settled,
  type Timer,
} from '@seaworthy/core'
import type { Hedged } from './hedge-events.ts'
import { mayStart, newRace, nextRace, type Race } from './race.ts'

/** Exact numbers of what is going on. */
export interface HedgeStats {
  /** Calls not yet decided. */
  racing: number
  /** Copies that run, those of decided calls included. */
  copies: number
  timers: number
}

/** What a hedged call needs of its policy. */
export interface HedgeOwner {
  readonly clock: Clock
  readonly stats: HedgeStats
  classify(error: unknown): FailureClass
  /** Takes one copy out of the budget, if there is one. */
  withdraw(): boolean
  /** Whether it wants to know how long calls take. */
  readonly measures: boolean
  /** The original of a call took so many milliseconds, or had taken them when it was overtaken. */
  took(latency: number, now: number): void
  started(context: CallContext, copy: number, after: number, cause: Hedged['cause']): void
  denied(context: CallContext, copies: number): void
  won(context: CallContext, copy: number, copies: number): void
  late(context: CallContext, copy: number, outcome: Settled<unknown>): void
}

/** One run of the inner part. */
class Copy {
  declare readonly context: CallContext
  /** From 1. */
  declare readonly number: number
  declare readonly startedAt: number
  declare settled: boolean

  constructor(context: CallContext, number: number, startedAt: number) {
    this.context = context
    this.number = number
    this.startedAt = startedAt
    this.settled = false
  }
}

/** The shell around a {@link Race}: contexts, timer, promise. */
export class HedgedCall {
  declare private readonly owner: HedgeOwner
  declare private readonly context: CallContext
  declare private readonly inner: Inner
  declare private readonly delay: number
  declare private race: Race
  declare private readonly copies: Copy[]
  declare private timer: Timer | undefined
  /** Takes our listener off the caller's signal. */
  declare private forget: (() => void) | undefined
  declare private resolve: (value: unknown) => void
  declare private reject: (error: unknown) => void

  /** @param limit - The most copies, the first included. */
  constructor(owner: HedgeOwner, context: CallContext, inner: Inner, delay: number, limit: number) {
    this.owner = owner
    this.context = context
    this.inner = inner
    this.delay = delay
    this.race = newRace(limit)
    this.copies = []
    this.timer = undefined
    this.forget = undefined
  }

  run(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
      this.owner.stats.racing++
      const signal = this.context.waitSignal
      if (signal !== undefined) this.forget = onAbort(signal, (reason) => this.abandon(reason))
      this.start()
      this.waitForNext()
    })
  }

  private start(): Copy {
    const { owner, context, copies } = this
    const copy = new Copy(context.child(), copies.length + 1, owner.clock.now())
    copies.push(copy)
    owner.stats.copies++
    this.race = nextRace(this.race, { type: 'started' })
    this.inner.run(copy.context).then(
      (value) => this.succeeded(copy, value),
      (error) => this.failed(copy, error),
    )
    return copy
  }

  /** The next copy starts when this time is up. */
  private waitForNext(): void {
    const { owner, context, delay } = this
    if (!mayStart(this.race)) return
    if (delay === 0) {
      this.startAnother('delay')
      return
    }
    if (context.deadline !== undefined && owner.clock.now() + delay >= context.deadline) return
    const { started } = this.race
    const elapsed = new Promise<void>((resolve) => {
      owner.stats.timers++
      this.timer = owner.clock.setTimer(() => {
        this.timer = undefined
        owner.stats.timers--
        resolve()
      }, delay)
    })
    // A reaction runs in the async context in which it was made: the caller's. The timer's callback does not.
    elapsed.then(() => {
      if (this.race.started === started && mayStart(this.race)) this.startAnother('delay')
    })
  }

  private startAnother(cause: Hedged['cause']): void {
    const { owner, context, copies } = this
    if (owner.withdraw()) {
      const { number, startedAt } = this.start()
      owner.started(context, number, startedAt - this.original.startedAt, cause)
      this.waitForNext()
      return
    }
    this.race = nextRace(this.race, { type: 'denied' })
    owner.denied(context, copies.length)
  }

  private succeeded(copy: Copy, value: unknown): void {
    this.settled(copy)
    const { owner, context, copies } = this
    if (this.race.phase !== 'racing') {
      owner.late(context, copy.number, { status: 'fulfilled', value })
      return
    }
    this.race = nextRace(this.race, { type: 'succeeded' })
    this.resolve(value)
    // An original that was overtaken counts with the time it had: without it, slow calls would never be seen.
    if (copy.number === 1 || !this.original.settled) this.measure()
    this.end()
    if (copies.length > 1) owner.won(context, copy.number, copies.length)
  }

  private failed(copy: Copy, error: unknown): void {
    this.settled(copy)
    const { owner, context } = this
    if (this.race.phase !== 'racing') {
      owner.late(context, copy.number, { status: 'rejected', reason: error })
      return
    }
    if (copy.number === 1 && isTimeout(error)) this.measure()
    const failureClass = owner.classify(error)
    this.race = nextRace(this.race, { type: 'failed', failureClass })
    this.stopTimer()
    if (mayStart(this.race)) this.startAnother('failure')
    if (this.race.phase !== 'lost') return
    this.reject(error)
    this.end()
  }

  private abandon(reason: unknown): void {
    if (this.race.phase !== 'racing') return
    this.race = nextRace(this.race, { type: 'abandoned' })
    this.reject(reason)
    this.end(reason)
  }

  private get original(): Copy {
    return this.copies[0] as Copy
  }

  /** Each call gives one sample at most, so slow ones do not count twice. */
  private measure(): void {
    const { owner, original } = this
    if (!owner.measures) return
    const now = owner.clock.now()
    owner.took(now - original.startedAt, now)
  }

  private settled(copy: Copy): void {
    copy.settled = true
    this.owner.stats.copies--
  }

  /** The call is decided: no copy is needed any more. */
  private end(reason?: unknown): void {
    this.stopTimer()
    this.forget?.()
    this.owner.stats.racing--
    const others = this.copies.filter(({ settled }) => !settled)
    if (others.length === 0) return
    const why = this.race.phase === 'abandoned' ? reason : decided()
    for (const { context } of others) context.abort(why)
  }

  private stopTimer(): void {
    if (this.timer === undefined) return
    this.timer.cancel()
    this.timer = undefined
    this.owner.stats.timers--
  }
}

/** Why the function of a copy is told to stop when another one was faster. */
const decided = (): DOMException => new DOMException('Another copy of the call decided it', 'AbortError')

/** Other failures say nothing about how long an answer takes: many are instant. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}
