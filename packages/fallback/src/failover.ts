import {
  type Describable,
  defaultHub,
  Emitter,
  type ExecuteOptions,
  failureClass,
  formatDuration,
  type Hub,
  type Listener,
  type PolicyDescription,
  type Timer,
} from '@seaworthy/core'
import type { Attempt } from './failover-attempt.ts'
import { FailoverCall, type FailoverOwner, type FailoverStats } from './failover-call.ts'
import type { StreamInterruptedError } from './failover-errors.ts'
import type { FailoverEvents, FailoverFailed, ProviderProbed, ProviderState } from './failover-events.ts'
import {
  checkProviders,
  type FailoverOptions,
  type FailoverProvider,
  type FailoverRules,
  failoverRules,
} from './failover-options.ts'
import { earn, spend } from './hedge-budget.ts'
import type { Provider } from './provider.ts'
import { ProviderBoard } from './provider-board.ts'
import { ProviderProbe } from './provider-probe.ts'

/** What a {@link Failover} knows about a provider. Durations are milliseconds. */
export interface ProviderSnapshot {
  readonly provider: string
  readonly state: ProviderState
  /** Until it may be tried again, by its health. */
  readonly cooldown: number
  /** Until it may be asked again, by a rate limit. */
  readonly limited: number
  /** Why it was taken out by hand. */
  readonly excluded: string | undefined
  readonly tier: number
  readonly weight: number
  readonly inflight: number
  readonly answers: number
  readonly failures: number
  /** The moving average of the time to its first byte. */
  readonly latency: number | undefined
}

/** The state of a {@link Failover}. */
export interface FailoverSnapshot {
  readonly providers: readonly ProviderSnapshot[]
  /** Calls not yet decided, and those of them that wait for a provider. */
  readonly calls: number
  readonly waiting: number
  /** Streams that were delivered and not read to their end. */
  readonly streams: number
}

/** Asks one of several providers. Made by {@link failover}. */
export interface Failover<Request, Answer> extends Describable {
  readonly kind: 'failover'
  readonly name: string | undefined

  /**
   * Asks providers until one answers.
   *
   * @param options - The context of a pipeline around it, for example.
   * @throws {@link ProvidersFailedError} when none does; the provider's own error, as the same object, when it says that the
   *   request is wrong; the reason of `options.signal`.
   */
  call(request: Request, options?: ExecuteOptions): Promise<Answer>

  /** Subscribes to an event. @returns A function that unsubscribes. */
  on<E extends keyof FailoverEvents>(event: E, listener: Listener<FailoverEvents[E]>): () => void

  /** The state of every provider, as plain data. */
  snapshot(): FailoverSnapshot

  /**
   * Takes a provider out until {@link Failover.include}. Attempts that run go on.
   *
   * @throws {@link @seaworthy/core!InvalidOptionError} when there is no such provider.
   */
  exclude(provider: string, reason: string): void

  /** Puts a provider back that was excluded. */
  include(provider: string): void

  /** Exact sizes of what it holds, so that leak tests compare numbers. */
  debugStats(): Record<string, number>

  /** Ends its probes, takes it off the hub and forgets its listeners. Calls still work, and those that run go on. */
  dispose(): void
  [Symbol.dispose](): void
}

/**
 * Asks the first of several providers that is well, and the next one when it fails, is slow, or has had enough: in under five
 * seconds, without losing a request, and back by itself within half a minute of its recovery.
 *
 * A provider that fails again and again, or hangs, cools down and then gets one trial at a time; one that says 429 is left alone
 * for as long as it asked. When none is well, calls wait for the first that is, until their deadline; no call is given up before
 * it has asked somebody, if somebody may be asked. An answer that is a stream is passed on with its first piece: until then
 * another provider can answer, after that its end is the reader's.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { failover } from '@seaworthy/fallback'
 *
 * const models = failover([
 *   { name: 'primary', call: (prompt: string) => Promise.reject<string>(new Error(`no answer to ${prompt}`)) },
 *   { name: 'secondary', call: async (prompt: string) => `an answer to ${prompt}` },
 * ])
 * models.on('hop', ({ provider, outcome }) => console.log(provider, outcome)) // primary transient, secondary answered
 * console.log(await models.call('the question')) // an answer to the question
 * ```
 */
export function failover<Request, Answer>(
  providers: readonly FailoverProvider<Request, Answer>[],
  options: FailoverOptions<Request, Answer> = {},
): Failover<Request, Answer> {
  checkProviders(providers)
  return new FailoverPolicy(providers, options)
}

/** Calls that waited go on one after the other: these many milliseconds apart, and the last one no later than this. */
const wakeGap = 10
const longestWake = 1000

class FailoverPolicy<Request, Answer> implements Failover<Request, Answer>, FailoverOwner {
  readonly kind = 'failover'
  readonly name: string | undefined
  readonly rules: FailoverRules
  readonly board: ProviderBoard
  readonly stats: FailoverStats = { calls: 0, attempts: 0, streams: 0, timers: 0 }
  readonly waiting: Set<FailoverCall> = new Set()
  readonly #hub: Hub
  readonly #events: Emitter<FailoverEvents>
  readonly #probes: ReadonlyMap<Provider, ProviderProbe>
  #unregister: (() => void) | undefined = undefined
  #balance = 0

  constructor(
    providers: readonly FailoverProvider<Request, Answer>[],
    options: FailoverOptions<Request, Answer>,
  ) {
    const { name, hub = defaultHub } = options
    this.name = name
    this.rules = failoverRules(options)
    this.#hub = hub
    this.#events = new Emitter('failover', name, hub)
    this.board = new ProviderBoard(
      // Requests go in as the caller's type says, so what the board passes on is of that type.
      providers as readonly FailoverProvider<unknown, unknown>[],
      name,
      this.rules,
      this.#events,
      (provider) => this.#changed(provider),
    )
    const { probe } = this.rules
    this.#probes = new Map(
      probe && this.board.providers.map((provider) => [provider, new ProviderProbe(this, provider, probe)]),
    )
    if (name === undefined) return
    const actions = {
      exclude: (provider: string, reason: string) => this.exclude(provider, reason),
      include: (provider: string) => this.include(provider),
    }
    this.#unregister = hub.register({ kind: this.kind, name, snapshot: () => this.snapshot(), actions })
  }

  call(request: Request, options?: ExecuteOptions): Promise<Answer> {
    const { hedge } = this.rules
    if (hedge !== undefined) this.#balance = earn(this.#balance, hedge.contribution)
    // Whatever a provider answers is of the type of answers; a stream is wrapped in one of its own kind.
    return new FailoverCall(this, request, options).run() as Promise<Answer>
  }

  on<E extends keyof FailoverEvents>(event: E, listener: Listener<FailoverEvents[E]>): () => void {
    return this.#events.on(event, listener)
  }

  exclude(provider: string, reason: string): void {
    this.board.exclude(this.board.find(provider), reason)
  }

  include(provider: string): void {
    this.board.include(this.board.find(provider))
  }

  snapshot(): FailoverSnapshot {
    const now = this.rules.clock.now()
    const rest = (until: number): number => Math.max(0, until - now)
    const providers = this.board.providers.map((provider) => ({
      provider: provider.name,
      state: provider.health.name,
      cooldown: provider.health.name === 'cooling' ? rest(provider.health.until) : 0,
      limited: rest(provider.allowedAt),
      excluded: provider.excluded,
      tier: provider.tier,
      weight: provider.weight,
      inflight: provider.inflight,
      answers: provider.answers,
      failures: provider.failures,
      latency: provider.average,
    }))
    return { providers, calls: this.stats.calls, waiting: this.waiting.size, streams: this.stats.streams }
  }

  describe(): PolicyDescription[] {
    const { strategy, deadline, passes } = this.rules
    const { providers } = this.board
    const names = providers.map((provider) => provider.name)
    const options = { providers: names, strategy, deadline: formatDuration(deadline), passes }
    return [
      {
        kind: this.kind,
        name: this.name,
        options,
        attempts: providers.length * (passes + 1),
        timeLimit: { limit: deadline, mode: 'aggressive' },
      },
    ]
  }

  /** `calls`: not yet decided; `attempts`: that run, those of decided calls included; `streams`: delivered, not read to the end. */
  debugStats(): Record<string, number> {
    const probes = [...this.#probes.values()].reduce((sum, { running }) => sum + running, 0)
    return { listeners: this.#events.size, ...this.stats, waiting: this.waiting.size, probes }
  }

  dispose(): void {
    for (const probe of this.#probes.values()) probe.close()
    this.#unregister?.()
    this.#unregister = undefined
    this.#events.clear()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  timer(callback: () => void, delay: number, keepAlive = true): Timer {
    const { stats, rules } = this
    let over = false
    const end = (): void => {
      if (!over) stats.timers--
      over = true
    }
    stats.timers++
    const timer = rules.clock.setTimer(
      () => {
        end()
        callback()
      },
      delay,
      keepAlive,
    )
    return {
      cancel: () => {
        end()
        timer.cancel()
      },
    }
  }

  idleTimer(callback: () => void, delay: number): Timer {
    return this.timer(callback, delay, false)
  }

  withdraw(): boolean {
    const balance = spend(this.#balance)
    if (balance !== undefined) this.#balance = balance
    return balance !== undefined
  }

  hop(attempt: Attempt): void {
    const { journey } = attempt.ticket
    if (this.#events.wants('hop', journey))
      this.#events.emit('hop', { name: this.name, ...attempt.hop() }, journey)
  }

  waits({ context: { journey } }: FailoverCall, wait: number): void {
    if (this.#events.wants('waiting', journey))
      this.#events.emit('waiting', { name: this.name, wait, waiting: this.waiting.size }, journey)
  }

  answered(call: FailoverCall, { ticket }: Attempt, streamed: boolean): void {
    const { journey } = call.context
    if (!this.#events.wants('answered', journey)) return
    const duration = this.rules.clock.now() - call.startedAt
    const provider = ticket.provider.name
    const payload = { name: this.name, provider, hops: call.attempts.length, duration, streamed }
    this.#events.emit('answered', payload, journey)
  }

  gaveUp(call: FailoverCall, reason: FailoverFailed['reason'], error: unknown): void {
    const { journey } = call.context
    if (!this.#events.wants('failed', journey)) return
    const duration = this.rules.clock.now() - call.startedAt
    const hops = call.attempts.length
    const payload = { name: this.name, hops, duration, reason, failureClass: this.rules.classify(error) }
    this.#events.emit('failed', payload, journey)
  }

  interrupted({ ticket: { provider, journey } }: Attempt, error: StreamInterruptedError): void {
    if (!this.#events.wants('interrupted', journey)) return
    const { chunks, bytes, cause } = error
    const payload = {
      name: this.name,
      provider: provider.name,
      chunks,
      bytes,
      failureClass: failureClass(cause),
    }
    this.#events.emit('interrupted', payload, journey)
  }

  late({ ticket: { provider, journey } }: Attempt, outcome: 'success' | 'failure', value: unknown): void {
    if (outcome === 'success') this.#disposeOf(value)
    if (this.#events.wants('late', journey))
      this.#events.emit('late', { name: this.name, provider: provider.name, outcome }, journey)
  }

  probed(provider: Provider, outcome: ProviderProbed['outcome'], duration: number): void {
    if (this.#events.wants('probed'))
      this.#events.emit('probed', { name: this.name, provider: provider.name, outcome, duration })
  }

  #disposeOf(value: unknown): void {
    const report = (error: unknown): void =>
      this.#hub.reportListenerError(error, this.kind, this.name, 'disposeResult')
    try {
      const disposal = this.rules.disposeResult?.(value)
      if (disposal instanceof Promise) disposal.then(undefined, report)
    } catch (error) {
      report(error)
    }
  }

  /** The first that waits looks at once; the others follow, so that a provider which comes back is not run over. */
  #changed(provider: Provider): void {
    this.#probes.get(provider)?.look()
    const calls = [...this.waiting]
    const spread = Math.min(longestWake, wakeGap * calls.length)
    for (const [index, call] of calls.entries()) {
      if (index === 0) call.wake()
      else call.wakeIn(spread * this.rules.random())
    }
  }
}
