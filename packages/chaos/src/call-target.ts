/** The calls to a dependency as a target. */
import {
  type CallContext,
  type Clock,
  defaultHub,
  type Inner,
  knownOptions,
  type Layer,
  optionalFunction,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  systemClock,
} from '@seaworthy/core'
import { type CallFault, callFaults, type EffectTools, take } from './effects.ts'
import type { Fault, FaultKind, Rate } from './fault.ts'
import { Holds } from './holds.ts'
import { supported, targetId } from './supported.ts'
import type { AppliedFault, ChaosTarget, TargetInjection } from './target.ts'
import { ThrottleWindow } from './throttle-window.ts'

/** Options of {@link callTarget}. */
export interface CallTargetOptions {
  /** What delays are measured on. @defaultValue the system clock */
  readonly clock?: Clock
  /** Brings the fault `crash`: ends the process, or in a simulation what stands for it. @defaultValue `crash` is not supported */
  readonly crash?: () => void
}

/** Calls that can be hit. Made by {@link callTarget}. */
export interface CallTarget extends ChaosTarget {
  readonly perCall: true
  /**
   * Brings the faults into a pipeline. Put it innermost, where they look like faults of the function itself. Without a fault in
   * place it is one check of a field.
   */
  readonly policy: Policy

  /** The same function, within reach of the faults: same parameters, same `this`, same result. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R>>
}

/**
 * Makes the calls to a dependency something that a {@link ChaosController} can break.
 *
 * @param id - Its name in experiments, events and reports.
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { callTarget, chaosController } from '@seaworthy/chaos'
 *
 * const stock = callTarget('stock')
 * const getStock = stock.wrap(async (item: string) => item.length)
 * const chaos = chaosController({ targets: [stock], armed: true })
 *
 * await chaos.inject({ scenario: 'provider_outage', on: 'stock', for: '10s' })
 * await getStock('lamp').catch((error) => console.log(error.code)) // ECONNREFUSED
 * chaos.kill()
 * console.log(await getStock('lamp')) // 4
 * ```
 */
export function callTarget(id: string, options: CallTargetOptions = {}): CallTarget {
  knownOptions('callTarget', options, ['clock', 'crash'])
  const { clock = systemClock, crash } = options
  return new Calls(targetId(id), clock, optionalFunction('crash', crash))
}

/** A fault that is in place, as calls see it. */
interface Placement {
  readonly fault: CallFault
  readonly rate: Rate
  readonly injection: TargetInjection
  readonly tools: EffectTools
  over: boolean
}

class Calls implements CallTarget {
  readonly id: string
  readonly supports: readonly FaultKind[]
  readonly perCall = true as const
  readonly policy: ChaosPolicy
  readonly #clock: Clock
  readonly #crash: (() => void) | undefined

  constructor(id: string, clock: Clock, crash: (() => void) | undefined) {
    this.id = id
    this.supports = crash === undefined ? callFaults.filter((kind) => kind !== 'crash') : callFaults
    this.policy = new ChaosPolicy(id)
    this.#clock = clock
    this.#crash = crash
  }

  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R>> {
    return this.policy.wrap(fn)
  }

  apply(given: Fault, injection: TargetInjection): AppliedFault {
    const fault = supported<CallFault>(this, given)
    const holds = new Holds(this.#clock)
    const window = new ThrottleWindow(fault, this.#clock)
    const tools = { holds, window, crash: this.#crash }
    const placement: Placement = { fault, rate: fault.rate ?? 1, injection, tools, over: false }
    this.policy.place(placement)
    return {
      recover: () => {
        placement.over = true
        this.policy.remove(placement)
        holds.release()
      },
    }
  }
}

/** The policy of a target. Its list of faults is replaced, never changed, so that calls can walk it while faults come and go. */
class ChaosPolicy extends PolicyBase implements Layer {
  readonly #target: string
  /** Undefined when nothing is in place: then a call costs this one look. */
  #placements: readonly Placement[] | undefined = undefined

  constructor(target: string) {
    super('chaos', undefined, defaultHub)
    this.#target = target
  }

  around(context: CallContext, inner: Inner): Promise<unknown> {
    const placements = this.#placements
    return placements === undefined ? inner.pass() : step(placements, 0, context, inner, false)
  }

  place(placement: Placement): void {
    this.#placements = [...(this.#placements ?? []), placement]
  }

  remove(placement: Placement): void {
    const left = this.#placements?.filter((each) => each !== placement) ?? []
    this.#placements = left.length === 0 ? undefined : left
  }

  override layers(): readonly Layer[] {
    return [this]
  }

  override describe(): PolicyDescription[] {
    return [{ kind: this.kind, options: { target: this.#target } }]
  }

  override debugStats(): Record<string, number> {
    const placements = this.#placements ?? []
    const held = placements.reduce((sum, { tools }) => sum + tools.holds.size, 0)
    return { ...super.debugStats(), faults: placements.length, held }
  }
}

/** Takes a call past the faults from `index` on, and then to the function. `own` says that the context was made for it. */
function step(
  placements: readonly Placement[],
  index: number,
  context: CallContext,
  inner: Inner,
  own: boolean,
): Promise<unknown> {
  for (let at = index; at < placements.length; at++) {
    const placement = placements[at] as Placement
    if (placement.over || context.aborted) continue
    const hit = placement.injection.hit(placement.rate, context.key)
    if (hit === undefined) continue
    // A listener of that event may have ended the fault.
    if (placement.over) {
      hit.skipped('aborted')
      continue
    }
    const next = (given?: CallContext): Promise<unknown> => {
      const on = given ?? context
      if (context.aborted) return Promise.reject(context.reason)
      return step(placements, at + 1, on, inner, own || given !== undefined)
    }
    return take(placement.fault, { hit, context, next }, placement.tools)
  }
  return own ? inner.run(context.child()) : inner.pass()
}
