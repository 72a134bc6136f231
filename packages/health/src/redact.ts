/** Error texts for people with permission, without what must not get out even to them. */

const longest = 200
const secrets: readonly [RegExp, string][] = [
  // Everything of an address but its scheme and host: users, passwords, paths and queries carry secrets.
  [/\b([a-z][a-z0-9+.-]*:\/\/)(?:[^\s/@]*@)?([^\s/?#'"]*)[^\s'"]*/gi, '$1$2'],
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, '$1 ***'],
  [
    /\b([\w-]*(?:password|passwd|pwd|secret|token|api[_-]?key|authorization|credential)[\w-]*)(["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&}]+)/gi,
    '$1$2***',
  ],
  // Long runs of letters and digits are keys more often than words.
  [/\b(?=[\w+/=-]*\d)[\w+/=-]{24,}/g, '***'],
]

/** Takes secrets out of a text, and shortens it. */
export function redacted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const plain = text.slice(0, 2000).replaceAll(/[\u0000-\u001f\u007f]+/g, ' ')
  const clean = secrets.reduce((sum, [pattern, mask]) => sum.replaceAll(pattern, mask), plain)
  return clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean
}

/** Describes an error likewise. Never throws. */
export function describeError(error: unknown): string {
  try {
    if (!(error instanceof Error)) return redacted(String(error))
    const { code } = error as { code?: unknown }
    const mark = typeof code === 'string' ? ` [${code}]` : ''
    return redacted(`${error.name}${mark}: ${error.message}`)
  } catch {
    return 'an error that cannot be read'
  }
}
