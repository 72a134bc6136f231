/** Clocks as a target. */
import {
  type Clock,
  knownOptions,
  sleepOn,
  systemClock,
  systemWallClock,
  type Timer,
  type WallClock,
} from '@seaworthy/core'
import type { Fault, FaultKind, SkewFault } from './fault.ts'
import { signedDuration } from './signed-duration.ts'
import { supported, targetId } from './supported.ts'
import type { AppliedFault, ChaosTarget, TargetInjection } from './target.ts'

/** Options of {@link clockTarget}. */
export interface ClockTargetOptions {
  /** @defaultValue the system clock */
  readonly clock?: Clock
  /** @defaultValue the calendar of the machine */
  readonly wallClock?: WallClock
}

/** Clocks that jump. Made by {@link clockTarget}. */
export interface ClockTarget extends ChaosTarget {
  /** Give these to what is tested. */
  readonly clock: Clock
  readonly wallClock: WallClock
}

/**
 * Makes clocks that a {@link ChaosController} can move.
 *
 * The calendar goes back when the fault ends. The monotonic clock jumps forward, once, as after a machine has slept: its timers
 * do not fire in between, and it stays where it is, since it must never go back.
 *
 * @param id - Its name in experiments, events and reports.
 *
 * @example
 * ```ts
 * import { clockTarget } from '@seaworthy/chaos'
 *
 * const { wallClock } = clockTarget('calendar', { wallClock: () => 1000 })
 * console.log(wallClock()) // 1000
 * ```
 */
export function clockTarget(id: string, options: ClockTargetOptions = {}): ClockTarget {
  knownOptions('clockTarget', options, ['clock', 'wallClock'])
  const { clock = systemClock, wallClock = systemWallClock } = options
  return new Clocks(targetId(id), clock, wallClock)
}

class Clocks implements ClockTarget {
  readonly id: string
  readonly supports: readonly FaultKind[] = ['skew']
  readonly clock: Clock
  readonly wallClock: WallClock
  readonly #jumping: JumpingClock
  #shift = 0

  constructor(id: string, clock: Clock, wallClock: WallClock) {
    this.id = id
    this.#jumping = new JumpingClock(clock)
    this.clock = this.#jumping
    this.wallClock = () => wallClock() + this.#shift
  }

  apply(given: Fault, injection: TargetInjection): AppliedFault {
    const { by, of = 'wall' } = supported<SkewFault>(this, given)
    const shift = signedDuration('by', by)
    injection.note()
    if (of === 'monotonic') {
      this.#jumping.jump(shift)
      return { recover: () => {} }
    }
    this.#shift += shift
    let over = false
    return {
      recover: () => {
        if (!over) this.#shift -= shift
        over = true
      },
    }
  }
}

class JumpingClock implements Clock {
  readonly grain: number
  readonly #clock: Clock
  #ahead = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.grain = clock.grain
  }

  jump(by: number): void {
    this.#ahead += by
  }

  now(): number {
    return this.#clock.now() + this.#ahead
  }

  setTimer(callback: () => void, delay: number, keepAlive?: boolean): Timer {
    return this.#clock.setTimer(callback, delay, keepAlive)
  }

  sleep(delay: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delay, signal)
  }
}
