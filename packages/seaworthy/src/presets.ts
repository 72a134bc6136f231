import type { Duration } from '@seaworthy/core'

/** The numbers of a pipeline of retry, circuit breaker and timeout. Plain data: print it, spread it, store it. */
export interface Preset {
  /** How long one attempt may take. */
  readonly timeout: Duration
  /** How often a call runs at most, the first time included. */
  readonly attempts: number
  /** The wait before the first retry; each further one is twice as long, and every one is spread at random. */
  readonly retryDelay: Duration
  /** The longest wait before a retry. */
  readonly maxRetryDelay: Duration
  /** Failures in a row that open the circuit. */
  readonly failureThreshold: number
  /** Share of failures among the last `windowSize` calls that opens it. */
  readonly failureRate: number
  /** Of how many calls the share is taken. */
  readonly windowSize: number
  /** Calls before the share is judged. */
  readonly minimumRequests: number
  /** How long the circuit stays open before a trial call. */
  readonly recoveryTimeout: Duration
  /** Trial calls that must succeed to close it. */
  readonly successThreshold: number
}

/** The name of a preset. */
export type PresetName = 'messaging' | 'aiProvider' | 'database'

const messaging: Preset = Object.freeze({
  timeout: '30s',
  attempts: 5,
  retryDelay: '1s',
  maxRetryDelay: '30s',
  failureThreshold: 5,
  failureRate: 0.5,
  windowSize: 100,
  minimumRequests: 10,
  recoveryTimeout: '60s',
  successThreshold: 3,
})

/**
 * Numbers that have proved themselves for three kinds of dependency.
 *
 * - `messaging`: a messaging service that may stumble. Opens after 5 failures in a row, for a minute.
 * - `aiProvider`: a model provider, slow and dear. Opens after 3 failures, for two minutes; a call makes 3 attempts at
 *   most, since the circuit is open after those.
 * - `database`: what everything needs. Opens after 10 failures only, for 30 seconds.
 *
 * A circuit that stays open for 60 or 120 seconds cannot recover within 30: `explain(…, { target: { recovery: '30s' } })`
 * says so. Set `recoveryTimeout` lower where that matters more than sparing the dependency.
 */
export const presets: Readonly<Record<PresetName, Preset>> = Object.freeze({
  messaging,
  aiProvider: Object.freeze({
    ...messaging,
    attempts: 3,
    failureThreshold: 3,
    recoveryTimeout: '120s',
  } satisfies Preset),
  database: Object.freeze({
    ...messaging,
    failureThreshold: 10,
    recoveryTimeout: '30s',
  } satisfies Preset),
})
