/** What operators give: who, why, for how long. */
import { type Duration, duration, InvalidOptionError } from '@seaworthy/core'

const longest = 200

/** Milliseconds; undefined for ever. */
export function lifetime(ttl: Duration | null = '1h'): number | undefined {
  return ttl === null ? undefined : duration('ttl', ttl, 1)
}

/** What people type: one line, not too long, since it is shown to others and written to logs. */
export function words(option: string, text: string): string {
  const line = typeof text === 'string' ? text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim() : ''
  if (line !== '' && line.length <= longest) return line
  throw new InvalidOptionError(option, `a text of 1 to ${longest} characters`, text)
}
