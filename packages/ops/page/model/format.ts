/** Figures as people read them. Short, and always of the same form, so that columns line up. */

const none = '–'

/** `0`, `1.5`, `950`, `12.3k`, `4M`. */
export function formatCount(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return none
  if (value < 0) return `-${formatCount(-value)}`
  if (value < 999.5) return short(value)
  if (value < 999_500) return `${short(value / 1000)}k`
  if (value < 999_500_000) return `${short(value / 1_000_000)}M`
  return `${short(value / 1_000_000_000)}G`
}

/** Calls in a second. */
export function formatRate(value: number | undefined): string {
  return value === undefined ? none : `${formatCount(value)}/s`
}

/** A share from 0 to 1. What is not zero never reads as `0 %`, and what is not all never as `100 %`. */
export function formatShare(share: number | undefined): string {
  if (share === undefined || !Number.isFinite(share)) return none
  const percent = share * 100
  if (percent > 0 && percent < 0.1) return '<0.1 %'
  if (percent < 100 && percent > 99.9) return '>99.9 %'
  return `${short(percent)} %`
}

/** A length of time in milliseconds: `0.4 ms`, `340 ms`, `1.2 s`, `3 min 5 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatTime(milliseconds: number | undefined): string {
  if (milliseconds === undefined || !Number.isFinite(milliseconds)) return none
  if (milliseconds < 0) return formatTime(0)
  if (milliseconds < 999.5) return `${short(milliseconds)} ms`
  const seconds = milliseconds / 1000
  if (seconds < 59.5) return `${seconds < 9.95 ? short(seconds) : Math.round(seconds)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return pair(Math.floor(whole / 60), 'min', whole % 60, 's')
  const minutes = Math.round(whole / 60)
  if (minutes < 1440) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  const hours = Math.round(minutes / 60)
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

/** What is left of a wait, in whole seconds that end at 0: `4 s`, `1 min 5 s`. */
export function formatCountdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000))
  return seconds < 60 ? `${seconds} s` : formatTime(seconds * 1000)
}

/** How long something has lasted, in whole seconds that are over. */
export function formatFor(milliseconds: number): string {
  return formatCountdown(Math.floor(milliseconds / 1000) * 1000)
}

/** An age as an answer to "when?": `now`, `5 s ago`. */
export function formatAgo(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return none
  return milliseconds < 1000 ? 'now' : `${formatCountdown(milliseconds)} ago`
}

/** A time of day on the reader's clock: `14:03:07`. */
export function formatClock(time: number | undefined): string {
  if (time === undefined || !Number.isFinite(time)) return none
  const at = new Date(time)
  return [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
}

/** `1 call`, `2 calls`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** `halfOpen` and `half-open` as `Half open`. */
export function formatWord(word: string): string {
  const spaced = word.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/[-_]+/g, ' ')
  return spaced.charAt(0).toUpperCase() + spaced.slice(1).toLowerCase()
}

function short(value: number): string {
  const rounded =
    value < 10 ? Math.round(value * 10) / 10 : value < 99.95 ? Math.round(value * 10) / 10 : Math.round(value)
  return String(rounded)
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`
}
