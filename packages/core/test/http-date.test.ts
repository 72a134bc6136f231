/** Dates as HTTP writes them. */
import { parseHttpDate } from '@seaworthy/core'
import { describe, expect, it } from 'vitest'

const now = Date.UTC(2026, 4, 17, 12, 0, 0)

describe('dates of HTTP', () => {
  it('reads 80 years in all three forms', () => {
    const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
    for (let at = Date.UTC(1980, 0, 1, 23, 59, 58); at < Date.UTC(2060, 0, 1); at += 5 * 86_400_000) {
      const date = new Date(at)
      const [short, day, month, year, time] = date.toUTCString().split(' ') as [
        string,
        string,
        string,
        string,
        string,
      ]
      const weekday = days[date.getUTCDay()]
      const padded = day.replace(/^0/, ' ')
      expect(parseHttpDate(date.toUTCString(), now)).toBe(at)
      expect(parseHttpDate(`${short.slice(0, 3)} ${month} ${padded} ${time} ${year}`, now)).toBe(at)
      const reference = at - 40 * 365 * 86_400_000
      expect(parseHttpDate(`${weekday}, ${day}-${month}-${year.slice(2)} ${time} GMT`, reference)).toBe(at)
    }
  })

  it.each([
    'Sun, 30 Feb 2026 12:00:00 GMT',
    'Sun, 29 Feb 2026 12:00:00 GMT',
    'Sun, 17 May 2026 24:00:00 GMT',
    'Sun, 17 May 2026 12:60:00 GMT',
    'Sun, 17 May 2026 12:00:00',
    'Sun, 17 May 2026 12:00:00 CET',
    'Sun, 0 May 2026 12:00:00 GMT',
    'sun, 17 may 2026 12:00:00 gmt',
    '2026-05-17T12:00:00Z',
    '17 May 2026 12:00:00 GMT',
    '1',
    '',
  ])('refuses %s', (text) => {
    expect(parseHttpDate(text, now)).toBeUndefined()
  })

  it('takes years of two digits for at most 50 years from now', () => {
    const year = (text: string): number => new Date(parseHttpDate(text, now) ?? 0).getUTCFullYear()
    expect(year('Sunday, 06-Nov-94 08:49:37 GMT')).toBe(1994)
    expect(year('Sunday, 06-Nov-70 08:49:37 GMT')).toBe(2070)
  })
})
