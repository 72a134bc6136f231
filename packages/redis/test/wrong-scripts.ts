/** The test of the conformance kits on a server: scripts with a mistake in them, which the kits have to notice. */
import { type Check, type ConformanceKit, type Level, runConformance } from '@seaworthy/testing/conformance'
import type { Redis } from 'ioredis'
import { expect } from 'vitest'

/** A change of the scripts that makes them wrong. */
export interface Mistake {
  readonly mistake: string
  readonly right: string
  readonly wrong: string
  /** A part of the names of the checks that are run, one of which has to notice. @defaultValue all of some levels */
  readonly noticedBy?: string
}

/** Scripts that were changed, and a kit for a store that runs them. */
export interface WrongScripts {
  readonly scripts: readonly { readonly source: string }[]
  readonly kit: ConformanceKit
  /** Which checks run unless the mistake says so. @defaultValue L0 and L1 */
  readonly levels?: readonly Level[]
  close?(): void
}

/** @throws Error when nobody notices, or when the change is none. */
export async function expectToNotice(
  client: Redis,
  { right, wrong, noticedBy }: Mistake,
  make: (rewrite: (lua: string) => string) => WrongScripts | Promise<WrongScripts>,
): Promise<void> {
  let places = 0
  const rewrite = (lua: string): string => {
    places += lua.split(right).length - 1
    return lua.replaceAll(right, () => wrong)
  }
  const { scripts, kit, levels = ['L0', 'L1'], close } = await make(rewrite)
  try {
    expect(places).toBeGreaterThan(0)
    // It is no feat to notice a script that cannot run.
    for (const { source } of scripts) await client.script('LOAD', source)
    const only = ({ level, name }: Check): boolean =>
      noticedBy === undefined ? levels.includes(level) : name.includes(noticedBy)
    expect(kit.checks.filter(only), noticedBy).not.toEqual([])
    const { failures } = await runConformance(kit, { only, concurrency: 20, failFast: true, seed: 20 })
    // By what it does, not by its grammar. Of all checks, though, one may well be the first to meet an error of the script.
    const told = failures.filter(({ message }) => noticedBy === undefined || !/user_script/i.test(message))
    expect(told).not.toEqual([])
  } finally {
    close?.()
  }
}
