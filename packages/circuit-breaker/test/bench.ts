/** What the tests share: a clock without timers, a breaker with an ear on every event, calls that end when told to. */

import {
  type CircuitBreaker,
  type CircuitBreakerEvents,
  type CircuitBreakerOptions,
  circuitBreaker,
} from '@seaworthy/circuit-breaker'
import { type Call, type Clock, Hub, type Layer, type Operation, PolicyBase } from '@seaworthy/core'

/** A clock that moves at once, even backwards. A breaker must never want a timer from it. */
export class HandClock implements Clock {
  readonly grain = 0
  /** How often it was read. */
  reads = 0
  #now: number

  constructor(now = 0) {
    this.#now = now
  }

  now(): number {
    this.reads++
    return this.#now
  }

  move(by: number): void {
    this.#now += by
  }

  setTimer(): never {
    throw new Error('A breaker must not start a timer')
  }

  sleep(): never {
    throw new Error('A breaker must not wait')
  }
}

export const eventNames = [
  'stateChange',
  'open',
  'halfOpen',
  'close',
  'wouldOpen',
  'success',
  'failure',
  'neutral',
  'rejected',
  'slow',
  'stale',
  'call',
] as const satisfies readonly (keyof CircuitBreakerEvents)[]

export interface HeardEvent {
  readonly type: string
  readonly [detail: string]: unknown
}

export interface Bench {
  readonly breaker: CircuitBreaker
  readonly clock: HandClock
  readonly events: HeardEvent[]
  /** The names of the events since it was last asked. */
  heard(): string[]
}

/** A breaker without jitter on a clock of its own; all its events are heard but `call`, which would time calls. */
export function bench(
  options: CircuitBreakerOptions = {},
  ears: readonly string[] = eventNames.slice(0, -1),
): Bench {
  const clock = new HandClock()
  const breaker = circuitBreaker({ recoveryTimeout: 1000, hub: new Hub(), clock, ...options })
  const events: HeardEvent[] = []
  for (const type of eventNames) {
    if (ears.includes(type)) breaker.on(type, (payload) => events.push({ type, ...payload }))
  }
  let known = 0
  return {
    breaker,
    clock,
    events,
    heard: () => {
      const types = events.slice(known).map(({ type }) => type)
      known = events.length
      return types
    },
  }
}

export const down: Error = new Error('down')

export const fail = (): Promise<never> => Promise.reject(down)
export const succeed = (): Promise<string> => Promise.resolve('up')

/** Runs calls one after the other: `x` fails, `.` succeeds. */
export async function run(breaker: Pick<CircuitBreaker, 'settle'>, outcomes: string): Promise<void> {
  for (const outcome of outcomes) await breaker.settle(outcome === 'x' ? fail : succeed)
}

/** An operation that ends when told to, and counts how often it ran. */
export function held<T = string>(): {
  readonly operation: Operation<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
  readonly runs: () => number
} {
  const { promise, resolve, reject } = withResolvers<T>()
  let runs = 0
  const operation = (): Promise<T> => {
    runs++
    return promise
  }
  return { operation, resolve, reject, runs: () => runs }
}

function withResolvers<T>(): {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: unknown) => void
} {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** A timeout that expires when told to, as the engine sees a real one. */
export class Deadline extends PolicyBase implements Layer {
  readonly deadline: 'settles' | 'signals'
  readonly error: unknown
  readonly #calls: Call[] = []

  constructor(error: unknown, deadline: 'settles' | 'signals' = 'settles') {
    super('timeout', undefined)
    this.error = error
    this.deadline = deadline
  }

  enter(call: Call): undefined {
    this.#calls.push(call)
    return undefined
  }

  success(call: Call): void {
    this.#forget(call)
  }

  failure(call: Call): void {
    this.#forget(call)
  }

  expire(call: Call): void {
    if (this.deadline === 'settles') call.giveUp(this.error)
    else call.context.abort(this.error)
  }

  /** The time of all calls under way is up. */
  strike(): void {
    for (const call of this.#calls.splice(0)) call.expire()
  }

  #forget(call: Call): void {
    const index = this.#calls.indexOf(call)
    if (index >= 0) this.#calls.splice(index, 1)
  }

  override layers(): readonly Layer[] {
    return [this]
  }

  override describe(): never[] {
    return []
  }
}
