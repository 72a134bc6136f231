/** How long a request may take: what its headers say, within what the rule allows. */
import { type Duration, duration, InvalidOptionError, knownOptions } from '@seaworthy/core'
import type { IncomingRequest } from './request.ts'

/** How deadlines are taken over from requests. */
export interface TimeLimitOptions {
  /**
   * Headers in which callers say how many milliseconds they will go on waiting. `grpc-timeout` is read in the format of
   * gRPC (`250m`, `5S`). What is malformed counts as missing; of several, the shortest holds.
   *
   * @defaultValue `['x-request-deadline-ms', 'grpc-timeout']`
   */
  readonly headers?: readonly string[]
  /** The longest time a request is given, whatever it asks for. @defaultValue `'60s'` */
  readonly max?: Duration
  /** The time of requests that ask for none. @defaultValue as long as it takes */
  readonly default?: Duration
  /**
   * A request that runs out of time counts as a failure of the handler if it was given at least so long. Anybody can ask
   * for a millisecond, and must not open a breaker with it. @defaultValue `'1s'`
   */
  readonly judgedFrom?: Duration
}

/** {@link TimeLimitOptions}, checked. */
export interface TimeLimit {
  readonly headers: readonly string[]
  readonly max: number
  readonly usual: number | undefined
  readonly judgedFrom: number
}

/** Checks the option `deadline` of a rule. One duration is the limit of all requests. */
export function timeLimitOf(
  option: string,
  given: Duration | TimeLimitOptions | false = {},
): TimeLimit | undefined {
  if (given === false) return undefined
  const options =
    typeof given === 'object'
      ? given
      : { max: duration(option, given, 1), default: duration(option, given, 1) }
  knownOptions(option, options, ['headers', 'max', 'default', 'judgedFrom'])
  const { headers = ['x-request-deadline-ms', 'grpc-timeout'], max = '60s', judgedFrom = '1s' } = options
  if (!Array.isArray(headers) || !headers.every((name) => typeof name === 'string' && isToken.test(name)))
    throw new InvalidOptionError(`${option}.headers`, 'a list of names of headers', headers)
  const longest = duration(`${option}.max`, max, 1)
  const usual = options.default === undefined ? undefined : duration(`${option}.default`, options.default, 1)
  if (usual !== undefined && usual > longest)
    throw new InvalidOptionError(`${option}.default`, `at most ${option}.max`, options.default)
  return {
    headers: headers.map((name) => name.toLowerCase()),
    max: longest,
    usual,
    judgedFrom: duration(`${option}.judgedFrom`, judgedFrom),
  }
}

const isToken = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** How many milliseconds a request is given; undefined for as long as it takes. */
export function timeFor(request: IncomingRequest, { headers, max, usual }: TimeLimit): number | undefined {
  let shortest: number | undefined
  for (let i = 0; i < headers.length; i++) {
    const name = headers[i] as string
    const value = request.header(name)
    if (value === undefined) continue
    const asked = name === 'grpc-timeout' ? grpcTimeout(value) : milliseconds(value)
    if (asked !== undefined && (shortest === undefined || asked < shortest)) shortest = asked
  }
  const given = shortest ?? usual
  return given === undefined ? undefined : Math.min(given, max)
}

function milliseconds(value: string): number | undefined {
  return /^\d{1,15}$/.test(value) ? Number(value) : undefined
}

const grpcUnits: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
}

/** *Source:* "gRPC over HTTP2", section Requests: a positive number of at most 8 digits and a unit. */
function grpcTimeout(value: string): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(value) ?? []
  if (digits === undefined || unit === undefined) return undefined
  return Number(digits) * (grpcUnits[unit] as number)
}
