/** The errors of this package. Tell them apart by `code`. */
import { failureClass, SeaworthyError } from '@seaworthy/core'
import type { RequestCriticality } from './criticality.ts'
import type { Level, ServiceLevel } from './levels.ts'

/**
 * The process has to save its strength, and the work was not important enough. Code `ERR_LOAD_SHED`, class `persistent`: to try again at
 * once makes it worse. The function did not run. Over HTTP it is a 503 with `Retry-After`.
 */
export class LoadShedError extends SeaworthyError {
  override name = 'LoadShedError'
  /** How bad things are. */
  readonly level: Level
  /** How important the work was. */
  readonly criticality: RequestCriticality

  constructor(policy: string | undefined, level: Level, criticality: RequestCriticality, retryAfter: number) {
    const message = `At level ${level}, ${criticality} work is turned away`
    super('ERR_LOAD_SHED', message, { policy, retryAfter, failureClass: 'persistent' })
    this.level = level
    this.criticality = criticality
  }
}

/**
 * Nothing can be changed now. Code `ERR_READ_ONLY`, class `persistent`. Nothing was written: that it was must never be said for the sake
 * of a friendly answer. Over HTTP it is a 503 with `Retry-After`.
 */
export class ReadOnlyModeError extends SeaworthyError {
  override name = 'ReadOnlyModeError'

  constructor(policy: string | undefined, retryAfter?: number, cause?: unknown) {
    super('ERR_READ_ONLY', 'Nothing can be changed now; nothing was written', {
      policy,
      retryAfter,
      failureClass: 'persistent',
      ...(cause !== undefined && { cause }),
    })
  }
}

/** There is no feature of that name. Code `ERR_UNKNOWN_FEATURE`, class `fatal`. */
export class UnknownFeatureError extends SeaworthyError {
  override name = 'UnknownFeatureError'
  /** The name. */
  readonly feature: string

  constructor(feature: string, known: readonly string[]) {
    const list = known.length === 0 ? 'none is declared' : `declared are ${known.join(', ')}`
    super('ERR_UNKNOWN_FEATURE', `No feature '${feature}'; ${list}`, { failureClass: 'fatal', stack: true })
    this.feature = feature
  }
}

/** A feature is off. Code `ERR_FEATURE_OFF`, class `persistent`. The function did not run. */
export class FeatureOffError extends SeaworthyError {
  override name = 'FeatureOffError'
  /** The name. */
  readonly feature: string

  constructor(feature: string, retryAfter: number | undefined) {
    super('ERR_FEATURE_OFF', `The feature '${feature}' is off`, { retryAfter, failureClass: 'persistent' })
    this.feature = feature
  }
}

/** The service was not asked, since only remembered answers are given now. Code `ERR_SERVICE_LEVEL`, class `persistent`. */
export class ServiceLevelError extends SeaworthyError {
  override name = 'ServiceLevelError'
  /** What users get now. */
  readonly serviceLevel: ServiceLevel

  constructor(service: string, serviceLevel: ServiceLevel) {
    super('ERR_SERVICE_LEVEL', `'${service}' is not asked at service level ${serviceLevel}`, {
      policy: service,
      failureClass: 'persistent',
    })
    this.serviceLevel = serviceLevel
  }
}

/**
 * Neither the service nor any of its fallbacks could answer. Code `ERR_FALLBACKS_FAILED`; the class is that of the service's own error, which
 * is the `cause`; `errors` are those of the fallbacks, in order.
 */
export class FallbacksFailedError extends SeaworthyError {
  override name = 'FallbacksFailedError'
  /** What the fallbacks failed with, in order. */
  readonly errors: readonly unknown[]

  constructor(service: string, cause: unknown, errors: readonly unknown[]) {
    super('ERR_FALLBACKS_FAILED', `'${service}' failed, and so did its ${errors.length} fallbacks`, {
      policy: service,
      failureClass: failureClass(cause),
      cause,
    })
    this.errors = errors
  }
}
