import { CallContext, type Context, type FailureClass, type Passage, type PassingCall } from '@seaworthy/core'
import { Attempt } from './attempt.ts'
import { HttpStatusError, HttpTimeoutError, NotRepeatableError } from './errors.ts'
import { codeOf, type Evidence, evidenceOf } from './evidence.ts'
import type { CallerSignal, Exchange } from './exchange.ts'
import type { HeaderLookup } from './hints.ts'
import type { CallTime, Host } from './host.ts'
import { Reply } from './reply.ts'
import { judgeStatus, type StatusFailure } from './status.ts'

/** Methods that change nothing, and methods whose repetition changes nothing more: RFC 9110, 9.2. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PUT', 'DELETE'])

/**
 * What a retry policy gets in place of an error after which nothing must be sent again. It takes the form of p-retry's
 * `AbortError`, which ends retries and hands over the error inside; whoever else looks sees its class.
 */
class Final {
  readonly name: string = 'AbortError'
  readonly originalError: unknown
  readonly failureClass: FailureClass
  readonly retryAfter: number | undefined

  constructor(originalError: unknown, failureClass: FailureClass) {
    this.originalError = originalError
    this.failureClass = failureClass
    this.retryAfter = (originalError as { retryAfter?: number } | null)?.retryAfter
  }
}

/**
 * One call with all its sends. It alone decides whether a request may be sent once more, whatever policies ask for: always
 * when it is idempotent or carries a key, otherwise only when all sends before are known not to have been carried out.
 *
 * It is also what the policies are told about the call, and its own first send: most calls have one, and need no other object then.
 */
export class OutboundCall<R> extends Attempt<R> implements CallTime, PassingCall {
  declare private readonly engine: Host
  declare private readonly began: number
  declare readonly key: string
  declare readonly signal: AbortSignal | undefined
  declare readonly deadline: number | undefined
  declare readonly limit: number
  declare readonly scope: 'total' | 'deadline'
  /** Whether the policies have not been waited for yet: it is still the moment that the call began. */
  declare fresh: boolean
  /** Whether repetition does no harm: by its method, or because it carries a key. */
  declare private readonly harmless: boolean
  declare private readonly keyed: boolean
  /** A key that we made. */
  declare private readonly ownKey: string | undefined
  declare private sends: number
  /** Sends that may have been carried out, those under way among them. */
  declare private unproven: number
  /** How the last send failed. */
  declare private lastError: unknown
  /** Answers that nobody has yet, where policies of the user run: more than one only if one sends side by side. */
  declare private replies: Reply<R>[] | undefined
  declare private over: boolean
  declare private told: boolean
  /** By which the first send went past the policies; undefined once they know how it ended. */
  declare private passage: Passage | undefined

  constructor(engine: Host, exchange: Exchange<R>) {
    const { rules } = engine
    super(exchange, 1)
    this.engine = engine
    this.began = engine.timed ? rules.clock.now() : 0
    this.key = exchange.origin
    const { signal } = exchange
    // Our own policies only listen to it; others may hand it on to whoever checks what it is.
    const given = engine.ownsPolicies || !isCallerSignal(signal) ? signal : signal.platform
    this.signal = given as AbortSignal | undefined
    const total = rules.totalLimit ?? Number.POSITIVE_INFINITY
    const rest =
      rules.deadline === undefined ? total : (rules.deadline() ?? Number.POSITIVE_INFINITY) - this.began
    this.scope = rest < total ? 'deadline' : 'total'
    this.limit = Math.max(0, Math.min(rest, total))
    this.deadline = this.limit === Number.POSITIVE_INFINITY ? undefined : this.began + this.limit
    this.fresh = true
    this.sends = 0
    this.unproven = 0
    this.lastError = undefined
    this.replies = undefined
    this.over = false
    this.told = false
    this.passage = undefined
    let harmless = idempotent.has(exchange.method)
    let keyed = false
    let ownKey: string | undefined
    if (!harmless && rules.idempotencyKey !== false) {
      keyed = Boolean(exchange.header(rules.idempotencyHeader))
      if (!keyed && rules.idempotencyKey === 'auto') ownKey = engine.makeKey()
      keyed ||= ownKey !== undefined
      harmless = keyed
    }
    this.keyed = keyed
    this.harmless = harmless
    this.ownKey = ownKey
  }

  /** What the policies run: sends once. */
  get operation(): (context: Context) => unknown {
    return (context) => this.sendOnce(this.engine.ownsPolicies ? undefined : outsideOf(context))
  }

  /** Sends for the first time, past policies that let the call pass: without a promise and a record of theirs (bench: `overhead.1`). */
  pass(passage: Passage): Promise<unknown> {
    this.passage = passage
    try {
      return this.sendOnce(undefined)
    } catch (error) {
      this.passage = undefined
      return new Promise((resolve) => resolve(passage.fail(error, this)))
    }
  }

  private sendOnce(outside: AbortSignal | undefined): Promise<unknown> {
    const { engine, exchange } = this
    const { rules } = engine
    if (this.sends > 0) this.prepareRepetition()
    const now = this.fresh || !engine.timed ? this.began : rules.clock.now()
    const limit = engine.limitFor(this, now)
    if (limit === 'over') throw new HttpTimeoutError(rules.name, this.limit, this.scope, 'headers')
    const attempt = this.sends === 0 ? this : new Repetition(this, exchange, this.sends + 1)
    attempt.headers = this.headersToAdd()
    // While it is under way nobody knows whether it will be carried out.
    this.sends++
    this.unproven++
    return attempt.run(now, limit, outside, engine.repeats)
  }

  /** Whether a value with which the policies ended is still to be turned into the answer. */
  static holds(engine: Host, value: unknown): boolean {
    return !engine.ownsPolicies || value instanceof Reply
  }

  /** The policies ended with a value that {@link holds} an answer. */
  succeeded(value: unknown): unknown {
    const reply = value instanceof Reply ? (value as Reply<R>) : this.replyOf(value)
    this.discardAllBut(reply)
    if (reply !== undefined) return this.end(reply)
    this.settle(undefined, undefined) // Another policy answered.
    return value
  }

  /** The policies ended with an error. */
  failedWith(error: unknown): R {
    const thrown = error instanceof Final ? error.originalError : error
    const reply = thrown instanceof HttpStatusError ? this.replyOf(thrown.response) : undefined
    this.discardAllBut(reply)
    if (reply !== undefined) return this.end(reply, thrown)
    this.settle(undefined, this.engine.watched ? this.engine.rules.classify(thrown) : undefined)
    throw thrown
  }

  /** Its caller had given up before it began. Nothing is sent. */
  async givenUp(): Promise<never> {
    return this.failedWith(this.signal?.reason) as never
  }

  private end(reply: Reply<R>, error?: unknown): R {
    const { engine } = this
    const { failure, status } = reply
    const result = reply.deliver()
    this.settle(status, failure?.failureClass)
    if (failure !== undefined && engine.rules.throwOnFailure)
      throw error !== undefined && result === reply.result
        ? error
        : statusError(engine, status, result, failure)
    return result
  }

  /** Tells that it is over: once, though the caller may give up what was delivered a moment before. */
  private settle(status: number | undefined, failureClass: FailureClass | undefined): void {
    if (this.told) return
    this.told = true
    this.engine.settled(this.key, this.exchange.method, status, failureClass, this.sends, this.began)
  }

  /** Before another send. @throws When there must be none. */
  private prepareRepetition(): void {
    const { exchange, engine } = this
    if (!this.repeatable)
      throw this.lastError === undefined
        ? new NotRepeatableError(engine.rules.name, exchange.method, undefined)
        : this.ending(this.lastError, engine.rules.classify(this.lastError))
    // What failed before, if a policy retries that cannot tell us when it decides to.
    for (const reply of this.replies ?? []) if (reply.failure !== undefined) reply.discard()
  }

  private get repeatable(): boolean {
    return (this.harmless || this.unproven === 0) && this.exchange.replayable
  }

  private headersToAdd(): ReadonlyMap<string, string> | undefined {
    const { idempotencyHeader, attemptHeader } = this.engine.rules
    const counts = attemptHeader !== undefined && this.sends > 0
    if (this.ownKey === undefined && !counts) return undefined
    const headers = new Map<string, string>()
    if (this.ownKey !== undefined) headers.set(idempotencyHeader, this.ownKey)
    if (counts) headers.set(attemptHeader, String(this.sends))
    return headers
  }

  protected failed(error: unknown): unknown {
    return this.attemptFailed(error, this)
  }

  protected answered(result: R): unknown {
    return this.attemptAnswered(result, this)
  }

  /** See {@link Attempt.failed}. */
  attemptFailed(error: unknown, attempt: Attempt<R>): unknown {
    const thrown = this.verdict(error, attempt)
    const { passage } = this
    if (passage === undefined) throw thrown
    this.passage = undefined
    return passage.fail(thrown, this)
  }

  /** See {@link Attempt.answered}. */
  attemptAnswered(result: R, attempt: Attempt<R>): unknown {
    const { passage } = this
    if (passage === undefined) return this.judged(result, attempt)
    this.passage = undefined
    let value: unknown
    try {
      value = this.judged(result, attempt)
    } catch (error) {
      return passage.fail(error, this)
    }
    return passage.succeed(value, this)
  }

  /** A send ended without an answer. @returns What the policies get. */
  private verdict(error: unknown, attempt: Attempt<R>): unknown {
    const { engine, exchange } = this
    this.lastError = error
    if (exchange.signal?.aborted === true && error === exchange.signal.reason) return error
    // A redirection may have carried it out, whatever happened behind that.
    const evidence = exchange.passedOn(error) ? 'unknown' : evidenceOf(error)
    if (evidence !== 'unknown') this.unproven--
    const judged = engine.rules.classify(error)
    this.report(attempt, undefined, error, judged, evidence)
    const temporary = judged === 'transient' || judged === 'degraded'
    if (this.repeatable) return error
    if (temporary) this.reportNotRepeatable()
    return this.ending(error, judged)
  }

  /** An answer came. @returns What the policies get. */
  private judged(result: R, attempt: Attempt<R>): unknown {
    const { engine, exchange } = this
    const { rules } = engine
    const status = exchange.status(result)
    const judged = status < 400 ? undefined : this.judge(status, result)
    const origin = exchange.originOf(result)
    const redirected = origin !== exchange.origin
    if (redirected) engine.credit(origin, judged)
    if (judged === undefined) {
      if (rules.whenExhausted) engine.noteExhaustion(origin, status, headersOf(exchange, result))
      if (!engine.ownsPolicies)
        return this.hand(new Reply(attempt, result, status, undefined, false, redirected), undefined)
      // Our own policies never turn it away, so it is delivered while there may be more of it to come.
      const delivered = attempt.deliver(result)
      this.settle(status, undefined)
      return delivered
    }
    // The answer of a redirection says nothing about the request before it.
    const failure: StatusFailure = exchange.passedOn(result) ? { ...judged, evidence: 'unknown' } : judged
    if (failure.evidence !== 'unknown') this.unproven--
    engine.noteFailure(origin, status, failure)
    this.report(attempt, status, undefined, failure.failureClass, failure.evidence)
    const repeat = failure.temporary && this.repeatable
    if (failure.temporary && !repeat) this.reportNotRepeatable()
    return this.hand(new Reply(attempt, result, status, failure, repeat, redirected), failure)
  }

  private judge(status: number, result: R): StatusFailure | undefined {
    const { rules } = this.engine
    const ownKeyInFlight = this.keyed && this.unproven > 1
    return judgeStatus(status, headersOf(this.exchange, result), ownKeyInFlight, rules.wallClock, rules)
  }

  /** Our own policies take replies as they are; others take answers, and errors in place of those that failed. */
  private hand(reply: Reply<R>, failure: StatusFailure | undefined): unknown {
    const { engine } = this
    if (engine.ownsPolicies) return reply
    this.replies ??= []
    if (this.over) reply.discard()
    else this.replies.push(reply)
    if (failure === undefined) return reply.result
    const error = statusError(engine, reply.status, reply.result, failure)
    this.lastError = error
    throw reply.repeat && failure.retryAfter !== 'stop' ? error : this.ending(error, failure.failureClass)
  }

  /** The form of an error that ends retries, where there are any. */
  private ending(error: unknown, judged: FailureClass): unknown {
    return this.engine.retries ? new Final(error, judged) : error
  }

  private replyOf(result: unknown): Reply<R> | undefined {
    return this.replies?.find((reply) => reply.result === result)
  }

  private discardAllBut(kept: Reply<R> | undefined): void {
    this.over = true
    for (const reply of this.replies ?? []) if (reply !== kept) reply.discard()
  }

  private report(
    { attempt, sentAt }: Attempt<R>,
    status: number | undefined,
    error: unknown,
    failureClass: FailureClass,
    evidence: Evidence,
  ): void {
    const { events, rules, watched } = this.engine
    if (!watched || !events.wants('attemptFailed')) return
    const { origin, method } = this.exchange
    const code = error === undefined ? undefined : codeOf(error)
    const duration = rules.clock.now() - sentAt
    const { repeatable } = this
    events.emit('attemptFailed', {
      origin,
      method,
      attempt,
      status,
      code,
      failureClass,
      evidence,
      repeatable,
      duration,
    })
  }

  private reportNotRepeatable(): void {
    const { events } = this.engine
    if (!events.wants('notRepeatable')) return
    const { origin, method, replayable } = this.exchange
    events.emit('notRepeatable', { origin, method, reason: replayable ? 'method' : 'body' })
  }
}

/** A send after the first. */
class Repetition<R> extends Attempt<R> {
  declare private readonly call: OutboundCall<R>

  constructor(call: OutboundCall<R>, exchange: Exchange<R>, attempt: number) {
    super(exchange, attempt)
    this.call = call
  }

  protected answered(result: R): unknown {
    return this.call.attemptAnswered(result, this)
  }

  protected failed(error: unknown): unknown {
    return this.call.attemptFailed(error, this)
  }
}

function statusError(
  engine: Host,
  status: number,
  response: unknown,
  failure: StatusFailure,
): HttpStatusError {
  const { failureClass, retryAfter } = failure
  const { name: policy } = engine.rules
  const wait = typeof retryAfter === 'number' ? retryAfter : undefined
  return new HttpStatusError(status, response, { policy, failureClass, retryAfter: wait })
}

function isCallerSignal(signal: AbortSignal | CallerSignal | undefined): signal is CallerSignal {
  return signal !== undefined && 'platform' in signal
}

function headersOf<R>(exchange: Exchange<R>, result: R): HeaderLookup {
  return (name) => exchange.headerOf(result, name)
}

/** The signal of the policies around a send; undefined when none of them can abort it. */
function outsideOf(context: Context): AbortSignal | undefined {
  return context instanceof CallContext ? context.waitSignal : context.signal
}
