/**
 * The way of one call from its first failure to its end, with p-retry as the loop.
 *
 * p-retry counts attempts and repeats. What it would judge or do in a way of its own is kept from it;
 * `p-retry.contract.test.ts` pins what that is:
 *
 * - It judges errors by type and message, and replaces what is not an `Error`. So it sees one token for every
 *   failure, and the loop remembers the failure itself.
 * - Its delays are fixed formulas on real timers, and its time limit shortens them. So it has neither, and the
 *   wait is part of `shouldRetry`.
 * - With a signal it discards a success that comes after the abort. So it gets none, and the waits obey the
 *   signal.
 * - On Node 20 it is slow when some of its options are missing. So it gets all nine.
 */
import type { CallContext, Emitter, FailureClass, Inner } from '@seaworthy/core'
import pRetry, { AbortError } from 'p-retry'
import { type Decision, decide, freshSchedule, type GaveUpReason } from './decision.ts'
import type { RetryEvents } from './events.ts'
import type { RetryBudget } from './retry-budget.ts'
import { noteOn } from './retry-info.ts'
import type { Counters } from './retry-statistics.ts'
import type { Rules } from './rules.ts'

/** What all calls of a policy share. */
export interface Shared {
  readonly rules: Rules
  readonly events: Emitter<RetryEvents>
  readonly counters: Counters
}

/** What p-retry catches in place of every failure: an `Error` of no special kind. */
const attemptFailed: Error = Object.create(Error.prototype)

const nothing = (): void => {}
const always = (): boolean => true

/** One call that has failed once. */
export class RetryLoop {
  readonly #shared: Shared
  readonly #context: CallContext
  readonly #inner: Inner
  /** When the call began; undefined when nothing timed it. */
  readonly #began: number | undefined
  /** The attempt that ran last, and when it began if something timed it. */
  #attempt = 1
  #attemptBegan: number | undefined
  /** What it threw, or the value that was refused. */
  #failure: unknown
  #refused: boolean
  #failureClass: FailureClass = 'transient'
  #hint: number | 'stop' | undefined = undefined
  /** What follows from its failure; undefined until that is judged. */
  #decision: Decision | undefined = undefined
  #schedule = freshSchedule
  #totalDelay = 0
  /** How many retries the budget gave, and what gave the last one for which receipt. */
  #taken = 0
  #budget: RetryBudget | undefined = undefined
  #receipt: number | undefined = undefined

  /**
   * @param failure - Of the first attempt.
   * @param refused - Whether it is a value that counts as a failure, not an error.
   */
  constructor(
    shared: Shared,
    context: CallContext,
    inner: Inner,
    began: number | undefined,
    failure: unknown,
    refused: boolean,
  ) {
    this.#shared = shared
    this.#context = context
    this.#inner = inner
    this.#began = began
    this.#attemptBegan = began
    this.#failure = failure
    this.#refused = refused
  }

  /** @returns The outcome of the call; undefined when the first failure stands as it is. */
  run(): Promise<unknown> | undefined {
    const { reason } = this.#judge()
    if (reason === undefined) return this.#repeat()
    this.#giveUp(reason)
    return this.#stands(reason) ? undefined : this.#outcome(reason)
  }

  async #repeat(): Promise<unknown> {
    const { rules, events, counters } = this.#shared
    const { journey } = this.#context
    counters.retrying++
    const loop = pRetry((attempt) => this.#next(attempt), {
      retries: rules.attempts - 1,
      factor: 1,
      minTimeout: 0,
      maxTimeout: 0,
      maxRetryTime: Number.POSITIVE_INFINITY,
      randomize: false,
      onFailedAttempt: nothing,
      shouldRetry: () => this.#wait(),
      shouldConsumeRetry: always,
    })
    let value: unknown
    try {
      value = await loop.finally(() => {
        counters.retrying--
      })
    } catch (error) {
      if (error !== attemptFailed) throw error // A clock that failed.
      // p-retry does not ask about the last attempt.
      const { reason } = this.#decision ?? this.#judge()
      this.#giveUp(reason as GaveUpReason)
      return await this.#outcome(reason as GaveUpReason)
    }
    counters.recovered++
    if (events.wants('succeeded', journey)) {
      events.emit('succeeded', { attempts: this.#attempt, totalDelay: this.#totalDelay }, journey)
    }
    return value
  }

  /** What p-retry calls for an attempt. */
  #next(attempt: number): Promise<unknown> {
    if (attempt === 1) throw attemptFailed // It ran before p-retry was called.
    if (!this.#context.aborted) return this.#try(attempt)
    this.#abandon()
    throw attemptFailed
  }

  async #try(attempt: number): Promise<unknown> {
    const { rules, counters } = this.#shared
    counters.retries++
    this.#attempt = attempt
    this.#attemptBegan = rules.clock.now()
    this.#decision = undefined
    try {
      const value = await this.#inner.run(this.#context.child(attempt))
      if (!rules.refuses?.(value, attempt)) return value
      this.#failure = value
      this.#refused = true
    } catch (error) {
      this.#failure = error
      this.#refused = false
    }
    throw attemptFailed
  }

  /** Whether p-retry shall run the next attempt; answered when its time has come. */
  async #wait(): Promise<boolean> {
    const { rules, counters } = this.#shared
    const decision = this.#decision ?? this.#judge()
    if (decision.reason !== undefined) return false
    const { delay } = decision
    // The event loop turns before every other retry, or endless retries without a delay would starve it.
    if (delay === 0 && this.#attempt === 1) return true
    try {
      await rules.clock.sleep(delay, this.#context.waitSignal)
    } catch (error) {
      this.#abandon()
      if (this.#context.aborted) return false
      throw error
    }
    this.#totalDelay += delay
    counters.totalDelay += delay
    return true
  }

  /** The call was given up before the next attempt ran. */
  #abandon(): void {
    this.#decision = { reason: 'aborted' }
    if (this.#receipt !== undefined) this.#budget?.refund(this.#receipt)
    this.#receipt = undefined
  }

  #judge(): Decision {
    const { rules } = this.#shared
    const context = this.#context
    const { deadline = Number.POSITIVE_INFINITY } = context
    const now = rules.clock.now()
    const attempt = this.#attempt
    const failure = this.#failure
    const failureClass = rules.classify(failure)
    const aborted = context.aborted
    const owned = rules.collapses && this.#inner.retriedOutside
    const retryable =
      !aborted &&
      !owned &&
      (this.#refused || (errorBehind(failure) === failure && rules.retries(failure, failureClass, attempt)))
    const hint = retryable ? rules.hint(failure) : undefined
    const elapsedAt = this.#began === undefined ? Number.POSITIVE_INFINITY : this.#began + rules.maxElapsed
    this.#failureClass = failureClass
    this.#hint = hint
    let decision = decide(rules, this.#schedule, {
      attempt,
      failureClass,
      retryable,
      hint,
      aborted,
      owned,
      now,
      deadline,
      elapsedAt,
    })
    if (decision.reason === undefined && !this.#charge()) decision = { reason: 'budget' }
    if (decision.reason === undefined) this.#schedule = decision.schedule
    if (this.#refused && (decision.reason ?? 'aborted') === 'aborted') rules.dispose(failure)
    this.#decision = decision
    this.#tell(decision, now)
    return decision
  }

  /** Takes a retry from the budget. @returns Whether there was one, or there is no budget. */
  #charge(): boolean {
    const { rules } = this.#shared
    if (rules.budget === undefined) return true
    this.#budget = rules.budget(this.#context.key)
    this.#receipt = this.#budget.tryWithdraw(this.#taken)
    if (this.#receipt === undefined) return false
    this.#taken++
    return true
  }

  #tell(decision: Decision, now: number): void {
    const { events } = this.#shared
    const { journey } = this.#context
    const attempt = this.#attempt
    const failureClass = this.#failureClass
    const willRetry = decision.reason === undefined
    const delay = willRetry ? decision.delay : 0
    const delaySource = willRetry ? decision.source : undefined
    if (events.wants('attemptFailed', journey)) {
      const duration = this.#attemptBegan === undefined ? undefined : now - this.#attemptBegan
      events.emit(
        'attemptFailed',
        { attempt, failureClass, duration, willRetry, delay, delaySource },
        journey,
      )
    }
    if (delaySource !== undefined && events.wants('retryScheduled', journey)) {
      events.emit('retryScheduled', { attempt: attempt + 1, failureClass, delay, delaySource }, journey)
    }
    if (decision.reason === 'budget' && events.wants('budgetExhausted', journey)) {
      events.emit('budgetExhausted', { attempt, balance: this.#budget?.balance ?? 0 }, journey)
    }
  }

  #giveUp(reason: GaveUpReason): void {
    const { events, counters } = this.#shared
    const { journey } = this.#context
    const attempts = this.#attempt
    const retryAfter = typeof this.#hint === 'number' ? this.#hint : undefined
    counters.gaveUp[reason] = (counters.gaveUp[reason] ?? 0) + 1
    // What a function throws after an abort is often the reason itself, and that is the caller's. Under a retry
    // outside, that one will have more to say.
    if (!this.#refused && reason !== 'aborted' && reason !== 'nested')
      noteOn(errorBehind(this.#failure), attempts, reason, retryAfter)
    if (!events.wants('gaveUp', journey)) return
    const failureClass = this.#failureClass
    const totalDelay = this.#totalDelay
    events.emit('gaveUp', { attempts, reason, failureClass, totalDelay, retryAfter }, journey)
  }

  /** Whether the caller gets the failure as it is. */
  #stands(reason: GaveUpReason): boolean {
    if (reason === 'aborted') return false
    // An `AbortError` inside another retry is a word for that one.
    return this.#refused || reason === 'nested' || errorBehind(this.#failure) === this.#failure
  }

  /** What the caller gets in the end. */
  async #outcome(reason: GaveUpReason): Promise<unknown> {
    if (reason === 'aborted') throw this.#context.reason
    if (this.#refused) return this.#failure
    throw errorBehind(this.#failure)
  }
}

/**
 * The error that an `AbortError` of p-retry carries, of this copy of it or another; any other error is itself.
 */
function errorBehind(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return error
  const { name, originalError } = error as { name?: unknown; originalError?: unknown }
  const stops = error instanceof AbortError || name === 'AbortError'
  return stops && originalError !== undefined ? originalError : error
}
