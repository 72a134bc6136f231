/** What a server says about when to come back, in the headers of its answer. */
import { parseHttpDate } from '@seaworthy/core'

/** Looks up a header of an answer, whatever the case of its name. */
export type HeaderLookup = (name: string) => string | null | undefined

/** How headers are read. */
export interface HintRules {
  /** Whether headers that some vendors send count: `retry-after-ms`, `x-ms-retry-after-ms`, `x-amz-retry-after`. */
  readonly vendorHints: boolean
}

/** Longer waits are no hint but a refusal. */
const longest = 7 * 86_400_000

/** Resets after this are seconds since 1970, below it seconds from now: 2024-01-01. */
const firstEpoch = 1_704_067_200

const millisecondHeaders = ['retry-after-ms', 'x-ms-retry-after-ms', 'x-amz-retry-after']

/**
 * How many milliseconds a server asks to wait, by the first of these that is there:
 *
 * 1. vendors' headers in milliseconds;
 * 2. `Retry-After` in seconds or as a date (RFC 9110, 10.2.3). If it is invalid, nothing after it counts;
 * 3. `RateLimit` (draft-ietf-httpapi-ratelimit-headers): the longest `t` of the policies with nothing left;
 * 4. `RateLimit-Reset`, `X-RateLimit-Reset`, `X-Rate-Limit-Reset`, when `…-Remaining` is 0 or the status is 429.
 *
 * @param now - Milliseconds since 1970. The server's own `Date` is preferred: it corrects clocks that differ.
 * @returns `'stop'` for more than 7 days; undefined when the server asks for nothing.
 */
export function serverHint(
  header: HeaderLookup,
  status: number,
  now: number,
  { vendorHints }: HintRules,
): number | 'stop' | undefined {
  const vendor = vendorHints ? vendorHint(header) : undefined
  if (vendor !== undefined) return limited(vendor)
  const retryAfter = header('retry-after')
  if (retryAfter != null) return limited(readRetryAfter(retryAfter.trim(), header, now))
  return limited(exhaustion(header) ?? legacyReset(header, status, now))
}

/** When a server says that its limit is used up: milliseconds until there is something left again. */
export function exhaustion(header: HeaderLookup): number | undefined {
  const text = header('ratelimit')
  return text == null ? undefined : readRateLimit(text)
}

function limited(wait: number | undefined): number | 'stop' | undefined {
  return wait !== undefined && wait > longest ? 'stop' : wait
}

function vendorHint(header: HeaderLookup): number | undefined {
  for (const name of millisecondHeaders) {
    const wait = plainNumber(header(name), /^\d+(\.\d+)?$/)
    if (wait !== undefined) return wait
  }
  return undefined
}

function readRetryAfter(text: string, header: HeaderLookup, now: number): number | undefined {
  const seconds = plainNumber(text, /^\d+$/)
  if (seconds !== undefined) return seconds * 1000
  const at = parseHttpDate(text, now)
  return at === undefined ? undefined : Math.max(0, at - serverTime(header, now))
}

function serverTime(header: HeaderLookup, now: number): number {
  return parseHttpDate(header('date') ?? '', now) ?? now
}

/** A quoted name or a token, with its parameters: an item of a Structured Field List, RFC 9651. */
const item =
  /^\s*(?:"(?:[^"\\]|\\["\\])*"|[A-Za-z*][\w:/!#$%&'*+.^`|~-]*)((?:\s*;\s*[a-z*][\w.*-]*(?:=[^;,"]*|="[^"]*")?)*)\s*(?:,|$)/

function readRateLimit(text: string): number | undefined {
  let rest = text
  let wait: number | undefined
  while (rest.trim() !== '') {
    const match = item.exec(rest)
    if (match === null) return undefined // Malformed: the whole field counts for nothing.
    rest = rest.slice(match[0].length)
    const parameters = match[1] as string
    const reset = parameter(parameters, 't')
    if (parameter(parameters, 'r') === 0 && reset !== undefined) wait = Math.max(wait ?? 0, reset * 1000)
  }
  return wait
}

function parameter(parameters: string, name: 'r' | 't'): number | undefined {
  return plainNumber(new RegExp(`;\\s*${name}=(\\d+)\\s*(?:;|$)`).exec(parameters)?.[1], /^\d+$/)
}

function legacyReset(header: HeaderLookup, status: number, now: number): number | undefined {
  for (const prefix of ['ratelimit', 'x-ratelimit', 'x-rate-limit']) {
    const reset = plainNumber(header(`${prefix}-reset`), /^\d+(\.\d+)?$/)
    if (reset === undefined) continue
    if (status !== 429 && plainNumber(header(`${prefix}-remaining`), /^\d+$/) !== 0) continue
    if (prefix === 'ratelimit') return reset * 1000
    // Their seconds are cut off, so one more.
    const wait = reset >= firstEpoch ? reset * 1000 - serverTime(header, now) : reset * 1000
    return Math.max(0, wait) + 1000
  }
  return undefined
}

/** Refuses signs, hexadecimal digits and exponents, which `Number` would take. */
function plainNumber(text: string | null | undefined, form: RegExp): number | undefined {
  const trimmed = text?.trim()
  return trimmed !== undefined && form.test(trimmed) ? Number(trimmed) : undefined
}
