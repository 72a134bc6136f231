/** Objects that each operation leaves behind, found by counting rather than by measuring. */
import { count, InvalidOptionError, knownOptions } from '@seaworthy/core'
import type { Counts } from './gauges.ts'

/** Options of {@link accountObjects}. */
export interface AccountObjectsOptions {
  /** One operation, from beginning to end. What it throws ends the accounting. */
  readonly operation: () => unknown
  /** Counts what might stay behind: gauges, listeners, live objects by class. Awaited. */
  readonly counts: () => Counts | Promise<Counts>
  /**
   * How many operations are in a leg; the first number looks for suspects, the others confirm them. Prime numbers, since nothing else grows by a multiple of them.
   * @defaultValue [7, 11, 13]
   */
  readonly legs?: readonly [number, ...number[]]
}

/** Something that operations leave behind. */
export interface Accumulation {
  readonly name: string
  /** So many of it for each operation. */
  readonly perOperation: number
  /** By how much it grew in each leg; by number of operations in a leg. */
  readonly growth: Readonly<Record<number, readonly number[]>>
}

/** What was found. */
export interface ObjectAccounts {
  /** What grows by the same number with every operation. Empty is good. */
  readonly accumulating: readonly Accumulation[]
  /** How many operations there were. */
  readonly operations: number
}

/** Legs of one length: after p, 2p and 3p operations. */
const legsOfEach = 3
/** Pools and tables grow in chunks. */
const tolerance = 0.05

/**
 * Finds what accumulates: runs the operation once to warm up, then three times p times, and looks whether a count grows by the same positive number for each
 * operation in all three. What looks so at p = 7 has to do it again at 11 and 13. Neither time nor load plays a part, so it works in virtual time as well.
 *
 * What stays behind once in many operations is not found by this; more in a leg helps, and so does {@link judgeMemory}.
 *
 * Source of the idea: the leak finder fuite counts in prime numbers of iterations, and discards the first.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { accountObjects } from '@seaworthy/drill'
 *
 * const sessions = new Map<number, string>()
 * const { accumulating } = await accountObjects({
 *   operation: () => sessions.set(sessions.size, 'never deleted'),
 *   counts: () => ({ sessions: sessions.size }),
 * })
 * console.log(accumulating[0]?.name, accumulating[0]?.perOperation) // sessions 1
 * ```
 */
export async function accountObjects(options: AccountObjectsOptions): Promise<ObjectAccounts> {
  knownOptions('accountObjects', options, ['operation', 'counts', 'legs'])
  const { operation, counts, legs = [7, 11, 13] } = options
  if (typeof operation !== 'function') throw new InvalidOptionError('operation', 'a function', operation)
  if (typeof counts !== 'function') throw new InvalidOptionError('counts', 'a function', counts)
  for (const length of legs) count('legs', length, 2)

  await operation()
  let operations = 1
  let suspects: readonly Accumulation[] | undefined
  for (const length of legs) {
    const seen = [await counts()]
    for (let leg = 0; leg < legsOfEach; leg++) {
      for (let index = 0; index < length; index++) await operation()
      operations += length
      seen.push(await counts())
    }
    suspects = growing(seen, length, suspects)
    if (suspects.length === 0) break
  }
  return { accumulating: suspects ?? [], operations }
}

/** What grows by the same in every leg, and did so before. */
function growing(
  seen: readonly Counts[],
  length: number,
  before: readonly Accumulation[] | undefined,
): Accumulation[] {
  const names = before?.map(({ name }) => name) ?? [...new Set(seen.flatMap((counts) => Object.keys(counts)))]
  return names.flatMap((name) => {
    const values = seen.map((counts) => counts[name] ?? 0)
    const growth = values.slice(1).map((value, leg) => value - (values[leg] as number))
    const perOperation = rateOf(growth, length)
    const known = before?.find((each) => each.name === name)
    if (perOperation === undefined || (known && !close(perOperation, known.perOperation))) return []
    return [{ name, perOperation, growth: { ...known?.growth, [length]: growth } }]
  })
}

function rateOf(growth: readonly number[], length: number): number | undefined {
  const mean = growth.reduce((sum, each) => sum + each, 0) / growth.length
  if (mean <= 0 || !growth.every((each) => close(each, mean))) return undefined
  const exact = growth.every((each) => each === mean) && mean % length === 0
  // Fewer than one for an operation is noise, or the counting itself.
  return exact || mean >= length ? mean / length : undefined
}

const close = (value: number, expected: number): boolean => Math.abs(value - expected) <= tolerance * expected
