import { CallContext, type ExecuteOptions, onAbort, type Timer } from '@seaworthy/core'
import { discardStream, streamSource } from './answer-stream.ts'
import { CommittedStream, type StreamObserver } from './committed-stream.ts'
import { Attempt, AttemptOptions } from './failover-attempt.ts'
import {
  FirstByteTimeoutError,
  noteHops,
  ProvidersFailedError,
  StreamInterruptedError,
} from './failover-errors.ts'
import type { FailoverFailed, FailoverFailure, FailoverHop, HopReason } from './failover-events.ts'
import type { FailoverRules } from './failover-options.ts'
import { FailoverPlan } from './failover-plan.ts'
import type { Provider } from './provider.ts'
import type { JudgedFailure, ProviderBoard } from './provider-board.ts'

/** Exact numbers of what is going on. */
export interface FailoverStats {
  /** Calls not yet decided. */
  calls: number
  /** Attempts that run, those of decided calls included. */
  attempts: number
  /** Streams that were delivered and not read to their end. */
  streams: number
  timers: number
}

/** What a call needs of its policy. */
export interface FailoverOwner {
  readonly name: string | undefined
  readonly rules: FailoverRules
  readonly board: ProviderBoard
  readonly stats: FailoverStats
  /** Calls to wake when something has changed. */
  readonly waiting: Set<FailoverCall>
  /** A timer that is counted. */
  timer(callback: () => void, delay: number): Timer
  /** Takes one early attempt out of the budget, if there is one. */
  withdraw(): boolean
  hop(attempt: Attempt): void
  waits(call: FailoverCall, wait: number): void
  answered(call: FailoverCall, attempt: Attempt, streamed: boolean): void
  gaveUp(call: FailoverCall, reason: FailoverFailed['reason'], error: unknown): void
  interrupted(attempt: Attempt, error: StreamInterruptedError): void
  late(attempt: Attempt, outcome: 'success' | 'failure', value: unknown): void
}

/** An early attempt waits at least this long. */
const leastHedgeDelay = 50

/**
 * One call: asks providers, one after the other, until one answers.
 *
 * `drive` is one asynchronous loop on purpose: whatever wakes it, a timer or another call, it goes on in the caller's own
 * async context, and so does the provider's function.
 */
export class FailoverCall {
  readonly startedAt: number
  readonly context: CallContext
  readonly attempts: Attempt[] = []
  readonly #owner: FailoverOwner
  readonly #request: unknown
  readonly #plan: FailoverPlan
  readonly #repeatable: boolean
  /** Why the next provider would be asked. */
  #reason: HopReason = 'first'
  #hedgeDue = false
  #decided = false
  /** Attempts that have neither ended nor run out of time. */
  #fresh = 0
  /** What waits for nothing but time: the deadline, the next look, the early attempt. */
  #deadlineTimer: Timer | undefined = undefined
  #lookTimer: Timer | undefined = undefined
  #hedgeTimer: Timer | undefined = undefined
  #woken = false
  #wake: () => void = () => {}
  #forget: (() => void) | undefined = undefined
  #stream: CommittedStream | undefined = undefined
  #resolve: (value: unknown) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(owner: FailoverOwner, request: unknown, options: ExecuteOptions | undefined) {
    this.#owner = owner
    this.#request = request
    this.context = CallContext.of(options, false, true)
    const { rules, board } = owner
    this.startedAt = rules.clock.now()
    const own = this.startedAt + rules.deadline
    const deadline = Math.min(own, this.context.deadline ?? own)
    this.#plan = new FailoverPlan(board, rules, request, this.startedAt, deadline)
    this.#repeatable = rules.idempotent(request)
  }

  run(): Promise<unknown> {
    if (this.context.aborted) return Promise.reject(this.context.reason)
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      const owner = this.#owner
      const signal = this.context.waitSignal
      owner.stats.calls++
      if (signal !== undefined) this.#forget = onAbort(signal, (reason) => this.#abandon(reason))
      const rest = this.#plan.deadline - this.startedAt
      if (rest > 0) this.#deadlineTimer = owner.timer(() => this.#fail('deadline'), rest)
      else this.#fail('deadline')
      void this.#drive()
    })
  }

  /** The attempts so far, as data. */
  hops(): FailoverHop[] {
    return this.attempts.map((attempt) => attempt.hop())
  }

  /** Something has changed: looks again. */
  wake(): void {
    this.#woken = true
    this.#wake()
  }

  /** Like {@link wake}, but later, if it still waits then. */
  wakeIn(delay: number): void {
    const now = this.#owner.rules.clock.now()
    const { lastChance, deadline } = this.#plan
    const rest = now < lastChance ? lastChance - now : (deadline - now) / 2
    this.#stopLooking()
    this.#lookAt(now + Math.min(delay, rest))
  }

  async #drive(): Promise<void> {
    while (!this.#decided) {
      this.#woken = false
      this.#step(this.#owner.rules.clock.now())
      if (this.#woken || this.#decided) continue
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Starts an attempt, or sees to it that somebody wakes the call. */
  #step(now: number): void {
    this.#stopLooking()
    if (this.#hedgeDue) this.#startEarly(now)
    // Only one that ran out of time leaves the place to another one.
    if (this.#fresh > 0 || (!this.#repeatable && this.#running.length > 0)) return
    const { waiting, rules } = this.#owner
    const step = this.#plan.next(now, waiting.size >= rules.maxWaiting)
    if (step.do === 'ask') this.#start(step.provider, step.forced ? 'lastResort' : this.#reason)
    else if (step.do === 'wait') this.#wait(step.until, step.pausing, now)
    // An attempt that was slow may still answer.
    else if (this.#running.length === 0) this.#fail(this.attempts.length > 0 ? 'exhausted' : 'unavailable')
  }

  #wait(until: number, pausing: boolean, now: number): void {
    this.#lookAt(until)
    if (pausing) {
      this.#reason = 'pass'
      return
    }
    const { waiting } = this.#owner
    waiting.add(this)
    if (this.#reason === 'waited') return
    this.#reason = 'waited'
    this.#owner.waits(this, until - now)
  }

  #start(provider: Provider, reason: HopReason): void {
    const owner = this.#owner
    const { board, rules, stats } = owner
    const now = rules.clock.now()
    const number = this.attempts.length + 1
    const limit = this.#plan.firstByteLimit(provider, now)
    this.#plan.ask(provider, reason === 'lastResort')
    const ticket = board.begin(provider, provider.admits(now) === 'trial', this.context.journey)
    const context = this.context.child(number).detached(new AttemptOptions(this.context, this.#plan.deadline))
    const attempt = new Attempt(ticket, context, number, reason, limit)
    this.attempts.push(attempt)
    this.#fresh++
    stats.attempts++
    attempt.timer = owner.timer(() => this.#slow(attempt), limit)
    this.#armHedge(provider)
    provider.run(this.#request, context).then(
      (value) => {
        stats.attempts--
        this.#arrived(attempt, value)
      },
      (error) => {
        stats.attempts--
        this.#failed(attempt, error)
      },
    )
  }

  #armHedge(provider: Provider): void {
    const { rules } = this.#owner
    this.#hedgeTimer?.cancel()
    this.#hedgeTimer = undefined
    const delay = rules.hedge && (rules.hedge.delay ?? hedgeDelay(provider))
    if (delay === undefined || !this.#repeatable) return
    this.#hedgeTimer = this.#owner.timer(() => {
      this.#hedgeDue = true
      this.wake()
    }, delay)
  }

  #startEarly(now: number): void {
    this.#hedgeDue = false
    if (this.#fresh === 0 || this.#owner.board.mostlyDown) return
    const provider = this.#plan.early(now)
    if (provider !== undefined && this.#owner.withdraw()) this.#start(provider, 'hedge')
  }

  #arrived(attempt: Attempt, value: unknown): void {
    const { rules } = this.#owner
    const error = rules.failureOf(value)
    if (error !== undefined && this.#judge(attempt, error).failureClass !== 'fatal') {
      discardStream(value, error)
      this.#failed(attempt, error)
      return
    }
    if (attempt.gone) {
      this.#late(attempt, value)
      return
    }
    const stream = rules.streams ? openable(value) : undefined
    if (stream === undefined) this.#commit(attempt, value, undefined)
    else this.#open(attempt, value, stream)
  }

  #open(attempt: Attempt, value: unknown, stream: CommittedStream): void {
    attempt.stream = stream
    stream.open(this.#owner.rules.commits).then(
      () => {
        if (attempt.gone) this.#owner.late(attempt, 'success', value)
        else this.#commit(attempt, value, stream)
      },
      (error) => this.#failed(attempt, error),
    )
  }

  /** The attempt is the answer: from here on there is no other. */
  #commit(attempt: Attempt, value: unknown, stream: CommittedStream | undefined): void {
    const owner = this.#owner
    const now = owner.rules.clock.now()
    this.#end(attempt, 'answered', now)
    attempt.ticket.provider.took(attempt.duration, now)
    const others = this.#decide()
    if (!attempt.slow) owner.board.succeeded(attempt.ticket)
    owner.hop(attempt)
    this.#leave(others, 'overtaken', new DOMException('Another provider answered the call', 'AbortError'))
    if (stream === undefined) this.#release()
    else owner.stats.streams++
    this.#stream = stream
    owner.answered(this, attempt, stream !== undefined)
    this.#resolve(stream === undefined ? value : stream.deliver(this.#observer(attempt)))
    // A listener may have given the call up just now.
    if (this.context.aborted) stream?.abort(this.context.reason)
  }

  /** The stream is its reader's now; what is left of the call is to tell its end. */
  #observer(attempt: Attempt): StreamObserver {
    const owner = this.#owner
    const { ticket, context } = attempt
    const over = (): void => {
      owner.stats.streams--
      this.#stream = undefined
      this.#release()
    }
    return {
      ended: over,
      left: (reason) => {
        over()
        context.abort(reason ?? new DOMException('The answer is not read any more', 'AbortError'))
      },
      interrupted: (cause, delivered) => {
        over()
        owner.board.interrupted(ticket)
        const { name: policy } = owner
        const error = new StreamInterruptedError(ticket.provider.name, delivered, {
          policy,
          hops: this.hops(),
          cause,
        })
        owner.interrupted(attempt, error)
        return error
      },
    }
  }

  #failed(attempt: Attempt, error: unknown): void {
    const owner = this.#owner
    const failure = this.#judge(attempt, error)
    // Whenever a server names a time, it counts.
    if (attempt.gone || attempt.slow) owner.board.failedLate(attempt.ticket, failure)
    if (attempt.gone) {
      owner.late(attempt, 'failure', undefined)
      return
    }
    const { failureClass, elsewhere } = failure
    const wasSlow = attempt.slow
    attempt.error = error
    this.#end(attempt, failureClass, owner.rules.clock.now())
    const final =
      !elsewhere && (failureClass === 'fatal' || (failureClass === 'transient' && !this.#repeatable))
    const others = final ? this.#decide() : []
    if (!wasSlow) owner.board.failed(attempt.ticket, failure)
    owner.hop(attempt)
    if (final) {
      this.#leave(others, 'abandoned', error)
      this.#rejectWith(error, 'refused')
      return
    }
    this.#reason = 'failure'
    const { provider } = attempt.ticket
    if (elsewhere) this.#plan.ruleOut(provider)
    else this.#plan.comeBack(provider, owner.rules.clock.now())
    this.wake()
  }

  #judge(attempt: Attempt, error: unknown): JudgedFailure {
    const { rules } = this.#owner
    const elsewhere = rules.tryElsewhere(error, attempt.ticket.provider.name)
    return { failureClass: rules.classify(error), error, elsewhere }
  }

  /** No first byte in time: another one is asked, and this one may still answer. */
  #slow(attempt: Attempt): void {
    const owner = this.#owner
    const { provider } = attempt.ticket
    attempt.error = new FirstByteTimeoutError(provider.name, attempt.limit, owner.name)
    attempt.outcome = 'slow'
    attempt.slow = true
    attempt.duration = owner.rules.clock.now() - attempt.ticket.startedAt
    attempt.timer = undefined
    this.#fresh--
    owner.board.slow(attempt.ticket)
    owner.hop(attempt)
    this.#reason = 'slow'
    this.wake()
  }

  /** Rejects since nobody answers. */
  #fail(reason: FailoverFailure): void {
    const owner = this.#owner
    const now = owner.rules.clock.now()
    this.#leave(this.#decide(), 'abandoned', new DOMException('The time of the call is over', 'AbortError'))
    const again = this.#plan.hopeAt - now
    const error = new ProvidersFailedError({
      policy: owner.name,
      reason,
      hops: this.hops(),
      errors: this.attempts.map((attempt) => attempt.error),
      retryAfter: again > 0 && again < Number.POSITIVE_INFINITY ? again : undefined,
      duration: now - this.startedAt,
    })
    this.#rejectWith(error, reason)
  }

  #rejectWith(error: unknown, reason: FailoverFailed['reason']): void {
    this.#release()
    noteHops(error, this.hops())
    this.#owner.gaveUp(this, reason, error)
    this.#reject(error)
  }

  /** The caller gave up: before the answer, or while it reads it. */
  #abandon(reason: unknown): void {
    this.#forget = undefined
    if (this.#decided) {
      this.#stream?.abort(reason)
      return
    }
    this.#leave(this.#decide(), 'abandoned', reason)
    this.#release()
    this.#reject(reason)
  }

  /** The call is decided. @returns The attempts that still run. */
  #decide(): readonly Attempt[] {
    this.#decided = true
    this.#owner.stats.calls--
    this.#stopLooking()
    this.#deadlineTimer?.cancel()
    this.#hedgeTimer?.cancel()
    this.wake()
    return this.#running
  }

  /** Attempts that nobody needs any more are told to stop, and not waited for. */
  #leave(attempts: readonly Attempt[], outcome: 'overtaken' | 'abandoned', reason: unknown): void {
    const { board, rules } = this.#owner
    for (const attempt of attempts) {
      const counted = attempt.slow
      this.#end(attempt, counted ? 'slow' : outcome, rules.clock.now())
      attempt.error ??= reason
      if (!counted) {
        board.left(attempt.ticket)
        this.#owner.hop(attempt)
      }
      attempt.context.abort(reason)
      attempt.stream?.discard(reason)
    }
  }

  #end(attempt: Attempt, outcome: Attempt['outcome'], now: number): void {
    if (!attempt.slow) this.#fresh--
    attempt.timer?.cancel()
    attempt.gone = true
    if (outcome !== 'slow') attempt.duration = now - attempt.ticket.startedAt
    attempt.outcome = outcome
  }

  #late(attempt: Attempt, value: unknown): void {
    discardStream(value, attempt.context.reason)
    this.#owner.late(attempt, 'success', value)
  }

  get #running(): readonly Attempt[] {
    return this.attempts.filter(({ gone }) => !gone)
  }

  #release(): void {
    this.#forget?.()
    this.#forget = undefined
    this.context.release()
  }

  #lookAt(time: number): void {
    if (time === Number.POSITIVE_INFINITY) return
    const delay = Math.max(0, time - this.#owner.rules.clock.now())
    this.#lookTimer = this.#owner.timer(() => this.wake(), delay)
  }

  #stopLooking(): void {
    this.#lookTimer?.cancel()
    this.#lookTimer = undefined
    this.#owner.waiting.delete(this)
  }
}

/** With nothing known there is no such thing as unusually slow. */
function hedgeDelay({ slowest }: Provider): number | undefined {
  return slowest === undefined ? undefined : Math.max(slowest, leastHedgeDelay)
}

/** A stream that cannot be opened is handed on as it is. */
function openable(value: unknown): CommittedStream | undefined {
  try {
    const source = streamSource(value)
    return source && new CommittedStream(source)
  } catch {
    return undefined
  }
}
