/** What is drilled: a service, as a drill sees it. */
import type { ChaosTarget } from '@seaworthy/chaos'
import type { World } from './world.ts'

/** How much a request matters. Under pressure, `low` is turned away first and `critical` never. */
export type Priority = 'critical' | 'normal' | 'low'

/** One request of the load. */
export interface DrillRequest {
  /** Counts from 1. Every one must end in exactly one way. */
  readonly number: number
  /** What it asks for, so that caches and idempotency have something to work with. */
  readonly key: string
  readonly priority: Priority
}

/** What a user got: everything, something that says that it is not everything, or a polite refusal. */
export type Answer = 'full' | 'degraded' | 'shed'

/** A service that a drill can start. */
export interface DrillService {
  readonly name: string
  /** Starts it. Everything that it waits for and draws comes from the world. */
  start(world: World): Promise<RunningService>
}

/** A service under drill. */
export interface RunningService {
  /**
   * Sends one request.
   *
   * @returns What the user got.
   * @throws When the user got nothing.
   */
  request(request: DrillRequest, signal: AbortSignal): Promise<Answer>
  /** What can be broken. */
  readonly targets: readonly ChaosTarget[]
  /** The state of each circuit by name: `closed`, `open`, `halfOpen`, `isolated`. */
  circuits(): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>
  /** How much it does without: 0 is normal, 4 is critical. @defaultValue no levels */
  level?(): number | Promise<number>
  /**
   * Exact sizes of what it holds (timers, waiters, permits, queues, listeners). After the load has ended they must be what they
   * were before it. @defaultValue none
   */
  gauges?(): Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>
  /** Pieces of work that are kept for later, by where they wait. They count as kept, not as lost. @defaultValue none */
  kept?(): Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>
  /** Its resident and heap memory, when it is a process of its own. @defaultValue none */
  readonly processId?: number
  /** Stops it; everything is closed afterwards. Called once, on every path. */
  stop(): Promise<void>
}
