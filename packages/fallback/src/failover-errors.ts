/** What a failover raises. Tell the errors apart by `code`. */
import { type FailureClass, failureClass, formatDuration, SeaworthyError } from '@seaworthy/core'
import type { FailoverFailure, FailoverHop } from './failover-events.ts'

/** What the constructor of {@link ProvidersFailedError} takes. */
export interface ProvidersFailedErrorOptions {
  /** The name of the failover. */
  readonly policy: string | undefined
  readonly reason: FailoverFailure
  readonly hops: readonly FailoverHop[]
  /** What each hop failed with, in the order of `hops`. */
  readonly errors: readonly unknown[]
  /** Milliseconds until a provider may be asked again. */
  readonly retryAfter: number | undefined
  /** How long the call took, in milliseconds. */
  readonly duration: number
}

/**
 * No provider answered. Code `ERR_PROVIDERS_FAILED`; class `degraded` if rate limits alone were in the way, else `transient`.
 */
export class ProvidersFailedError extends SeaworthyError {
  override name = 'ProvidersFailedError'
  readonly reason: FailoverFailure
  /** The attempts, in order of their start. */
  readonly hops: readonly FailoverHop[]
  /** What each of them failed with, as in an `AggregateError`. */
  readonly errors: readonly unknown[]

  constructor(options: ProvidersFailedErrorOptions) {
    const { policy, reason, hops, errors, retryAfter } = options
    super('ERR_PROVIDERS_FAILED', describe(options), {
      policy,
      retryAfter,
      failureClass: classOf(reason, hops),
      ...(errors.length > 0 && { cause: errors.at(-1) }),
    })
    this.reason = reason
    this.hops = hops
    this.errors = errors
    hopsByError.set(this, hops)
  }
}

/** A provider sent no first byte in its time. Code `ERR_TIMEOUT`, class `transient`. It may still answer. */
export class FirstByteTimeoutError extends SeaworthyError {
  override name = 'TimeoutError'
  readonly provider: string
  /** How long it was given, in milliseconds. */
  readonly limit: number

  constructor(provider: string, limit: number, policy: string | undefined) {
    super('ERR_TIMEOUT', `Provider '${provider}' sent nothing for ${formatDuration(limit)}`, { policy })
    this.provider = provider
    this.limit = limit
  }
}

/** An answer that is as bad as an error, see `FailoverOptions.failureOf`. Code `ERR_PROVIDER_ANSWER`, class by `status`. */
export class ProviderAnswerError extends SeaworthyError {
  override name = 'ProviderAnswerError'
  /** The status of the HTTP answer. */
  readonly status: number

  constructor(status: number, retryAfter: number | undefined) {
    super('ERR_PROVIDER_ANSWER', `The provider answered with status ${status}`, {
      retryAfter,
      failureClass: failureClass({ status }),
    })
    this.status = status
  }
}

/**
 * A stream broke off after its first piece had been delivered, when it was too late to ask another provider. Code
 * `ERR_STREAM_INTERRUPTED`, class that of its `cause`, the provider's own error. Read from the stream, not from the call.
 */
export class StreamInterruptedError extends SeaworthyError {
  override name = 'StreamInterruptedError'
  readonly provider: string
  /** How many pieces the reader got. */
  readonly chunks: number
  /** How many bytes they were, if they were binary. */
  readonly bytes: number
  /** The attempts of the call, in order of their start; the one that answered is among them. */
  readonly hops: readonly FailoverHop[]

  constructor(
    provider: string,
    { chunks, bytes }: { readonly chunks: number; readonly bytes: number },
    { policy, hops, cause }: { policy: string | undefined; hops: readonly FailoverHop[]; cause: unknown },
  ) {
    const size = bytes > 0 ? `, ${bytes} bytes` : ''
    super(
      'ERR_STREAM_INTERRUPTED',
      `The answer of provider '${provider}' broke off after ${chunks} ${chunks === 1 ? 'piece' : 'pieces'}${size} had been delivered`,
      { policy, cause, failureClass: failureClass(cause) },
    )
    this.provider = provider
    this.chunks = chunks
    this.bytes = bytes
    this.hops = hops
    hopsByError.set(this, hops)
  }
}

const hopsByError = new WeakMap<object, readonly FailoverHop[]>()

/** Notes the attempts of a call with the provider's own error that it rejects with. */
export function noteHops(error: unknown, hops: readonly FailoverHop[]): void {
  if (typeof error === 'object' && error !== null) hopsByError.set(error, hops)
}

/**
 * The attempts that came before an error of {@link failover}, in order; undefined for other errors. Also for errors of
 * providers, which pass on as the same object when no other provider could do better.
 */
export function failoverHops(error: unknown): readonly FailoverHop[] | undefined {
  return typeof error === 'object' && error !== null ? hopsByError.get(error) : undefined
}

function classOf(reason: FailoverFailure, hops: readonly FailoverHop[]): FailureClass {
  const limited = hops.every(({ outcome }) => outcome === 'degraded')
  return limited && (reason === 'unavailable' || hops.length > 0) ? 'degraded' : 'transient'
}

function describe({ policy, reason, hops, retryAfter, duration }: ProvidersFailedErrorOptions): string {
  const label = policy === undefined ? 'failover' : `failover '${policy}'`
  const end = {
    exhausted: `no provider answered; gave up after ${formatDuration(duration)}`,
    deadline: `no provider answered within ${formatDuration(duration)}`,
    unavailable: 'no provider may be asked in time',
  }[reason]
  const tried = hops.map(({ provider, outcome, duration: took }) => {
    return `${provider} (${outcome} after ${formatDuration(took)})`
  })
  const list = tried.length > 0 ? `: ${tried.join(', ')}` : ''
  const again = retryAfter === undefined ? '' : `; one may be asked again in ${formatDuration(retryAfter)}`
  return `${label}: ${end}${list}${again}`
}
