/** Headers in the forms that undici takes: an object, pairs, or names and values in turn. */
import { lookUpHeader } from '@seaworthy/http'
import type { Dispatcher } from 'undici'

type Headers = Dispatcher.DispatchOptions['headers']

/** The value of a header, whatever the case of its name. */
export function headerIn(headers: Headers, name: string): string | undefined {
  if (headers == null) return undefined
  return lookUpHeader(isFlat(headers) ? pairsOf(headers) : headers, name)
}

/** The same headers and some more; as they are when there are none to add. */
export function withHeaders(headers: Headers, added: ReadonlyMap<string, string> | undefined): Headers {
  if (added === undefined) return headers
  if (headers == null) return Object.fromEntries(added)
  if (isFlat(headers)) return [...headers, ...[...added].flat()]
  if (Symbol.iterator in headers) return [...(headers as Iterable<[string, string]>), ...added].flat()
  return { ...headers, ...Object.fromEntries(added) }
}

function isFlat(headers: object): headers is string[] {
  return Array.isArray(headers) && !Array.isArray(headers[0])
}

function pairsOf(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([flat[at] as string, flat[at + 1] as string])
  return pairs
}
