import type { CircuitOutcome } from '@seaworthy/circuit-breaker'
import { type Clock, type Emitter, LazyAbort, type Random, type Timer } from '@seaworthy/core'
import {
  AmbiguousPathError,
  ClientDisconnectedError,
  RequestDeadlineError,
  RequestFailedError,
} from '../incoming-errors.ts'
import { type AnswerTexts, answerWith, codeOf } from './answer.ts'
import { boundedKey } from './client-address.ts'
import { type RequestContext, runFor } from './current-request.ts'
import { type IncomingEvents, methodLabel } from './events.ts'
import { PolicyOptions } from './policy-options.ts'
import { asPriority, type Priority } from './priority.ts'
import type { Exchange } from './request.ts'
import { ambiguousRoute, judge, type RequestEnd, type Route } from './rules.ts'
import { timeFor } from './time-limit.ts'

/** What the visits of one protection share. */
export interface VisitHost {
  readonly name: string | undefined
  readonly clock: Clock
  readonly random: Random
  readonly texts: AnswerTexts
  readonly events: Emitter<IncomingEvents>
  /** How many wait for their policies. */
  waiting: number
  /** How many handlers run. */
  running: number
  /** How many deadlines are watched. */
  timers: number
}

/**
 * One request on a protected route, from its arrival to the end of its response; also the context that its handler
 * finds. It waits, then runs, then is over, and each happens once: what the server says after that (a response
 * that finishes late, a second close) changes nothing.
 */
export class Visit extends LazyAbort implements RequestContext {
  readonly priority: Priority
  readonly deadline: number | undefined
  private readonly key: string | undefined
  private readonly host: VisitHost
  private readonly route: Route
  private readonly exchange: Exchange
  private readonly arrivedAt: number
  private readonly given: number | undefined
  private phase: 'new' | 'waiting' | 'running' | 'over' = 'new'
  private run: (() => void) | undefined = undefined
  private timer: Timer | undefined = undefined
  private options: PolicyOptions | undefined = undefined
  private isGone = false
  private succeed: (() => void) | undefined = undefined
  private fail: ((error: RequestFailedError) => void) | undefined = undefined

  /** Called once when the visit is over. For adapters that watch something on its behalf. */
  onOver: (() => void) | undefined = undefined

  constructor(host: VisitHost, route: Route, exchange: Exchange) {
    super()
    this.host = host
    this.route = route
    this.exchange = exchange
    this.arrivedAt = host.clock.now()
    this.key = route.rateLimit && keyOf(route, exchange)
    this.priority = priorityOf(route, exchange)
    this.given = route.timeLimit && timeFor(exchange, route.timeLimit)
    this.deadline = this.given === undefined ? undefined : this.arrivedAt + this.given
  }

  get rule(): string {
    return this.route.name
  }

  remaining(): number {
    return this.deadline === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(0, this.deadline - this.host.clock.now())
  }

  /**
   * Asks the policies, and calls `run` once if they let the request in, on its behalf. Otherwise it is answered.
   *
   * @param run - Starts the handler. Must not throw.
   */
  begin(run: () => void): void {
    if (this.phase === 'over') this.exchange.close(undefined)
    if (this.phase !== 'new') return
    const { host, route, given } = this
    this.phase = 'waiting'
    this.run = run
    host.waiting++
    const refused = this.refusedAtOnce()
    if (refused !== undefined) {
      this.refuse(refused)
      return
    }
    if (given !== undefined) {
      this.timer = host.clock.setTimer(() => this.expire(), given, false)
      host.timers++
    }
    if (route.policy === undefined) {
      this.operate()
      return
    }
    this.options = new PolicyOptions(this.key, this.deadline, this.priority)
    route.policy.execute(() => this.operate(), this.options).then(undefined, (error) => this.refuse(error))
  }

  private refusedAtOnce(): AmbiguousPathError | RequestDeadlineError | undefined {
    if (this.route === ambiguousRoute) return new AmbiguousPathError(this.host.name)
    return this.given === 0 ? new RequestDeadlineError(this.host.name, 0) : undefined
  }

  /** Runs the handler. The promise settles when the response is over: until then it holds its slots and permits. */
  private operate(): Promise<void> | undefined {
    const { host, run, route } = this
    if (this.phase !== 'waiting' || run === undefined) return undefined
    this.phase = 'running'
    host.waiting--
    host.running++
    const ended =
      route.policy &&
      new Promise<void>((resolve, reject) => {
        this.succeed = resolve
        this.fail = reject
      })
    this.announceRate()
    runFor(this, run)
    return ended
  }

  /** The response is complete. */
  answered(status: number): void {
    this.finish('answered', status, undefined)
  }

  /** The handler failed, and `status` is what was sent so far. */
  threw(error: unknown, status: number | undefined): void {
    this.finish('threw', status, error)
  }

  /** The handler failed, and nobody else will answer. */
  crashed(error: unknown, status: number | undefined): void {
    const { host, exchange } = this
    this.threw(error, status)
    if (exchange.open) exchange.close(answerWith('internal_error', undefined, host.texts, host.random))
  }

  /** The client has gone away, or the connection has broken. */
  gone(): void {
    if (this.phase === 'new') this.phase = 'over'
    if (this.phase === 'over') return
    const error = new ClientDisconnectedError(this.host.name)
    this.isGone = true
    this.abort(error)
    this.options?.giveUp(error)
    this.finish('aborted', undefined, undefined)
  }

  /** The time is over. A response that has begun may go on; only its signal aborts. */
  private expire(): void {
    const { host, exchange, given = 0 } = this
    this.stopTimer()
    if (this.phase === 'over') return
    const error = new RequestDeadlineError(host.name, given)
    this.abort(error)
    if (this.phase === 'waiting') this.options?.giveUp(error)
    if (this.phase !== 'running' || !exchange.open) return
    const { events, name } = host
    this.finish('expired', 504, undefined)
    exchange.close(answerWith('deadline_exceeded', undefined, host.texts, host.random))
    if (events.wants('expired')) events.emit('expired', { name, ...this.label(), given })
  }

  /** The policies turned the request away. Whatever they reject with later is the echo of the end. */
  private refuse(error: unknown): void {
    if (this.phase !== 'waiting') return
    const { host, exchange } = this
    const { events, name } = host
    this.leave()
    if (this.isGone) {
      exchange.close(undefined)
      this.reportAborted()
      return
    }
    const wait = (error as { retryAfter?: number } | undefined)?.retryAfter
    const answer = answerWith(codeOf(error), wait, host.texts, host.random)
    this.announceRate()
    exchange.close(answer)
    if (!events.wants('rejected')) return
    const { status, code, retryAfter } = answer
    events.emit('rejected', { name, ...this.label(), status, code, retryAfter })
  }

  private finish(how: RequestEnd['how'], status: number | undefined, error: unknown): void {
    if (this.phase !== 'running') return
    const { host, route, given, succeed, fail } = this
    const end: RequestEnd = { how, status, error, given }
    const outcome = judge(end, route.classify, route.timeLimit?.judgedFrom ?? 0)
    this.leave()
    if (outcome === 'success') succeed?.()
    else {
      const counts = outcome === 'failure'
      fail?.(new RequestFailedError(host.name, { status, counts, cause: error }))
    }
    if (how === 'aborted') this.reportAborted()
    else this.reportCompleted(status, outcome)
  }

  /** The visit is over. */
  private leave(): void {
    if (this.phase === 'waiting') this.host.waiting--
    if (this.phase === 'running') this.host.running--
    this.phase = 'over'
    this.run = undefined
    this.stopTimer()
    this.onOver?.()
  }

  private stopTimer(): void {
    if (this.timer === undefined) return
    this.timer.cancel()
    this.timer = undefined
    this.host.timers--
  }

  /** Says how much of the rate is left. */
  private announceRate(): void {
    const limit = this.route.rateLimit
    if (limit === undefined || !this.exchange.open) return
    if (limit.header !== '') this.exchange.setHeader('ratelimit-policy', limit.header)
    this.exchange.setHeader('ratelimit', limit.remaining + limit.policy.available(this.key))
  }

  private reportAborted(): void {
    const { events, name, clock } = this.host
    if (!events.wants('aborted')) return
    events.emit('aborted', { name, ...this.label(), duration: clock.now() - this.arrivedAt })
  }

  private reportCompleted(status: number | undefined, outcome: CircuitOutcome): void {
    const { events, name, clock } = this.host
    if (!events.wants('completed')) return
    const duration = clock.now() - this.arrivedAt
    events.emit('completed', { name, ...this.label(), status, outcome, duration })
  }

  private label(): { readonly rule: string; readonly method: string } {
    return { rule: this.route.name, method: methodLabel(this.exchange.method) }
  }
}

function keyOf({ key }: Route, exchange: Exchange): string | undefined {
  try {
    const given = key(exchange)
    return typeof given === 'string' ? boundedKey(given) : undefined
  } catch {
    return undefined
  }
}

function priorityOf({ priority }: Route, exchange: Exchange): Priority {
  if (typeof priority === 'string') return priority
  try {
    return asPriority(priority(exchange))
  } catch {
    return 'critical'
  }
}
