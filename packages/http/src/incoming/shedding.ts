/** Sheds load by priority when the process has more to do than it can. */
import {
  type AnyPolicy,
  type Call,
  type Clock,
  type Hub,
  InvalidOptionError,
  knownOptions,
  type Layer,
  PolicyBase,
  type PolicyDescription,
  pipeline,
  type Refusal,
  ratio,
} from '@seaworthy/core'
import {
  type AdaptiveConcurrency,
  adaptiveConcurrency,
  type GradientOptions,
  type LoadSignal,
} from '@seaworthy/flow'
import { RequestFailedError, RequestShedError } from '../incoming-errors.ts'
import { type Priority, priorities, priorityIn } from './priority.ts'

/** How load is shed. */
export interface SheddingOptions
  extends Omit<GradientOptions, 'algorithm' | 'name' | 'hub' | 'clock' | 'classify' | 'priority'> {
  /**
   * Which share of the limit requests of a priority may fill: they are turned away while so many run, of any
   * priority. No share may be smaller than that of a lower priority. `critical-plus` has none: it waits in the queue.
   *
   * @defaultValue `{ critical: 1, 'sheddable-plus': 0.8, sheddable: 0.5 }`
   */
  readonly shares?: Readonly<Partial<Record<Exclude<Priority, 'critical-plus'>, number>>>
}

interface Place {
  readonly name: string | undefined
  readonly hub: Hub | undefined
  readonly clock: Clock
}

/** The limit that a process finds for itself, and who is let in how far below it. */
export interface Shedding {
  /** Finds the limit: how many requests may run at once. */
  readonly limit: AdaptiveConcurrency
  /** The layers of a rule that sheds. */
  readonly policy: AnyPolicy
}

/**
 * A limit by latency, and a gate in front of it for all but the highest priority, which queues (64 requests for a second,
 * unless options say otherwise).
 */
export function shedding(options: SheddingOptions, place: Place): Shedding {
  if (typeof options !== 'object' || options === null)
    throw new InvalidOptionError('shedding', 'an object', options)
  const { shares, ...limits } = options
  const limit = adaptiveConcurrency({
    queue: 64,
    maxWait: '1s',
    ...limits,
    algorithm: 'gradient',
    classify: loadSignal,
    clock: place.clock,
    ...(place.name !== undefined && { name: place.name }),
    ...(place.hub !== undefined && { hub: place.hub }),
  })
  return { limit, policy: pipeline(new Gate(place.name, limit, sharesOf(shares)), limit) }
}

/** Only what has to do with load moves the limit: an error that comes quickly says nothing. */
function loadSignal(error: unknown): LoadSignal {
  if (!(error instanceof RequestFailedError) || error.failureClass === 'fatal') return 'ignore'
  const { responseStatus: status } = error
  return status === 503 || status === 504 ? 'drop' : 'ignore'
}

type Shares = Readonly<Record<Priority, number>>

function sharesOf(given: SheddingOptions['shares'] = {}): Shares {
  knownOptions('shedding.shares', given, priorities.slice(1))
  const shares = {
    'critical-plus': Number.POSITIVE_INFINITY,
    critical: 1,
    'sheddable-plus': 0.8,
    sheddable: 0.5,
    ...given,
  }
  let above = 1
  for (const priority of priorities.slice(1)) {
    const share = ratio(`shedding.shares.${priority}`, shares[priority])
    if (share > above)
      throw new InvalidOptionError(`shedding.shares.${priority}`, `at most ${above}, as above it`, share)
    above = share
  }
  return shares
}

class Gate extends PolicyBase implements Layer {
  readonly steady = true
  private readonly limit: AdaptiveConcurrency
  private readonly shares: Shares

  constructor(name: string | undefined, limit: AdaptiveConcurrency, shares: Shares) {
    super('load-shedding', name)
    this.limit = limit
    this.shares = shares
  }

  enter(call: Call): undefined | Refusal {
    const priority = priorityIn(call.context.values)
    const { active, queued, limit } = this.limit
    // One of each may run in an idle process, however small the limit.
    if (active + queued < Math.max(1, Math.floor(limit * this.shares[priority]))) return undefined
    return priority === 'critical-plus' ? undefined : call.refuse(new RequestShedError(this.name, priority))
  }

  override layers(): readonly Layer[] {
    return [this]
  }

  override describe(): PolicyDescription[] {
    return [{ kind: this.kind, name: this.name, options: { ...this.shares } }]
  }
}
