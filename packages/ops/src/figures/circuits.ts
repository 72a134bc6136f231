/** Circuits of the hub, read with care: any component may claim to be a breaker. */
import type { Component, Hub } from '@seaworthy/core'
import type { CircuitAction, CircuitSummary, CircuitView, CircuitWord } from '../wire.ts'

/** The kinds of components that have circuits. */
export const circuitKinds: readonly string[] = ['circuit-breaker', 'circuit-breaker-per-key']

const states: readonly CircuitWord[] = ['closed', 'open', 'halfOpen', 'isolated', 'disposed']
type Fields = Readonly<Record<string, unknown>>

/** One circuit as its breaker tells it. */
export interface CircuitFacts {
  readonly key: string | undefined
  readonly fields: Fields
  readonly state: CircuitWord
}

/** The circuits of a component: none if it is no breaker, or cannot be read. */
export function circuitsOf(component: Component): CircuitFacts[] {
  if (!circuitKinds.includes(component.kind)) return []
  try {
    const snapshot = component.snapshot() as Fields
    if (component.kind === 'circuit-breaker') return factsOf(undefined, snapshot)
    const { circuits = {} } = snapshot
    return Object.entries(circuits as Fields).flatMap(([key, fields]) => factsOf(key, fields as Fields))
  } catch {
    return []
  }
}

function factsOf(key: string | undefined, fields: Fields): CircuitFacts[] {
  const state = states.find((each) => each === fields['state'])
  return state === undefined ? [] : [{ key, fields, state }]
}

/** All circuits of the hub, for people. At most `most`, for breakers per key can have thousands. */
export function circuitViews(hub: Hub, wall: number, most = 1000): CircuitView[] {
  return hub
    .components()
    .flatMap((component) => circuitsOf(component).map((circuit) => circuitView(component, circuit, wall)))
    .slice(0, most)
}

/** @param wall - The present time, in milliseconds since 1970. */
function circuitView({ name, actions }: Component, circuit: CircuitFacts, wall: number): CircuitView {
  const { key, fields, state } = circuit
  const totals = (fields['totals'] ?? {}) as Fields
  const cause = (fields['cause'] as Fields | undefined)?.['reason']
  const { mode, retryAfter, isolation } = fields
  return {
    name,
    ...(key !== undefined && { key }),
    state,
    mode: mode === 'observe' || mode === 'disabled' ? mode : 'enabled',
    since: Math.round(wall - number(fields['age'])),
    ...(typeof retryAfter === 'number' && { retryAt: Math.round(wall + retryAfter) }),
    openings: number(fields['openings']),
    ...(typeof cause === 'string' && { cause }),
    ...(typeof isolation === 'string' && { isolation }),
    calls: number(fields['calls']),
    failures: number(fields['failures']),
    failureRate: number(fields['failureRate']),
    slowCallRate: number(fields['slowCallRate']),
    totals: {
      success: number(totals['success']),
      failure: number(totals['failure']),
      neutral: number(totals['neutral']),
      rejected: number(totals['rejected']),
      slow: number(totals['slow']),
    },
    actions: actionsOf(actions),
    ...(typeof actions['resetEverywhere'] === 'function' && { shared: true }),
  }
}

/** How many circuits are in which state. */
export function summaryOf(all: readonly { readonly state: CircuitWord }[]): CircuitSummary {
  const of = (state: CircuitWord): number => all.filter((each) => each.state === state).length
  return {
    total: all.length,
    closed: of('closed'),
    open: of('open'),
    halfOpen: of('halfOpen'),
    forcedOpen: of('isolated'),
  }
}

/** Of several circuits, the state that matters most. */
export function worstOf(all: readonly CircuitFacts[]): CircuitWord {
  const order: readonly CircuitWord[] = ['isolated', 'open', 'halfOpen', 'closed']
  return order.find((state) => all.some((each) => each.state === state)) ?? 'closed'
}

/** What each thing that an operator does needs of a component. */
const needs: Readonly<Record<CircuitAction, readonly string[]>> = {
  reset: ['reset'],
  'force-open': ['isolate'],
  'force-close': ['release', 'reset'],
  auto: ['release'],
}

function actionsOf(actions: Component['actions']): CircuitAction[] {
  const names = Object.keys(needs) as CircuitAction[]
  return names.filter((name) => needs[name].every((each) => typeof actions[each] === 'function'))
}

/** A number of plain data; 0 for anything else. */
export const number = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0
