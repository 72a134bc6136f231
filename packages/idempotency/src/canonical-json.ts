/**
 * The same text for the same data, in whatever order its properties were set.
 *
 * Source: RFC 8785, JSON Canonicalization Scheme: property names in the order of their UTF-16 code units, numbers and
 * strings as ECMAScript writes them, no white space. Beyond it, what is not JSON gets a text that no JSON has.
 */

// biome-ignore lint/style/noRestrictedGlobals: dates as values; nobody asks what time it is.
const DateValue = Date

/**
 * Writes data as canonical JSON. Arrays keep their order; maps and sets, like objects, have none. Properties that are
 * undefined are left out. `toJSON` is obeyed.
 *
 * @throws TypeError when there is a function, a symbol or a cycle in it.
 */
export function canonicalJson(value: unknown): string {
  return write(value, [])
}

/** @param path - The containers around the value, to find cycles. */
function write(value: unknown, path: object[]): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value)
    case 'number':
      return String(value) // -0 is 0 here, as in JSON
    case 'bigint':
      return `${value}n`
    case 'undefined':
      return 'undefined'
    case 'object':
      return value === null ? 'null' : writeObject(value, path)
    default:
      throw new TypeError(`A ${typeof value} has no fingerprint`)
  }
}

function writeObject(value: object, path: object[]): string {
  if (path.includes(value)) throw new TypeError('A cycle has no fingerprint')
  if (value instanceof DateValue) return `Date(${value.getTime()})`
  if (ArrayBuffer.isView(value))
    return `Bytes(${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')})`
  path.push(value)
  const text = writeContainer(value, path)
  path.pop()
  return text
}

function writeContainer(value: object, path: object[]): string {
  if (Array.isArray(value)) return `[${Array.from(value, (item) => write(item, path)).join()}]`
  if (value instanceof Map) {
    const entries = Array.from(value, ([key, item]) => `${write(key, path)}:${write(item, path)}`)
    return `Map{${entries.sort().join()}}`
  }
  if (value instanceof Set)
    return `Set{${Array.from(value, (item) => write(item, path))
      .sort()
      .join()}}`
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return write(toJSON.call(value), path)
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => `${JSON.stringify(name)}:${write(item, path)}`)
  return `{${entries.join()}}`
}
