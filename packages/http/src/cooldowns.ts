/** Servers that asked to be left alone for a while. */
import {
  type Call,
  type Clock,
  type Emitter,
  type Layer,
  onAbort,
  type Random,
  type Refusal,
  type Timer,
} from '@seaworthy/core'
import { OriginCooldownError } from './errors.ts'
import type { HttpEvents } from './events.ts'

/** How cooldowns work. */
export interface CooldownRules {
  readonly name: string | undefined
  readonly clock: Clock
  readonly random: Random
  /** Milliseconds that a call waits at most. */
  readonly maxWait: number
  /** The longest cooldown, in milliseconds. */
  readonly longest: number
  /** How many origins are remembered. */
  readonly max: number
}

/**
 * Until when each origin is to be left alone, and the layer that heeds it: calls wait for the end, spread a little, or are
 * turned away when it is too far off. Only origins in a cooldown take up room, and there are no timers but those of waiting calls.
 */
export class Cooldowns implements Layer {
  readonly kind: string = 'cooldown'
  /** Only `enter` does anything. */
  readonly steady: boolean = true
  private readonly rules: CooldownRules
  private readonly events: Emitter<HttpEvents>
  /** Whether a call would be turned away further in, so that it need not wait for that. */
  private readonly isShut: (origin: string) => boolean
  private readonly until = new Map<string, number>()
  private waiting = 0

  constructor(rules: CooldownRules, events: Emitter<HttpEvents>, isShut: (origin: string) => boolean) {
    this.rules = rules
    this.events = events
    this.isShut = isShut
  }

  /** How many origins are remembered. */
  get size(): number {
    return this.until.size
  }

  /** How many calls wait. */
  get waiters(): number {
    return this.waiting
  }

  /** Leaves an origin alone from now on. A shorter cooldown does not shorten one that runs. */
  begin(origin: string, asked: number, status: number, journey: string | undefined): void {
    const { clock, longest } = this.rules
    const length = Math.min(asked, longest)
    const now = clock.now()
    if (length <= 0 || (this.until.get(origin) ?? 0) >= now + length) return
    this.until.delete(origin) // to the end of the order
    this.until.set(origin, now + length)
    this.makeRoom(now)
    if (this.events.wants('cooldown', journey))
      this.events.emit('cooldown', { origin, status, duration: length }, journey)
  }

  /** How many milliseconds an origin is still to be left alone. */
  rest(origin: string): number {
    const until = this.until.get(origin)
    if (until === undefined) return 0
    const rest = until - this.rules.clock.now()
    if (rest > 0) return rest
    this.until.delete(origin)
    return 0
  }

  enter(call: Call): undefined | Refusal | Promise<void> {
    if (this.until.size === 0) return undefined
    const { context } = call
    const origin = context.key ?? ''
    const rest = this.rest(origin)
    if (rest === 0 || this.isShut(origin)) return undefined
    const { name, clock, random, maxWait } = this.rules
    const wait = Math.ceil(rest + Math.min(1000, rest / 10) * random())
    const end = clock.now() + wait
    if (rest > maxWait || end >= (context.deadline ?? Number.POSITIVE_INFINITY))
      return call.refuse(new OriginCooldownError(name, origin, rest))
    return this.wait(wait, context.waitSignal)
  }

  passFor(): true | undefined {
    return this.until.size === 0 ? true : undefined
  }

  /** Forgets everything. */
  clear(): void {
    this.until.clear()
  }

  private wait(length: number, signal: AbortSignal | undefined): Promise<void> {
    this.waiting++
    return new Promise<void>((resolve, reject) => {
      let timer: Timer | undefined
      let forget = (): void => {}
      const over = (): void => {
        this.waiting--
        forget()
        timer?.cancel()
      }
      timer = this.rules.clock.setTimer(() => {
        over()
        resolve()
      }, length)
      if (signal !== undefined) {
        forget = onAbort(signal, (reason) => {
          over()
          reject(reason)
        })
      }
    })
  }

  /** Forgets the oldest where there are too many, and those after it that are over. */
  private makeRoom(now: number): void {
    for (const [origin, until] of this.until) {
      if (until > now && this.until.size <= this.rules.max) return
      this.until.delete(origin)
    }
  }
}
