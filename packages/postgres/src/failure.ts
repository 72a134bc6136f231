/** What errors of PostgreSQL and its clients mean. */
import type { PostgresFailure } from './errors.ts'

/** SQLSTATE by its beginning. Source: PostgreSQL documentation, appendix "PostgreSQL Error Codes". */
const meanings: readonly (readonly [RegExp, PostgresFailure])[] = [
  [/^(40001|40P01|23505)$/, 'conflict'],
  [/^(25006|57P03)$/, 'unready'],
  [/^(08|57P0[1245])/, 'interrupted'],
  [/^53/, 'full'],
]

/** The SQLSTATE of an error that the server sent; undefined for all others. */
export function sqlState(cause: unknown): string | undefined {
  const { code } = Object(cause) as { readonly code?: unknown }
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E') ? code : undefined
}

/** What a rejected statement means. What the server did not send, the connection did. */
export function failureOf(cause: unknown): PostgresFailure {
  const state = sqlState(cause)
  if (state === undefined) return 'interrupted'
  return meanings.find(([begin]) => begin.test(state))?.[1] ?? 'error'
}

/**
 * Whether others came in between and nothing was done, so that a statement can be tried again: a serialization failure, a deadlock, or
 * a row that another inserted at the same moment.
 */
export const isConflict = (cause: unknown): boolean => failureOf(cause) === 'conflict'

/** Whether a function or table is not there. */
export const isSchemaProblem = (cause: unknown): boolean =>
  /^(3F000|42P01|42883)$/.test(sqlState(cause) ?? '')
