import { InvalidOptionError } from './errors.ts'

type Unit = 'ms' | 's' | 'm' | 'h' | 'd'

/** A length of time: milliseconds, or a number with a unit, such as `'250ms'`, `'1.5s'`, `'5m'`, `'1h'`, `'7d'`. */
export type Duration = number | `${number}${Unit}`

const milliseconds: Record<Unit, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Reads a {@link Duration}.
 *
 * @param option - The name of the option it came from, for the error.
 * @param least - The smallest duration that makes sense there, in milliseconds. @defaultValue 0
 * @returns Milliseconds.
 * @throws {@link InvalidOptionError} when it is not a finite duration of at least `least`.
 */
export function duration(option: string, value: Duration, least = 0): number {
  const result = typeof value === 'string' ? parse(value) : value
  if (typeof result === 'number' && Number.isFinite(result) && result >= least) return result
  const from = least > 0 ? `of at least ${formatDuration(least)}` : 'not below 0'
  throw new InvalidOptionError(
    option,
    `a duration ${from}, in milliseconds or as '250ms', '30s', '5m'`,
    value,
  )
}

function parse(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  return match ? Number(match[1]) * milliseconds[match[2] as Unit] : Number.NaN
}

/** Writes milliseconds for people: `1500` becomes `'1.5s'`, `Infinity` becomes `'forever'`. */
export function formatDuration(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return 'forever'
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (value >= milliseconds[unit]) return `${round(value / milliseconds[unit])}${unit}`
  }
  return `${round(value)}ms`
}

const round = (value: number): number => Math.round(value * 100) / 100
