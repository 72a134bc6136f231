/** Reads the fields of a JSON object and collects all that is wrong, each with its path. */
import { type Duration, duration } from '@seaworthy/core'
import { didYouMean } from './nearest.ts'

/** One object of a file. */
export class Fields {
  readonly path: string
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #problems: string[]

  /** @param path - Where it is, for example `service.targets[0]`; empty for the whole file. */
  constructor(value: unknown, path: string, problems: string[]) {
    const plain = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (!plain) problems.push(`${path || 'the file'} must be an object`)
    this.path = path
    this.#fields = plain ? (value as Record<string, unknown>) : {}
    this.#problems = problems
  }

  /** Refuses all other fields. */
  known(names: readonly string[]): void {
    for (const name of Object.keys(this.#fields)) {
      if (!names.includes(name) && name !== '$schema')
        this.problem(name, `is unknown; known are ${names.join(', ')}${didYouMean(name, names)}`)
    }
  }

  problem(name: string, message: string): void {
    this.#problems.push(`${this.#at(name)} ${message}`)
  }

  value(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined
  }

  text(name: string, required?: 'required'): string | undefined {
    return this.#checked(name, 'a text', (value) => typeof value === 'string' && value !== '', required)
  }

  number(name: string): number | undefined {
    return this.#checked(
      name,
      'a number of at least 0',
      (value) => Number.isFinite(value) && (value as number) >= 0,
    )
  }

  /** A whole number. */
  count(name: string, least = 1, most: number = Number.MAX_SAFE_INTEGER): number | undefined {
    const allowed = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
    return this.#checked(
      name,
      `a whole number ${allowed}`,
      (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
    )
  }

  textOrNumber(name: string): string | number | undefined {
    return this.#checked(name, 'a text or a number', (value) => ['string', 'number'].includes(typeof value))
  }

  /** Milliseconds. */
  duration(name: string): number | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    try {
      return duration(name, value as Duration)
    } catch {
      this.problem(
        name,
        `must be a duration such as "500ms", "20s" or a number of milliseconds, not ${shown(value)}`,
      )
      return undefined
    }
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.value(name)
    if (value === undefined || allowed.includes(value as T)) return value as T | undefined
    this.problem(
      name,
      `must be one of ${allowed.join(', ')}, not ${shown(value)}${didYouMean(String(value), allowed)}`,
    )
    return undefined
  }

  /** A list of some words. */
  list<T extends string>(name: string, allowed: readonly T[]): readonly T[] | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    const wrong = Array.isArray(value) ? value.filter((each) => !allowed.includes(each)) : [value]
    if (wrong.length === 0) return value as readonly T[]
    this.problem(name, `must be a list of some of ${allowed.join(', ')}; not ${wrong.map(shown).join(', ')}`)
    return undefined
  }

  /** A list of texts. */
  texts(name: string): readonly string[] | undefined {
    return this.#checked(
      name,
      'a list of texts',
      (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
    )
  }

  /** Texts by name. */
  dictionary(name: string): Readonly<Record<string, string>> | undefined {
    return this.#checked(
      name,
      'an object of texts',
      (value) =>
        typeof value === 'object' &&
        value !== null &&
        Object.values(value).every((each) => typeof each === 'string'),
    )
  }

  /** An object within this one. */
  group(name: string): Fields | undefined {
    const value = this.value(name)
    return value === undefined ? undefined : new Fields(value, this.#at(name), this.#problems)
  }

  /** A list of objects within this one. */
  groups(name: string): readonly Fields[] {
    const value = this.value(name)
    if (value === undefined) return []
    if (!Array.isArray(value)) this.problem(name, 'must be a list')
    const items: readonly unknown[] = Array.isArray(value) ? value : []
    return items.map((each, index) => new Fields(each, `${this.#at(name)}[${index}]`, this.#problems))
  }

  #checked<T>(
    name: string,
    allowed: string,
    holds: (value: unknown) => boolean,
    required?: 'required',
  ): T | undefined {
    const value = this.value(name)
    if (value === undefined && required === 'required') this.problem(name, `is missing: ${allowed}`)
    if (value === undefined) return undefined
    if (holds(value)) return value as T // `holds` has looked at it.
    this.problem(name, `must be ${allowed}, not ${shown(value)}`)
    return undefined
  }

  #at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
