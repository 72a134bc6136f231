/** The engine that all clients share: policies around each send, and what is known about each origin. */
import type { CircuitControls } from '@seaworthy/circuit-breaker'
import {
  type Call,
  type CallContext,
  type Clock,
  type Emitter,
  type FailureClass,
  formatDuration,
  type Layer,
  type Policy,
  PolicyBase,
  type PolicyDescription,
} from '@seaworthy/core'
import type { AttemptLimit } from './attempt.ts'
import { Cooldowns } from './cooldowns.ts'
import type { HttpEvents } from './events.ts'
import type { Exchange } from './exchange.ts'
import { exhaustion, type HeaderLookup } from './hints.ts'
import type { CallTime, Host } from './host.ts'
import type { HttpOptions } from './options.ts'
import { OutboundCall } from './outbound-call.ts'
import { type OwnPolicies, ownPolicies } from './policies.ts'
import type { ReplayRules } from './replay-body.ts'
import { type Rules, rulesOf } from './rules.ts'
import type { StatusFailure } from './status.ts'
import { uuid } from './uuid.ts'

/** What is known about an origin. */
export interface OriginStatus {
  /** State of its circuit; undefined without a breaker of ours. */
  readonly circuit: CircuitControls['state'] | undefined
  /** Milliseconds for which it is still to be left alone. */
  readonly cooldown: number
}

/** The engine behind a client: a policy whose calls are requests. */
export interface OutboundHttp extends Policy<never, HttpEvents> {
  /** Sends a request. For authors of clients: the clients of this package call it. */
  run<R>(exchange: Exchange<R>): Promise<R>
  /**
   * The key under which the state of a request's server is kept; undefined for what is not `http:` or `https:`.
   *
   * @throws TypeError when `url` is none.
   */
  keyOf(url: URL | string, method: string): string | undefined
  /** Whether the option `key` chooses the keys: it wants the whole address, where otherwise any of the same origin will do. */
  readonly customKeys: boolean
  /** What is known about an origin, such as `https://api.example.com`. */
  origin(origin: string): OriginStatus
  /** How bodies are kept for another send. */
  readonly replay: ReplayRules
  /** What measures time. */
  readonly clock: Clock
}

/**
 * The engine behind {@link resilientFetch} and the clients of the other entries. You need it to bring a client of your own, or to
 * let several share one state.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { outboundHttp, resilientFetch } from '@seaworthy/http'
 *
 * const http = outboundHttp({ retry: 2 })
 * const one = resilientFetch(http)
 * const two = resilientFetch(http) // shares circuits, budgets and cooldowns with the first
 * console.log(one.http === two.http) // true
 * ```
 */
export function outboundHttp(options: HttpOptions = {}): OutboundHttp {
  return new Engine(options)
}

/** Whether a value is an engine. */
export function isOutboundHttp(value: unknown): value is OutboundHttp {
  return value instanceof Engine
}

/** The engine as its calls see it. */
class Engine extends PolicyBase<never, HttpEvents> implements OutboundHttp, Host {
  readonly rules: Rules
  /** Whether the policies are ours, and not the user's. */
  readonly ownsPolicies: boolean
  /** Whether a policy retries. */
  readonly retries: boolean
  /** Whether a request may be sent more than once. */
  readonly repeats: boolean
  declare readonly events: Emitter<HttpEvents>
  private readonly users: Policy<unknown> | undefined
  private readonly own: OwnPolicies
  private readonly cooldowns: Cooldowns | undefined
  private readonly sends: Sends
  /** The limit of sends that have all of their time. */
  private readonly fullLimit: AttemptLimit | undefined
  private calls = 0
  /** The last origin. An address that begins with its root needs no parsing; one string for all calls is hashed once. */
  private lastOrigin = 'http://localhost'
  private lastRoot = 'http://localhost/'

  constructor(options: HttpOptions) {
    const rules = rulesOf(options)
    super('http', rules.name, rules.hub)
    this.rules = rules
    this.users = options.policy
    this.ownsPolicies = options.policy === undefined
    const none = { retry: undefined, budgets: undefined, rateLimit: undefined, breakers: undefined }
    this.own = this.ownsPolicies ? ownPolicies(options, rules) : none
    this.cooldowns =
      rules.cooldown && new Cooldowns(rules.cooldown, this.events, (origin) => this.isShut(origin))
    this.sends = new Sends(this)
    this.fullLimit = fullLimitOf(rules)
    this.retries = this.layers().some(({ kind }) => kind === 'retry')
    // Policies of the user may send again in other ways, too.
    this.repeats = this.retries || !this.ownsPolicies
    this.register(() => this.snapshot())
  }

  /** Whether somebody wants to know how requests end. */
  get watched(): boolean {
    return !this.events.silent
  }

  /** Whether calls need to know when they began. */
  get timed(): boolean {
    return this.rules.totalLimit !== undefined || this.rules.deadline !== undefined || this.watched
  }

  get customKeys(): boolean {
    return this.rules.keyOf !== undefined
  }

  get replay(): ReplayRules {
    return this.rules
  }

  get clock(): Clock {
    return this.rules.clock
  }

  run<R>(exchange: Exchange<R>): Promise<R> {
    const call = new OutboundCall(this, exchange)
    this.calls++
    if (call.signal?.aborted) return call.givenUp()
    const passage = this.sends.passage(call)
    const outcome = passage === undefined ? this.sends.execute(call.operation, call) : call.pass(passage)
    call.fresh = false
    // The type of what `send` hands through the policies is known to `call` alone, which turns it back.
    return outcome as Promise<R>
  }

  keyOf(address: URL | string, method: string): string | undefined {
    const { keyOf } = this.rules
    if (keyOf === undefined && typeof address === 'string' && address.startsWith(this.lastRoot))
      return this.lastOrigin
    const url = typeof address === 'string' ? new URL(address, pageAddress()) : address
    const { protocol, origin } = url
    if (protocol !== 'https:' && protocol !== 'http:') return undefined
    if (keyOf !== undefined) return keyOf({ origin, method, url })
    if (origin !== this.lastOrigin) {
      this.lastOrigin = origin
      this.lastRoot = `${origin}/`
    }
    return this.lastOrigin
  }

  origin(origin: string): OriginStatus {
    const breakers = this.own.breakers
    const known = breakers?.keys().includes(origin) === true
    return {
      circuit: breakers && (known ? breakers.circuit(origin).state : 'closed'),
      cooldown: this.cooldowns?.rest(origin) ?? 0,
    }
  }

  override layers(): readonly Layer[] {
    if (this.users !== undefined) return this.users.layers()
    const { retry, rateLimit, breakers } = this.own
    const heed = this.cooldowns === undefined ? [] : [this.cooldowns]
    return [
      ...(retry?.layers() ?? []),
      ...heed,
      ...(rateLimit?.layers() ?? []),
      ...(breakers?.layers() ?? []),
    ]
  }

  override describe(): PolicyDescription[] {
    const { attemptLimit, totalLimit } = this.rules
    const { retry, rateLimit, breakers } = this.own
    const inner =
      this.users?.describe() ?? [retry, rateLimit, breakers].flatMap((each) => each?.describe() ?? [])
    return [...this.limit('total', totalLimit), ...inner, ...this.limit('attempt', attemptLimit)]
  }

  override debugStats(): Record<string, number> {
    const { retry, budgets, rateLimit, breakers } = this.own
    const { attemptList } = this.rules
    const sums: Record<string, number> = { ...super.debugStats() }
    for (const policy of [this.users, retry, rateLimit, breakers]) {
      for (const [name, value] of Object.entries(policy?.debugStats() ?? {}))
        sums[name] = (sums[name] ?? 0) + value
    }
    return {
      ...sums,
      calls: this.calls,
      timed: attemptList?.size ?? 0,
      timers: (sums['timers'] ?? 0) + (attemptList?.ticking ? 1 : 0),
      cooldowns: this.cooldowns?.size ?? 0,
      cooldownWaiters: this.cooldowns?.waiters ?? 0,
      budgets: budgets?.size ?? 0,
    }
  }

  override dispose(): void {
    const { retry, rateLimit, breakers } = this.own
    for (const policy of [retry, rateLimit, breakers]) policy?.dispose()
    this.cooldowns?.clear()
    super.dispose()
  }

  /** How long a send may take that begins at `now`; `over` when the call has no time left. */
  limitFor({ deadline, limit, scope }: CallTime, now: number): AttemptLimit | 'over' | undefined {
    const { fullLimit } = this
    if (deadline === undefined) return fullLimit
    const rest = deadline - now
    if (rest < 1) return 'over'
    if (fullLimit !== undefined && fullLimit.limit <= rest) return fullLimit
    const { name, coversBody, clock } = this.rules
    const timer: AttemptLimit['timer'] = (expire) => clock.setTimer(expire, rest)
    return { policy: name, limit, scope, coversBody, list: undefined, timer }
  }

  /** A new idempotency key. */
  makeKey(): string {
    return uuid(this.rules.random)
  }

  /** A server answered that it cannot now, and perhaps when it can. */
  noteFailure(origin: string, status: number, { retryAfter }: StatusFailure): void {
    if (this.cooldowns === undefined || (status !== 429 && status !== 503)) return
    const asked = retryAfter === 'stop' ? Number.POSITIVE_INFINITY : retryAfter
    if (asked !== undefined) this.cooldowns.begin(origin, asked, status, undefined)
  }

  /** A server answered well, and perhaps that this was the last time for a while. */
  noteExhaustion(origin: string, status: number, header: HeaderLookup): void {
    const wait = exhaustion(header)
    if (wait !== undefined) this.cooldowns?.begin(origin, wait, status, undefined)
  }

  /** Charges the origin that answered after a redirection; the one that redirected did well. */
  credit(origin: string, failure: StatusFailure | undefined): void {
    const { breakers } = this.own
    if (breakers === undefined || breakers.circuit(origin).state !== 'closed') return
    const permit = breakers.circuit(origin).acquire()
    if (failure === undefined) permit.success()
    else if (failure.failureClass === 'transient') permit.failure()
    else permit.neutral()
  }

  /** A call is over. */
  settled(
    origin: string,
    method: string,
    status: number | undefined,
    failureClass: FailureClass | undefined,
    attempts: number,
    began: number,
  ): void {
    this.calls--
    const { events, rules } = this
    if (!events.wants('settled')) return
    const duration = rules.clock.now() - began
    events.emit('settled', { origin, method, status, failureClass, attempts, duration })
  }

  private isShut(origin: string): boolean {
    return this.own.breakers?.circuit(origin).state === 'open'
  }

  private limit(scope: 'total' | 'attempt', limit: number | undefined): PolicyDescription[] {
    if (limit === undefined) return []
    const options = { limit: formatDuration(limit), scope }
    return [{ kind: 'timeout', name: this.name, options, timeLimit: { limit, mode: 'aggressive' } }]
  }

  private snapshot(): object {
    const { breakers, budgets } = this.own
    return {
      calls: this.calls,
      cooldowns: this.cooldowns?.size ?? 0,
      circuits: breakers?.size ?? 0,
      budgets: budgets?.size ?? 0,
    }
  }
}

/** The policies of an engine, and around them what turns their outcome into that of a call. */
class Sends extends PolicyBase {
  private readonly engine: Engine

  constructor(engine: Engine) {
    super('http-sends', undefined)
    this.engine = engine
  }

  layers(): readonly Layer[] {
    return [new Outcomes(this.engine), ...this.engine.layers()]
  }

  describe(): PolicyDescription[] {
    return this.engine.describe()
  }
}

/**
 * The outermost layer. A good answer has been delivered before it comes here and passes, so that it costs no promise more; what is left
 * to do for other outcomes is done here.
 */
class Outcomes implements Layer {
  readonly kind: string = 'http'
  private readonly engine: Engine

  constructor(engine: Engine) {
    this.engine = engine
  }

  revises(value: unknown): boolean {
    return OutboundCall.holds(this.engine, value)
  }

  revise({ context }: Call, _slot: number, value: unknown): Promise<unknown> {
    return Promise.resolve(callOf(context).succeeded(value))
  }

  recover({ context }: Call, _slot: number, error: unknown): Promise<unknown> {
    return Promise.resolve(callOf(context).failedWith(error))
  }
}

/** Every call of {@link Sends} is made with itself as its options. */
function callOf({ options }: CallContext): OutboundCall<unknown> {
  return options as OutboundCall<unknown>
}

/** In browsers addresses may be relative. */
function pageAddress(): string | undefined {
  return (globalThis as { location?: { href?: string } }).location?.href
}

function fullLimitOf({ name, attemptLimit, attemptList, coversBody }: Rules): AttemptLimit | undefined {
  if (attemptLimit === undefined) return undefined
  const scope = 'attempt'
  return { policy: name, limit: attemptLimit, scope, coversBody, list: attemptList, timer: noTimer }
}

const noTimer: AttemptLimit['timer'] = () => {
  throw new Error('The list keeps the time.')
}
