import { type Policy, PolicyBase, type PolicyDescription, systemClock } from '@seaworthy/core'
import type { Circuit } from './circuit.ts'
import type { CircuitBreakerEvents } from './events.ts'
import {
  type CircuitBreakerOptions,
  type CircuitRules,
  checkOptions,
  checkPatch,
  recoverySpan,
  rulesOf,
} from './options.ts'
import { Owner } from './owner.ts'
import { type CircuitMode, off } from './state.ts'

/** What a breaker can do whether it has one circuit or one for each key. */
export interface BreakerControls {
  /** Whether it acts. */
  readonly mode: CircuitMode
  /** Changes whether it acts. It starts anew: closed, with nothing remembered. */
  setMode(mode: CircuitMode): void
  /**
   * Changes rules while it works. Counts stay, also when the window gets another shape, and an opening that runs
   * ends when it would have.
   *
   * @param patch - What is left out stays.
   * @throws {@link @seaworthy/core!InvalidOptionError} when it makes no sense; nothing has changed then.
   */
  reconfigure(patch: CircuitRules): void
}

/** The part that both kinds of breakers share. */
export abstract class BreakerBase
  extends PolicyBase<never, CircuitBreakerEvents>
  implements Policy<never, CircuitBreakerEvents>, BreakerControls
{
  protected readonly owner: Owner
  private options: CircuitBreakerOptions

  protected constructor(kind: string, options: CircuitBreakerOptions) {
    checkOptions(options)
    const { name, hub, clock = systemClock, classify } = options
    super(kind, name, hub)
    this.options = { ...options }
    this.owner = new Owner(name, clock, classify, rulesOf(options), this.events)
  }

  /** All circuits there are. */
  protected abstract circuits(): Iterable<Circuit>

  get mode(): CircuitMode {
    return this.owner.rules.mode
  }

  setMode(mode: CircuitMode): void {
    this.change({ mode })
  }

  reconfigure(patch: CircuitRules): void {
    checkPatch(patch)
    this.change(patch)
  }

  private change(patch: CircuitBreakerOptions): void {
    const before = this.owner.rules
    const options = { ...this.options, ...patch }
    this.owner.rules = rulesOf(options)
    this.options = options
    for (const circuit of this.circuits()) circuit.reconfigure(before)
  }

  override describe(): PolicyDescription[] {
    const { recovery: _, resetOn: __, ...options } = this.owner.rules
    const { mode, failureThreshold: consecutive, failureRate, slowCallDuration } = options
    const rates = Math.min(failureRate, slowCallDuration) < off
    const minimumRequests = rates ? options.minimumRequests : off
    const recovery = recoverySpan(this.options)
    const trips = mode === 'enabled' && Math.min(consecutive, minimumRequests) < off
    const circuit = { consecutive, minimumRequests, recovery, trips }
    return [{ kind: this.kind, name: this.name, options: { ...options, recoveryTimeout: recovery }, circuit }]
  }

  override debugStats(): Record<string, number> {
    let underway = 0
    for (const circuit of this.circuits()) underway += circuit.underway
    return { ...super.debugStats(), underway }
  }

  override dispose(): void {
    for (const circuit of this.circuits()) circuit.dispose()
    super.dispose()
  }
}
