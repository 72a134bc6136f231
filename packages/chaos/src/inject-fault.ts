/** One fault in one pipeline, without a controller. */
import {
  type CallContext,
  type Clock,
  type Hub,
  type Inner,
  InvalidOptionError,
  knownOptions,
  type Layer,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  systemClock,
} from '@seaworthy/core'
import { Aim, type CallFact } from './aim.ts'
import { callTarget } from './call-target.ts'
import { decisionStream } from './decisions.ts'
import type { Fault, FaultKind } from './fault.ts'
import { parseFault } from './parse-fault.ts'
import type { AppliedFault, SkipReason } from './target.ts'

/** Options of {@link injectFault}. */
export interface InjectFaultOptions {
  /** Whether it injects; a function is asked at every call, and one that throws says no. There is no default. */
  readonly enabled: boolean | (() => boolean)
  /** What its decisions come from. @defaultValue 0 */
  readonly seed?: number | string
  /** A name, for events and the hub. */
  readonly name?: string
  readonly hub?: Hub
  readonly clock?: Clock
}

/** The events of {@link injectFault}. */
export type InjectFaultEvents = {
  /** A call is hit. */
  injected: { readonly fault: FaultKind; readonly ordinal: number }
  /** What was done to it is over. */
  effectEnded: { readonly fault: FaultKind; readonly ordinal: number }
  /** A call that was drawn could not be hit. */
  skipped: { readonly fault: FaultKind; readonly ordinal: number; readonly reason: SkipReason }
  /** The side effect of a `behavior` failed. */
  effectFailed: { readonly fault: FaultKind; readonly ordinal: number }
}

/**
 * A policy that injects one fault into the calls of a pipeline, for tests and for trying a composition out. It has no blast
 * radius, no time limit and no kill switch but `enabled`: outside of tests use a {@link ChaosController}. Several of them act one
 * after the other, first is outermost; put them innermost.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when the fault or an option makes no sense.
 *
 * @example
 * ```ts
 * import { injectFault } from '@seaworthy/chaos'
 * import { pipeline } from '@seaworthy/core'
 * import { retry } from '@seaworthy/retry'
 *
 * const flaky = injectFault({ kind: 'error', error: { code: 'ECONNRESET' }, rate: 0.5 }, { enabled: true, seed: 7 })
 * const result = await pipeline(retry({ attempts: 10, delay: 0 }), flaky).execute(() => 'answer')
 * console.log(result) // answer
 * ```
 */
export function injectFault(fault: Fault, options: InjectFaultOptions): Policy<never, InjectFaultEvents> {
  knownOptions('injectFault', options, ['enabled', 'seed', 'name', 'hub', 'clock'])
  const { enabled } = options
  if (typeof enabled !== 'boolean' && typeof enabled !== 'function')
    throw new InvalidOptionError('enabled', 'true, false or a function: there is no default', enabled)
  return new InjectFault(parseFault(fault), options)
}

class InjectFault extends PolicyBase<never, InjectFaultEvents> implements Layer {
  readonly #fault: Fault
  readonly #enabled: boolean | (() => boolean)
  readonly #calls: Pick<Layer, 'around'>
  readonly #applied: AppliedFault
  readonly #aim: Aim

  constructor(fault: Fault, { enabled, seed = 0, name, hub, clock = systemClock }: InjectFaultOptions) {
    super('chaos', name, hub)
    const target = callTarget(name ?? fault.kind, { clock })
    const decisions = { stream: decisionStream(seed, fault.kind, name ?? ''), made: 0 }
    this.#aim = new Aim(name ?? fault.kind, target, fault, decisions, {
      clock,
      maxCallFraction: 1,
      tenants: undefined,
      spend: () => true,
      tell: (_aim, type, ordinal, reason) => this.#tell(type, ordinal, reason),
    })
    this.#fault = fault
    this.#enabled = enabled
    this.#applied = target.apply(fault, this.#aim)
    this.#calls = target.policy.layers()[0] ?? {}
    this.register(() => this.#snapshot())
  }

  around(context: CallContext, inner: Inner): Promise<unknown> {
    if (!this.#isEnabled()) return inner.pass()
    return this.#calls.around?.(context, inner) ?? inner.pass()
  }

  override layers(): readonly Layer[] {
    return [this]
  }

  override describe(): PolicyDescription[] {
    return [{ kind: this.kind, name: this.name, options: { fault: this.#fault.kind } }]
  }

  /** Lets go of the calls that it holds, too. */
  override dispose(): void {
    void this.#applied.recover()
    super.dispose()
  }

  #isEnabled(): boolean {
    const enabled = this.#enabled
    if (typeof enabled === 'boolean') return enabled
    try {
      return enabled() === true
    } catch {
      return false
    }
  }

  #snapshot(): object {
    const { decided, affected, skipped } = this.#aim
    return { fault: this.#fault.kind, enabled: this.#isEnabled(), decided, affected, skipped }
  }

  #tell(type: CallFact, ordinal: number, reason: SkipReason | undefined): void {
    const call = { fault: this.#fault.kind, ordinal }
    if (type === 'skipped') this.events.emit(type, { ...call, reason: reason ?? 'aborted' })
    else this.events.emit(type === 'affectedCall' ? 'injected' : type, call)
  }
}
