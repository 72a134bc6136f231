/** The words that explanations are made of. */
import type { PolicyDescription } from './describe.ts'
import { formatDuration } from './duration.ts'

/** How the text names a policy: its kind, and its name if it has one. */
export function label({ kind, name }: PolicyDescription): string {
  return name === undefined ? kind : `${kind} '${name}'`
}

/** `1 attempt`, `5 attempts`, `endless attempts`. */
export function counted(count: number, noun: string): string {
  if (count === Number.POSITIVE_INFINITY) return `endless ${noun}s`
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
] as const

/** A length of time in the largest unit that needs one decimal at most: `65s` rather than `1.08m`. */
export function lasting(time: number): string {
  const fitting = units.find(([unit]) => time >= unit && Number.isInteger((time * 10) / unit))
  if (fitting !== undefined || time < 1000 || time === Number.POSITIVE_INFINITY) return formatDuration(time)
  return `${Math.round(time / 10) / 100}s`
}

/** `5s`, or `5s to 1m`. */
export function spanning({ first, longest }: { readonly first: number; readonly longest: number }): string {
  return first === longest ? lasting(first) : `${lasting(first)} to ${lasting(longest)}`
}
