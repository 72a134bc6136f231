import type { Duration, Layer, Policy } from '@seaworthy/core'
import { BreakerBase, type BreakerControls } from './breaker-base.ts'
import { Circuit } from './circuit.ts'
import type { CircuitControls, FleetControls, Isolation, Permit } from './controls.ts'
import type { CircuitState } from './errors.ts'
import type { CircuitBreakerEvents } from './events.ts'
import { type CircuitBreakerOptions, noOptions } from './options.ts'
import { everywhereActions } from './sharing.ts'
import type { CircuitSnapshot } from './snapshot.ts'

/** A circuit breaker. Made by {@link circuitBreaker}. */
export interface CircuitBreaker
  extends Policy<never, CircuitBreakerEvents>,
    CircuitControls,
    BreakerControls {}

/**
 * Stops calling what keeps failing, so that callers fail fast and the dependency can recover, and finds out with a
 * few trial calls when it works again.
 *
 * Closed, it counts; it opens after failures in a row, or when the share of failed or slow calls is too high. Open,
 * it turns calls away with a {@link @seaworthy/circuit-breaker!CircuitOpenError}. After `recoveryTimeout` the next call becomes a trial (half-open); enough
 * trials that succeed close it. An outcome counts only in the state in which its call entered. No timer ever runs.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { circuitBreaker } from '@seaworthy/circuit-breaker'
 *
 * const breaker = circuitBreaker({ failureThreshold: 2, recoveryTimeout: '5s' })
 * const down = () => Promise.reject(new Error('down'))
 * for (let i = 0; i < 3; i++) {
 *   const result = await breaker.settle(down)
 *   console.log(result.status === 'rejected' && result.reason.message)
 * }
 * // down, down, Circuit is open (failureThreshold); next trial in 5000 ms
 * ```
 */
export function circuitBreaker(options: CircuitBreakerOptions = noOptions): CircuitBreaker {
  return new CircuitBreakerPolicy(options)
}

class CircuitBreakerPolicy extends BreakerBase implements CircuitBreaker {
  private readonly circuit: Circuit

  constructor(options: CircuitBreakerOptions) {
    super('circuit-breaker', options)
    const circuit = new Circuit(this)
    this.circuit = circuit
    let held: Isolation | undefined
    this.register(() => circuit.status, {
      reset: () => circuit.reset(),
      trip: (openFor?: Duration) => circuit.trip(openFor),
      isolate: (reason = 'by an operator') => {
        held ??= circuit.isolate(reason)
      },
      release: () => {
        held?.release()
        held = undefined
      },
      ...everywhereActions(options, () => circuit.everywhere),
    })
    this.join()
  }

  get state(): CircuitState {
    return this.circuit.state
  }

  get epoch(): number {
    return this.circuit.epoch
  }

  snapshot(): CircuitSnapshot {
    return this.circuit.snapshot()
  }

  restore(snapshot: unknown): boolean {
    return this.circuit.restore(snapshot)
  }

  trip(openFor?: Duration): boolean {
    return this.circuit.trip(openFor)
  }

  reset(): boolean {
    return this.circuit.reset()
  }

  isolate(reason: string): Isolation {
    return this.circuit.isolate(reason)
  }

  get everywhere(): FleetControls | undefined {
    return this.circuit.everywhere
  }

  acquire(): Permit {
    return this.circuit.acquire()
  }

  override layers(): readonly Layer[] {
    return [this.circuit]
  }

  protected override circuits(): Iterable<Circuit> {
    return [this.circuit]
  }
}
