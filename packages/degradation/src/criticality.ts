/** How important a piece of work is, and how that travels along with it. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { InvalidOptionError, oneOf } from '@seaworthy/core'
import { type Level, levels } from './levels.ts'

/**
 * How important work is, most important first.
 *
 * Source: B. Beyer et al., "Site Reliability Engineering" (O'Reilly, 2016), chapter 21.
 */
export type RequestCriticality = 'critical-plus' | 'critical' | 'sheddable-plus' | 'sheddable'

/** All of them, most important first. */
export const criticalities: readonly RequestCriticality[] = [
  'critical-plus',
  'critical',
  'sheddable-plus',
  'sheddable',
]

/** For each level, the share of the work of a kind that is turned away. What is not named is let in. */
export type SheddingTable = Readonly<
  Partial<Record<Level, Readonly<Partial<Record<RequestCriticality, number>>>>>
>

/** The usual: the least important first, and at the worst only what must not fail at all is let in. */
export const standardShedding: SheddingTable = {
  minor: { sheddable: 1 },
  moderate: { sheddable: 1, 'sheddable-plus': 1 },
  severe: { sheddable: 1, 'sheddable-plus': 1 },
  critical: { sheddable: 1, 'sheddable-plus': 1, critical: 1 },
}

/** A table with every place filled. */
export type FullSheddingTable = Readonly<Record<Level, Readonly<Record<RequestCriticality, number>>>>

/**
 * Fills a table.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when a share is none, or when more important work, or work at a milder level, would be
 *   turned away more often.
 */
export function fullTable(table: SheddingTable): FullSheddingTable {
  const full = Object.fromEntries(
    levels.map((level) => [
      level,
      Object.fromEntries(criticalities.map((each) => [each, table[level]?.[each] ?? 0])),
    ]),
  ) as Record<Level, Record<RequestCriticality, number>> // `fromEntries` forgets the names
  levels.forEach((level, i) => {
    criticalities.forEach((criticality, j) => {
      const share = full[level][criticality]
      const option = `shedding.${level}.${criticality}`
      if (!(share >= 0 && share <= 1)) throw new InvalidOptionError(option, 'a share from 0 to 1', share)
      const milder = levels[i - 1]
      if (milder !== undefined && full[milder][criticality] > share)
        throw new InvalidOptionError(option, `at least that of ${milder}`, share)
      const above = criticalities[j - 1]
      if (above !== undefined && full[level][above] > share)
        throw new InvalidOptionError(option, `at least that of ${above}`, share)
    })
  })
  return full
}

const travelling = new AsyncLocalStorage<RequestCriticality>()

/** How important the work is that runs now: as {@link withCriticality} said, `critical` if nobody did. */
export function currentCriticality(): RequestCriticality {
  return saidCriticality() ?? 'critical'
}

/** What {@link withCriticality} said; undefined if nobody did. */
export function saidCriticality(): RequestCriticality | undefined {
  return travelling.getStore()
}

/**
 * Runs a function, and all it starts, as work of a certain importance. Inside of other work it can become less important, not more: what a
 * sheddable request asks of others is sheddable.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when there is no such criticality.
 *
 * @example
 * ```ts
 * import { currentCriticality, withCriticality } from '@seaworthy/degradation'
 *
 * const prefetch = () => withCriticality('critical-plus', () => currentCriticality())
 * console.log(withCriticality('sheddable', prefetch)) // sheddable
 * ```
 */
export function withCriticality<T>(criticality: RequestCriticality, run: () => T): T {
  oneOf('criticality', criticality, criticalities)
  const outer = travelling.getStore()
  return travelling.run(outer === undefined ? criticality : lessImportant(outer, criticality), run)
}

/** The less important one. */
export function lessImportant(a: RequestCriticality, b: RequestCriticality): RequestCriticality {
  return criticalities.indexOf(a) > criticalities.indexOf(b) ? a : b
}
