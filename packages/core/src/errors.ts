/**
 * One family of errors. Tell them apart by `code`: it survives two copies of the package in one process
 * (ESM and CommonJS, or two versions), where `instanceof` on a subclass does not.
 */
import type { FailureClass } from './failure.ts'

/**
 * The `code` that a Seaworthy error carries. `docs/errors.md` explains each of ours; policies outside of the core and
 * your own bring more, which is why any text that begins with `ERR_` is one.
 */
export type ErrorCode =
  | (`ERR_${string}` & {})
  | 'ERR_INVALID_OPTION'
  | 'ERR_CIRCUIT_OPEN'
  | 'ERR_CIRCUIT_ISOLATED'
  | 'ERR_TIMEOUT'
  | 'ERR_BULKHEAD_FULL'
  | 'ERR_RATE_LIMITED'
  | 'ERR_CONCURRENCY_LIMITED'
  | 'ERR_DISPOSED'
  | 'ERR_INVALID_SNAPSHOT'
  | 'ERR_CACHE_MISS'

/** What the constructor of {@link SeaworthyError} takes besides code and message. */
export interface SeaworthyErrorOptions {
  /** The name of the policy that raised it. */
  readonly policy?: string | undefined
  /** Milliseconds after which another try can make sense. */
  readonly retryAfter?: number | undefined
  /** How the other policies should judge it. @defaultValue `'transient'` */
  readonly failureClass?: FailureClass
  /** The error behind this one. */
  readonly cause?: unknown
  /**
   * Whether to record a stack trace. A rejection by an open circuit is made a million times in an outage, and
   * the trace is nearly all of its cost. @defaultValue `false`
   */
  readonly stack?: boolean
}

const brand = Symbol.for('seaworthy.error')

/**
 * The base of every error that Seaworthy raises. The errors of your own functions are never wrapped in one:
 * they pass through policies as the same object.
 */
export class SeaworthyError extends Error {
  override name = 'SeaworthyError'
  /** What happened, for programs. */
  readonly code: ErrorCode
  /** The policy that raised it, when that policy has a name. */
  readonly policy: string | undefined
  /** Milliseconds after which another try can make sense; undefined when nothing is known. */
  readonly retryAfter: number | undefined
  /** How retry, breaker, failover and dead letters should judge it. */
  readonly failureClass: FailureClass

  constructor(code: ErrorCode, message: string, options: SeaworthyErrorOptions = {}) {
    const limit = options.stack ? undefined : muteStackTraces()
    super(message)
    if (limit !== undefined) restoreStackTraces(limit)
    this.code = code
    this.policy = options.policy
    this.retryAfter = options.retryAfter
    this.failureClass = options.failureClass ?? 'transient'
    if ('cause' in options) Object.defineProperty(this, 'cause', { value: options.cause, configurable: true })
    if (limit !== undefined) Object.defineProperty(this, 'stack', lazyStack)
  }
}

Object.defineProperty(SeaworthyError.prototype, brand, { value: true })

/** Whether `error` was raised by Seaworthy: this copy of it or another one in the process. Never throws. */
export function isSeaworthyError(error: unknown): error is SeaworthyError {
  try {
    return typeof error === 'object' && error !== null && (error as { [brand]?: true })[brand] === true
  } catch {
    return false // A proxy may refuse to be read.
  }
}

/** An option that makes no sense. Thrown when a policy is built, never by a call. */
export class InvalidOptionError extends SeaworthyError {
  override name = 'InvalidOptionError'
  /** The option, for example `failureRate` or `window.calls`. */
  readonly option: string

  constructor(option: string, allowed: string, given: unknown) {
    super('ERR_INVALID_OPTION', `${option} must be ${allowed}; got ${show(given)}`, {
      failureClass: 'fatal',
      stack: true,
    })
    this.option = option
  }
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return `a function${value.name && ` (${value.name})`}`
  if (typeof value === 'object' && value !== null) {
    try {
      return JSON.stringify(value)
    } catch {
      return 'an object'
    }
  }
  return String(value)
}

/** With no limit set V8 captures nothing at all: 0.25 instead of 2.5 microseconds (bench: `open`). */
function muteStackTraces(): number | undefined {
  const limit = Error.stackTraceLimit
  if (typeof limit !== 'number') return undefined
  try {
    ;(Error as { stackTraceLimit: unknown }).stackTraceLimit = undefined
    return limit
  } catch {
    return undefined // Frozen intrinsics: pay for the trace.
  }
}

function restoreStackTraces(limit: number): void {
  Error.stackTraceLimit = limit
}

/** `stack` of an error without a trace: its first line, as V8 prints it, made when somebody asks. */
const lazyStack: PropertyDescriptor = {
  configurable: true,
  get(this: Error) {
    return `${this.name}: ${this.message}`
  },
  set(this: Error, value: unknown) {
    Object.defineProperty(this, 'stack', { value, writable: true, configurable: true })
  },
}
