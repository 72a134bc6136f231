/** Watches the process, decides on the level, tells. */
import { Emitter, type Listener, oneOf, type Timer } from '@seaworthy/core'
import type { FullSheddingTable, RequestCriticality } from './criticality.ts'
import type { Degradation, KillOptions, OverrideOptions } from './degradation.ts'
import { FeatureOffError } from './errors.ts'
import type { DegradationEvents } from './events.ts'
import { Features } from './features.ts'
import {
  clearOverride,
  type LevelState,
  type LevelStep,
  levelChangesAt,
  normalLevel,
  setOverride,
  stepLevel,
} from './level-machine.ts'
import { type Level, levelValue, parseLevel, type ServiceLevel, worse } from './levels.ts'
import { type Notice, noticeText } from './notice.ts'
import { type DegradationOptions, type DegradationSettings, degradationSettings } from './options.ts'
import { Resources } from './resources.ts'
import { RuleBook } from './rule-book.ts'
import { SharedLevel } from './shared-level.ts'
import { type ResourceSignals, readSignals, type Signals } from './signals.ts'
import type { DegradationSnapshot, LevelChange } from './snapshot.ts'
import type { FleetView } from './store.ts'
import { lifetime, words } from './words.ts'

const keptChanges = 50
/** So many intervals an instance may be silent before its word counts no more. */
const silentIntervals = 3

/**
 * Makes a manager of the level of this process.
 *
 * It asks its rules when a circuit, a health check or a connection changes, and every `interval`. The level rises at once to the highest that a
 * rule calls for and sinks one at a time; it never swings while a cause lasts. Timers do not keep the process running.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { circuitBreaker } from '@seaworthy/circuit-breaker'
 * import { createDegradation } from '@seaworthy/degradation'
 *
 * const degradation = createDegradation({
 *   criticalCircuitBreakers: ['database'],
 *   features: { recommendations: { maxLevel: 'minor' } },
 * })
 * const database = circuitBreaker({ name: 'database' })
 * database.trip()
 * console.log(degradation.level, degradation.serviceLevel, degradation.isOn('recommendations')) // severe limited false
 * degradation.close()
 * database.dispose()
 * ```
 */
export function createDegradation(options: DegradationOptions = {}): Degradation {
  return new Manager(degradationSettings(options))
}

class Manager implements Degradation {
  readonly name: string
  readonly #settings: DegradationSettings
  readonly #rules: RuleBook
  readonly #features: Features
  readonly #events: Emitter<DegradationEvents>
  readonly #resources: Resources | undefined
  readonly #shared: SharedLevel | undefined
  readonly #leave: (() => void)[]
  readonly #shedding: FullSheddingTable
  readonly #changes: LevelChange[] = []
  readonly #timeAt: Record<Level, number>
  #state: LevelState
  #accountedAt: number
  #evaluatedAt = Number.NEGATIVE_INFINITY
  /** As they were then: to measure them begins a new measurement. */
  #measured: ResourceSignals = { heap: 0, eventLoopDelay: 0 }
  /** When it was evaluated last because something had happened. */
  #hurriedAt = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined = undefined
  #timerAt = Number.POSITIVE_INFINITY
  /** The override of the store that holds here, by its version. */
  #sharedVersion: string | undefined = undefined
  #closed = false

  constructor(settings: DegradationSettings) {
    const { name, hub, clock, interval, store } = settings
    this.name = name
    this.#settings = settings
    this.#shedding = settings.shedding
    this.#events = new Emitter('degradation', name, hub)
    this.#rules = new RuleBook(settings.rules, (rule) => this.#events.emit('ruleFailed', { rule }))
    this.#features = new Features(settings.features)
    this.#state = { ...normalLevel, since: clock.now() }
    this.#accountedAt = clock.now()
    this.#timeAt = { normal: 0, minor: 0, moderate: 0, severe: 0, critical: 0 }
    const leave = hub.register({
      kind: 'degradation',
      name,
      snapshot: () => this.snapshot(),
      actions: {
        set: (level: Level, options: OverrideOptions) => this.set(level, options),
        clear: (by: { readonly actor: string }) => this.clear(by),
        killFeature: (feature: string, options: KillOptions) => this.killFeature(feature, options),
        restoreFeature: (feature: string, by: { readonly actor: string }) => this.restoreFeature(feature, by),
      },
    })
    const soon = (): void => this.#evaluateSoon()
    this.#leave = [
      leave,
      ...['stateChange', 'changed', 'down', 'up'].map((type) =>
        hub.on(type, ({ kind }) => {
          if (kind !== 'degradation') soon()
        }),
      ),
    ]
    this.#resources = settings.resources ? new Resources() : undefined
    this.#shared =
      store &&
      new SharedLevel({
        store,
        instance: settings.instance,
        quorum: settings.quorum,
        timeout: settings.storeTimeout,
        ttl: silentIntervals * interval,
        clock,
        changed: (override) => this.#adopt(override),
        failed: (operation) => this.#events.emit('storeFailed', { operation }),
      })
    this.evaluate()
  }

  get level(): Level {
    return this.#state.level
  }

  get serviceLevel(): ServiceLevel {
    return this.#settings.serviceLevels[this.level]
  }

  get readOnly(): boolean {
    return levelValue(this.level) >= levelValue(this.#settings.readOnlyFrom)
  }

  get retryAfter(): number {
    const { clock, recoverAfter } = this.#settings
    if (this.level === 'normal') return 0
    const at = levelChangesAt(this.#state, recoverAfter)
    return Number.isFinite(at) ? Math.max(0, at - clock.now()) : recoverAfter
  }

  set(level: Level, options: OverrideOptions): DegradationSnapshot {
    const wanted = parseLevel('level', level)
    const { mode = 'pin' } = options
    oneOf('mode', mode, ['pin', 'floor'])
    const reason = words('reason', options.reason)
    const actor = words('actor', options.actor)
    const endsIn = lifetime(options.ttl)
    const { clock } = this.#settings
    const endsAt = endsIn === undefined ? undefined : clock.now() + endsIn
    this.#sharedVersion = undefined
    this.#take(
      setOverride(this.#state, { level: wanted, mode, reason, actor, endsAt }, this.#target(), clock.now()),
    )
    this.#events.emit('overrideSet', { level: wanted, mode, actor, endsIn })
    this.#shared?.write({ override: { level: wanted, mode, reason, actor }, endsIn })
    this.#arm()
    return this.snapshot()
  }

  clear({ actor }: { readonly actor: string; readonly reason?: string }): DegradationSnapshot {
    const { override } = this.#state
    if (override !== undefined) {
      this.#sharedVersion = undefined
      this.#take(clearOverride(this.#state, this.#target(), this.#settings.clock.now()))
      this.#events.emit('overrideCleared', { level: override.level, actor: words('actor', actor) })
    }
    this.#shared?.write({ override: undefined, endsIn: undefined })
    this.#arm()
    return this.snapshot()
  }

  evaluate(): void {
    if (this.#closed) return
    const now = this.#settings.clock.now()
    this.#evaluatedAt = now
    this.#measured = this.#resources?.read() ?? this.#measured
    this.#rules.ask(this.#signals(), now)
    for (const feature of this.#features.expire(now)) this.#tellFeature(feature, 'expired')
    this.#step()
    this.#shared?.say(this.#rules.target)
    this.#arm()
  }

  isOn(feature: string): boolean {
    return this.#features.isOn(feature, this.level)
  }

  feature<T>(feature: string, run: () => T): T {
    if (!this.isOn(feature)) throw new FeatureOffError(feature, this.retryAfter || undefined)
    return run()
  }

  killFeature(feature: string, options: KillOptions): void {
    const endsIn = lifetime(options.ttl)
    const endsAt = endsIn === undefined ? undefined : this.#settings.clock.now() + endsIn
    const wasOn = this.isOn(feature)
    const reason = words('reason', options.reason)
    const actor = words('actor', options.actor)
    this.#features.kill(feature, { reason, actor, endsAt })
    if (wasOn) this.#tellFeature(feature, 'killed')
    this.#arm()
  }

  restoreFeature(feature: string, { actor }: { readonly actor: string }): void {
    words('actor', actor)
    if (this.#features.restore(feature) && this.isOn(feature)) this.#tellFeature(feature, 'restored')
  }

  notice({ locale = 'en' }: { readonly locale?: string } = {}): Notice | undefined {
    const { level } = this
    if (level === 'normal') return undefined
    const since = this.#wall(this.#state.since)
    const { title, message } = noticeText(level, this.#settings.notices, locale)
    const affected = this.#features.facts(level).flatMap(({ on, label }) => (on ? [] : [label]))
    const retryAfterSeconds = Math.max(1, Math.ceil(this.retryAfter / 1000))
    return { id: `${level}-${since}`, level, title, message, affected, since, retryAfterSeconds }
  }

  admits(criticality: RequestCriticality): boolean {
    const share = this.#shedding[this.level][criticality]
    return share === 0 || (share < 1 && this.#settings.random() >= share)
  }

  snapshot(): DegradationSnapshot {
    const { level, serviceLevel, readOnly } = this
    const { since, override } = this.#state
    const target = this.#target()
    const active = this.#rules.active()
    this.#account()
    return {
      level,
      value: levelValue(level),
      serviceLevel,
      readOnly,
      since: this.#wall(since),
      ...this.#because(target, active[0]?.id),
      override: override && {
        level: override.level,
        mode: override.mode,
        reason: override.reason,
        actor: override.actor,
        expiresAt: override.endsAt === undefined ? undefined : this.#wall(override.endsAt),
      },
      target,
      activeRules: active.map((rule) => ({ ...rule, since: this.#wall(rule.since) })),
      rules: this.#rules.report(this.#signals()).map((rule) => ({
        ...rule,
        since: rule.since === undefined ? undefined : this.#wall(rule.since),
        until: rule.until === undefined ? undefined : this.#wall(rule.until),
      })),
      features: this.#features.facts(level).map(({ name, on, maxLevel, kill }) => ({
        name,
        on,
        maxLevel,
        killed: kill && {
          reason: kill.reason,
          actor: kill.actor,
          expiresAt: kill.endsAt === undefined ? undefined : this.#wall(kill.endsAt),
        },
      })),
      notice: this.notice(),
      recentEvents: [...this.#changes],
      timeAt: { ...this.#timeAt },
      instances: this.#shared?.instances ?? 0,
    }
  }

  on<E extends keyof DegradationEvents & string>(
    event: E,
    listener: Listener<DegradationEvents[E]>,
  ): () => void {
    return this.#events.on(event, listener)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const leave of this.#leave) leave()
    this.#timer?.cancel()
    this.#timer = undefined
    this.#resources?.close()
    this.#shared?.leave()
    this.#events.clear()
  }

  debugStats(): Record<string, number> {
    const shared = this.#shared?.debugStats ?? { timers: 0, calls: 0 }
    return {
      timers: (this.#timer === undefined ? 0 : 1) + shared.timers,
      calls: shared.calls,
      listeners: this.#events.size,
    }
  }

  #signals(): Signals {
    const { hub, criticalCircuitBreakers } = this.#settings
    return readSignals(hub, criticalCircuitBreakers, this.#measured)
  }

  /** What is called for: by the rules here, and by enough other instances. */
  #target(): Level {
    return worse(this.#rules.target, this.#shared?.target ?? 'normal')
  }

  #step(): void {
    const { clock, recoverAfter } = this.#settings
    const { override } = this.#state
    const step = stepLevel(this.#state, this.#target(), clock.now(), recoverAfter)
    this.#take(step)
    if (step.expired && override !== undefined)
      this.#events.emit('overrideExpired', { level: override.level })
  }

  /** Makes a step, and tells what it changed. */
  #take({ state, trigger }: LevelStep): void {
    this.#account()
    const from = this.level
    const before = this.#features.facts(from)
    this.#state = state
    const to = state.level
    if (trigger === undefined || from === to) return
    const rules = this.#rules.active().map(({ id }) => id)
    this.#changes.push({ time: this.#settings.wallClock(), from, to, trigger, rules })
    if (this.#changes.length > keptChanges) this.#changes.shift()
    this.#events.emit('changed', { from, to, trigger, rules, serviceLevel: this.serviceLevel })
    for (const { name, on } of before) if (this.isOn(name) !== on) this.#tellFeature(name, 'level')
  }

  #tellFeature(feature: string, cause: DegradationEvents['featureChanged']['cause']): void {
    this.#events.emit('featureChanged', { feature, on: this.isOn(feature), cause })
  }

  /** An override that another instance has set, or has ended. */
  #adopt(override: FleetView['override']): void {
    if (this.#closed) return
    const { clock } = this.#settings
    const now = clock.now()
    if (override?.version === this.#sharedVersion) {
      // Nothing new; but what the others call for may be.
      this.#step()
    } else if (override === undefined) {
      this.#sharedVersion = undefined
      this.#take(clearOverride(this.#state, this.#target(), now))
    } else {
      const { level, mode, reason, actor, endsIn, version } = override
      const endsAt = endsIn === undefined ? undefined : now + endsIn
      this.#sharedVersion = version
      this.#take(setOverride(this.#state, { level, mode, reason, actor, endsAt }, this.#target(), now))
    }
    this.#arm()
  }

  #evaluateSoon(): void {
    const { clock, coalesce } = this.#settings
    const now = clock.now()
    const at = this.#hurriedAt + coalesce
    if (at > now) {
      this.#armAt(at)
      return
    }
    this.#hurriedAt = now
    this.evaluate()
  }

  /** One timer, for whatever comes first. */
  #arm(): void {
    if (this.#closed) return
    const { clock, interval, recoverAfter } = this.#settings
    const now = clock.now()
    const due = Math.min(
      this.#rules.changesAt,
      levelChangesAt(this.#state, recoverAfter),
      this.#features.nextEnd,
      this.#evaluatedAt + interval,
    )
    this.#timer?.cancel()
    this.#timer = undefined
    this.#armAt(Math.max(due, now))
  }

  #armAt(at: number): void {
    if (this.#timer !== undefined && this.#timerAt <= at) return
    const { clock } = this.#settings
    this.#timer?.cancel()
    this.#timerAt = at
    const wake = (): void => {
      this.#timer = undefined
      this.evaluate()
    }
    this.#timer = clock.setTimer(wake, Math.max(0, at - clock.now()), false)
  }

  /** Adds the time since the last time to the level of now. */
  #account(): void {
    const now = this.#settings.clock.now()
    this.#timeAt[this.level] += now - this.#accountedAt
    this.#accountedAt = now
  }

  #because(target: Level, rule: string | undefined): Pick<DegradationSnapshot, 'source' | 'reason'> {
    const { level, override } = this.#state
    if (override !== undefined && (override.mode === 'pin' || override.level === level))
      return { source: 'override', reason: override.reason }
    if (levelValue(target) < levelValue(level)) return { source: 'recovery', reason: 'recovering' }
    const fleet = rule === undefined && level !== 'normal'
    return { source: 'rules', reason: fleet ? 'other instances' : (rule ?? '') }
  }

  #wall(at: number): number {
    const { clock, wallClock } = this.#settings
    return Math.round(wallClock() + at - clock.now())
  }
}
