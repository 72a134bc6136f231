/** Looking at circuit breakers, and acting on them. */
import type { Component } from '@seaworthy/core'
import type { Desk } from '../desk.ts'
import { type CircuitFacts, circuitKinds, circuitsOf } from '../figures/circuits.ts'
import { json } from '../http/answers.ts'
import { badInput, notFound, unsupported } from '../http/fault.ts'
import type { OpsRequest } from '../http/request.ts'
import type { Route } from '../http/router.ts'
import type { CircuitAction, CircuitActionAnswer } from '../wire.ts'
import { circuitBreakersAnswer } from './health.ts'

/** Does one thing with a breaker, through what it registered at the hub. */
type Act = (call: (action: string, ...more: unknown[]) => Promise<void>, reason: string) => Promise<void>

const actions: Readonly<Record<CircuitAction, Act>> = {
  reset: (call) => call('reset'),
  'force-open': (call, reason) => call('isolate', reason),
  // Not for ever: its rules hold from then on. A circuit that never opens would be a trap for whoever forgets it.
  'force-close': async (call) => {
    await call('release')
    await call('reset')
  },
  auto: (call) => call('release'),
}

const done: Readonly<Record<CircuitAction, string>> = {
  reset: 'was reset',
  'force-open': 'is isolated until somebody ends it',
  'force-close': 'is closed; it opens again when its rules say so',
  auto: 'follows its rules again',
}

/** The routes of circuit breakers. */
export function circuitBreakerRoutes(desk: Desk): Route[] {
  const base = `${desk.settings.adminPath}/circuit-breakers`
  const names = Object.keys(actions) as CircuitAction[]
  return [
    {
      method: 'GET',
      path: base,
      access: 'read',
      handle: () => json(circuitBreakersAnswer(desk, true)),
    },
    ...names.map(
      (action): Route => ({
        method: 'POST',
        path: `${base}/{name}/${action}`,
        access: 'operate',
        action: `circuitBreaker.${action}`,
        handle: async (request) => json(await act(desk, request, action)),
      }),
    ),
  ]
}

async function act(desk: Desk, request: OpsRequest, action: CircuitAction): Promise<CircuitActionAnswer> {
  const { params, input, record, principal } = request
  const name = params['name'] as string // part of the path
  const key = input.text('key')
  record.target = key === undefined ? name : `${name} (${key})`
  const reason = input.reason(false)
  record.reason = reason
  const everywhere = input.flag('everywhere')
  const { component, circuit } = find(desk, name, key)
  const call = async (method: string, ...more: unknown[]): Promise<void> => {
    const run = component.actions[everywhere ? `${method}Everywhere` : method] as
      | ((...args: unknown[]) => unknown)
      | undefined
    if (typeof run !== 'function')
      throw unsupported(
        `This breaker cannot do '${action}'${everywhere ? ' everywhere: it is not shared' : ''}.`,
      )
    await (key === undefined ? run(...more) : run(key, ...more))
  }
  record.before = circuit.state
  await actions[action](call, reason ?? `by ${principal?.id ?? 'an operator'}`)
  const after = find(desk, name, key).circuit.state
  record.after = after
  const which = key === undefined ? `'${name}'` : `'${name}' for '${key}'`
  const where = everywhere ? ', in all instances' : ''
  return {
    message: `Circuit breaker ${which} ${done[action]}${where}.`,
    name,
    ...(key !== undefined && { key }),
    oldState: circuit.state,
    newState: after,
  }
}

/** A circuit that exists: asking a breaker per key for another one would make it. */
function find(
  { settings }: Desk,
  name: string,
  key: string | undefined,
): { component: Component; circuit: CircuitFacts } {
  const kind = circuitKinds[key === undefined ? 0 : 1] as string
  const component = settings.hub.component(kind, name)
  const circuit = component && circuitsOf(component).find((each) => each.key === key)
  if (component !== undefined && circuit !== undefined) return { component, circuit }
  if (key === undefined && settings.hub.component(circuitKinds[1] as string, name) !== undefined)
    throw badInput('This breaker has a circuit for each key: say which with key.')
  throw notFound(key === undefined ? 'circuit breaker of that name' : 'circuit for that key')
}
