/**
 * What the policies of the process say about its health, read from the hub when somebody asks.
 *
 * They warn and do not fail. An open circuit means that the process protects itself; if it took itself out of the load balancer
 * for that, all replicas would do so at once, and with them what still works.
 */
import type { Component, Hub } from '@seaworthy/core'
import type { HealthCheckResult, HealthKind } from './report.ts'

/** What components of the hub contribute. */
export interface ContributionOptions {
  /** Whether circuits that are not closed warn. @defaultValue true */
  readonly circuitBreakers?: boolean
  /** Names of breakers whose open circuit makes the process unready: nothing it does works without them. @defaultValue none */
  readonly criticalCircuitBreakers?: readonly string[]
  /** So many dead letters in one queue warn; `false` for never. @defaultValue 100 */
  readonly deadLetters?: number | false
  /** Whether Redis connections that are down warn. @defaultValue true */
  readonly redis?: boolean
}

/** As {@link ContributionOptions}, with all settings. */
export interface ContributionSettings {
  readonly circuitBreakers: boolean
  readonly criticalCircuitBreakers: ReadonlySet<string>
  readonly deadLetters: number
  readonly redis: boolean
}

const kinds: readonly HealthKind[] = ['readiness']

/** One result for each component that has something to say. A component that cannot be read says nothing. */
export function contributions(hub: Hub, settings: ContributionSettings): HealthCheckResult[] {
  return hub.components().flatMap((component) => {
    try {
      return contribution(component, settings) ?? []
    } catch {
      return []
    }
  })
}

function contribution(component: Component, settings: ContributionSettings): HealthCheckResult | undefined {
  const { kind, name } = component
  switch (kind) {
    case 'circuit-breaker':
    case 'circuit-breaker-per-key': {
      if (!settings.circuitBreakers) return undefined
      const critical = settings.criticalCircuitBreakers.has(name)
      const closed = circuitsOf(component.snapshot()).every((state) => state === 'closed')
      const status = closed ? 'pass' : critical ? 'fail' : 'warn'
      return result(component, status, { criticality: critical ? 'critical' : 'important' })
    }
    case 'redis': {
      if (!settings.redis) return undefined
      const { state } = component.snapshot() as { readonly state?: unknown }
      return result(component, state === 'down' ? 'warn' : 'pass')
    }
    case 'dead-letters': {
      const { counts } = component.snapshot() as { readonly counts?: { readonly dead?: unknown } }
      const dead = counts?.dead
      if (typeof dead !== 'number') return undefined
      const status = dead >= settings.deadLetters ? 'warn' : 'pass'
      return result(component, status, { observedValue: dead, observedUnit: 'letters' })
    }
    default:
      return undefined
  }
}

/** The states of a breaker: one, or one a key. */
function circuitsOf(snapshot: object): unknown[] {
  const { state, circuits = {} } = snapshot as { readonly state?: unknown; readonly circuits?: object }
  if (typeof state === 'string') return [state]
  return Object.values(circuits).map((circuit: { readonly state?: unknown }) => circuit.state)
}

function result(
  { kind, name }: Component,
  status: HealthCheckResult['status'],
  more: Partial<HealthCheckResult> = {},
): HealthCheckResult {
  return {
    name: `${kind}:${name}`,
    status,
    lastStatus: status,
    criticality: 'important',
    kinds,
    componentType: kind,
    consecutive: 1,
    flapping: false,
    ...more,
  }
}
