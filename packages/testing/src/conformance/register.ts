/** Makes the checks of a kit tests of a test runner. */
import {
  levels as allLevels,
  type Check,
  type CheckContext,
  type ConformanceKit,
  type Level,
  missing,
  NotOffered,
} from './kit.ts'
import { freshSeed } from './run.ts'

/** What tests are given to: Vitest, Jest, `node:test`, or whatever works like them. */
export interface TestRunner {
  describe(name: string, register: () => void): unknown
  it(name: string, test: (...context: readonly unknown[]) => Promise<void>, timeout?: number): unknown
}

/** Which checks become tests, and how. */
export interface RegisterOptions {
  /** @defaultValue all levels */
  readonly levels?: readonly Level[]
  /** Which checks of them. @defaultValue all */
  readonly only?: (check: Check) => boolean
  /** What random choices come from. @defaultValue a new one */
  readonly seed?: number
  /** Milliseconds for each test, for runners that take them as a third argument. @defaultValue 60,000 */
  readonly timeout?: number
}

/**
 * Registers each check as a test. One that cannot run says so: in its name if the adapter does not offer what it needs, by `skip` of
 * the runner's context if the store turns out not to have the feature.
 *
 * @example
 * ```ts
 * import { describe, it } from 'node:test'
 * import { memoryIdempotencyStore } from '@seaworthy/idempotency'
 * import { idempotencyStoreConformance, registerConformance } from '@seaworthy/testing/conformance'
 * import { VirtualClock } from '@seaworthy/testing'
 *
 * const kit = idempotencyStoreConformance({
 *   name: 'memory',
 *   clock: 'controlled',
 *   async create() {
 *     const clock = new VirtualClock()
 *     return { store: memoryIdempotencyStore({ clock }), advance: (time) => clock.advance(time) }
 *   },
 * })
 * registerConformance(kit, { describe, it }, { levels: ['L0', 'L1'] })
 * ```
 */
export function registerConformance(
  { name, capabilities, checks }: ConformanceKit,
  { describe, it }: TestRunner,
  { levels = allLevels, only = () => true, seed = freshSeed(), timeout = 60_000 }: RegisterOptions = {},
): void {
  const context: CheckContext = { seed, floor: {}, figure: () => {} }
  const chosen = checks.filter((check) => levels.includes(check.level) && only(check))
  for (const level of new Set(chosen.map((check) => check.level))) {
    describe(`${name}: ${level}`, () => {
      for (const check of chosen.filter((each) => each.level === level)) {
        const reason = missing(check, capabilities)
        if (reason !== undefined) it(`${check.name} (not run: ${reason})`, async () => {}, timeout)
        // A rest parameter, since a test with a parameter is one with a callback for Jest.
        else it(check.name, (...given) => runOrSkip(() => check.run(context), given[0]), timeout)
      }
    })
  }
}

async function runOrSkip(run: () => Promise<void>, context: unknown): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!(error instanceof NotOffered)) throw error
    ;(context as { readonly skip?: (reason: string) => void } | undefined)?.skip?.(error.message)
  }
}
