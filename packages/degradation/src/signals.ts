/** What rules look at: the state of the process, read from the hub and the machine when a rule is asked. */
import type { Component, Hub } from '@seaworthy/core'

/** A circuit breaker, or one circuit of several under one name. */
export interface CircuitSignal {
  /** The name of the breaker, with its key after a slash if it has several circuits. */
  readonly name: string
  /** As the breaker calls it: `closed`, `open`, `halfOpen`, `isolated`, … */
  readonly state: string
  /** Share of failures among the calls it counted. */
  readonly failureRate: number
  /** How many calls those are. */
  readonly calls: number
  /** Whether nothing important works without it. */
  readonly critical: boolean
}

/** A health check. */
export interface CheckSignal {
  readonly name: string
  readonly status: 'pass' | 'warn' | 'fail' | 'unknown'
  readonly criticality: 'critical' | 'important' | 'optional'
}

/** A queue of dead letters. */
export interface DeadLetterSignal {
  readonly name: string
  /** How many wait for somebody. */
  readonly dead: number
  /** How long the oldest has waited, in milliseconds; 0 if none does. */
  readonly oldestAge: number
}

/** A limit on calls at once. */
export interface BulkheadSignal {
  readonly name: string
  /** The share of its places that is taken. */
  readonly saturation: number
}

/** Everything rules look at. */
export interface Signals {
  readonly circuits: readonly CircuitSignal[]
  readonly checks: readonly CheckSignal[]
  readonly deadLetters: readonly DeadLetterSignal[]
  readonly bulkheads: readonly BulkheadSignal[]
  /** The share of the heap's limit that is used; 0 if it is not measured. */
  readonly heap: number
  /** How late the event loop is, as the 99th percentile since the last time in milliseconds; 0 if it is not measured. */
  readonly eventLoopDelay: number
}

/** What the machine says. */
export type ResourceSignals = Pick<Signals, 'heap' | 'eventLoopDelay'>

/** Reads the hub. A component that cannot be read is left out. */
export function readSignals(
  hub: Hub,
  criticalCircuitBreakers: ReadonlySet<string>,
  resources: ResourceSignals,
): Signals {
  const circuits: CircuitSignal[] = []
  const checks: CheckSignal[] = []
  const deadLetters: DeadLetterSignal[] = []
  const bulkheads: BulkheadSignal[] = []
  for (const component of hub.components()) {
    try {
      switch (component.kind) {
        case 'circuit-breaker':
        case 'circuit-breaker-per-key':
          circuits.push(...circuitsOf(component, criticalCircuitBreakers.has(component.name)))
          break
        case 'health':
          checks.push(...checksOf(component))
          break
        case 'dead-letters':
          deadLetters.push(...lettersOf(component))
          break
        case 'bulkhead':
          bulkheads.push(...bulkheadOf(component))
          break
      }
    } catch {
      // It says nothing now.
    }
  }
  return { circuits, checks, deadLetters, bulkheads, ...resources }
}

interface CircuitFacts {
  readonly state: string
  readonly failureRate?: number
  readonly calls?: number
}

function circuitsOf(component: Component, critical: boolean): CircuitSignal[] {
  const { name } = component
  const snapshot = component.snapshot() as CircuitFacts & {
    readonly circuits?: Readonly<Record<string, CircuitFacts>>
  }
  if (snapshot.circuits === undefined) return [circuit(name, snapshot, critical)]
  return Object.entries(snapshot.circuits).map(([key, facts]) => circuit(`${name}/${key}`, facts, critical))
}

function circuit(name: string, facts: CircuitFacts, critical: boolean): CircuitSignal {
  const { state, failureRate = 0, calls = 0 } = facts
  return { name, state, failureRate, calls, critical }
}

function checksOf(component: Component): CheckSignal[] {
  const { checks } = component.snapshot() as {
    readonly checks: readonly (CheckSignal & { readonly code?: string })[]
  }
  // What has not been asked yet says nothing; what has not answered for too long does.
  return checks.map(({ name, status, criticality, code }) => ({
    name,
    status: code === 'stale' ? 'fail' : status,
    criticality,
  }))
}

function lettersOf(component: Component): DeadLetterSignal[] {
  const { counts } = component.snapshot() as {
    readonly counts?: { readonly dead: number; readonly oldest?: number; readonly now: number }
  }
  if (counts === undefined) return []
  const { dead, oldest, now } = counts
  return [{ name: component.name, dead, oldestAge: oldest === undefined ? 0 : Math.max(0, now - oldest) }]
}

function bulkheadOf(component: Component): BulkheadSignal[] {
  const { active, concurrency } = component.snapshot() as {
    readonly active?: number
    readonly concurrency?: number
  }
  if (active === undefined || !concurrency) return []
  return [{ name: component.name, saturation: active / concurrency }]
}
