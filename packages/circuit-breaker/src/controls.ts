/** What can be asked of a circuit and done with it, and what it needs from its policy. */
import type { Clock, Duration } from '@seaworthy/core'
import type { CircuitState } from './errors.ts'
import type { CircuitBreakerEvents, EventName } from './events.ts'
import type { ClassifyOutcome } from './judge.ts'
import type { Rules } from './rules.ts'
import type { CircuitSnapshot } from './snapshot.ts'

/** What the circuits of one policy share. */
export interface Owner {
  readonly name: string | undefined
  readonly clock: Clock
  readonly classify: ClassifyOutcome | undefined
  readonly rules: Rules
  /** Whether nobody listens to anything. */
  readonly silent: boolean
  /** Whether anybody listens to an event. */
  wants(type: EventName, journey: string | undefined): boolean
  /** Sends one event that comes alone. */
  emit<E extends EventName>(type: E, payload: CircuitBreakerEvents[E], journey: string | undefined): void
  /** Puts an event in line, so that a listener that changes the state again cannot come between those of one change. */
  put<E extends EventName>(type: E, payload: CircuitBreakerEvents[E], journey: string | undefined): void
  /** Sends what stands in line. */
  send(): void
}

/** Leave to do one thing, from `acquire()`. The first of its methods counts, the others do nothing. */
export interface Permit {
  /** It went well. */
  success(): void
  /** It failed. The error's `retryAfter`, if it has one, makes an opening longer. */
  failure(error?: unknown): void
  /** It says nothing about the dependency. Disposing a permit means this. */
  neutral(): void
  [Symbol.dispose](): void
}

/** Keeps a circuit isolated until it is released. */
export interface Isolation {
  /** Lets go; the circuit closes with the last one. Does nothing the second time. */
  release(): void
  [Symbol.dispose](): void
}

/** What can be asked of a circuit and done with it by hand. */
export interface CircuitControls {
  /** Reading it changes nothing: a circuit whose wait is over is `open` until a call arrives. */
  readonly state: CircuitState
  /** Grows with every change of state. */
  readonly epoch: number
  /** The present state, and all that {@link restore} needs. Takes time in proportion to the window. */
  snapshot(): CircuitSnapshot
  /**
   * Continues where a snapshot was taken. Waits go on for the rest of their time; a half-open circuit, whose trials are
   * lost, is open with no wait left; an isolated one is closed. The mode stays as it is, and unless it is `enabled`, all
   * are closed. Also takes snapshots of other windows.
   *
   * @returns Whether it did: not while it is isolated.
   * @throws SeaworthyError `ERR_INVALID_SNAPSHOT` when it is none; nothing has changed then.
   */
  restore(snapshot: unknown): boolean
  /**
   * Opens it now.
   *
   * @param openFor - @defaultValue as long as its next opening would last
   * @returns Whether it did: not while it is isolated, nor unless the mode is `enabled`.
   */
  trip(openFor?: Duration): boolean
  /** Closes it and forgets everything. @returns Whether it did: not while it is isolated. */
  reset(): boolean
  /**
   * Turns every call away until the handle is released. With several handles, until all are.
   *
   * @param reason - For the error of the calls, such as `'deploy'`.
   */
  isolate(reason: string): Isolation
  /**
   * Leave for something that is no function call, such as a stream or a message in a queue.
   *
   * @throws {@link CircuitOpenError} when the circuit turns it away.
   */
  acquire(): Permit
}
