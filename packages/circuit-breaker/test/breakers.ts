/** What the tests of breakers share. */
import { type CircuitBreaker, type CircuitBreakerOptions, circuitBreaker } from '@seaworthy/circuit-breaker'
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
