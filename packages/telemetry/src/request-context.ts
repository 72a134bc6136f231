/** Which request some work belongs to, wherever it goes. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'

/** What is known about the request that is served now. */
export interface RequestContext {
  /** Its id: the caller's if that was sound, else a new one. */
  readonly id: string
  /** The trace it belongs to, as 32 hexadecimal digits, if the caller said so. */
  readonly traceId?: string | undefined
  /** The span of the caller, as 16 hexadecimal digits. */
  readonly spanId?: string | undefined
}

/** Headers as `Request`, node:http or a plain record have them. */
export type HeadersLike =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>

const requests = new AsyncLocalStorage<RequestContext>()
/** What others send goes into logs and headers. */
const sound = /^[\w.:/@+=-]{1,128}$/
const traceparent = /^([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/

/** The request that is served now, if {@link withRequest} was used. */
export function currentRequest(): RequestContext | undefined {
  return requests.getStore()
}

/**
 * Reads the id and the trace of a request from `x-request-id` and `traceparent`. An id that is missing or unsound is replaced by a new one.
 *
 * Source: W3C Trace Context, https://www.w3.org/TR/trace-context/.
 */
export function requestFrom(headers: HeadersLike): RequestContext {
  const id = header(headers, 'x-request-id')
  return {
    id: id !== undefined && sound.test(id) ? id : randomUUID(),
    ...traceOf(header(headers, 'traceparent')),
  }
}

/**
 * Runs a function, and all it starts, as part of a request: what is logged meanwhile carries its id.
 *
 * @example
 * ```ts
 * import { currentRequest, requestFrom, withRequest } from '@seaworthy/telemetry'
 *
 * const request = requestFrom({ 'x-request-id': 'order-7' })
 * console.log(withRequest(request, () => currentRequest()?.id)) // order-7
 * ```
 */
export function withRequest<T>(request: RequestContext, run: () => T): T {
  return requests.run(request, run)
}

/** Version 00 ends with the flags, later ones may go on, and there is no version ff. */
function traceOf(text = ''): Pick<RequestContext, 'traceId' | 'spanId'> {
  const [, version, traceId, spanId, more] = traceparent.exec(text) ?? []
  return version === 'ff' || (version === '00' && more !== undefined) ? {} : { traceId, spanId }
}

function header(headers: HeadersLike, name: string): string | undefined {
  if (typeof headers['get'] === 'function')
    return (headers as { get(name: string): string | null }).get(name) ?? undefined
  // node:http has them in lower case, others as they came.
  const [, value] = Object.entries(headers).find(([key]) => key.toLowerCase() === name) ?? []
  return typeof value === 'string' ? value : value?.[0]
}
