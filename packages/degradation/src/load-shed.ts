import {
  type Call,
  type CallContext,
  type Hub,
  knownOptions,
  type Layer,
  oneOf,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  type Refusal,
} from '@seaworthy/core'
import { criticalities, lessImportant, type RequestCriticality, saidCriticality } from './criticality.ts'
import type { Degradation } from './degradation.ts'
import { LoadShedError, ReadOnlyModeError } from './errors.ts'
import type { Level } from './levels.ts'

/** Options of {@link loadShed}. */
export interface LoadShedOptions {
  /** How important the calls are, at most: work that is less important already stays so. @defaultValue what {@link @seaworthy/degradation!currentCriticality} says */
  readonly criticality?: RequestCriticality
  /** Whether the calls change something: they are turned away while nothing can be changed. @defaultValue false */
  readonly writes?: boolean
  /** A name, for errors, events and the hub. */
  readonly name?: string
  /** @defaultValue the hub of the process */
  readonly hub?: Hub
}

/** The events of a {@link loadShed} policy. */
export type LoadShedEvents = {
  /** A call was turned away. */
  rejected: {
    readonly name: string | undefined
    readonly level: Level
    readonly criticality: RequestCriticality
    readonly reason: 'shed' | 'readOnly'
  }
}

/** Turns calls away while things are bad. Made by {@link loadShed}. */
export interface LoadShed extends Policy<never, LoadShedEvents> {
  /** How many calls were turned away. */
  readonly shed: number
}

/**
 * Turns the less important calls away while things are bad, so that the important ones get through.
 *
 * Put it outermost: what is turned away should cost nothing.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Calls that may not run reject with a
 *   {@link @seaworthy/degradation!LoadShedError}, or with a {@link @seaworthy/degradation!ReadOnlyModeError} if they would change something.
 *
 * @example
 * ```ts
 * import { createDegradation, loadShed } from '@seaworthy/degradation'
 *
 * const degradation = createDegradation()
 * const previews = loadShed(degradation, { criticality: 'sheddable' })
 * degradation.set('minor', { reason: 'rehearsal', actor: 'ada' })
 * console.log(await previews.settle(() => 'picture').then(({ status }) => status)) // rejected
 * degradation.close()
 * ```
 */
export function loadShed(degradation: Degradation, options: LoadShedOptions = {}): LoadShed {
  knownOptions('loadShed', options, ['criticality', 'writes', 'name', 'hub'])
  return new LoadShedPolicy(degradation, options)
}

class LoadShedPolicy extends PolicyBase<never, LoadShedEvents> implements LoadShed, Layer {
  /** Only `enter` does anything. */
  readonly steady = true
  private readonly degradation: Degradation
  private readonly criticality: RequestCriticality | undefined
  private readonly writes: boolean
  private count = 0

  constructor(degradation: Degradation, { criticality, writes = false, name, hub }: LoadShedOptions) {
    super('load-shed', name, hub)
    this.degradation = degradation
    this.criticality = criticality && oneOf('criticality', criticality, criticalities)
    this.writes = writes
    this.register(() => ({ shed: this.count, criticality: this.criticality, writes }))
  }

  get shed(): number {
    return this.count
  }

  enter(call: Call): undefined | Refusal {
    const { degradation, name } = this
    if (degradation.level === 'normal') return undefined
    const criticality = lessImportantOf(this.criticality, saidCriticality())
    const { level, retryAfter } = degradation
    if (!degradation.admits(criticality)) {
      this.tell(call.context, level, criticality, 'shed')
      return call.refuse(new LoadShedError(name, level, criticality, retryAfter))
    }
    if (!this.writes || !degradation.readOnly) return undefined
    this.tell(call.context, level, criticality, 'readOnly')
    return call.refuse(new ReadOnlyModeError(name, retryAfter))
  }

  override layers(): readonly Layer[] {
    return [this]
  }

  override describe(): PolicyDescription[] {
    const { kind, name, criticality = 'as the caller says', writes } = this
    return [{ kind, name, options: { criticality, writes } }]
  }

  private tell(
    { journey }: CallContext,
    level: Level,
    criticality: RequestCriticality,
    reason: 'shed' | 'readOnly',
  ): void {
    this.count++
    const { events, name } = this
    if (events.wants('rejected', journey))
      events.emit('rejected', { name, level, criticality, reason }, journey)
  }
}

/** The less important of what the policy and the caller say; `critical` if neither says anything. */
function lessImportantOf(
  own: RequestCriticality | undefined,
  said: RequestCriticality | undefined,
): RequestCriticality {
  if (own === undefined || said === undefined) return own ?? said ?? 'critical'
  return lessImportant(own, said)
}
