import type { AnyPolicy, CallContext, Clock, Context } from '@seaworthy/core'
import type { FailoverProvider } from './failover-options.ts'
import { holds } from './handled.ts'
import { LatencyWindow } from './latency-window.ts'
import { admits, availableAt, newHealth, type ProviderHealth } from './provider-health.ts'
import type { Quota } from './quota.ts'
import { averageWith, faded } from './selection.ts'

/** How far back percentiles of latencies look. */
const latencyWindow = 30_000

/** The place of a quota, which several providers may share. */
export interface SharedQuota {
  readonly group: string | undefined
  state: Quota
}

/** What is known about one provider at present. Its state changes through `ProviderBoard` alone. */
export class Provider {
  readonly name: string
  readonly tier: number
  readonly weight: number
  readonly quota: SharedQuota
  health: ProviderHealth
  /** Why it was taken out by hand. */
  excluded: string | undefined = undefined
  /** A policy of the user's keeps attempts away until then. */
  restsUntil: number = Number.NEGATIVE_INFINITY
  /** Attempts without an outcome yet. */
  inflight = 0
  answers = 0
  failures = 0
  readonly #clock: Clock
  readonly #call: (request: unknown, context: Context) => unknown
  readonly #policy: AnyPolicy | undefined
  readonly #accepts: ((request: unknown) => boolean) | undefined
  readonly #latencies: LatencyWindow
  /** Somebody else makes the trials. */
  readonly #probed: boolean
  #average: number | undefined = undefined
  #measuredAt = 0

  constructor(
    options: FailoverProvider<unknown, unknown>,
    tier: number,
    quota: SharedQuota,
    clock: Clock,
    probed: boolean,
  ) {
    this.name = options.name
    this.tier = options.tier ?? tier
    this.weight = options.weight ?? 1
    this.quota = quota
    this.#call = options.call
    this.#policy = options.policy
    this.#accepts = options.accepts
    this.#clock = clock
    this.#probed = probed
    this.#latencies = new LatencyWindow(latencyWindow, clock.now())
    this.health = newHealth(clock.now())
  }

  /** Whether it can answer such a request, and nobody has taken it out. */
  serves(request: unknown): boolean {
    return this.excluded === undefined && (this.#accepts === undefined || holds(this.#accepts, request))
  }

  /** Whether a call may go to it now: as one of many, as the one trial, or not. */
  admits(now: number): 'call' | 'trial' | undefined {
    if (!this.allowed(now)) return undefined
    const admission = admits(this.health, now)
    return admission === 'trial' && this.#probed ? undefined : admission
  }

  /** Whether nothing but its health speaks against asking it now. */
  allowed(now: number): boolean {
    return this.excluded === undefined && this.allowedAt <= now
  }

  /** When a server's or a policy's word allows the next attempt. */
  get allowedAt(): number {
    return Math.max(this.quota.state.until, this.restsUntil)
  }

  /** When it can be expected to admit calls; the past, if that hangs on a trial that is under way. */
  get hopeAt(): number {
    const { health } = this
    return Math.max(this.allowedAt, health.name === 'cooling' ? health.until : Number.NEGATIVE_INFINITY)
  }

  /** When to look again; Infinity if whoever changes its health will say so. */
  get lookAt(): number {
    if (this.#probed && this.health.name !== 'healthy') return Number.POSITIVE_INFINITY
    return Math.max(this.allowedAt, availableAt(this.health))
  }

  /** Runs one attempt. Never throws. */
  run(request: unknown, context: CallContext): Promise<unknown> {
    if (this.#policy !== undefined)
      return this.#policy.execute((inner) => this.#call(request, inner), context)
    try {
      return Promise.resolve(this.#call(request, context))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** It sent its first byte after so many milliseconds. */
  took(latency: number, now: number): void {
    this.#latencies.record(latency, now)
    this.#average = averageWith(faded(this.#average, now - this.#measuredAt), latency)
    this.#measuredAt = now
  }

  /** The 95th percentile of its latencies; undefined while too little is known. */
  get slowest(): number | undefined {
    return this.#latencies.quantile(0.95, this.#clock.now())
  }

  /** Its usual latency, as measured. */
  get average(): number | undefined {
    return this.#average
  }

  /** Its usual latency, as far as that still means something; `usual` while it is not known. */
  latency(usual: number | undefined, now: number): number | undefined {
    return faded(this.#average, now - this.#measuredAt) ?? usual
  }
}
