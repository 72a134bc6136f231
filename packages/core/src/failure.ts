/** What a failure means for what happens next: one judgement that retry, breaker, failover and dead letters share. */

/**
 * - `transient`: likely gone on the next try (connection reset, timeout, 503).
 * - `degraded`: alive but shedding load (429, a full bulkhead); wait, do not punish.
 * - `persistent`: will fail again here, maybe not elsewhere (401, unknown host, open circuit).
 * - `fatal`: the request itself is wrong, or the caller gave up (400, a programmer's TypeError, an abort).
 */
export type FailureClass = 'transient' | 'degraded' | 'persistent' | 'fatal'

/** A rule of your own: a class, or undefined to leave the judgement to the next rule. */
export type Classify = (error: unknown) => FailureClass | undefined

/** How deep `cause` chains are followed. */
const depth = 5

/**
 * Judges an error by what programs can read: `failureClass`, `retryable`, an HTTP status, an error code along
 * `cause` and `AggregateError.errors`, its name. Never by its message. Unknown errors are `transient`;
 * programming errors (`TypeError` and its kind) without a network code behind them are `fatal`. Never throws: what cannot
 * be read (a getter that throws, a proxy) is unknown.
 */
export function failureClass(error: unknown): FailureClass {
  return knownFailureClass(error) ?? (isProgrammerError(error) ? 'fatal' : 'transient')
}

/** Like {@link failureClass}, but undefined for an error that says nothing about itself. */
export function knownFailureClass(error: unknown): FailureClass | undefined {
  try {
    return known(error, depth)
  } catch {
    return undefined
  }
}

/**
 * Your rules first, in order, then {@link failureClass}.
 *
 * @example
 * ```ts
 * import { classifyWith } from '@seaworthy/core'
 *
 * const classify = classifyWith((error) => (error instanceof RangeError ? 'persistent' : undefined))
 * console.log(classify(new RangeError('out of stock'))) // persistent
 * ```
 */
export function classifyWith(...rules: Classify[]): (error: unknown) => FailureClass {
  return (error) => {
    for (const rule of rules) {
      const judged = rule(error)
      if (judged !== undefined) return judged
    }
    return failureClass(error)
  }
}

/** Whether it is an error of the language that a network did not cause: a bug, which no retry mends. */
export function isProgrammerError(error: unknown): boolean {
  try {
    return (
      (error instanceof TypeError ||
        error instanceof RangeError ||
        error instanceof ReferenceError ||
        error instanceof SyntaxError) &&
      known(error, depth) === undefined
    )
  } catch {
    return false
  }
}

interface Readable {
  failureClass?: unknown
  retryable?: unknown
  status?: unknown
  statusCode?: unknown
  response?: { status?: unknown }
  code?: unknown
  name?: unknown
  cause?: unknown
  errors?: unknown
}

function known(error: unknown, levels: number): FailureClass | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const {
    failureClass: own,
    retryable,
    status,
    statusCode,
    response,
    code,
    name,
    cause,
    errors,
  } = error as Readable
  if (own === 'transient' || own === 'degraded' || own === 'persistent' || own === 'fatal') return own
  if (typeof retryable === 'boolean') return retryable ? 'transient' : 'fatal'
  const judged = byStatus(status ?? statusCode ?? response?.status) ?? byCode(code) ?? byName(name)
  if (judged !== undefined || levels === 0) return judged
  if (Array.isArray(errors)) {
    for (const inner of errors) {
      const found = known(inner, levels - 1)
      if (found !== undefined) return found
    }
  }
  return known(cause, levels - 1)
}

function byStatus(status: unknown): FailureClass | undefined {
  if (typeof status !== 'number' || status < 400) return undefined
  if (status === 429 || status === 529) return 'degraded'
  if (status >= 500 && status !== 501 && status !== 505 && status !== 511) return 'transient'
  if (status === 408 || status === 425) return 'transient'
  return /^(401|402|403|404|407|410|451|501|505|511)$/.test(String(status)) ? 'persistent' : 'fatal'
}

/** Codes of Node, undici, c-ares and OpenSSL. */
const persistentCode =
  /^(ENOTFOUND|.*CERT.*|.*SELF_SIGNED.*|UNABLE_TO_.*|ERR_(SSL|TLS)_.*|EPROTO|EACCES|EPERM)$/
const fatalCode =
  /^(ERR_INVALID_.*|ABORT_ERR|ERR_CANCELED|UND_ERR_(ABORTED|INVALID_ARG|REQ_CONTENT.*|DESTROYED|CLOSED))$/
const transientCode =
  /^(E(?!RR_)[A-Z0-9]+|EAI_AGAIN|UND_ERR_.*|ERR_HTTP2_.*|ERR_STREAM_PREMATURE_CLOSE|HPE_.*)$/

function byCode(code: unknown): FailureClass | undefined {
  if (typeof code !== 'string') return undefined
  if (persistentCode.test(code)) return 'persistent'
  if (fatalCode.test(code)) return 'fatal'
  if (code === 'EMFILE' || code === 'ENOBUFS') return 'degraded'
  return transientCode.test(code) ? 'transient' : undefined
}

function byName(name: unknown): FailureClass | undefined {
  if (name === 'AbortError') return 'fatal'
  return name === 'TimeoutError' || name === 'HTTPParserError' ? 'transient' : undefined
}
