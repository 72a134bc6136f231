/** Chaos under control: what may be broken, when, how far, for how long; and the way back. */
import { defaultHub, Emitter, type Hub, type Listener } from '@seaworthy/core'
import { Aim, type CallFact, type Decisions } from './aim.ts'
import type { ChaosEvents, RecoveryOutcome } from './controller-events.ts'
import type { ChaosControllerOptions, InjectRequest } from './controller-options.ts'
import { type ControllerSetup, setupOf } from './controller-setup.ts'
import type { ChaosController, ChaosSnapshot, Injection, RunningSchedule } from './controller-types.ts'
import { Counters } from './counters.ts'
import { type DecisionStream, decisionStream } from './decisions.ts'
import { ChaosRefusedError } from './errors.ts'
import { closedGate, type GateFacts, type RefusalReason } from './gates.ts'
import { Guards } from './guards.ts'
import {
  activeCount,
  emptyLedger,
  entryOf,
  inPlace,
  isActive,
  isOver,
  isWanted,
  type Ledger,
  type LedgerEntry,
  type LedgerInput,
  next,
  overlaps,
  type RecoveryCause,
} from './ledger.ts'
import { type Plan, planOf } from './plan.ts'
import { answerWithin, trackRecovery } from './recovery-tracker.ts'
import { RunningInjection } from './running-injection.ts'
import type { Overlap, Schedule } from './schedule.ts'
import { Scheduler } from './scheduler.ts'
import type { SkipReason } from './target.ts'
import { Timers } from './timers.ts'

/**
 * Breaks targets on purpose, within limits, and mends them again.
 *
 * Nothing happens before it is armed. Every injection passes the gates in a fixed order (see `refusalReasons`), has a duration, and
 * is taken back when that is over, when a limit is reached, when the lease is lost, or by {@link ChaosController.kill}. What
 * happens to a call follows from the seed, the scenario, the target and the number of the call.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { callTarget, chaosController } from '@seaworthy/chaos'
 *
 * const stock = callTarget('stock')
 * const chaos = chaosController({ targets: [stock], armed: true, timeoutProbability: 0.1 })
 * chaos.on('injected', ({ scenario, targets }) => console.log(scenario, targets))
 *
 * const outage = await chaos.inject({ scenario: 'provider_outage', on: 'stock', for: '1m' })
 * await outage.recover()
 * console.log(outage.status().phase) // recovered
 * ```
 */
export function chaosController(options: ChaosControllerOptions): ChaosController {
  return new Controller(setupOf(options), options.hub ?? defaultHub)
}

/** How many injections are remembered after their end. */
const remembered = 100

class Controller implements ChaosController {
  readonly name: string
  readonly #setup: ControllerSetup
  readonly #events: Emitter<ChaosEvents>
  readonly #unregister: () => void
  readonly #counters = new Counters()
  readonly #decisions = new Map<string, Decisions>()
  readonly #selections: DecisionStream
  readonly #injections = new Map<string, RunningInjection>()
  readonly #scheduler: Scheduler
  readonly #guards: Guards
  readonly #disposal = new AbortController()
  #ledger: Ledger
  #planned = 0
  #sequence = 0
  #spent = 0
  #lastAt = Number.NEGATIVE_INFINITY
  #tracking = 0
  /** How many changes are under way: events wait for the end of the outermost. */
  #depth = 0

  constructor(setup: ControllerSetup, hub: Hub) {
    this.name = setup.name
    this.#setup = setup
    this.#ledger = emptyLedger(setup.maxConcurrentChaos)
    this.#events = new Emitter('chaos', setup.name, hub)
    this.#selections = decisionStream(setup.seed, 'selection', 'targets')
    this.#scheduler = new Scheduler(setup, (request) => this.inject(request))
    this.#guards = new Guards(setup, {
      overBudget: (value, limit) => this.#exceeded('errorBudget', value, limit),
      leaseLost: () => this.#recoverAll('leaseLost'),
    })
    this.#unregister = hub.register({
      kind: 'chaos',
      name: setup.name,
      snapshot: () => this.snapshot(),
      actions: { stop: () => this.stop(), kill: () => this.kill() },
    })
  }

  get armed(): boolean {
    return this.#setup.armed()
  }

  get killed(): boolean {
    return this.#ledger.killed
  }

  async inject(request: InjectRequest): Promise<Injection> {
    const asked = this.#setup.clock.now()
    const injection = this.#plan(this.#planOf(request))
    await this.#passGates(injection)
    await this.#record(injection)
    this.#begin(injection, asked)
    return injection
  }

  schedule(request: InjectRequest, when: Schedule, overlap: Overlap = 'forbid'): RunningSchedule {
    this.#planOf(request) // What makes no sense is said now, not when nobody looks.
    return this.#scheduler.start(request, when, overlap)
  }

  async stop(): Promise<void> {
    this.#scheduler.stop()
    const unsettled = this.#unsettled()
    this.#recoverAll('stopped')
    await Promise.all(unsettled.map(({ settled }) => settled))
  }

  kill(): void {
    this.#change(() => {
      const active = this.#ledger.entries.filter(isActive)
      const first = !this.killed
      this.#scheduler.stop()
      this.#next({ type: 'kill' })
      for (const injection of this.#injections.values()) {
        injection.easing = false
        injection.timers.clear()
      }
      if (first) this.#tell('killSwitch', { active: active.length })
      for (const { id } of active.filter(isWanted)) this.#tellRecovering(id)
      this.reconcile()
    })
  }

  reset(): void {
    this.#next({ type: 'reset' })
    if (this.killed)
      throw new Error('chaos: a fault is still in place; reconcile() tries to take it away again')
  }

  reconcile(): void {
    this.#change(() => {
      for (const injection of [...this.#injections.values()].reverse()) {
        const entry = this.entryOf(injection.id)
        if (entry === undefined) continue
        if (entry.phase === 'injecting') this.#apply(injection)
        else if (!isWanted(entry) && !injection.easing) this.#takeAway(injection)
      }
    })
  }

  injection(id: string): Injection | undefined {
    return this.#injections.get(id)
  }

  on<E extends keyof ChaosEvents>(event: E, listener: Listener<ChaosEvents[E]>): () => void {
    return this.#events.on(event, listener)
  }

  snapshot(): ChaosSnapshot {
    const { dryRun, maxConcurrentChaos, seed } = this.#setup
    const injections = [...this.#injections.values()]
    return {
      armed: this.armed,
      dryRun,
      killed: this.killed,
      maxConcurrentChaos,
      seed,
      counters: this.#counters.with(injections),
      injections: injections.map((injection) => injection.status()),
    }
  }

  debugStats(): Record<string, number> {
    const injections = [...this.#injections.values()]
    const timers = injections.reduce((sum, each) => sum + each.timers.size, 0)
    return {
      active: activeCount(this.#ledger),
      faults: injections.flatMap(({ aims }) => aims).filter(({ applied }) => applied !== undefined).length,
      timers: timers + this.#scheduler.timers + this.#guards.timers,
      tracking: this.#tracking,
      schedules: this.#scheduler.size,
      listeners: this.#events.size,
    }
  }

  dispose(): void {
    this.kill()
    this.#disposal.abort()
    this.#unregister()
    this.#events.clear()
  }

  entryOf(id: string): LedgerEntry | undefined {
    return entryOf(this.#ledger, id)
  }

  recover(injection: RunningInjection): void {
    this.#recover(injection, 'asked')
  }

  #planOf(request: InjectRequest): Plan {
    const { targets, scenarios, probabilities } = this.#setup
    return planOf(request, {
      targets,
      scenarios,
      probabilities,
      stream: this.#selections,
      ordinal: this.#planned,
    })
  }

  #plan(plan: Plan): RunningInjection {
    const { clock } = this.#setup
    const injection = new RunningInjection(
      `${plan.scenario}-${++this.#planned}`,
      plan,
      new Timers(clock),
      this,
    )
    const { id } = injection
    injection.aims = plan.parts.map(
      ({ target, fault }, index) =>
        new Aim(id, target, fault, this.#decisionsOf(plan, target.id, fault.kind, index), {
          clock,
          maxCallFraction: this.#setup.maxCallFraction,
          tenants: this.#setup.tenants,
          spend: () => this.#spend(),
          tell: (aim, type, ordinal, reason) => this.#tellCall(injection, aim, type, ordinal, reason),
        }),
    )
    this.#injections.set(id, injection)
    this.#next({ type: 'plan', id, places: injection.aims.map(({ place }) => place) })
    this.#counters.count('planned')
    const { targets, duration = 0 } = plan
    this.#tell('planned', { ...named(injection), targets, duration })
    return injection
  }

  /** Decisions are counted on over all injections of a scenario, so that a second one does not repeat the first. */
  #decisionsOf({ scenario }: Plan, target: string, kind: string, index: number): Decisions {
    const key = `${scenario}\n${target}\n${kind} ${index}`
    const known = this.#decisions.get(key)
    if (known !== undefined) return known
    const stream = decisionStream(this.#setup.seed, `${scenario} ${kind} ${index}`, target)
    const decisions = { stream, made: 0 }
    this.#decisions.set(key, decisions)
    return decisions
  }

  async #passGates(injection: RunningInjection): Promise<void> {
    const { steadyState, clock, recovery, dryRun } = this.#setup
    const leased = await this.#guards.leaseHolds()
    const early = closedGate(this.#facts(injection, leased), 'notOptedIn')
    if (early?.reason === 'dryRun' && dryRun) {
      const { targets, duration = 0 } = injection.plan
      this.#tell('wouldInject', { ...named(injection), targets, duration })
    }
    if (early !== undefined) throw this.#refuse(injection, early.reason, early.explanation)
    const steady =
      steadyState && (await answerWithin(clock, steadyState, recovery.budget, this.#disposal.signal))
    const overErrorBudget = await this.#guards.isOverBudget()
    // The first gates once more: much can have happened meanwhile.
    const late = closedGate(this.#facts(injection, leased, steady, overErrorBudget), 'duration')
    if (late !== undefined) throw this.#refuse(injection, late.reason, late.explanation)
    this.#next({ type: 'admit', id: injection.id })
    this.#goesOn(injection, 'gated')
    this.#lastAt = clock.now()
  }

  #facts(injection: RunningInjection, leased: boolean, steady?: boolean, overErrorBudget = false): GateFacts {
    const { maxConcurrentChaos, minGap, maxTargets, maxAffectedCalls, maxDuration, dryRun, clock } =
      this.#setup
    const { plan } = injection
    const entry = this.entryOf(injection.id)
    return {
      killed: this.killed,
      armed: this.armed && leased,
      dryRun,
      foreign: plan.foreign,
      steady,
      active: activeCount(this.#ledger),
      maxConcurrentChaos,
      overlaps: entry !== undefined && overlaps(this.#ledger, entry),
      sinceLast: clock.now() - this.#lastAt,
      minGap,
      targets: plan.targets.length,
      maxTargets,
      callsLeft: maxAffectedCalls - this.#spent,
      overErrorBudget,
      duration: plan.duration,
      maxDuration,
    }
  }

  /** Tells of it where a crash does not lose it, before anything is done. */
  async #record(injection: RunningInjection): Promise<void> {
    const { targets, duration = 0 } = injection.plan
    const announcement = this.#tell('injecting', { ...named(injection), targets, duration })
    try {
      await this.#setup.record?.(announcement)
    } catch (error) {
      throw this.#refuse(injection, 'notRecorded', 'its announcement could not be recorded', error)
    }
    this.#goesOn(injection, 'gated')
  }

  #begin(injection: RunningInjection, asked: number): void {
    const { id, plan } = injection
    const { clock } = this.#setup
    injection.startedAt = clock.now()
    injection.endsAt = injection.startedAt + (plan.duration ?? 0)
    let failure: { readonly error: unknown } | undefined
    this.#change(() => {
      this.#next({ type: 'inject', id })
      failure = this.#apply(injection)
      if (!this.#is(injection, 'active')) return
      this.#counters.count('injected')
      const faults = injection.aims.map(({ fault }) => fault.kind)
      const took = clock.now() - asked
      this.#tell('injected', { ...named(injection), targets: plan.targets, faults, took })
      injection.timers.set(plan.duration ?? 0, () => this.#elapsed(injection))
      this.#guards.start()
    })
    if (failure === undefined) return
    const explanation = 'a fault could not be put in place, and those that could were taken away again'
    throw new ChaosRefusedError(id, 'notApplied', explanation, failure.error)
  }

  /** @returns Why a fault could not be put in place. Then the others are taken away. */
  #apply(injection: RunningInjection): { readonly error: unknown } | undefined {
    const { id } = injection
    for (const aim of injection.aims) {
      if (aim.applied !== undefined) continue
      this.#next({ type: 'apply', id, place: aim.place })
      try {
        aim.applied = aim.target.apply(aim.fault, aim)
      } catch (error) {
        this.#next({ type: 'recover', id, cause: 'notApplied' })
        this.#next({ type: 'removed', id, place: aim.place })
        this.#tellRecovering(id)
        this.#takeAway(injection)
        return { error }
      }
      if (this.#isWanted(injection)) continue
      this.#takeAway(injection) // The target itself may have ended it.
      break
    }
    return undefined
  }

  #elapsed(injection: RunningInjection): void {
    const { autoRecovery, maxDuration } = this.#setup
    const { plan } = injection
    if (autoRecovery) {
      this.#ease(injection)
      return
    }
    this.#tell('overdue', named(injection))
    injection.timers.set(maxDuration - (plan.duration ?? 0), () => this.#recover(injection, 'elapsed'))
  }

  /** Takes the faults away by and by. */
  #ease(injection: RunningInjection): void {
    const [first, ...later] = injection.plan.easing
    if (first === undefined || first.share === 0) {
      this.#recover(injection, 'elapsed')
      return
    }
    this.#change(() => {
      this.#next({ type: 'recover', id: injection.id, cause: 'elapsed' })
      injection.easing = true
      for (const aim of injection.aims) aim.share = first.share
      this.#tellRecovering(injection.id)
    })
    for (const { after, share } of later) {
      injection.timers.set(after, () => {
        if (share === 0) this.#recover(injection, 'elapsed')
        for (const aim of injection.aims) aim.share = share
      })
    }
  }

  /** Ends an injection, wherever it is. */
  #recover(injection: RunningInjection, cause: RecoveryCause): void {
    this.#change(() => {
      const before = this.entryOf(injection.id)
      if (before === undefined || isOver(before)) return
      injection.timers.clear()
      injection.easing = false
      this.#next({ type: 'recover', id: injection.id, cause })
      if (isWanted(before)) this.#tellRecovering(injection.id)
      this.#takeAway(injection)
    })
  }

  #recoverAll(cause: RecoveryCause): void {
    this.#change(() => {
      for (const injection of this.#unsettled().reverse()) this.#recover(injection, cause)
    })
  }

  #takeAway(injection: RunningInjection): void {
    const entry = this.entryOf(injection.id)
    if (entry?.phase === 'recovering' && !inPlace(entry)) {
      this.#gone(injection) // Nothing had been put in place.
      return
    }
    for (const aim of [...injection.aims].reverse()) {
      if (aim.applied === undefined || aim.removing) continue
      aim.removing = true
      try {
        const end = aim.applied.recover()
        if (end === undefined) this.#removed(injection, aim)
        else
          void end.then(
            () => this.#change(() => this.#removed(injection, aim)),
            () => this.#change(() => this.#stuck(injection, aim)),
          )
      } catch {
        this.#stuck(injection, aim)
      }
    }
  }

  #removed(injection: RunningInjection, aim: Aim): void {
    aim.removing = false
    aim.applied = undefined
    this.#next({ type: 'removed', id: injection.id, place: aim.place })
    const entry = this.entryOf(injection.id)
    if (entry !== undefined && !inPlace(entry)) this.#gone(injection)
  }

  /** The last fault of an injection was taken away. */
  #gone(injection: RunningInjection): void {
    if (injection.gone) return
    injection.gone = true
    if (!this.#ledger.entries.some(inPlace)) this.#guards.stop()
    this.#tell('removed', { ...named(injection), affected: injection.affected })
    if (this.#is(injection, 'recovering')) void this.#track(injection)
  }

  /** A fault could not be taken away. The next `reconcile` tries again. */
  #stuck(injection: RunningInjection, aim: Aim): void {
    aim.removing = false
    if (this.#is(injection, 'recovering')) this.#settle(injection, 'cleanupFailed', 0)
  }

  async #track(injection: RunningInjection): Promise<void> {
    const { isWell, clock, recovery } = this.#setup
    if (isWell === undefined || this.entryOf(injection.id)?.cause === 'notApplied') {
      this.#settle(injection, 'recovered', 0)
      return
    }
    this.#tracking++
    const { well, took } = await trackRecovery(clock, isWell, recovery, this.#disposal.signal)
    this.#tracking--
    this.#settle(injection, well ? 'recovered' : 'notRecovered', took)
  }

  #settle(injection: RunningInjection, outcome: RecoveryOutcome, took: number): void {
    this.#change(() => {
      injection.outcome = outcome
      injection.recoveryTook = took
      this.#next({ type: 'settle', id: injection.id, well: outcome === 'recovered' })
      const { affected } = injection
      if (outcome === 'recovered') this.#tell('recovered', { ...named(injection), affected, took })
      else this.#tell('recoverFailed', { ...named(injection), outcome, took })
      this.#counters.count(outcome === 'recovered' ? 'recovered' : 'recoverFailed')
      this.#end(injection)
    })
  }

  #end(injection: RunningInjection): void {
    injection.end()
    const over = [...this.#injections.values()].filter(({ id }) => {
      const entry = this.entryOf(id)
      return entry === undefined || (isOver(entry) && !inPlace(entry))
    })
    for (const old of over.slice(0, Math.max(0, over.length - remembered))) {
      this.#counters.remember(old)
      this.#injections.delete(old.id)
      this.#next({ type: 'forget', id: old.id })
    }
  }

  #refuse(injection: RunningInjection, reason: RefusalReason, explanation: string, cause?: unknown): Error {
    const { id } = injection
    return this.#change(() => {
      this.#next({ type: 'refuse', id, reason })
      const error = new ChaosRefusedError(id, this.entryOf(id)?.reason ?? reason, explanation, cause)
      if (this.#is(injection, 'expired')) this.#tell('expired', named(injection))
      else this.#tell('refused', { ...named(injection), reason: error.reason, gate: error.gate })
      this.#counters.count('refused')
      this.#end(injection)
      return error
    })
  }

  /** Stops an injection that was ended while it waited at a gate. */
  #goesOn(injection: RunningInjection, phase: LedgerEntry['phase']): void {
    if (this.#is(injection, phase)) return
    const reason = this.entryOf(injection.id)?.reason ?? 'notApplied'
    throw this.#refuse(injection, reason, 'it was ended before it had begun')
  }

  #spend(): boolean {
    const { maxAffectedCalls } = this.#setup
    if (this.#spent >= maxAffectedCalls) return false
    this.#spent++
    // Not now: the call that was the last one is still to be hit.
    if (this.#spent === maxAffectedCalls)
      queueMicrotask(() => this.#exceeded('maxAffectedCalls', this.#spent, maxAffectedCalls))
    return true
  }

  #exceeded(budget: 'maxAffectedCalls' | 'errorBudget', value: number, limit: number): void {
    this.#change(() => {
      this.#tell('budgetExceeded', { budget, value, limit })
      this.#recoverAll('budget')
    })
  }

  #unsettled(): RunningInjection[] {
    return [...this.#injections.values()].filter(({ id }) => {
      const entry = this.entryOf(id)
      return entry !== undefined && !isOver(entry)
    })
  }

  #is(injection: RunningInjection, phase: LedgerEntry['phase']): boolean {
    return this.entryOf(injection.id)?.phase === phase
  }

  #isWanted(injection: RunningInjection): boolean {
    const entry = this.entryOf(injection.id)
    return entry !== undefined && isWanted(entry)
  }

  #next(input: LedgerInput): void {
    this.#ledger = next(this.#ledger, input)
  }

  /** Makes a change as a whole: nobody hears of a part of it. */
  #change<T>(change: () => T): T {
    this.#depth++
    try {
      return change()
    } finally {
      if (--this.#depth === 0) this.#events.send()
    }
  }

  #tellRecovering(id: string): void {
    const injection = this.#injections.get(id)
    const entry = this.entryOf(id)
    if (injection === undefined || entry?.phase !== 'recovering') return
    this.#tell('recovering', { ...named(injection), cause: entry.cause ?? 'asked' })
  }

  /** Of each kind of fact the first of an aim is told, and every so many after it. */
  #tellCall(
    injection: RunningInjection,
    aim: Aim,
    type: CallFact,
    ordinal: number,
    reason: SkipReason | undefined,
  ): void {
    const count = {
      affectedCall: aim.affected,
      effectEnded: aim.ended,
      skipped: aim.skipped,
      effectFailed: 1,
    }[type]
    if ((count - 1) % this.#setup.sampling !== 0) return
    const { affected } = injection
    const call = { ...named(injection), target: aim.target.id, fault: aim.fault.kind, ordinal, affected }
    if (type === 'skipped') this.#tell(type, { ...call, reason: reason ?? 'aborted' })
    else this.#tell(type, call)
  }

  #tell<E extends keyof ChaosEvents>(
    type: E,
    detail: Omit<ChaosEvents[E], 'sequence' | 'at'>,
  ): ChaosEvents[E] {
    const stamp = { sequence: ++this.#sequence, at: this.#setup.clock.now() }
    const event = { ...stamp, ...detail } as ChaosEvents[E] // The stamp is what was left out.
    this.#events.put(type, event)
    if (this.#depth === 0) this.#events.send()
    return event
  }
}

const named = ({
  id,
  plan,
}: RunningInjection): { readonly injection: string; readonly scenario: string } => ({
  injection: id,
  scenario: plan.scenario,
})
