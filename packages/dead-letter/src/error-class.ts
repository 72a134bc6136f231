import type { StoredCause } from './letter.ts'

/** Long enough to tell causes apart, short enough for the key of an index. */
const longestClass = 200

/** In this order: a UUID has numbers in it. */
const masks: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '<id>'],
  [/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, '<id>'],
  [/\b(?=[a-z]*\d)(?=\d*[a-z])[0-9a-f]{8,}\b/gi, '<id>'],
  [/\b(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{16,}\b/gi, '<id>'],
  [/\d+(?:[.,:]\d+)*/g, '<n>'],
]

/**
 * What errors of one cause have in common: name, code, and the first line of the message with ids and numbers masked. At most
 * 200 characters.
 *
 * @example
 * ```ts
 * import { errorClass } from '@seaworthy/dead-letter'
 *
 * console.log(errorClass({ name: 'Error', message: 'order 4711 took 3.2 s' })) // Error: order <n> took <n> s
 * ```
 */
export function errorClass({ name, code, message }: StoredCause): string {
  // Masks are regular expressions: they see no more than can end up in the class, and what they may shorten.
  let masked = (message.split('\n', 1)[0] ?? '').slice(0, 4 * longestClass)
  for (const [pattern, mask] of masks) masked = masked.replace(pattern, mask)
  const what = code === undefined ? name : `${name} [${code}]`
  return `${what}: ${masked}`.slice(0, longestClass)
}
