/** Runs the checks of a kit and says how far the store got. */
import { stripVTControlCharacters } from 'node:util'
import { count, knownOptions, systemRandom } from '@seaworthy/core'
import {
  levels as allLevels,
  type Capabilities,
  type Check,
  type CheckContext,
  type ConformanceKit,
  type Floor,
  type Level,
  missing,
  NotOffered,
  type StoreKind,
} from './kit.ts'

/** How {@link runConformance} runs a kit. */
export interface RunOptions {
  /** Which levels. @defaultValue all */
  readonly levels?: readonly Level[]
  /** Which checks of them. @defaultValue all */
  readonly only?: (check: Check) => boolean
  /**
   * How many checks run at once, of one level at a time. Those of level L5 always run alone. Most of the time on a real clock is waiting.
   * @defaultValue 1
   */
  readonly concurrency?: number
  /** What random choices come from. @defaultValue a new one, which the report names */
  readonly seed?: number
  /** Whether to start no further check when one has failed. @defaultValue false */
  readonly failFast?: boolean
  /** Judges the figures of level L5. @defaultValue nothing is judged */
  readonly floor?: Floor
  /** Hears of the end of each check. */
  readonly onProgress?: (progress: Progress) => void
}

/** The end of one check. */
export interface Progress {
  readonly level: Level
  readonly name: string
  readonly outcome: 'passed' | 'skipped' | 'failed'
  /** Why it was skipped, or has failed. */
  readonly message: string | undefined
  /** How many have ended, of how many. */
  readonly done: number
  readonly total: number
}

/** What came of it. Plain data: `JSON.stringify` it and keep it. */
export interface ConformanceReport {
  readonly name: string
  readonly kind: StoreKind
  /**
   * The highest level that is reached. A level is reached when those below are, at least one of its checks has passed, and none has failed
   * or was left out by `only`, `levels` or `failFast`. Null if not even L0 is.
   */
  readonly level: Level | null
  readonly capabilities: Capabilities
  /** How many checks have passed. */
  readonly passed: number
  /** What was not looked at, since the adapter or the store does not offer it. */
  readonly skipped: readonly { readonly name: string; readonly level: Level; readonly reason: string }[]
  readonly failures: readonly { readonly name: string; readonly level: Level; readonly message: string }[]
  /** Measured in level L5: milliseconds, or operations a second. */
  readonly figures: Readonly<Record<string, number>>
  /** Give it to the next run to see the same. */
  readonly seed: number
}

/** @internal The greatest seed of fast-check. */
const seeds = 0x7fff_ffff

/**
 * Runs the checks of a kit, level by level, and never rejects because of a check.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { memoryIdempotencyStore } from '@seaworthy/idempotency'
 * import { VirtualClock } from '@seaworthy/testing'
 * import { idempotencyStoreConformance, runConformance } from '@seaworthy/testing/conformance'
 *
 * const kit = idempotencyStoreConformance({
 *   name: 'memory',
 *   clock: 'controlled',
 *   async create() {
 *     const clock = new VirtualClock()
 *     return { store: memoryIdempotencyStore({ clock }), advance: (time) => clock.advance(time) }
 *   },
 * })
 * const report = await runConformance(kit)
 * console.log(report.level, report.failures) // L2 []
 * ```
 */
export async function runConformance(
  kit: ConformanceKit,
  options: RunOptions = {},
): Promise<ConformanceReport> {
  knownOptions('runConformance', options, [
    'levels',
    'only',
    'concurrency',
    'seed',
    'failFast',
    'floor',
    'onProgress',
  ])
  const { levels = allLevels, only = () => true, failFast = false, floor = {} } = options
  const concurrency = count('concurrency', options.concurrency ?? 1, 1, true)
  const seed = options.seed ?? freshSeed()
  const results = new Map<Check, Omit<Progress, 'done' | 'total'>>()
  const figures: Record<string, number> = {}
  const context: CheckContext = {
    seed,
    floor,
    figure(name, value) {
      figures[name] = value
    },
  }
  const chosen = kit.checks.filter((check) => levels.includes(check.level) && only(check))
  let failed = false
  const runOne = async (check: Check): Promise<void> => {
    if (failed && failFast) return
    const { level, name } = check
    const result = { level, name, ...(await outcomeOf(check, kit.capabilities, context)) }
    failed ||= result.outcome === 'failed'
    results.set(check, result)
    options.onProgress?.({ ...result, done: results.size, total: chosen.length })
  }
  for (const level of allLevels) {
    const ofLevel = chosen.filter((check) => check.level === level)
    await pooled(ofLevel, level === 'L5' ? 1 : concurrency, runOne)
  }
  const ended = kit.checks.flatMap((check) => results.get(check) ?? [])
  const { name, kind, capabilities } = kit
  return {
    name,
    kind,
    level: reached(kit, results),
    capabilities,
    passed: ended.filter(({ outcome }) => outcome === 'passed').length,
    skipped: ended
      .filter(({ outcome }) => outcome === 'skipped')
      .map(({ name, level, message = '' }) => ({ name, level, reason: message })),
    failures: ended
      .filter(({ outcome }) => outcome === 'failed')
      .map(({ name, level, message = '' }) => ({ name, level, message })),
    figures,
    seed,
  }
}

/** A seed for who brings none. */
export function freshSeed(): number {
  return Math.floor(systemRandom() * seeds)
}

async function outcomeOf(
  check: Check,
  capabilities: Capabilities,
  context: CheckContext,
): Promise<Pick<Progress, 'outcome' | 'message'>> {
  const reason = missing(check, capabilities)
  if (reason !== undefined) return { outcome: 'skipped', message: reason }
  try {
    await check.run(context)
    return { outcome: 'passed', message: undefined }
  } catch (error) {
    const message = stripVTControlCharacters(error instanceof Error ? error.message : String(error))
    return { outcome: error instanceof NotOffered ? 'skipped' : 'failed', message }
  }
}

function reached(
  { checks }: ConformanceKit,
  results: ReadonlyMap<Check, Pick<Progress, 'outcome'>>,
): Level | null {
  let highest: Level | null = null
  for (const level of allLevels) {
    const outcomes = checks
      .filter((check) => check.level === level)
      .map((check) => results.get(check)?.outcome)
    const holds = outcomes.every((outcome) => outcome === 'passed' || outcome === 'skipped')
    if (!holds || !outcomes.includes('passed')) return highest
    highest = level
  }
  return highest
}

/** Runs a function on each item, on so many at once. */
async function pooled<T>(items: readonly T[], size: number, run: (item: T) => Promise<void>): Promise<void> {
  const left = items.values()
  const lane = async (): Promise<void> => {
    for (const item of left) await run(item)
  }
  await Promise.all(Array.from({ length: Math.min(size, items.length) }, lane))
}
