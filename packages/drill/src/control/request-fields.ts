/** Reads the fields of a request. */
import { nearest } from '../cascades/nearest.ts'
import { type ControlProblem, invalidRequest } from './control-error.ts'

/** The fields of a request by name. What is wrong with them is collected, so that all of it can be said at once. */
export class RequestFields {
  readonly #values: Readonly<Record<string, unknown>>
  readonly #problems: ControlProblem[] = []

  /**
   * @param body - An object, or nothing.
   * @param known - The names that it may have.
   * @throws DrillControlError when it is something else.
   */
  constructor(body: unknown, known: readonly string[]) {
    if (body !== undefined && (typeof body !== 'object' || body === null || Array.isArray(body)))
      throw invalidRequest([{ path: 'body', message: 'must be an object' }])
    this.#values = (body ?? {}) as Record<string, unknown> // It is an object.
    for (const name of Object.keys(this.#values)) {
      if (known.includes(name)) continue
      const meant = nearest(name, known)
      const hint = meant === undefined ? `; use ${known.join(', ')}` : `; did you mean '${meant}'?`
      this.problem(name, `is not known${hint}`)
    }
  }

  has(name: string): boolean {
    return this.value(name) !== undefined
  }

  /** As it was sent. `null` stands for nothing. */
  value(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? (this.#values[name] ?? undefined) : undefined
  }

  /** A number above or from `least` to `most`. */
  number(name: string, range: NumberRange): number | undefined {
    const { least = 0, most = Number.POSITIVE_INFINITY, above = false, whole = false } = range
    return this.#read(name, whole ? `a whole number ${words(range)}` : `a number ${words(range)}`, (value) =>
      typeof value === 'number' &&
      Number.isFinite(value) &&
      (above ? value > least : value >= least) &&
      value <= most &&
      (!whole || Number.isInteger(value))
        ? value
        : undefined,
    )
  }

  flag(name: string): boolean | undefined {
    return this.#read(name, 'true or false', (value) => (typeof value === 'boolean' ? value : undefined))
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    return this.#read(name, `one of ${allowed.join(', ')}`, (value) => allowed.find((each) => each === value))
  }

  text(name: string): string | undefined {
    return this.#read(name, 'a text of 1 to 200 characters', (value) => (isName(value) ? value : undefined))
  }

  /** One text or several. */
  texts(name: string): readonly string[] | undefined {
    return this.#read(name, 'a text, or a list of texts', (value) => {
      if (isName(value)) return [value]
      return Array.isArray(value) && value.length > 0 && value.every(isName) ? value : undefined
    })
  }

  required(...names: readonly string[]): void {
    for (const name of names) if (!this.has(name)) this.problem(name, 'is missing')
  }

  problem(path: string, message: string): void {
    this.#problems.push({ path, message })
  }

  /** @throws DrillControlError when something was wrong. */
  done(): void {
    if (this.#problems.length > 0) throw invalidRequest(this.#problems)
  }

  #read<T>(name: string, what: string, read: (value: unknown) => T | undefined): T | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    const good = read(value)
    if (good === undefined) this.problem(name, `must be ${what}`)
    return good
  }
}

/** From where to where. */
interface NumberRange {
  /** @defaultValue 0 */
  readonly least?: number
  /** @defaultValue no limit */
  readonly most?: number
  /** Whether `least` itself is too small. @defaultValue false */
  readonly above?: boolean
  /** @defaultValue false */
  readonly whole?: boolean
}

function words({ least = 0, most, above = false }: NumberRange): string {
  const from = above ? `above ${least}` : `from ${least}`
  if (most === undefined) return above ? from : `${from} up`
  return above ? `${from} and up to ${most}` : `${from} to ${most}`
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= 200
