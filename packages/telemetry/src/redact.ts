/** Takes out of plain data what must not get into logs, by the names of fields. */
const secret =
  /pass(?:word|wd|phrase)?$|^pwd$|secret|token|api[-_]?key|authorization|cookie|credential|private[-_]?key|session[-_]?id|^dsn$/i
/** The password of a URL. */
const urlPassword = /(\/\/[^\s/?#:@]*):[^\s/?#@]*@/g
const mask = '[redacted]'
const deepest = 6

/** A copy without secrets: fields with telling names, in whatever case and however deep. Rings and depths are cut off. */
export function redacted(value: unknown, further: readonly string[] = []): unknown {
  const names = new Set(further.map((name) => name.toLowerCase()))
  const copy = (part: unknown, depth: number): unknown => {
    if (typeof part === 'string') return part.replaceAll(urlPassword, `$1:${mask}@`)
    if (typeof part === 'bigint') return String(part) // JSON has none
    if (typeof part !== 'object' || part === null) return part
    if (depth >= deepest) return '[too deep]'
    if (Array.isArray(part)) return part.map((each) => copy(each, depth + 1))
    return Object.fromEntries(
      Object.entries(part).map(([key, each]) => [
        key,
        secret.test(key) || names.has(key.toLowerCase()) ? mask : copy(each, depth + 1),
      ]),
    )
  }
  return copy(value, 0)
}
