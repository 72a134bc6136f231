/** Takes secrets out of what people get to see. */

/** Names of fields whose values nobody is to see. */
export const secretName: RegExp =
  /pass(?:word|wd|phrase)?$|^pwd$|secret|token|api[-_]?key|authorization|cookie|credential|private[-_]?key/i
const secretTexts: readonly [RegExp, string][] = [
  // Everything of an address but its scheme and host.
  [/\b([a-z][a-z0-9+.-]*:\/\/)(?:[^\s/@"]*@)?([^\s/?#'"]*)[^\s'"]*/gi, '$1$2'],
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, '$1 ***'],
  [
    /\b([\w-]*(?:password|passwd|pwd|secret|token|api[_-]?key|authorization|credential)[\w-]*)(["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&}]+)/gi,
    '$1$2***',
  ],
  // Long runs with digits are keys more often than words.
  [/\b(?=[\w+/=-]*\d)[\w+/=-]{24,}/g, '***'],
]
const deepest = 12

/** A text without secrets and control characters, of at most `most` characters. */
export function redactText(text: string, most = 200): string {
  const plain = text.slice(0, 10 * most).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
  const clean = secretTexts.reduce((sum, [pattern, mask]) => sum.replaceAll(pattern, mask), plain)
  return clean.length > most ? `${clean.slice(0, most - 1)}…` : clean
}

/** A copy of plain data without secrets: fields with telling names are masked, and texts as {@link redactText} does it. */
export function redactData(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value, 4000)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= deepest) return '[too deep]'
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (Array.isArray(value)) return value.slice(0, 1000).map((each) => redactData(each, depth + 1))
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return redactData(toJSON.call(value), depth + 1)
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      secretName.test(key) ? '[redacted]' : redactData(each, depth + 1),
    ]),
  )
}
