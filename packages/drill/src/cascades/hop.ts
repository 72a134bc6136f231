/** What stands around the calls of one process to another service, made of the real policies. */

import type { CircuitBreaker } from '@seaworthy/circuit-breaker'
import {
  type AnyPolicy,
  type Layer,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  pipeline,
} from '@seaworthy/core'
import type { StaleCache } from '@seaworthy/fallback'
import type { Bulkhead } from '@seaworthy/flow'
import { exponential } from '@seaworthy/retry'
import type { World } from '../world.ts'
import type { HopSettings } from './hop-settings.ts'
import type { DefencePolicies } from './policies.ts'
import type { Edge } from './topology.ts'

/** What a service answers. */
export interface ServiceAnswer {
  /** Whether something is missing from it or old. */
  readonly degraded: boolean
  /** When it was made. */
  readonly at: number
}

/** A hop of one process. */
export interface Hop {
  readonly edge: Edge
  /** The name of the process's circuit and bulkhead. */
  readonly name: string
  readonly settings: HopSettings
  readonly policy: Policy<unknown>
  readonly breaker: CircuitBreaker | undefined
  readonly bulkhead: Bulkhead | undefined
  readonly cache: StaleCache | undefined
  dispose(): void
}

/** Joins nothing in practice, since a call that began earlier than this is not joined. Milliseconds. */
const never = 1

/** Told of every call that a circuit has let through, at that moment. */
export type OnAdmitted = (hop: string, breaker: CircuitBreaker) => void

/** Builds a hop: first what answers instead, then what tries again, then what stops calling, the time limit last. */
export function buildHop(
  world: World,
  edge: Edge,
  settings: HopSettings,
  policies: DefencePolicies,
  instance: number,
  onAdmitted?: OnAdmitted,
): Hop {
  const { clock, hub } = world
  const name = `${edge.id} #${instance}`
  const random = world.random(`hop ${name}`)
  const { timeout, attempts, delay, budget, breaker, bulkhead, cache } = settings
  const joinFor = cache.singleFlight ? '1m' : never
  const remembered =
    edge.answers === 'cache' ? policies.staleCache({ ttl: cache.ttl, joinFor, clock, name, hub }) : undefined
  const instead =
    edge.answers === 'static'
      ? policies.fallback((): ServiceAnswer => ({ degraded: true, at: clock.now() }))
      : undefined
  const again =
    attempts > 1
      ? policies.retry({
          attempts,
          delay: exponential(delay),
          jitter: 'equal',
          budget:
            budget === false ? false : policies.retryBudget({ ratio: budget, minPerSecond: 0.1, clock }),
          clock,
          random,
          name,
          hub,
        })
      : undefined
  const circuit =
    breaker === false
      ? undefined
      : policies.circuitBreaker({
          name,
          hub,
          clock,
          random,
          failureThreshold: breaker.failureThreshold,
          failureRate: breaker.failureRate,
          minimumRequests: breaker.minimumRequests,
          recoveryTimeout: { initial: breaker.initial, max: breaker.max, jitter: breaker.jitter },
          successThreshold: breaker.successThreshold,
          halfOpen: { concurrency: breaker.trials },
        })
  const gate =
    circuit !== undefined && onAdmitted !== undefined ? new Gate(() => onAdmitted(name, circuit)) : undefined
  const places = bulkhead === false ? undefined : policies.bulkhead({ ...bulkhead, name, hub, clock })
  const limit = timeout === false ? undefined : policies.timeout(timeout, { clock })
  const layers: (AnyPolicy | undefined)[] = [remembered, instead, again, circuit, gate, places, limit]
  const policy = pipeline(...layers.filter((layer) => layer !== undefined))
  return {
    edge,
    name,
    settings,
    policy,
    breaker: circuit,
    bulkhead: places,
    cache: remembered,
    dispose: () => policy.dispose(),
  }
}

/** Sees what the policy outside of it lets through. */
class Gate extends PolicyBase {
  readonly #layer: Layer

  constructor(passed: () => void) {
    super('gate', undefined)
    this.#layer = {
      kind: 'gate',
      enter: () => {
        passed()
        return undefined
      },
    }
  }

  override layers(): readonly Layer[] {
    return [this.#layer]
  }

  override describe(): PolicyDescription[] {
    return [{ kind: this.kind, name: undefined, options: {} }]
  }
}
