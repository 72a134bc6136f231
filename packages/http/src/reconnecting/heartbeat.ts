import type { Clock, Timer } from '@seaworthy/core'

/** What a {@link Heartbeat} does. */
export interface HeartbeatActions {
  /** Asks for a sign of life. */
  ping(): void
  /** Nothing was heard for too long. */
  silent(): void
}

/** Notices that a connection has died without a word: TCP may take a quarter of an hour to. */
export class Heartbeat {
  private readonly clock: Clock
  private readonly every: number
  private readonly silence: number
  private readonly actions: HeartbeatActions
  private timer: Timer | undefined
  private heardAt: number
  private holds = 0

  /** Begins. @param every - Time between pings. @param silence - Longest time without a sign of life. */
  constructor(clock: Clock, every: number, silence: number, actions: HeartbeatActions) {
    this.clock = clock
    this.every = every
    this.silence = silence
    this.actions = actions
    this.heardAt = clock.now()
    this.timer = this.arm()
  }

  /** Something was heard. */
  heard(): void {
    this.heardAt = this.clock.now()
  }

  /** Nobody reads for now, so silence means nothing until {@link release}. */
  hold(): void {
    this.holds++
  }

  /** Somebody reads again. */
  release(): void {
    this.holds--
    this.heard()
  }

  stop(): void {
    this.timer?.cancel()
    this.timer = undefined
  }

  private arm(): Timer {
    const rest = this.heardAt + this.silence - this.clock.now()
    return this.clock.setTimer(this.beat, Math.max(1, Math.min(this.every, rest)), false)
  }

  private readonly beat = (): void => {
    if (this.holds > 0) this.heard()
    if (this.clock.now() - this.heardAt >= this.silence) {
      this.timer = undefined
      this.actions.silent()
      return
    }
    this.timer = this.arm()
    this.actions.ping()
  }
}
