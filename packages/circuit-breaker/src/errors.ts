import { SeaworthyError } from '@seaworthy/core'
import type { State } from './state.ts'

/** The state of a circuit; `disposed` is for ever. */
export type CircuitState = State['name']

/**
 * A circuit turned the call away; the function did not run. Code `ERR_CIRCUIT_OPEN` while it is open or its trial calls
 * are under way, `ERR_CIRCUIT_ISOLATED` while somebody holds it isolated, `ERR_DISPOSED` after `dispose()`. Class
 * `persistent`: to try again at once is useless. `retryAfter` is the exact time until the next trial; undefined
 * where nobody knows.
 */
export class CircuitOpenError extends SeaworthyError {
  override name = 'CircuitOpenError'
  /** The state that turned it away. */
  readonly state: CircuitState
  /** Which circuit of a `breakerPerKey`. */
  readonly key: string | undefined

  constructor(
    message: string,
    state: CircuitState,
    policy?: string | undefined,
    key?: string | undefined,
    retryAfter?: number | undefined,
  ) {
    const code =
      state === 'isolated'
        ? 'ERR_CIRCUIT_ISOLATED'
        : state === 'disposed'
          ? 'ERR_DISPOSED'
          : 'ERR_CIRCUIT_OPEN'
    super(code, message, { policy, retryAfter, failureClass: 'persistent' })
    this.state = state
    this.key = key
  }
}
