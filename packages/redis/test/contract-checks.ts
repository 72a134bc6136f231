/** The tests of a contract as functions, to run them against stores that must fail. */
import type { ContractRunner } from '../../idempotency/test/store-contract.ts'

export interface Checks {
  /** Runs all of them side by side. @returns Why the first failed that did; undefined if none. */
  firstFailure(): Promise<string | undefined>
  /** Waits for those that still run, and cleans up. */
  finish(): Promise<void>
}

/**
 * @param contract - Adds its tests to a runner.
 * @param wanted - Which of them count, by name. @defaultValue all
 */
export function checksOf(
  contract: (runner: ContractRunner) => void,
  wanted: (name: string) => boolean = () => true,
): Checks {
  const checks: { readonly name: string; run(): unknown }[] = []
  const cleanUps: (() => unknown)[] = []
  const it = Object.assign((name: string, run: () => unknown) => void checks.push({ name, run }), {
    each: (cases: readonly unknown[]) => (name: string, run: (each: unknown) => unknown) => {
      for (const each of cases) checks.push({ name, run: () => run(each) })
    },
  })
  contract({
    describe: (_name: string, body: () => void) => body(),
    it,
    afterEach: (cleanUp: () => unknown) => void cleanUps.push(cleanUp),
  } as unknown as ContractRunner)

  let running: Promise<unknown> = Promise.resolve()
  return {
    firstFailure() {
      const results = checks
        .filter(({ name }) => wanted(name))
        .map(async ({ name, run }) => {
          try {
            await run()
          } catch (error) {
            throw new Error(`${name}: ${String(error)}`)
          }
        })
      running = Promise.allSettled(results)
      return Promise.all(results).then(
        () => undefined,
        (error: Error) => error.message,
      )
    },
    async finish() {
      await running
      for (const cleanUp of cleanUps) await cleanUp()
    },
  }
}
