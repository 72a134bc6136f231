/** What servers say about when to come back, by priority. */
import { serverHint } from '@seaworthy/http'
import { describe, expect, it } from 'vitest'

const now = Date.UTC(2026, 4, 17, 12, 0, 0)
const inDate = (offset: number): string => new Date(now + offset).toUTCString()

function hint(
  headers: Record<string, string>,
  status = 503,
  vendorHints = true,
): number | 'stop' | undefined {
  return serverHint((name) => headers[name], status, now, { vendorHints })
}

type Row = readonly [
  name: string,
  headers: Record<string, string>,
  expected: number | 'stop' | undefined,
  status?: number,
]

const rows: readonly Row[] = [
  ['nothing', {}, undefined],
  ['seconds', { 'retry-after': '7' }, 7000],
  ['seconds in spaces', { 'retry-after': ' 7 ' }, 7000],
  ['0 seconds', { 'retry-after': '0' }, 0],
  ['a date', { 'retry-after': inDate(9000) }, 9000],
  ['a date in the past', { 'retry-after': inDate(-9000) }, 0],
  ['a date by the clock of the server', { 'retry-after': inDate(9000), date: inDate(5000) }, 4000],
  ['an RFC 850 date', { 'retry-after': 'Sunday, 17-May-26 12:00:30 GMT' }, 30_000],
  ['an asctime date', { 'retry-after': 'Sun May 17 12:01:00 2026' }, 60_000],
  ['a leap second', { 'retry-after': 'Sun, 17 May 2026 12:00:60 GMT' }, 60_000],
  ...['-1', '0x10', '1e3', '1.5', '+3', 'soon', '', '2026-05-17T12:00:09Z'].map(
    (text): Row => [`invalid: '${text}'`, { 'retry-after': text }, undefined],
  ),
  [
    'an invalid one, with others behind it',
    { 'retry-after': 'soon', 'ratelimit-reset': '9', 'ratelimit-remaining': '0' },
    undefined,
  ],
  ['7 days', { 'retry-after': '604800' }, 604_800_000],
  ['more than 7 days', { 'retry-after': '604801' }, 'stop'],
  ['a date after 7 days', { 'retry-after': inDate(8 * 86_400_000) }, 'stop'],
  ['milliseconds before seconds', { 'retry-after-ms': '250', 'retry-after': '7' }, 250],
  ['milliseconds of Azure', { 'x-ms-retry-after-ms': '300' }, 300],
  ['milliseconds of AWS', { 'x-amz-retry-after': '400' }, 400],
  ['invalid milliseconds, and seconds', { 'retry-after-ms': '-5', 'retry-after': '7' }, 7000],
  ['Retry-After before RateLimit', { 'retry-after': '7', ratelimit: '"a";r=0;t=30' }, 7000],
  ['RateLimit', { ratelimit: '"a";r=0;t=30' }, 30_000],
  [
    'RateLimit, the longest of those with nothing left',
    { ratelimit: '"a";r=0;t=30, "b";r=0;t=90,"c";r=5;t=600' },
    90_000,
  ],
  ['RateLimit with something left', { ratelimit: '"a";r=1;t=30' }, undefined],
  ['RateLimit without a time', { ratelimit: '"a";r=0' }, undefined],
  ['RateLimit with a comma in its name', { ratelimit: '"a,b;r=9;t=9";r=0;t=30' }, 30_000],
  ['RateLimit with a partition key', { ratelimit: '"a";r=0;t=30;pk=:Zm9v:' }, 30_000],
  ['RateLimit, malformed', { ratelimit: '"a;r=0;t=30' }, undefined],
  ['RateLimit, negative', { ratelimit: '"a";r=0;t=-30' }, undefined],
  ['RateLimit-Reset with nothing left', { 'ratelimit-reset': '9', 'ratelimit-remaining': '0' }, 9000],
  ['RateLimit-Reset with something left', { 'ratelimit-reset': '9', 'ratelimit-remaining': '3' }, undefined],
  ['RateLimit-Reset with a 429', { 'ratelimit-reset': '9' }, 9000, 429],
  ['X-RateLimit-Reset in seconds', { 'x-ratelimit-reset': '9', 'x-ratelimit-remaining': '0' }, 10_000],
  ['X-RateLimit-Reset since 1970', { 'x-ratelimit-reset': String(now / 1000 + 20) }, 21_000, 429],
  ['X-RateLimit-Reset in the past', { 'x-ratelimit-reset': String(now / 1000 - 20) }, 1000, 429],
  ['X-Rate-Limit-Reset', { 'x-rate-limit-reset': '4' }, 5000, 429],
  ['X-RateLimit-Reset, invalid', { 'x-ratelimit-reset': 'soon' }, undefined, 429],
]

describe('verify 4.7', () => {
  for (const [name, headers, expected, status] of rows) {
    it(name, () => expect(hint(headers, status)).toBe(expected))
  }

  it('leaves vendors out when told so', () => {
    expect(hint({ 'retry-after-ms': '250', 'retry-after': '7' }, 503, false)).toBe(7000)
  })
})
