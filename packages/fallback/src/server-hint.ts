/** When a server says that it may be asked again. */
import { parseHttpDate, systemWallClock } from '@seaworthy/core'

/** What errors of HTTP clients look like: the headers are on the error, or on its response. */
interface Failure {
  readonly retryAfter?: unknown
  readonly headers?: unknown
  readonly response?: { readonly headers?: unknown }
}

/**
 * The milliseconds that a failure asks for: the number in its `retryAfter`, as Seaworthy's own errors carry it, or the
 * header `Retry-After` of its `headers` or `response.headers`, in seconds or as a date. Never throws.
 *
 * Source: RFC 9110, section 10.2.3; `retry-after-ms` is OpenAI's and Azure's finer form.
 */
export function serverHint(failure: unknown): number | undefined {
  try {
    if (typeof failure !== 'object' || failure === null) return undefined
    const { retryAfter, headers, response } = failure as Failure
    if (typeof retryAfter === 'number') return usable(retryAfter)
    return hintIn(headers) ?? hintIn(response?.headers)
  } catch {
    return undefined
  }
}

function hintIn(headers: unknown): number | undefined {
  const exact = Number.parseFloat(header(headers, 'retry-after-ms') ?? '')
  if (usable(exact) !== undefined) return exact
  const text = header(headers, 'retry-after')?.trim()
  if (text === undefined || text === '') return undefined
  if (/^\d+(\.\d+)?$/.test(text)) return usable(Number(text) * 1000)
  const now = systemWallClock()
  const until = parseHttpDate(text, now)
  // A date of the server is compared with the server's own: the clock here may be wrong.
  const since = parseHttpDate(header(headers, 'date') ?? '', now)
  return until === undefined || since === undefined ? undefined : usable(until - since)
}

function header(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined
  const { get } = headers as { get?: unknown }
  if (typeof get === 'function') return (get.call(headers, name) as string | null | undefined) ?? undefined
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1]
  return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined
}

const usable = (milliseconds: number): number | undefined =>
  Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined
