/** Puts the checks of all levels together, the same way for all kinds of stores. */
import { InvalidOptionError } from '@seaworthy/core'
import { type Contract, checksOf } from './contract.ts'
import { expectNothingLeft, measure } from './figures.ts'
import {
  type Breakable,
  type Check,
  type CheckContext,
  type ConformanceKit,
  capabilitiesOf,
  type Faults,
  type Level,
  type Need,
  type StoreKind,
  type StoreOptions,
} from './kit.ts'
import { playInProcesses } from './processes.ts'
import { playAtOnce, type Scenario } from './scenario.ts'

/** Part of every store under test. */
interface Closeable {
  close?(): Promise<void>
  leftBehind?(): readonly string[]
}

/** What differs between the kinds. */
export interface Parts<Under extends Closeable, Hands, Store, Input, Output, Prepared, Finished> {
  readonly kind: StoreKind
  readonly options: StoreOptions<Under>
  /** Levels L0 and L1. */
  readonly checks: readonly Check[]
  /** Levels L2 and L3. */
  readonly scenario: Scenario<Store, Input, Output, Prepared, Finished>
  /** Level L4, for stores that can be broken. */
  readonly faults: readonly {
    readonly contract: Contract<BrokenHands<Hands>>
    readonly needs: readonly Need[]
  }[]
  /** A store for one check. */
  create(): Promise<Under>
  storeOf(under: Under): Store
  handsOn(under: Under): Hands
  /** What level L5 measures: some operations that belong together. */
  operation(under: Under): Promise<unknown>
}

/** What checks of level L4 use. */
export interface BrokenHands<Hands> {
  readonly hands: Hands
  /** All that the adapter has promised to offer. */
  readonly faults: Required<Faults>
}

/** All checks. @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. */
export function kitOf<Under extends Closeable, Hands, Store, Input, Output, Prepared, Finished>(
  parts: Parts<Under, Hands, Store, Input, Output, Prepared, Finished>,
): ConformanceKit {
  const { kind, options, scenario } = parts
  const { name, breakable, processes } = options
  if (typeof name !== 'string' || name === '')
    throw new InvalidOptionError('name', 'a text that is not empty', name)
  const capabilities = capabilitiesOf(options)
  const withBroken = using(offered(breakable?.create), (under: Breakable<Under>) => ({
    hands: parts.handsOn(under),
    faults: complete(under.faults, capabilities.proxy, capabilities.restart),
  }))
  const check = (
    level: Level,
    name: string,
    needs: readonly Need[],
    run: (context: CheckContext) => Promise<unknown>,
  ): Check => ({
    level,
    name,
    needs,
    async run(context = unwatched) {
      await run(context)
    },
  })
  return {
    name,
    kind,
    capabilities,
    checks: [
      ...parts.checks,
      check('L2', 'what many clients see at once is linearizable', [], ({ seed }) =>
        using(parts.create, parts.storeOf)(async (store) => void (await playAtOnce(scenario, store, seed))),
      ),
      check(
        'L3',
        'what several processes see is linearizable, also when some of them are killed',
        ['processes'],
        (context) =>
          using(
            offered(processes),
            (place) => place,
          )((place) => playInProcesses(kind, scenario, place, context.seed)),
      ),
      ...parts.faults.flatMap(({ contract, needs }) => checksOf('L4', contract, withBroken, needs)),
      check('L4', 'what clients see is linearizable, also when replies are lost', ['proxy'], ({ seed }) =>
        using(
          offered(breakable?.create),
          (under: Breakable<Under>) => under,
        )(async (under) => {
          const loseSome = (turn: number): void => {
            if (turn % 5 === 2) under.faults.loseReply?.()
          }
          await playAtOnce(scenario, parts.storeOf(under), seed, loseSome)
        }),
      ),
      check(
        'L4',
        'what clients see is linearizable, also when the server is killed',
        ['restart', 'durable'],
        ({ seed }) =>
          using(
            offered(breakable?.create),
            (under: Breakable<Under>) => under,
          )(async (under) => {
            const restartOnce = (turn: number): unknown =>
              turn === 12 ? under.faults.restart?.() : undefined
            await playAtOnce(scenario, parts.storeOf(under), seed, restartOnce)
          }),
      ),
      check('L5', 'leaves nothing behind when it is closed', [], () =>
        expectNothingLeft(parts.create, (under) => parts.operation(under)),
      ),
      check('L5', 'is not slower than its floor', [], (context) =>
        using(
          parts.create,
          (under: Under) => under,
        )((under) => measure(context, () => parts.operation(under))),
      ),
    ],
  }
}

const unwatched: CheckContext = { seed: 1, floor: {}, figure: () => {} }

/** Makes something for whoever runs with it, and closes it. */
export function using<Made extends { close?(): Promise<void> }, Used>(
  create: () => Promise<Made>,
  use: (made: Made) => Used,
): (run: (used: Used) => Promise<void>) => Promise<void> {
  return async (run) => {
    const made = await create()
    try {
      await run(use(made))
    } finally {
      await made.close?.()
    }
  }
}

/** What a check uses only if the adapter offers it, which is seen to before. */
function offered<T>(create: (() => Promise<T>) | undefined): () => Promise<T> {
  return create ?? (() => Promise.reject(new Error('The adapter does not offer this')))
}

function complete(faults: Faults, proxy: boolean, restart: boolean): Required<Faults> {
  const { loseReply, partition, heal, restart: begin } = faults
  const missing = Object.entries({
    ...(proxy && { loseReply, partition, heal }),
    ...(restart && { restart: begin }),
  })
    .filter(([, fault]) => fault === undefined)
    .map(([name]) => name)
  if (missing.length > 0)
    throw new Error(`breakable.offers promises more than there is: ${missing.join(', ')}`)
  return faults as Required<Faults>
}
