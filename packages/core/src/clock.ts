/**
 * Time as policies see it. Nothing in a policy reads a global clock or starts a global timer: it asks the
 * `Clock` it was given, so a test can replace time (`@seaworthy/testing`) and every run can be repeated.
 */
import { type AbortableSignal, onAbort } from './abort.ts'

/** A timer that was started by {@link Clock.setTimer}. */
export interface Timer {
  /** Stops the timer. Does nothing when it has fired or was stopped already. */
  cancel(): void
}

/** The source of time for policies: monotonic, in milliseconds. */
export interface Clock {
  /** Milliseconds since an arbitrary start. Never goes back, whatever happens to the wall clock. */
  now(): number

  /**
   * Calls `callback` once, `delay` milliseconds from now or later, never earlier.
   *
   * @param keepAlive - Whether the timer alone may keep the process running. @defaultValue `true`
   */
  setTimer(callback: () => void, delay: number, keepAlive?: boolean): Timer

  /**
   * Resolves after `delay` milliseconds, never earlier. When `signal` aborts first, rejects at once with the
   * signal's reason, whatever its type, and leaves neither timer nor listener behind.
   */
  sleep(delay: number, signal?: AbortSignal): Promise<void>

  /**
   * How many milliseconds late a {@link DeadlineList} may be in exchange for not reading the clock on every
   * call. 50 for the system clock, 0 for a virtual one.
   */
  readonly grain: number
}

/** Node stores timer delays in 32 bits and fires longer ones at once. */
const longestTimer = 2 ** 31 - 1

const nothing = (): void => {}

class SystemTimer implements Timer {
  #callback: () => void
  readonly #due: number
  readonly #keepAlive: boolean
  #handle: ReturnType<typeof setTimeout> | undefined

  constructor(callback: () => void, delay: number, keepAlive: boolean) {
    this.#callback = callback
    this.#due = performance.now() + delay
    this.#keepAlive = keepAlive
    this.#arm(delay)
  }

  cancel(): void {
    clearTimeout(this.#handle)
    this.#callback = nothing
  }

  #arm(delay: number): void {
    this.#handle = setTimeout(this.#fire, Math.min(Math.ceil(delay), longestTimer))
    if (!this.#keepAlive) (this.#handle as { unref?: () => void }).unref?.()
  }

  readonly #fire = (): void => {
    // `setTimeout` fires up to a millisecond early by this clock, and cannot wait longer than 24.8 days.
    const rest = this.#due - performance.now()
    if (rest > 0) this.#arm(rest)
    else this.#callback()
  }
}

/** The clock of the machine: `performance.now()` and `setTimeout`. The default of every policy. */
export const systemClock: Clock = {
  grain: 50,
  now: () => performance.now(),
  setTimer: (callback, delay, keepAlive = true) => new SystemTimer(callback, delay, keepAlive),
  sleep: (delay, signal) => (delay > 0 || signal?.aborted ? sleepOn(systemClock, delay, signal) : nextTurn()),
}

/**
 * Milliseconds since 1970, for people to read: what is shown, logged and stored. It may jump, so nothing is decided
 * by it.
 */
export type WallClock = () => number

/** The calendar of the machine, `Date.now`. The default wherever a wall clock is taken. */
export const systemWallClock: WallClock = () => Date.now()

/** A turn of the event loop takes a microsecond where a timer of 0 ms takes a thousand. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve)
    else setTimeout(resolve, 0)
  })
}

/** What {@link Clock.sleep} means, in terms of {@link Clock.setTimer}; for authors of clocks. */
export function sleepOn(clock: Clock, delay: number, signal?: AbortableSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    let forget = nothing
    const timer = clock.setTimer(() => {
      forget()
      resolve()
    }, delay)
    if (signal) {
      forget = onAbort(signal, (reason) => {
        timer.cancel()
        reject(reason)
      })
    }
  })
}
