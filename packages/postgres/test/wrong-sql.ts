/** The test of the conformance kits: SQL with a mistake in it, which the kits have to notice. */
import { type Check, type ConformanceKit, runConformance } from '@seaworthy/testing/conformance'
import type { Pool } from 'pg'
import { expect } from 'vitest'
import { changedSchema, dropSchema, testClock } from './databases.ts'

/** What is right, what is wrong in its place (everywhere), and how the checks begin that are run; all of level L0 if that is left out. */
export type Mistakes = Readonly<Record<string, readonly [right: string, wrong: string, noticedBy?: string]>>

/** A kit for stores in a schema. */
export type KitOf = (schema: string, advance: (milliseconds: number) => Promise<void>) => ConformanceKit

/** What goes wrong first; undefined if nothing does. */
async function firstFailure(kit: ConformanceKit, noticedBy = ''): Promise<string | undefined> {
  const only = ({ name }: Check): boolean => name.startsWith(noticedBy)
  expect(kit.checks.filter(only)).not.toEqual([])
  const { failures } = await runConformance(kit, { levels: ['L0'], only, failFast: true, seed: 1 })
  return failures[0]?.message
}

/** Runs a kit on SQL that was changed. @returns What goes wrong first; undefined if nothing does. */
export async function check(
  pool: Pool,
  change: (sql: string) => string,
  clock: 'stands' | 'ticks',
  kitOf: KitOf,
  noticedBy?: string,
): Promise<string | undefined> {
  const schema = await changedSchema(pool, change)
  try {
    const { advance } = await testClock(pool, schema, clock)
    return await firstFailure(kitOf(schema, advance), noticedBy)
  } finally {
    await dropSchema(pool, schema)
  }
}

/** Runs a kit on SQL with a mistake. @throws Error when nobody notices, or when the change is none. */
export async function expectToNotice(
  pool: Pool,
  [right, wrong, noticedBy]: Mistakes[string],
  clock: 'stands' | 'ticks',
  kitOf: KitOf,
): Promise<void> {
  let places = 0
  // A mistake is in one of two files.
  const change = (sql: string): string => {
    places += sql.split(right).length - 1
    return sql.replaceAll(right, () => wrong)
  }
  expect(await check(pool, change, clock, kitOf, noticedBy)).toEqual(expect.any(String))
  expect(places).toBeGreaterThan(0)
}
