/** What a health check is: a function, and how often and how strictly it is asked. */
import {
  count,
  type Duration,
  duration,
  InvalidOptionError,
  knownOptions,
  oneOf,
  optionalFunction,
} from '@seaworthy/core'
import type { Criticality, HealthCode, HealthKind, HealthStatus } from './report.ts'

/** What a check is given. */
export interface CheckContext {
  /** Aborts when the time limit is over, and when the registry is closed. */
  readonly signal: AbortSignal
}

/** The answer of a check that has more to say than yes or no. */
export interface CheckFinding {
  readonly status: HealthStatus
  readonly code?: HealthCode
  /** What was measured, for example a number of milliseconds. */
  readonly observedValue?: number
  readonly observedUnit?: string
  /** For people with permission; secrets are taken out of it. */
  readonly output?: string
}

/** Nothing or `true` passes, `false` fails, and so does an error. */
// biome-ignore lint/suspicious/noConfusingVoidType: a check without a `return` is the most common one
export type CheckAnswer = boolean | CheckFinding | undefined | void

/** How a check is asked and what it means. */
export interface CheckOptions {
  /** What a failure does to the whole. @defaultValue `'critical'` */
  readonly criticality?: Criticality
  /** Which questions it answers. @defaultValue `['readiness']` */
  readonly kinds?: readonly HealthKind[]
  /** How long it may take. @defaultValue `'5s'` */
  readonly timeout?: Duration
  /** In the background: how long after an answer it is asked again, give or take a tenth. @defaultValue `'30s'` */
  readonly interval?: Duration
  /** On demand: how long an answer serves. @defaultValue `'30s'` */
  readonly ttl?: Duration
  /** In place of both, after a failure. @defaultValue `'5s'` */
  readonly failureTtl?: Duration
  /** An older answer counts as unknown. @defaultValue `'90s'` */
  readonly maxStale?: Duration
  /** So many worse answers in a row change the status. The first answer of all always does. @defaultValue 1 */
  readonly failureThreshold?: number
  /** So many better answers in a row change it; two more while it is flapping. @defaultValue 1 */
  readonly successThreshold?: number
  /** What it counts as before its first answer, where it is not a question of liveness. @defaultValue `'fail'` */
  readonly initial?: 'pass' | 'fail'
  /** What is checked, for example `datastore`. @defaultValue none */
  readonly componentType?: string
}

/** A check to be registered. */
export interface HealthCheck extends CheckOptions {
  /** Looks. It may be asked again only after it has answered, so it needs no guard of its own. */
  check(context: CheckContext): CheckAnswer | Promise<CheckAnswer>
  /** Ends what the check holds, when it is taken out or the registry is closed. */
  close?(): void
}

/** A check with all its settings; durations in milliseconds. */
export interface CheckSettings {
  readonly check: HealthCheck['check']
  readonly close: (() => void) | undefined
  readonly criticality: Criticality
  readonly kinds: readonly HealthKind[]
  readonly timeout: number
  readonly interval: number
  readonly ttl: number
  readonly failureTtl: number
  readonly maxStale: number
  readonly failureThreshold: number
  readonly successThreshold: number
  readonly initial: 'pass' | 'fail'
  readonly componentType: string | undefined
}

const optionNames = [
  'check',
  'close',
  'criticality',
  'kinds',
  'timeout',
  'interval',
  'ttl',
  'failureTtl',
  'maxStale',
  'failureThreshold',
  'successThreshold',
  'initial',
  'componentType',
]
const allKinds = ['liveness', 'readiness', 'startup'] as const

/** Checks the settings of a check. @throws {@link @seaworthy/core!InvalidOptionError} when one makes no sense. */
export function checkSettings(check: HealthCheck): CheckSettings {
  knownOptions('health check', check, optionNames)
  if (typeof check.check !== 'function') throw new InvalidOptionError('check', 'a function', check.check)
  const { criticality = 'critical', kinds = ['readiness'], initial = 'fail' } = check
  if (!Array.isArray(kinds) || kinds.length === 0)
    throw new InvalidOptionError('kinds', `a list of ${allKinds.join(', ')}`, kinds)
  const interval = duration('interval', check.interval ?? '30s', 1)
  const timeout = duration('timeout', check.timeout ?? '5s', 1)
  const maxStale = duration('maxStale', check.maxStale ?? Math.max(90_000, 3 * interval), 1)
  if (maxStale < interval * 1.1 + timeout)
    throw new InvalidOptionError(
      'maxStale',
      'longer than interval and timeout together, or a check that is asked in time would count as unknown',
      check.maxStale,
    )
  return {
    check: (context) => check.check(context),
    close: optionalFunction('close', check.close)?.bind(check),
    criticality: oneOf('criticality', criticality, ['critical', 'important', 'optional']),
    kinds: [...new Set(kinds.map((kind) => oneOf('kinds', kind, allKinds)))],
    timeout,
    interval,
    ttl: duration('ttl', check.ttl ?? '30s'),
    failureTtl: duration('failureTtl', check.failureTtl ?? '5s'),
    maxStale,
    failureThreshold: count('failureThreshold', check.failureThreshold ?? 1),
    successThreshold: count('successThreshold', check.successThreshold ?? 1),
    initial: oneOf('initial', initial, ['pass', 'fail']),
    componentType: check.componentType,
  }
}
