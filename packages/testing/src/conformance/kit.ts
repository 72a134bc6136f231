/** What a conformance kit is made of. */
import { InvalidOptionError } from '@seaworthy/core'

/**
 * How much of a store was looked at.
 *
 * - `L0`: the contract, one example a rule.
 * - `L1`: random histories of one client, compared with the pure state machine.
 * - `L2`: many clients at once in one process; what they saw must be linearizable.
 * - `L3`: several processes, some of which are killed.
 * - `L4`: replies that are lost, partitions, restarts.
 * - `L5`: nothing is left behind after `close`; how fast it is.
 */
export type Level = 'L0' | 'L1' | 'L2' | 'L3' | 'L4' | 'L5'

/** All levels, in order. */
export const levels: readonly Level[] = ['L0', 'L1', 'L2', 'L3', 'L4', 'L5']

/** What a check needs the adapter to offer. */
export type Need = 'controlledClock' | 'processes' | 'proxy' | 'restart' | 'durable'

/** What an adapter offers. It is part of the report. */
export interface Capabilities {
  /** Whether the tests move the time of the store, to the exact millisecond, or have to wait for it. */
  readonly clock: 'controlled' | 'real'
  /** Whether clients can be processes of their own. */
  readonly processes: boolean
  /** Whether replies can be lost and the network can be cut. */
  readonly proxy: boolean
  /** Whether the server can be killed and started again. */
  readonly restart: boolean
  /** Whether what was answered is there after that. */
  readonly durable: boolean
}

/** What a check is told, and what it tells. */
export interface CheckContext {
  /** What all random choices of the check come from. */
  readonly seed: number
  /** What the figures of level L5 must not fall short of. */
  readonly floor: Floor
  /** Notes a figure for the report. */
  figure(name: string, value: number): void
}

/** Judges the figures of level L5. What is left out is measured and not judged. */
export interface Floor {
  /** The most milliseconds that the slowest of 100 operations may take. @defaultValue not judged */
  readonly p99?: number
  /** The least operations a second, one after the other. @defaultValue not judged */
  readonly operationsPerSecond?: number
}

/** One thing that a store has to do. It makes its own store and closes it, so checks may run side by side. */
export interface Check {
  readonly level: Level
  /** A sentence that is unique in the kit. */
  readonly name: string
  readonly needs: readonly Need[]

  /**
   * Runs it.
   *
   * @param context - @defaultValue a random seed, no floor, figures are dropped
   * @throws Error that says what was expected and what was found; {@link NotOffered} when the store has no such feature.
   */
  run(context?: CheckContext): Promise<void>
}

/** Which of the store interfaces a kit is for. */
export type StoreKind = 'idempotency-store' | 'dead-letter-store' | 'task-stream'

/** All checks for one store. */
export interface ConformanceKit {
  /** The name of the store, as in the report. */
  readonly name: string
  readonly kind: StoreKind
  readonly capabilities: Capabilities
  readonly checks: readonly Check[]
}

/** Thrown by a check of an optional feature that the store does not have. It is skipped then, with this reason. */
export class NotOffered extends Error {
  override readonly name = 'NotOffered'
}

/** What can be done to the network and the server of a store. Only what the adapter offers has to be there. */
export interface Faults {
  /** The next request is carried out, and its reply is lost together with its connection. Part of `proxy`. */
  loseReply?(): void
  /** From now on nothing gets through, in neither direction, and nobody is told. Part of `proxy`. */
  partition?(): void
  /** Ends the partition. Connections may have to be made anew. Part of `proxy`. */
  heal?(): void
  /** Kills the server without a word and starts it again, on the same address and files. */
  restart?(): Promise<void>
}

/** A store that can be broken. */
export type Breakable<Under> = Under & { readonly faults: Faults }

/** How to make stores that can be broken. */
export interface BreakableStores<Under> {
  /** Which of the {@link Faults} there are. */
  readonly offers: readonly ('proxy' | 'restart')[]
  /**
   * A store on a server and behind a network that it shares with nobody. Calls must end, by rejecting, within some seconds while
   * it cannot be reached.
   */
  create(): Promise<Breakable<Under>>
}

/** A place that several processes share, empty at first. */
export interface SharedPlace {
  /** A program that calls {@link conformanceClient}: the path of a file for Node. */
  readonly program: string
  /** Options of Node, before the program: for loaders, for example. @defaultValue none */
  readonly execArgv?: readonly string[]
  /** What the program needs to find the place; it becomes JSON. */
  readonly argument: unknown
  /** Removes the place. */
  close?(): Promise<void>
}

/** What the options of all kits have in common. */
export interface StoreOptions<Under> {
  /** For the report. */
  readonly name: string
  /**
   * `controlled` if `advance` moves the time of the store to the exact millisecond and nothing else does; `real` if it waits.
   */
  readonly clock: 'controlled' | 'real'
  /** Whether what was answered is still there when the server was killed and started again. @defaultValue false */
  readonly durable?: boolean
  /** Gives the processes of level L3 a place to meet. @defaultValue level L3 is skipped */
  readonly processes?: (() => Promise<SharedPlace>) | undefined
  /** Makes the stores of level L4. @defaultValue level L4 is skipped */
  readonly breakable?: BreakableStores<Under> | undefined
  /** Makes all times so many times longer, for servers on machines that stall. @defaultValue 1 */
  readonly pace?: number
  /** How many random histories level L1 compares; more if so few miss something that can happen. @defaultValue 100 */
  readonly histories?: number
}

/** The names of {@link StoreOptions}, and of what every kit asks for beside them. */
export const storeOptionNames = [
  'name',
  'clock',
  'durable',
  'processes',
  'breakable',
  'pace',
  'histories',
  'create',
] as const

/** What the options offer. @throws {@link @seaworthy/core!InvalidOptionError} when they make no sense. */
export function capabilitiesOf<Under>(options: StoreOptions<Under>): Capabilities {
  const { clock, durable = false, processes, breakable } = options
  if (clock !== 'controlled' && clock !== 'real')
    throw new InvalidOptionError('clock', "'controlled' or 'real'", clock)
  const offers = breakable?.offers ?? []
  if (durable && !offers.includes('restart'))
    throw new InvalidOptionError('durable', "false, unless breakable.offers has 'restart'", durable)
  return {
    clock,
    processes: processes !== undefined,
    proxy: offers.includes('proxy'),
    restart: offers.includes('restart'),
    durable,
  }
}

/** Why a check cannot run, or undefined if it can. */
export function missing({ needs }: Pick<Check, 'needs'>, capabilities: Capabilities): string | undefined {
  const reasons: Record<Need, [offered: boolean, reason: string]> = {
    controlledClock: [capabilities.clock === 'controlled', 'needs a clock that the test controls'],
    processes: [capabilities.processes, 'needs clients that are processes of their own'],
    proxy: [capabilities.proxy, 'needs a network that can be broken'],
    restart: [capabilities.restart, 'needs a server that can be killed and started again'],
    durable: [capabilities.durable, 'is not durable'],
  }
  return needs.map((need) => reasons[need]).find(([offered]) => !offered)?.[1]
}
