/**
 * Descriptions of plain data, from which both follow: what is wrong with a value, all of it, each with its path; and the JSON
 * Schema of it.
 */
import { type Duration, duration } from '@seaworthy/core'
import type { ExperimentProblem } from './errors.ts'
import { nearest } from './nearest.ts'

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** What a value must be. */
export interface Description {
  /** In words, after "must be". */
  readonly what: string
  /** Adds what is wrong with the value. */
  check(value: unknown, path: string, problems: ExperimentProblem[]): void
  /** Undefined for what no file can hold. */
  readonly schema: JsonSchema | undefined
}

/** A description that schemas refer to by a name, so that they do not repeat it. */
export interface Definition extends Description {
  readonly name: string
  readonly definition: JsonSchema
}

/** Gives a description a name, under which {@link definitions} puts it. */
export function defined(name: string, description: Description): Definition {
  const { what, schema = {} } = description
  return {
    name,
    what,
    definition: schema,
    schema: { $ref: `#/$defs/${name}` },
    check: (value, path, problems) => description.check(value, path, problems),
  }
}

/** The `$defs` of a schema. */
export function definitions(...all: readonly Definition[]): JsonSchema {
  return Object.fromEntries(all.map(({ name, definition }) => [name, definition]))
}

/** A value that a predicate accepts. */
function simple(
  what: string,
  accepts: (value: unknown) => boolean,
  schema: JsonSchema | undefined,
): Description {
  return {
    what,
    schema,
    check(value, path, problems) {
      if (!accepts(value)) problems.push({ path, message: `must be ${what}; got ${show(value)}` })
    },
  }
}

export const anything: Description = simple('anything', () => true, {})

export const boolean: Description = simple('true or false', (value) => typeof value === 'boolean', {
  type: 'boolean',
})

export const text: Description = simple('a text', (value) => typeof value === 'string' && value !== '', {
  type: 'string',
  minLength: 1,
})

export const pattern: Description = simple('a regular expression', isPattern, {
  type: 'string',
  format: 'regex',
})

/** Text with numbers that are written as they are: `0x2a`, `random`, a commit. */
export const scalar: Description = simple(
  'a text, a number, true or false',
  (value) => ['string', 'number', 'boolean'].includes(typeof value) && !Number.isNaN(value),
  { type: ['string', 'number', 'boolean'] },
)

/** For code only. */
export const code: Description = simple('a function', (value) => typeof value === 'function', undefined)

export function numberFrom(min: number, max: number = Number.POSITIVE_INFINITY): Description {
  const what =
    max === Number.POSITIVE_INFINITY ? `a number of at least ${min}` : `a number from ${min} to ${max}`
  const accepts = (value: unknown): boolean =>
    typeof value === 'number' && value >= min && value <= max && Number.isFinite(value)
  const limits = {
    ...(Number.isFinite(min) && { minimum: min }),
    ...(Number.isFinite(max) && { maximum: max }),
  }
  return simple(Number.isFinite(min) ? what : 'a number', accepts, { type: 'number', ...limits })
}

export function countFrom(min: number): Description {
  const accepts = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= min
  return simple(`a whole number of at least ${min}`, accepts, { type: 'integer', minimum: min })
}

/** A duration of at least `least` milliseconds. */
export function time(least = 0, signed = false): Description {
  const accepts = (value: unknown): boolean => {
    try {
      const sign = signed && typeof value === 'string' && value.startsWith('-')
      // What is no duration throws.
      const given = sign ? (value as string).slice(1) : value
      duration('', (signed && typeof given === 'number' ? Math.abs(given) : given) as Duration, least)
      return true
    } catch {
      return false
    }
  }
  const what = `a duration, in milliseconds or as '250ms', '30s', '5m'`
  return simple(least > 0 ? `${what}, of at least ${least} ms` : what, accepts, {
    anyOf: [
      signed ? { type: 'number' } : { type: 'number', minimum: least },
      { type: 'string', pattern: `^${signed ? '-?' : ''}\\d+(\\.\\d+)?(ms|s|m|h|d)$` },
    ],
  })
}

export function word(...words: readonly (string | number)[]): Description {
  const quoted = words.map((each) => JSON.stringify(each))
  const what = words.length === 1 ? String(quoted[0]) : `one of ${quoted.join(', ')}`
  const schema = words.length === 1 ? { const: words[0] } : { enum: words }
  return simple(what, (value) => words.includes(value as string), schema)
}

export function list(of: Description, min = 0): Description {
  return {
    what: min > 0 ? `a list of at least ${min}` : 'a list',
    schema: { type: 'array', items: of.schema ?? {}, ...(min > 0 && { minItems: min }) },
    check(value, path, problems) {
      if (!Array.isArray(value) || value.length < min) {
        problems.push({ path, message: `must be ${this.what}; got ${show(value)}` })
        return
      }
      for (const [index, each] of value.entries()) of.check(each, `${path}[${index}]`, problems)
    },
  }
}

/** Any names, with values of one kind. */
export function record(of: Description): Description {
  return {
    what: 'an object',
    schema: { type: 'object', additionalProperties: of.schema ?? {} },
    check(value, path, problems) {
      if (!isObject(value)) {
        problems.push({ path, message: `must be an object; got ${show(value)}` })
        return
      }
      for (const [name, each] of Object.entries(value)) of.check(each, join(path, name), problems)
    },
  }
}

type Fields = Readonly<Record<string, Description>>

/** An object with these fields and no others. */
export function fields(required: Fields, optional: Fields = {}): Description {
  const known = { ...required, ...optional }
  const schemas = Object.entries(known).flatMap(([name, { schema }]) => (schema ? [[name, schema]] : []))
  return {
    what: 'an object',
    schema: {
      type: 'object',
      properties: Object.fromEntries(schemas),
      required: Object.keys(required),
      additionalProperties: false,
    },
    check(value, path, problems) {
      if (!isObject(value)) {
        problems.push({ path, message: `must be an object; got ${show(value)}` })
        return
      }
      for (const [name, each] of Object.entries(value)) {
        const description = Object.hasOwn(known, name) ? known[name] : undefined
        if (description === undefined)
          problems.push({ path: join(path, name), message: unknownName(name, known) })
        else if (each !== undefined) description.check(each, join(path, name), problems)
      }
      for (const [name, { what }] of Object.entries(required)) {
        if (value[name] === undefined)
          problems.push({ path: join(path, name), message: `is missing: ${what}` })
      }
    },
  }
}

/** An object whose field `tag` says which of several descriptions holds. */
export function tagged(
  tag: string,
  cases: Readonly<Record<string, readonly [Fields, Fields?]>>,
): Description {
  const built = new Map(
    Object.entries(cases).map(([name, [required, optional]]) => [
      name,
      fields({ [tag]: word(name), ...required }, optional),
    ]),
  )
  const names = [...built.keys()]
  return {
    what: `an object with a ${tag}`,
    schema: { oneOf: [...built.values()].map(({ schema }) => schema) },
    check(value, path, problems) {
      if (!isObject(value)) {
        problems.push({ path, message: `must be ${this.what}; got ${show(value)}` })
        return
      }
      const found = built.get(String(value[tag]))
      if (found !== undefined) found.check(value, path, problems)
      else {
        const message =
          value[tag] === undefined
            ? `is missing: one of ${names.join(', ')}`
            : `must be one of ${names.join(', ')}; got ${show(value[tag])}${suggestion(String(value[tag]), names)}`
        problems.push({ path: join(path, tag), message })
      }
    },
  }
}

/** One of several, told apart by `matches`; the first that matches is checked. */
export function either(
  what: string,
  ...cases: readonly (readonly [matches: (value: unknown) => boolean, description: Description])[]
): Description {
  return {
    what,
    schema: { anyOf: cases.map(([, { schema }]) => schema ?? {}) },
    check(value, path, problems) {
      const found = cases.find(([matches]) => matches(value))
      if (found === undefined) problems.push({ path, message: `must be ${what}; got ${show(value)}` })
      else found[1].check(value, path, problems)
    },
  }
}

export const isText = (value: unknown): boolean => typeof value === 'string'
export const isList = (value: unknown): boolean => Array.isArray(value)
export const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null
/** Whether it is an object that has a field. */
export const has =
  (field: string) =>
  (value: unknown): boolean =>
    isObject(value) && field in value

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** " (did you mean …?)", or nothing. */
export function suggestion(name: string, known: readonly string[]): string {
  const close = nearest(name, known)
  return close === undefined ? '' : ` (did you mean ${JSON.stringify(close)}?)`
}

/** A path and one step more. */
export function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

const unknownName = (name: string, known: Fields): string =>
  `is unknown${suggestion(name, Object.keys(known))}; known are ${Object.keys(known).join(', ')}`

function isPattern(value: unknown): boolean {
  if (typeof value !== 'string') return false
  try {
    new RegExp(value)
    return true
  } catch {
    return false
  }
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'number') return String(value)
  const shown = String(JSON.stringify(value))
  return shown.length > 60 ? `${shown.slice(0, 57)}...` : shown
}
