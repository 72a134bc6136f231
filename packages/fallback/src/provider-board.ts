import { type Emitter, type FailureClass, InvalidOptionError, isSeaworthyError } from '@seaworthy/core'
import type { FailoverEvents } from './failover-events.ts'
import type { FailoverProvider, FailoverRules } from './failover-options.ts'
import { Provider, type SharedQuota } from './provider.ts'
import { type HealthInput, type HealthToken, nextHealth, slowStartShare } from './provider-health.ts'
import { freshQuota, nextQuota } from './quota.ts'
import { type Candidate, choose, median } from './selection.ts'

/** What an attempt or a probe keeps, to say later what became of it. */
export interface Ticket {
  readonly provider: Provider
  readonly token: HealthToken
  readonly startedAt: number
  /** Of the call it belongs to. */
  readonly journey: string | undefined
}

/** A failure, and what it was judged to be. */
export interface JudgedFailure {
  readonly failureClass: FailureClass
  readonly error: unknown
  /** The request is to blame, and maybe only here. */
  readonly elsewhere: boolean
}

/** Rejections by the user's own policies around a provider. They say nothing about the provider. */
const localRejections: ReadonlySet<string> = new Set([
  'ERR_CIRCUIT_OPEN',
  'ERR_CIRCUIT_ISOLATED',
  'ERR_BULKHEAD_FULL',
  'ERR_RATE_LIMITED',
  'ERR_CONCURRENCY_LIMITED',
])

/** All providers and their states: turns outcomes into inputs of the reducers, and changes into events. */
export class ProviderBoard {
  readonly providers: readonly Provider[]
  readonly #name: string | undefined
  readonly #rules: FailoverRules
  readonly #events: Emitter<FailoverEvents>
  /** Called after something changed that may let calls go on. */
  readonly #changed: (provider: Provider) => void

  constructor(
    providers: readonly FailoverProvider<unknown, unknown>[],
    name: string | undefined,
    rules: FailoverRules,
    events: Emitter<FailoverEvents>,
    changed: (provider: Provider) => void,
  ) {
    this.#name = name
    this.#rules = rules
    this.#events = events
    this.#changed = changed
    const groups = new Map<string, SharedQuota>()
    this.providers = providers.map((options, index) => {
      const { quotaGroup } = options
      const quota = groups.get(quotaGroup ?? '') ?? { group: quotaGroup, state: freshQuota }
      if (quotaGroup !== undefined) groups.set(quotaGroup, quota)
      const tier = rules.strategy === 'ordered' ? index : 0
      return new Provider(options, tier, quota, rules.clock, rules.probe !== undefined)
    })
  }

  /** @throws InvalidOptionError when there is no such provider. */
  find(name: string): Provider {
    const found = this.providers.find((provider) => provider.name === name)
    if (found !== undefined) return found
    const names = this.providers.map((provider) => `'${provider.name}'`).join(', ')
    throw new InvalidOptionError('provider', `one of ${names}`, name)
  }

  /** One of those that may be asked. @param admitted - One at least. */
  choose(admitted: readonly Provider[], now: number): Provider {
    const { strategy, random, health } = this.#rules
    const usual = strategy === 'latency' ? median(this.providers.map(({ average }) => average)) : undefined
    const candidates = admitted.map((provider): Candidate & { readonly provider: Provider } => ({
      provider,
      tier: provider.tier,
      weight: provider.weight,
      share: slowStartShare(provider.health, now, health),
      latency: strategy === 'latency' ? provider.latency(usual, now) : undefined,
      inflight: provider.inflight,
    }))
    return choose(candidates, strategy, random).provider
  }

  /** Whether more than half of the providers are down: then nobody is asked more than necessary. */
  get mostlyDown(): boolean {
    const down = this.providers.filter(
      ({ health, excluded }) => health.name !== 'healthy' || excluded !== undefined,
    )
    return 2 * down.length > this.providers.length
  }

  /** An attempt begins. Every ticket comes back through exactly one of the methods below. */
  begin(provider: Provider, trial: boolean, journey: string | undefined): Ticket {
    const startedAt = this.#rules.clock.now()
    const token = { epoch: provider.health.epoch, trial }
    provider.inflight++
    if (trial) this.#apply(provider, { type: 'trial' }, journey)
    return { provider, token, startedAt, journey }
  }

  succeeded({ provider, token, startedAt, journey }: Ticket): void {
    const now = this.#rules.clock.now()
    provider.inflight--
    provider.answers++
    provider.quota.state = nextQuota(provider.quota.state, { type: 'answered', startedAt }, now)
    this.#apply(provider, { type: 'succeeded', token }, journey)
  }

  failed(ticket: Ticket, failure: JudgedFailure): void {
    const { provider, token, journey } = ticket
    provider.inflight--
    const roll = this.#rules.random()
    const input: HealthInput = { type: this.#inputFor(ticket, failure, roll), token, roll }
    if (input.type !== 'left') provider.failures++
    this.#apply(provider, input, journey)
    if (input.type === 'refused' && this.#events.wants('misconfigured', journey))
      this.#events.emit('misconfigured', { name: this.#name, provider: provider.name }, journey)
  }

  /** An attempt whose outcome is settled failed after all. What keeps further attempts away counts all the same. */
  failedLate(ticket: Ticket, failure: JudgedFailure): void {
    this.#inputFor(ticket, failure, this.#rules.random())
  }

  /** It sent no first byte in its time. */
  slow({ provider, token, journey }: Ticket): void {
    provider.inflight--
    provider.failures++
    this.#apply(provider, { type: 'failed', token, roll: this.#rules.random() }, journey)
  }

  /** The outcome says nothing about the provider. */
  left({ provider, token, journey }: Ticket): void {
    provider.inflight--
    this.#apply(provider, { type: 'left', token }, journey)
  }

  /** Its stream broke off, after an attempt that has succeeded. */
  interrupted({ provider, token: { epoch }, journey }: Ticket): void {
    provider.failures++
    const token = { epoch, trial: false }
    this.#apply(provider, { type: 'failed', token, roll: this.#rules.random() }, journey)
  }

  exclude(provider: Provider, reason: string): void {
    provider.excluded = reason
    this.#changed(provider)
    if (this.#events.wants('excluded'))
      this.#events.emit('excluded', { name: this.#name, provider: provider.name, reason })
  }

  include(provider: Provider): void {
    const reason = provider.excluded
    if (reason === undefined) return
    provider.excluded = undefined
    this.#changed(provider)
    if (this.#events.wants('included'))
      this.#events.emit('included', { name: this.#name, provider: provider.name, reason })
  }

  /** Notes what keeps further attempts away. @returns What the failure means for the provider's health. */
  #inputFor(
    ticket: Ticket,
    { failureClass, error, elsewhere }: JudgedFailure,
    roll: number,
  ): 'failed' | 'refused' | 'left' {
    const { provider, startedAt } = ticket
    if (elsewhere) return 'left'
    if (isSeaworthyError(error) && localRejections.has(error.code)) {
      const until = this.#rules.clock.now() + (error.retryAfter ?? 0)
      provider.restsUntil = Math.max(provider.restsUntil, until)
      return 'left'
    }
    const hint = this.#rules.delayFrom(error)
    if (hint !== undefined || failureClass === 'degraded') this.#limit(ticket, hint, startedAt, roll)
    if (failureClass === 'transient') return 'failed'
    return failureClass === 'persistent' ? 'refused' : 'left'
  }

  #limit({ provider, journey }: Ticket, hint: number | undefined, startedAt: number, roll: number): void {
    const { quota } = provider
    const now = this.#rules.clock.now()
    quota.state = nextQuota(quota.state, { type: 'limited', hint, startedAt, roll }, now)
    if (!this.#events.wants('limited', journey)) return
    const cooldown = Math.max(0, quota.state.until - now)
    const payload = {
      name: this.#name,
      provider: provider.name,
      quotaGroup: quota.group,
      cooldown,
      hinted: hint !== undefined,
    }
    this.#events.emit('limited', payload, journey)
  }

  #apply(provider: Provider, input: HealthInput, journey: string | undefined): void {
    const before = provider.health
    const { clock, health } = this.#rules
    const now = clock.now()
    const after = nextHealth(before, input, now, health)
    if (after === before) return
    provider.health = after
    if (after.name !== before.name) this.#report(provider, before.name, now, journey)
    // A trial that begins lets nobody go on.
    const opens = after.name !== 'healthy' || before.name !== 'healthy'
    if (opens && input.type !== 'trial') this.#changed(provider)
  }

  #report(
    provider: Provider,
    from: Provider['health']['name'],
    now: number,
    journey: string | undefined,
  ): void {
    if (!this.#events.wants('stateChange', journey)) return
    const { health } = provider
    const cooldown = health.name === 'cooling' ? health.until - now : undefined
    const payload = { name: this.#name, provider: provider.name, from, to: health.name, cooldown }
    this.#events.emit('stateChange', payload, journey)
  }
}
