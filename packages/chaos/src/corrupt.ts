/** Damages values, as a broken cable, cache or serializer does. */
import type { Random } from '@seaworthy/core'

/**
 * A damaged copy: one bit of bytes or of a number, one character of a text, one field or element of an object. The original
 * stays as it is. What cannot be copied (functions, class instances) becomes `null`.
 */
export function corrupted(value: unknown, random: Random): unknown {
  switch (typeof value) {
    case 'string':
      return corruptedText(value, random)
    case 'number':
      return Number.isSafeInteger(value) ? value + 2 ** below(8, random) : Number.NaN
    case 'bigint':
      return value + 1n
    case 'boolean':
      return !value
    case 'object':
      return value === null ? {} : corruptedObject(value, random)
    default:
      return null
  }
}

function corruptedText(text: string, random: Random): string {
  if (text === '') return '\ufffd'
  const at = below(text.length, random)
  return `${text.slice(0, at)}\ufffd${text.slice(at + 1)}`
}

function corruptedObject(value: object, random: Random): unknown {
  if (value instanceof Uint8Array) return corruptedBytes(value, random)
  if (Array.isArray(value)) {
    if (value.length === 0) return [null]
    const at = below(value.length, random)
    return value.map((each, index) => (index === at ? corrupted(each, random) : each))
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return null
  const fields = Object.entries(value)
  if (fields.length === 0) return { '\ufffd': null }
  const at = below(fields.length, random)
  return Object.fromEntries(
    fields.map(([name, each], index) => [name, index === at ? corrupted(each, random) : each]),
  )
}

function corruptedBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = new Uint8Array(bytes)
  if (copy.length === 0) return new Uint8Array(1)
  const at = below(copy.length, random)
  copy[at] = (copy[at] as number) ^ (1 << below(8, random))
  return copy
}

const below = (limit: number, random: Random): number => Math.floor(random() * limit)
