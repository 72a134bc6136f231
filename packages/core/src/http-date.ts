/**
 * Dates as HTTP writes them: the three forms of RFC 9110, section 5.6.7. Read by hand, since `Date.parse` takes anything
 * that resembles a date, in the local time zone.
 */

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const month = `(${months.join('|')})`
const time = '(\\d\\d):(\\d\\d):(\\d\\d)'

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
const fixed = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\\d\\d) ${month} (\\d{4}) ${time} GMT$`)
/** `Sunday, 06-Nov-94 08:49:37 GMT` */
const rfc850 = new RegExp(
  `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\\d\\d)-${month}-(\\d\\d) ${time} GMT$`,
)
/** `Sun Nov  6 08:49:37 1994` */
const asctime = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${month} ([ \\d]\\d) ${time} (\\d{4})$`)

const dayLength = 86_400_000

/**
 * Reads a date of HTTP: `Sun, 06 Nov 1994 08:49:37 GMT`, or one of the two older forms. Nothing else is a date: where `Date.parse` guesses,
 * a client would wait for what no server has said.
 *
 * @param now - Milliseconds since 1970: years of two digits are at most 50 years later.
 * @returns Milliseconds since 1970; undefined when it is none of the three forms.
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  let match = fixed.exec(text)
  if (match !== null) {
    const [, day, name, year, ...clock] = match as unknown as Texts
    return instant(Number(year), name, Number(day), clock)
  }
  match = rfc850.exec(text)
  if (match !== null) {
    const [, day, name, year, ...clock] = match as unknown as Texts
    return instant(fullYear(Number(year), now), name, Number(day), clock)
  }
  match = asctime.exec(text)
  if (match === null) return undefined
  const [, name, day, hour, minute, second, year] = match as unknown as Texts
  return instant(Number(year), name, Number(day), [hour, minute, second])
}

/** A match with all its groups, none of which is optional. */
type Texts = [string, string, string, string, string, string, string]

/** The last year with these two digits that is at most 50 years away. */
function fullYear(year: number, now: number): number {
  const latest = Math.floor(now / dayLength / 365.2425) + 1970 + 50
  return latest - ((((latest - year) % 100) + 100) % 100)
}

function instant(year: number, monthName: string, day: number, clock: readonly string[]): number | undefined {
  const [hour, minute, second] = clock.map(Number) as [number, number, number]
  const monthIndex = months.indexOf(monthName)
  if (day < 1 || day > daysIn(year, monthIndex) || hour > 23 || minute > 59 || second > 60) return undefined
  return daysSince1970(year, monthIndex, day) * dayLength + ((hour * 60 + minute) * 60 + second) * 1000
}

function daysIn(year: number, monthIndex: number): number {
  const next = monthIndex === 11 ? daysSince1970(year + 1, 0, 1) : daysSince1970(year, monthIndex + 1, 1)
  return next - daysSince1970(year, monthIndex, 1)
}

/** *Source:* H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`. */
function daysSince1970(year: number, monthIndex: number, day: number): number {
  const shifted = monthIndex < 2 ? year - 1 : year // Years that begin in March end with the leap day.
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * ((monthIndex + 10) % 12) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}
