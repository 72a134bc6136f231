/** Says what the worker holds, and gives up by itself before others may take over what it could not say. */
import { Periodic } from '@seaworthy/core'
import type { Desk } from './desk.ts'
import type { Guard } from './guard.ts'
import { classOf, pause } from './insist.ts'

export class Heartbeat {
  readonly #desk: Desk
  readonly #guard: Guard | undefined
  readonly #beats: Periodic
  readonly #pulse: Periodic
  readonly #pulseEvery: number
  #failures = 0
  #lastPulse = 0

  constructor(desk: Desk, guard: Guard | undefined) {
    const { clock, random, heartbeat, margin } = desk.settings
    this.#desk = desk
    this.#guard = guard
    this.#pulseEvery = Math.min(1000, margin / 2)
    this.#beats = new Periodic({ clock, random, interval: heartbeat, run: () => this.#beat() })
    this.#pulse = new Periodic({ clock, random, interval: this.#pulseEvery, run: async () => this.#check() })
  }

  /** How long ago the last beat was sent that got through, in milliseconds. */
  get silence(): number {
    return this.#desk.now() - this.#desk.lastBeat
  }

  /** How late the last pulse was, in milliseconds. */
  lag = 0

  get timers(): number {
    return this.#beats.timers + this.#pulse.timers
  }

  start(): void {
    this.#lastPulse = this.#desk.now()
    this.#desk.lastBeat = this.#lastPulse
    this.#beats.start()
    this.#pulse.start()
    void this.#beats.trigger()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#beats.stop(), this.#pulse.stop()])
  }

  /** One call for everything in hand. @returns When to try again, if it failed. */
  async #beat(): Promise<number | undefined> {
    const { hands, settings } = this.#desk
    const { stream, owner, random, minIdle, margin, heartbeat } = settings
    const sentAt = this.#desk.now()
    const held = [...hands.all()].filter(({ lost }) => lost === undefined)
    const starting = held.filter(({ stage, marked }) => stage === 'running' && !marked)
    for (const each of held) void this.#guard?.renew(each)
    try {
      const receipts = held.map(({ delivery }) => delivery.receipt)
      const started = starting.map(({ delivery }) => delivery.receipt)
      const lost = new Set(await stream.beat(owner, receipts, started))
      if (this.#failures > 0 || sentAt - this.#desk.lastBeat >= minIdle - margin)
        this.#desk.reapFrom = this.#desk.now() + heartbeat
      this.#desk.lastBeat = sentAt
      for (const each of starting) each.marked = true
      for (const each of held) {
        if (!lost.has(each.delivery.receipt)) each.confirmedAt = Math.max(each.confirmedAt, sentAt)
        // Of what is done the answer to its acknowledgement decides.
        else if (each.stage !== 'settling') this.#desk.lose(each, 'taken')
      }
      if (this.#failures > 0) this.#desk.recovered('beat', this.#failures)
      this.#failures = 0
      return undefined
    } catch (error) {
      const failures = ++this.#failures
      this.#desk.reapFrom = Number.POSITIVE_INFINITY
      const delay = pause(failures, random)
      this.#desk.trouble({ operation: 'beat', failures, delay, failureClass: classOf(error) })
      return delay
    }
  }

  /** Looks at the time since the last beat that got through, by a clock that a pause of the process cannot fool. */
  #check(): void {
    const { hands, events, settings } = this.#desk
    const { minIdle, margin, maxProcessing, heartbeat, name } = settings
    const now = this.#desk.now()
    for (const held of [...hands.all()]) {
      if (held.stage === 'settling') continue
      const silent = now - held.confirmedAt >= minIdle - margin
      if (silent || this.#guard?.mayBeOver(held)) this.#desk.lose(held, 'fenced')
      else if (held.stage === 'running' && now - held.startedAt >= maxProcessing)
        this.#desk.lose(held, 'overdue')
    }
    const lag = Math.max(0, now - this.#lastPulse - this.#pulseEvery)
    this.#lastPulse = now
    this.lag = lag
    if (lag >= heartbeat / 8 && events.wants('lag')) events.emit('lag', { name, lag })
  }
}
