/** Checks for options, done once when a policy is built. Each names the option, what is allowed and what was given. */
import { InvalidOptionError } from './errors.ts'

/** A whole number of at least `least`; `Infinity` is allowed where `unlimited` says so. */
export function count(option: string, value: number, least = 1, unlimited = false): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  if (unlimited && value === Number.POSITIVE_INFINITY) return value
  throw new InvalidOptionError(
    option,
    `a whole number of at least ${least}${unlimited ? ', or Infinity' : ''}`,
    value,
  )
}

/** A number in (0, 1], or in [0, 1] where `zero` says so. */
export function ratio(option: string, value: number, zero = false): number {
  if (typeof value === 'number' && value <= 1 && (value > 0 || (zero && value === 0))) return value
  throw new InvalidOptionError(option, `a share ${zero ? 'from 0' : 'above 0 and up'} to 1`, value)
}

/** A finite number of at least `least`. */
export function number(option: string, value: number, least = 0): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value
  throw new InvalidOptionError(option, `a number of at least ${least}`, value)
}

/** One of a few words. */
export function oneOf<T extends string>(option: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value
  throw new InvalidOptionError(option, `one of ${allowed.map((word) => `'${word}'`).join(', ')}`, value)
}

/** A function, or undefined. */
export function optionalFunction<T>(option: string, value: T): T {
  if (value === undefined || typeof value === 'function') return value
  throw new InvalidOptionError(option, 'a function', value)
}

/** Refuses options that do not exist, so that a typing error in plain JavaScript is not silently a default. */
export function knownOptions(policy: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new InvalidOptionError(`${policy} options`, 'an object', options)
  for (const name of Object.keys(options)) {
    if (!known.includes(name))
      throw new InvalidOptionError(`${policy} option '${name}'`, `one of ${known.join(', ')}`, name)
  }
}
