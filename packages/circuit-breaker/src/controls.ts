/** What can be asked of a circuit and done with it. */
import type { Duration } from '@seaworthy/core'
import type { CircuitState } from './errors.ts'
import type { CircuitSnapshot } from './snapshot.ts'

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

/** What can be done with a circuit of all instances. It is done here at once, and told to the others. */
export interface FleetControls {
  /**
   * Opens it in all instances.
   *
   * @param openFor - @defaultValue a minute
   * @returns Whether the store knows it by now; otherwise it is told as soon as it can be, unless another command takes its place.
   */
  trip(openFor?: Duration): Promise<boolean>
  /** Closes it in all instances, and ends what `trip` and `isolate` did everywhere. */
  reset(): Promise<boolean>
  /** Turns every call away in all instances, also in those that start later, until `reset` or `release`. */
  isolate(reason: string): Promise<boolean>
  /** Ends `isolate`. */
  release(): Promise<boolean>
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
  /** What can be done with it in all instances; undefined without a `store`. */
  readonly everywhere: FleetControls | undefined
  /**
   * Leave for something that is no function call, such as a stream or a message in a queue. It cannot wait, so it asks no store: its trials
   * are limited in this process alone.
   *
   * @throws {@link CircuitOpenError} when the circuit turns it away.
   */
  acquire(): Permit
}
