import {
  type Clock,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  Silence,
  systemClock,
  systemRandom,
} from '@seaworthy/core'
import type { Circuit } from './circuit.ts'
import type { CircuitBreakerEvents, EventName } from './events.ts'
import type { ClassifyOutcome } from './judge.ts'
import {
  type CircuitBreakerOptions,
  type CircuitRules,
  checkOptions,
  checkPatch,
  noOptions,
  rulesOf,
} from './options.ts'
import type { Owner } from './owner.ts'
import { type CircuitMode, noCause, off, type Rules } from './rules.ts'
import type { FleetMembership } from './sharing.ts'

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

/** What a call in a closed circuit tells even when it succeeds. */
const heardAtEveryCall = ['call', 'success'] as const

/**
 * The part that both kinds of breakers share, and what their circuits have in common.
 */
export abstract class BreakerBase
  extends PolicyBase<never, CircuitBreakerEvents>
  implements Policy<never, CircuitBreakerEvents>, BreakerControls, Owner
{
  readonly clock: Clock
  readonly classify: ClassifyOutcome | undefined
  rules: Rules
  membership: FleetMembership | undefined = undefined
  private options: CircuitBreakerOptions
  private readonly silence: Silence<CircuitBreakerEvents>

  protected constructor(kind: string, options: CircuitBreakerOptions) {
    checkOptions(options)
    super(kind, options.name, options.hub)
    this.clock = options.clock ?? systemClock
    this.classify = options.classify
    this.options = options === noOptions ? options : { ...options }
    this.rules = rulesOf(options)
    this.silence = new Silence(this.events, heardAtEveryCall)
  }

  /** Links the circuits to those of other instances. Last, since it goes on in the background until somebody disposes of it. */
  protected join(): void {
    const { store, name, random = systemRandom } = this.options
    if (store === undefined || name === undefined) return
    this.membership = store.join({
      name,
      clock: this.clock,
      random,
      circuits: () => this.circuits(),
      tell: (type, payload) => {
        if (this.wants(type, undefined)) this.emit(type, payload, undefined)
      },
    })
    for (const circuit of this.circuits()) circuit.sharing = this.membership.attach(circuit)
  }

  /** All circuits there are. */
  protected abstract circuits(): Iterable<Circuit>

  get mode(): CircuitMode {
    return this.rules.mode
  }

  setMode(mode: CircuitMode): void {
    this.change({ mode })
  }

  reconfigure(patch: CircuitRules): void {
    checkPatch(patch)
    this.change(patch)
  }

  private change(patch: CircuitBreakerOptions): void {
    const before = this.rules
    const options = { ...this.options, ...patch }
    this.rules = rulesOf(options)
    this.options = options
    for (const circuit of this.circuits()) circuit.reconfigure(before)
  }

  get silent(): boolean {
    return this.silence.holds
  }

  wants(type: EventName, journey: string | undefined): boolean {
    return this.events.wants(type, journey)
  }

  emit<E extends EventName>(type: E, payload: CircuitBreakerEvents[E], journey: string | undefined): void {
    this.events.emit(type, payload, journey)
  }

  put<E extends EventName>(type: E, payload: CircuitBreakerEvents[E], journey: string | undefined): void {
    this.events.put(type, payload, journey)
  }

  send(): void {
    this.events.send()
  }

  override describe(): PolicyDescription[] {
    const { recovery: wait, ...options } = this.rules
    const { mode, failureThreshold: consecutive, failureRate, slowCallDuration } = options
    const minimumRequests = Math.min(failureRate, slowCallDuration) < off ? options.minimumRequests : off
    const recovery = { first: wait(1, noCause, 0), longest: wait(1000, noCause, 1) }
    const trips = mode === 'enabled' && Math.min(consecutive, minimumRequests) < off
    const circuit = { consecutive, minimumRequests, recovery, trips, countsHanging: slowCallDuration < off }
    const shown = Object.entries(options).map(([option, value]) => [option, value === off ? false : value])
    return [{ kind: this.kind, name: this.name, options: Object.fromEntries(shown), circuit }]
  }

  override debugStats(): Record<string, number> {
    let underway = 0
    for (const circuit of this.circuits()) underway += circuit.underway
    return { ...super.debugStats(), underway, ...this.membership?.debugStats() }
  }

  override dispose(): void {
    for (const circuit of this.circuits()) circuit.dispose()
    this.membership?.leave()
    super.dispose()
  }
}
