/** What the options of a breaker promise, as numbers, read a second time and not by the breaker's own code. */
import type { CircuitRules } from '@seaworthy/circuit-breaker'
import { duration } from '@seaworthy/core'

const off = Number.POSITIVE_INFINITY

/** The rules of a breaker. Milliseconds; what is off is `Infinity`. */
export interface TestRules {
  readonly failureThreshold: number
  readonly failureRate: number
  readonly slowCallDuration: number
  readonly slowCallRate: number
  readonly window: { readonly calls: number } | { readonly time: number; readonly buckets: number }
  readonly minimumRequests: number
  readonly successThreshold: number
  readonly trials: { readonly concurrency: number; readonly failures: number; readonly lease: number }
  readonly resetOn: 'close' | 'stable'
  /** The shortest and the longest that an opening may last. The first has number 1. */
  readonly wait: (opening: number) => Bounds
}

/** From, to. */
export interface Bounds {
  readonly least: number
  readonly most: number
}

/** Reads options, with the defaults of `circuitBreaker`. */
export function testRules(options: CircuitRules): TestRules {
  const { failureThreshold = 5, failureRate = 0.5, slowCallDuration = false, halfOpen = {} } = options
  const window = windowOf(options.window ?? { calls: 100 })
  const most = 'calls' in window ? window.calls : off
  const { concurrency = 1, failures = 0, lease = '30s' } = halfOpen
  return {
    failureThreshold: failureThreshold === false ? off : failureThreshold,
    failureRate: failureRate === false ? off : failureRate,
    slowCallDuration: slowCallDuration === false ? off : duration('slowCallDuration', slowCallDuration),
    slowCallRate: options.slowCallRate ?? 0.8,
    window,
    minimumRequests: options.minimumRequests ?? Math.min(10, most),
    successThreshold: options.successThreshold ?? 3,
    trials: { concurrency, failures, lease: duration('halfOpen.lease', lease) },
    ...recoveryOf(options.recoveryTimeout ?? {}),
  }
}

/** How many failures in a row open a new breaker; `Infinity` if none do. */
export function failuresToOpen({ failureThreshold, failureRate, minimumRequests }: TestRules): number {
  return Math.min(failureThreshold, failureRate <= 1 ? minimumRequests : off)
}

/** How many trials may run at once: none that are not needed to decide. */
export function mostTrials({ trials, successThreshold }: TestRules): number {
  return Math.min(trials.concurrency, successThreshold + trials.failures)
}

function windowOf(window: NonNullable<CircuitRules['window']>): TestRules['window'] {
  if ('calls' in window) return window
  return { time: duration('window.time', window.time), buckets: window.buckets ?? 10 }
}

function recoveryOf(
  recovery: NonNullable<CircuitRules['recoveryTimeout']>,
): Pick<TestRules, 'wait' | 'resetOn'> {
  const exactly = (value: number): Bounds => ({ least: value, most: value })
  if (typeof recovery === 'function') {
    const cause = { reason: 'trial', retryAfter: undefined, ...noCounts } as const
    return {
      resetOn: 'close',
      wait: (opening) => exactly(duration('recoveryTimeout', recovery(opening, cause))),
    }
  }
  if (typeof recovery !== 'object')
    return { resetOn: 'close', wait: () => exactly(duration('recoveryTimeout', recovery)) }
  const { factor = 2, jitter = 0.2, resetOn = 'close' } = recovery
  const initial = duration('recoveryTimeout.initial', recovery.initial ?? '5s')
  const max = duration('recoveryTimeout.max', recovery.max ?? Math.max(initial, 60_000))
  const wait = (opening: number): Bounds => {
    const grown = initial * factor ** (opening - 1)
    return { least: Math.min(grown, max / (1 + jitter)), most: Math.min(grown * (1 + jitter), max) }
  }
  return { resetOn, wait }
}

const noCounts = { consecutiveFailures: 0, calls: 0, failures: 0, timedCalls: 0, slowCalls: 0 }
