/** Headers in any of the forms that clients take. */

/** An object with `get`, pairs, or an object of names and values. */
export type AnyHeaders = object

/** The value of a header, whatever the case of its name. */
export function lookUp(headers: AnyHeaders, name: string): string | undefined {
  if ('get' in headers && typeof headers.get === 'function') {
    const value: unknown = headers.get(name)
    return value == null ? undefined : String(value)
  }
  const wanted = name.toLowerCase()
  const pairs = Symbol.iterator in headers ? (headers as Iterable<unknown>) : Object.entries(headers)
  for (const pair of pairs) {
    const [key, value] = pair as [unknown, unknown]
    if (String(key).toLowerCase() === wanted && value != null) return String(value)
  }
  return undefined
}
