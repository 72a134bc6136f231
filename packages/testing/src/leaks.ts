/** Numbers that tell whether something was left behind. All of them are exact: no sampling, no garbage collector. */
import { getEventListeners } from 'node:events'
import { setImmediate } from 'node:timers'
import { type AnyPolicy, formatDuration } from '@seaworthy/core'
import type { VirtualClock } from './virtual-clock.ts'

/** How many things of each type keep the process alive, for example `{ Timeout: 2, TCPSocketWrap: 1 }`. */
export type Handles = Readonly<Record<string, number>>

/** What {@link leaks} looks at. */
export interface LeakOptions {
  /** Policies whose `debugStats()` must be all zero. */
  readonly policies?: readonly Pick<AnyPolicy, 'kind' | 'name' | 'debugStats'>[]
  /** Names in `debugStats()` that may be above zero, for example `listeners`. @defaultValue none */
  readonly except?: readonly string[]
  /** No timer may wait on it. */
  readonly clock?: VirtualClock
  /** Signals that nobody may listen to any more. */
  readonly signals?: readonly AbortSignal[]
  /** What {@link activeHandles} said before: nothing may have been added since. */
  readonly handles?: Handles
}

/** Collects the rejections that nobody handled. */
export interface RejectionTracker {
  /** The reasons so far, in order. */
  readonly reasons: readonly unknown[]

  /** Waits for one turn of the event loop, which is when Node judges rejections, and stops. @returns The reasons. */
  stop(): Promise<readonly unknown[]>
}

/**
 * Looks for what calls have left behind. Ask when all of them have settled and `clock.settle()` is done.
 *
 * @returns One sentence for each finding; none when all is clean.
 *
 * @example
 * ```ts
 * import { leaks, VirtualClock } from '@seaworthy/testing'
 *
 * const clock = new VirtualClock()
 * clock.setTimer(() => {}, 5000)
 * console.log(leaks({ clock })) // [ '1 timer still waits on the clock, due at 5s' ]
 * ```
 */
export function leaks({ policies = [], except = [], clock, signals = [], handles }: LeakOptions): string[] {
  return [
    ...policies.flatMap((policy) => statsLeft(policy, except)),
    ...(clock === undefined ? [] : timersLeft(clock)),
    ...signals.flatMap(listenersLeft),
    ...(handles === undefined ? [] : handlesLeft(handles)),
  ]
}

/**
 * {@link leaks} as an assertion.
 *
 * @throws Error that lists the findings.
 */
export function expectNoLeaks(options: LeakOptions): void {
  const findings = leaks(options)
  if (findings.length > 0) throw new Error(`Left behind:\n- ${findings.join('\n- ')}`)
}

/** How many listeners wait for the signal to abort. */
export function abortListeners(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length
}

/** What keeps the process alive at present, counted by type. Timers that are `unref`ed are not among them. */
export function activeHandles(): Handles {
  const counts: Record<string, number> = {}
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1
  return counts
}

/** What was added since `before`, counted by type. */
export function newHandles(before: Handles, after: Handles = activeHandles()): Handles {
  const added = Object.entries(after)
    .map(([type, count]) => [type, count - (before[type] ?? 0)] as const)
    .filter(([, count]) => count > 0)
  return Object.fromEntries(added)
}

/**
 * Collects rejections that nobody handles, from now on. It does not hide them from others: a test runner that fails
 * on unhandled rejections still does. While it tracks, Node does not end the process because of one.
 */
export function trackUnhandledRejections(): RejectionTracker {
  const reasons: unknown[] = []
  const note = (reason: unknown): void => {
    reasons.push(reason)
  }
  process.on('unhandledRejection', note)
  return {
    reasons,
    async stop() {
      await new Promise((resolve) => setImmediate(resolve))
      process.off('unhandledRejection', note)
      return reasons
    },
  }
}

function statsLeft(
  policy: Pick<AnyPolicy, 'kind' | 'name' | 'debugStats'>,
  except: readonly string[],
): string[] {
  const label = policy.name === undefined ? policy.kind : `${policy.kind} '${policy.name}'`
  return Object.entries(policy.debugStats())
    .filter(([stat, value]) => value !== 0 && !except.includes(stat))
    .map(([stat, value]) => `${label}: ${stat} is ${value}`)
}

function timersLeft(clock: VirtualClock): string[] {
  const count = clock.pendingTimers
  if (count === 0) return []
  const due = clock.timers().map((time) => formatDuration(time))
  return [
    `${count === 1 ? '1 timer still waits' : `${count} timers still wait`} on the clock, due at ${due.join(', ')}`,
  ]
}

function listenersLeft(signal: AbortSignal, index: number): string[] {
  const count = abortListeners(signal)
  return count === 0
    ? []
    : [`signal ${index + 1} still has ${count === 1 ? '1 listener' : `${count} listeners`}`]
}

function handlesLeft(before: Handles): string[] {
  return Object.entries(newHandles(before)).map(
    ([type, count]) => `${count} more of ${type} keeps the process alive`,
  )
}
