/** What the tests of breakers share. */
import {
  type CircuitBreaker,
  type CircuitBreakerEvents,
  type CircuitBreakerOptions,
  circuitBreaker,
} from '@seaworthy/circuit-breaker'
import { type Call, type Clock, type Layer, type Policy, PolicyBase } from '@seaworthy/core'
import { VirtualClock } from '@seaworthy/testing'

export const ok = (): string => 'fine'
export const down = (): Promise<never> => Promise.reject(new Error('down'))

/** A breaker in virtual time without jitter. */
export function setUp(options: CircuitBreakerOptions = {}): { breaker: CircuitBreaker; clock: VirtualClock } {
  const clock = new VirtualClock()
  const recoveryTimeout = { initial: '5s', jitter: 0 } as const
  return { clock, breaker: circuitBreaker({ clock, recoveryTimeout, ...options }) }
}

/** Runs a function so many times, one after the other. */
export async function times(breaker: CircuitBreaker, count: number, fn: () => unknown): Promise<void> {
  for (let i = 0; i < count; i++) await breaker.settle(fn)
}

/** A call that settles when told. */
export function pending(breaker: CircuitBreaker): {
  readonly result: Promise<unknown>
  resolve(): void
  reject(error?: unknown): void
} {
  let settle: [(value: string) => void, (error: unknown) => void] = [ok, ok]
  const result = breaker.settle(
    () =>
      new Promise<string>((...both) => {
        settle = both
      }),
  )
  return { result, resolve: () => settle[0]('fine'), reject: (error = new Error('down')) => settle[1](error) }
}

/** All events but `call`, which would time the calls. */
const eventNames = [
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
] as const satisfies readonly (keyof CircuitBreakerEvents)[]

/** Writes down the events of a breaker in the order they come. */
export function listen(
  breaker: Policy<never, CircuitBreakerEvents>,
  types: readonly (keyof CircuitBreakerEvents)[] = eventNames,
): { type: string; [detail: string]: unknown }[] {
  const events: { type: string }[] = []
  for (const type of types) breaker.on(type, (payload) => events.push({ type, ...payload }))
  return events
}

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
