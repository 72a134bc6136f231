/** What kind of failure an error is, by rules in order. The kind chooses how recovery treats the letter. */
import { causesOf, read } from './stored-error.ts'

/** A rule of your own: the name of a kind, or undefined to leave it to the next rule. One that throws says nothing. */
export type FailureRule = (error: unknown) => string | undefined

/** What a rule made by {@link failureRule} compares. One match is enough, on the error or on one behind it. */
export interface FailureTraits {
  /** Values of `code`. A regular expression is tested on the whole text. */
  readonly codes?: readonly string[] | RegExp
  /** Values of `name`. */
  readonly names?: readonly string[]
  /** Values of `status`, `statusCode` or `response.status`. */
  readonly statuses?: readonly number[]
}

/**
 * A rule from plain data, which looks at the error and the causes behind it, at most 5.
 *
 * @example
 * ```ts
 * import { failureRule } from '@seaworthy/dead-letter'
 *
 * const fraud = failureRule('fraud', { codes: ['CARD_BLOCKED'], statuses: [402] })
 * console.log(fraud(Object.assign(new Error('no'), { status: 402 }))) // fraud
 * ```
 */
export function failureRule(failure: string, traits: FailureTraits): FailureRule {
  const { codes = [], names = [], statuses = [] } = traits
  const isCode = (code: string): boolean =>
    codes instanceof RegExp
      ? new RegExp(codes.source, codes.flags.replace(/[gy]/g, '')).test(code)
      : codes.includes(code)
  const applies = (error: unknown): boolean => {
    const code = read(error, 'code')
    const name = read(error, 'name')
    const status =
      read(error, 'status') ?? read(error, 'statusCode') ?? read(read(error, 'response'), 'status')
    return (
      (typeof code === 'string' && isCode(code)) ||
      (typeof name === 'string' && names.includes(name)) ||
      (typeof status === 'number' && statuses.includes(status))
    )
  }
  return (error) => ([error, ...causesOf(error)].some(applies) ? failure : undefined)
}

/**
 * The kinds that are known without being told, in this order: `rate_limit`, `timeout`, `dependency_down`, `decode`,
 * `validation`. Anything else is `unknown`; `worker_crash`, `unknown_outcome` and `telemetry` are for those who know to
 * name.
 */
export const standardFailures: readonly FailureRule[] = [
  failureRule('rate_limit', {
    codes: ['ERR_RATE_LIMITED', 'ERR_BULKHEAD_FULL', 'ERR_CONCURRENCY_LIMITED'],
    statuses: [429, 529],
  }),
  failureRule('timeout', {
    codes: /^(ERR_TIMEOUT|E\w*TIMEDOUT|UND_ERR_\w+_TIMEOUT|ERR_SOCKET_CONNECTION_TIMEOUT)$/,
    names: ['TimeoutError'],
    statuses: [408, 504],
  }),
  failureRule('dependency_down', {
    codes:
      /^(ERR_CIRCUIT_OPEN|ERR_CIRCUIT_ISOLATED|ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|UND_ERR_SOCKET)$/,
    statuses: [502, 503],
  }),
  failureRule('decode', { names: ['SyntaxError'] }),
  failureRule('validation', { names: ['ValidationError', 'ZodError'], statuses: [400, 422] }),
]

/** The first kind that a rule names, or `unknown`. */
export function failureOf(error: unknown, rules: readonly FailureRule[]): string {
  for (const rule of rules) {
    try {
      const failure = rule(error)
      if (failure !== undefined) return failure
    } catch {
      // The rule of a user must not cost a letter: the next one decides.
    }
  }
  return 'unknown'
}
