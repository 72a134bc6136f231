/** The rules of a protection, checked once and turned into routes. */
import {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitOutcome,
  circuitBreaker,
} from '@seaworthy/circuit-breaker'
import {
  type AnyPolicy,
  type Clock,
  type Duration,
  duration,
  type Hub,
  InvalidOptionError,
  knownOptions,
  oneOf,
  optionalFunction,
  pipeline,
  type Random,
} from '@seaworthy/core'
import {
  type Bulkhead,
  type BulkheadOptions,
  bulkhead,
  type RateLimit,
  type RateLimitOptions,
  rateLimit,
} from '@seaworthy/flow'
import { clientAddress } from './client-address.ts'
import type { Located } from './paths.ts'
import { type Priority, priorities } from './priority.ts'
import type { IncomingRequest } from './request.ts'
import { type TimeLimit, type TimeLimitOptions, timeLimitOf } from './time-limit.ts'

/** How a request ended. */
export interface RequestEnd {
  /**
   * `answered`: the response is complete. `threw`: the handler failed, as far as the server tells. `expired`: its time was
   * over before the response began. `aborted`: the client went away.
   */
  readonly how: 'answered' | 'threw' | 'expired' | 'aborted'
  /** The status of the response, if it was begun. */
  readonly status: number | undefined
  /** What the handler threw. */
  readonly error: unknown
  /** How long the request was given, in milliseconds; undefined for as long as it takes. */
  readonly given: number | undefined
}

/** Judges how a request ended; undefined leaves it to the default. */
export type ClassifyRequest = (end: RequestEnd) => CircuitOutcome | undefined

/** What holds for the requests to a part of the paths. */
export interface IncomingRule {
  /** Where it holds: a path such as `/api` and all below it, however written. `/` is everything. */
  readonly path: string
  /** For which methods. `GET` means `HEAD`, too. @defaultValue all */
  readonly methods?: readonly string[]
  /** How events and policies call it. @defaultValue the methods and the path */
  readonly name?: string
  /** Turns requests away that come too fast, with 429. Counts for each `key`. */
  readonly rateLimit?: Omit<RateLimitOptions, 'key'> | RateLimit
  /**
   * Who a request counts for: its tenant or API key, for example. Requests for which it says nothing or throws share one
   * allowance. @defaultValue {@link clientAddress} without any trusted proxy
   */
  readonly key?: (request: IncomingRequest) => string | undefined
  /** Turns requests away with 503 while the handlers keep failing. */
  readonly breaker?: CircuitBreakerOptions | CircuitBreaker
  /** Lets only so many requests run at once; others wait or get 503. A request runs until its response is complete. */
  readonly bulkhead?: BulkheadOptions | Bulkhead
  /** How much its requests matter when load is shed. @defaultValue `'critical'` */
  readonly priority?: Priority | ((request: IncomingRequest) => Priority)
  /**
   * How long requests may take: one duration for all, or what they ask for within limits; `false` for any time,
   * whatever they ask for. @defaultValue what they ask for, up to `'60s'`
   */
  readonly deadline?: Duration | TimeLimitOptions | false
  /**
   * What the end of a request says about the handler. If it throws, the end is neutral. @defaultValue statuses from 500 and
   * errors are failures; so is running out of time, for requests that were given enough (`deadline.judgedFrom`); going
   * away is neutral
   */
  readonly classify?: ClassifyRequest
}

/** What the rules of a protection share. */
export interface RuleDefaults {
  readonly name: string | undefined
  readonly hub: Hub | undefined
  readonly clock: Clock
  readonly random: Random
  /** Sheds load. Undefined if nothing does. */
  readonly shedding: AnyPolicy | undefined
  /** Takes what a rule makes and somebody must dispose of. */
  readonly made: AnyPolicy[]
}

/** A rule, ready for use. */
export interface Route extends Located {
  readonly name: string
  /** Undefined if the rule only limits time. */
  readonly policy: AnyPolicy | undefined
  readonly rateLimit:
    | { readonly policy: RateLimit; readonly header: string; readonly remaining: string }
    | undefined
  readonly key: (request: IncomingRequest) => string | undefined
  readonly priority: Priority | ((request: IncomingRequest) => Priority)
  readonly timeLimit: TimeLimit | undefined
  readonly classify: ClassifyRequest | undefined
}

const ruleNames = [
  'path',
  'methods',
  'name',
  'rateLimit',
  'key',
  'breaker',
  'bulkhead',
  'priority',
  'deadline',
  'classify',
] as const satisfies readonly (keyof IncomingRule)[]

/** Checks one rule and makes its policies. */
export function routeOf(rule: IncomingRule, index: number, defaults: RuleDefaults): Route {
  const option = `rules[${index}]`
  knownOptions(option, rule, ruleNames)
  const { key = clientAddress(), priority = 'critical' } = rule
  const methods = methodsOf(`${option}.methods`, rule.methods)
  const prefix = prefixOf(`${option}.path`, rule.path)
  const name = rule.name ?? [...(methods ?? []), prefix || '/'].join(' ')
  const timeLimit = timeLimitOf(`${option}.deadline`, rule.deadline)
  optionalFunction(`${option}.key`, key)
  optionalFunction(`${option}.classify`, rule.classify)
  if (typeof priority !== 'function') oneOf(`${option}.priority`, priority, priorities)

  const make = maker(name, defaults)
  const limit = make<Omit<RateLimitOptions, 'key'>, RateLimit>(rule.rateLimit, (options) =>
    rateLimit({ ...options, key: ({ key }) => key }),
  )
  const breaker = make<CircuitBreakerOptions, CircuitBreaker>(rule.breaker, (options) =>
    circuitBreaker({ random: defaults.random, ...options }),
  )
  const slots = make<BulkheadOptions, Bulkhead>(rule.bulkhead, bulkhead)
  // Cheap refusals come first, and what a client did wrong is no business of the breaker.
  const policies = [limit, breaker, defaults.shedding, slots].filter((policy) => policy !== undefined)
  return {
    prefix,
    methods,
    name,
    policy: policies.length === 0 ? undefined : pipeline(...policies),
    rateLimit: limit && { policy: limit, ...rateHeaders(rule.rateLimit, name) },
    key,
    priority,
    timeLimit,
    classify: rule.classify,
  }
}

type Maker = <O extends object, P extends AnyPolicy>(
  given: O | P | undefined,
  create: (options: O) => P,
) => P | undefined

/** Makes policies from options, named after the rule if the protection has a name; takes ready ones as they are. */
function maker(rule: string, { name, hub, clock, made }: RuleDefaults): Maker {
  return (given, create) => {
    if (given === undefined) return undefined
    if ('execute' in given) return given
    const place = {
      ...(name !== undefined && { name: `${name} ${rule}` }),
      ...(hub !== undefined && { hub }),
    }
    const policy = create({ ...place, clock, ...given })
    made.push(policy)
    return policy
  }
}

/** Found for a path that servers could take for different routes. Nothing runs on it. */
export const ambiguousRoute: Route = {
  prefix: '',
  methods: undefined,
  name: 'ambiguous',
  policy: undefined,
  rateLimit: undefined,
  key: () => undefined,
  priority: 'critical',
  timeLimit: undefined,
  classify: undefined,
}

/** *Source:* draft-ietf-httpapi-ratelimit-headers-10. What a ready rate limit allows in which time is its own affair. */
function rateHeaders(
  given: IncomingRule['rateLimit'],
  name: string,
): { readonly header: string; readonly remaining: string } {
  const label = `"${name.replace(/[^\w /.-]/g, '')}"`
  if (given === undefined || 'execute' in given) return { header: '', remaining: `${label};r=` }
  const { limit } = given
  const seconds = Math.ceil(duration('per', given.per) / 1000)
  return { header: `${label};q=${limit};w=${seconds}`, remaining: `${label};r=` }
}

function methodsOf(option: string, methods: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (methods === undefined) return undefined
  if (!Array.isArray(methods) || methods.length === 0 || !methods.every((method) => /^[A-Z-]+$/.test(method)))
    throw new InvalidOptionError(option, "a list of methods in upper case, such as ['GET', 'POST']", methods)
  return new Set(methods)
}

/** A prefix is plain text: in a pattern, or a path that servers read in several ways, it would silently match nothing. */
function prefixOf(option: string, path: string): string {
  if (typeof path !== 'string' || !/^\/[\w!$&'()+,.=@~/-]*$/.test(path) || /\/[./]/.test(path))
    throw new InvalidOptionError(
      option,
      "a plain path such as '/api', without patterns, '..', '//' or '%'",
      path,
    )
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/** The usual judgement of an end. */
export function judge(
  end: RequestEnd,
  classify: ClassifyRequest | undefined,
  judgedFrom: number,
): CircuitOutcome {
  try {
    const asked = classify?.(end)
    if (asked === 'success' || asked === 'failure' || asked === 'neutral') return asked
  } catch {
    return 'neutral'
  }
  if (end.how === 'aborted') return 'neutral'
  if (end.how === 'expired') return (end.given ?? 0) >= judgedFrom ? 'failure' : 'neutral'
  return end.how === 'threw' || (end.status ?? 0) >= 500 ? 'failure' : 'success'
}
