/** How contracts are written down: names of checks, and what each does with the store it is given. */
import type { Check, Level, Need } from './kit.ts'

/** By name. */
export type Contract<Hands> = Readonly<Record<string, (hands: Hands, seed: number) => Promise<void>>>

/** The same check for each of several cases. */
export function each<Hands, const Case>(
  cases: readonly Case[],
  name: (each: Case, index: number) => string,
  run: (hands: Hands, each: Case) => Promise<void>,
): Contract<Hands> {
  return Object.fromEntries(
    cases.map((each, index) => [name(each, index), (hands: Hands) => run(hands, each)]),
  )
}

/** Runs something with a store of its own, and closes that. */
export type With<Hands> = (run: (hands: Hands) => Promise<void>) => Promise<void>

/** Makes checks of a contract. */
export function checksOf<Hands>(
  level: Level,
  contract: Contract<Hands>,
  withHands: With<Hands>,
  needs: readonly Need[] = [],
): readonly Check[] {
  return Object.entries(contract).map(([name, run]) => ({
    level,
    name,
    needs,
    run: ({ seed } = { seed: 1, floor: {}, figure: () => {} }) => withHands((hands) => run(hands, seed)),
  }))
}
