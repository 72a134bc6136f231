/** Turns whatever was thrown into plain data of bounded size. Anything may be thrown, and anything may throw when read. */
import type { StoredCause, StoredError } from './letter.ts'

const longestMessage = 10_000
const longestStack = 8_192
const longestName = 200
const mostCauses = 5

/**
 * What is kept of an error. Reads each property once and never throws.
 *
 * Causes follow `cause`, or where there is none the `errors` of an `AggregateError`, nearest first.
 */
export function storedError(error: unknown): StoredError {
  const stack = text(read(error, 'stack'), longestStack)
  return {
    ...storedCause(error),
    ...(stack === undefined ? {} : { stack }),
    causes: causesOf(error).map(storedCause),
  }
}

/** The errors behind an error, nearest first, at most 5; never in a circle. */
export function causesOf(error: unknown): unknown[] {
  const found: unknown[] = []
  const seen = new Set([error])
  let level = behind(error)
  while (level.length > 0 && found.length < mostCauses) {
    const fresh = level.filter((each) => !seen.has(each)).slice(0, mostCauses - found.length)
    for (const each of fresh) seen.add(each)
    found.push(...fresh)
    level = fresh.flatMap(behind)
  }
  return found
}

/** A property of anything; undefined if there is none, or reading it throws. */
export function read(value: unknown, property: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined
  try {
    return (value as Record<string, unknown>)[property]
  } catch {
    return undefined
  }
}

function storedCause(error: unknown): StoredCause {
  const name = text(read(error, 'name'), longestName)
  const message = text(read(error, 'message'), longestMessage)
  const code = read(error, 'code')
  const known = typeof code === 'string' || typeof code === 'number'
  return {
    name: name ?? nameOf(error),
    message: message ?? describe(error).slice(0, longestMessage),
    ...(known ? { code: String(code).slice(0, longestName) } : {}),
  }
}

/** @returns The first `length` characters of a text; undefined for anything else. */
function text(value: unknown, length: number): string | undefined {
  return typeof value === 'string' ? value.slice(0, length) : undefined
}

function nameOf(error: unknown): string {
  if (error === null) return 'null'
  return typeof error === 'object' ? 'Object' : typeof error
}

/** An object that is no error may hold anything, so only primitives are written out. */
function describe(error: unknown): string {
  if ((typeof error === 'object' && error !== null) || typeof error === 'function') return ''
  return String(error)
}

function behind(error: unknown): unknown[] {
  const cause = read(error, 'cause')
  if (cause !== undefined) return [cause]
  const errors = read(error, 'errors')
  try {
    return Array.isArray(errors)
      ? Array.from({ length: Math.min(errors.length, mostCauses) }, (_, at) => errors[at])
      : []
  } catch {
    return []
  }
}
