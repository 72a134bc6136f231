import { type ErrorCode, SeaworthyError } from '@seaworthy/core'
import type { State } from './state.ts'

/** The state of a circuit; `disposed` is for ever. */
export type CircuitState = State['name']

const codes: { readonly [S in CircuitState]?: ErrorCode } = {
  isolated: 'ERR_CIRCUIT_ISOLATED',
  disposed: 'ERR_DISPOSED',
}

/**
 * A circuit turned the call away; the function did not run. Code `ERR_CIRCUIT_OPEN` while it is open or its trial calls
 * are under way, `ERR_CIRCUIT_ISOLATED` while somebody holds it isolated, `ERR_DISPOSED` after `dispose()`. Class
 * `persistent`: to try again at once is useless. `retryAfter` is the exact time until the next trial; undefined
 * where nobody knows.
 */
export class CircuitOpenError extends SeaworthyError {
  /** The state that turned it away. */
  declare readonly state: CircuitState
  /** Which circuit of a `breakerPerKey`. */
  declare readonly key: string | undefined

  constructor(
    message: string,
    state: CircuitState,
    policy?: string | undefined,
    key?: string | undefined,
    retryAfter?: number | undefined,
  ) {
    super(codes[state] ?? 'ERR_CIRCUIT_OPEN', message, { policy, retryAfter, failureClass: 'persistent' })
    // Assigned, since fields of a class would be defined one by one: a third of the time of a rejection (bench: `open`).
    this.name = 'CircuitOpenError'
    this.state = state
    this.key = key
  }
}

/** Says which circuit and why. For an open circuit, the milliseconds to wait belong after it. */
export function refusalText(state: State, name: string | undefined, key: string | undefined): string {
  const circuit = `Circuit${name === undefined ? '' : ` '${name}'`}${key === undefined ? '' : ` for '${key}'`} is `
  if (state.name === 'open') return `${circuit}open (${state.cause.reason}); next trial in `
  if (state.name === 'isolated') return `${circuit}isolated: ${state.reason}`
  return circuit + (state.name === 'halfOpen' ? 'half-open; its trials are under way' : state.name)
}
