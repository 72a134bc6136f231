/** Errors of simulations. */
import { type FailureClass, SeaworthyError } from '@seaworthy/core'

/** Code inside a simulation used real time or real chance. */
export class RealTimeError extends SeaworthyError {
  override name = 'RealTimeError'
  /** What was used, such as `Date.now`. */
  readonly used: string

  constructor(used: string, place: string) {
    super(
      'ERR_REAL_TIME',
      `${used} was used inside a simulation${place && ` ${place}`}; take the time and the randomness of the world instead`,
      { failureClass: 'fatal', stack: true },
    )
    this.used = used
  }
}

/** What a simulated service or connection answers when it does not work. Never raised outside of simulations. */
export class SimulatedFailure extends SeaworthyError {
  override name = 'SimulatedFailure'

  constructor(message: string, failureClass: FailureClass = 'transient', retryAfter?: number) {
    super('ERR_SIMULATED_FAILURE', message, { failureClass, retryAfter })
  }
}
