/** How results become text, and text results again. */
import { type PlainError, plainError, rebuildError } from './plain-error.ts'

/** Turns results into text for the store. Must not be asynchronous. */
export interface Codec {
  /** @throws Anything, for a value that it cannot keep. */
  encode(value: unknown): string
  /** @throws Anything, for a text that it did not write. */
  decode(text: string): unknown
}

/**
 * JSON, with a tag for what JSON loses: undefined, Date, bigint, NaN, infinities, -0, Buffer, Uint8Array, Map, Set
 * and Error (name, message, code, status, cause; not its class or stack).
 *
 * It keeps plain data. Instances of other classes, functions, symbols, other typed arrays and cycles throw a
 * `TypeError`: a duplicate must not get something that only looks like the result.
 *
 * @example
 * ```ts
 * import { taggedJson } from '@seaworthy/idempotency'
 *
 * const text = taggedJson.encode({ at: new Date(0), total: 12n })
 * console.log(text) // {"at":{"$":"date","v":0},"total":{"$":"bigint","v":"12"}}
 * console.log(taggedJson.decode(text)) // { at: 1970-01-01T00:00:00.000Z, total: 12n }
 * ```
 */
export const taggedJson: Codec = {
  encode: (value) => JSON.stringify(pack(value, [])),
  decode: (text) => unpack(JSON.parse(text)),
}

// biome-ignore lint/style/noRestrictedGlobals: dates as values; nobody asks what time it is.
const DateValue = Date

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

const tagged = (tag: string, value: Json = null): Json => ({ $: tag, v: value })

/** @param path - The containers around the value, to find cycles. */
function pack(value: unknown, path: object[]): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : tagged('number', nameOf(value))
    case 'undefined':
      return tagged('undefined')
    case 'bigint':
      return tagged('bigint', value.toString())
    case 'object':
      return value === null ? null : packObject(value, path)
    default:
      throw new TypeError(`A ${typeof value} cannot be stored`)
  }
}

const nameOf = (number: number): string => (Object.is(number, -0) ? '-0' : String(number))

function packObject(value: object, path: object[]): Json {
  if (path.includes(value)) throw new TypeError('A cycle cannot be stored')
  if (value instanceof DateValue) {
    const time = value.getTime()
    return tagged('date', Number.isNaN(time) ? null : time)
  }
  if (Buffer.isBuffer(value)) return tagged('buffer', value.toString('base64'))
  if (value instanceof Uint8Array) return tagged('bytes', Buffer.from(value).toString('base64'))
  path.push(value)
  const packed = packContainer(value, path)
  path.pop()
  return packed
}

function packContainer(value: object, path: object[]): Json {
  if (Array.isArray(value)) return Array.from(value, (item) => pack(item, path))
  if (value instanceof Map)
    return tagged(
      'map',
      Array.from(value, ([key, item]) => [pack(key, path), pack(item, path)]),
    )
  if (value instanceof Set)
    return tagged(
      'set',
      Array.from(value, (item) => pack(item, path)),
    )
  if (value instanceof Error) return tagged('error', pack(plainError(value), path))
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    throw new TypeError(`An instance of ${value.constructor?.name || 'a class'} cannot be stored`)
  const entries = Object.entries(value).map(([name, item]): [string, Json] => [name, pack(item, path)])
  return Object.hasOwn(value, '$') ? tagged('object', entries) : Object.fromEntries(entries)
}

function unpack(json: Json): unknown {
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map(unpack)
  if (Object.hasOwn(json, '$')) return unpackTagged(json['$'], json['v'] ?? null)
  return unpackEntries(Object.entries(json))
}

/** `fromEntries` defines properties, so one called `__proto__` stays a property. */
function unpackEntries(entries: readonly (readonly [string, Json])[]): object {
  return Object.fromEntries(entries.map(([name, item]) => [name, unpack(item)]))
}

function unpackTagged(tag: Json | undefined, value: Json): unknown {
  switch (tag) {
    case 'undefined':
      return undefined
    case 'number':
      return Number(value)
    case 'bigint':
      return BigInt(value as string)
    case 'date':
      return new DateValue(value === null ? Number.NaN : (value as number))
    case 'buffer':
      return Buffer.from(value as string, 'base64')
    case 'bytes':
      return new Uint8Array(Buffer.from(value as string, 'base64'))
    case 'map':
      return new Map((value as [Json, Json][]).map(([key, item]) => [unpack(key), unpack(item)]))
    case 'set':
      return new Set((value as Json[]).map(unpack))
    case 'error':
      return rebuildError(unpack(value) as PlainError)
    case 'object':
      return unpackEntries(value as [string, Json][])
    default:
      throw new TypeError(`Unknown tag in a stored value: ${String(tag)}`)
  }
}
