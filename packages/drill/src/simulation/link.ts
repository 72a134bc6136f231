/** A connection between two services in a simulation: it delays, loses, and can be cut. */
import { type Clock, type Duration, duration, onAbort, type Random, ratio } from '@seaworthy/core'
import type { World } from '../world.ts'
import { SimulatedFailure } from './errors.ts'
import { type ServiceTime, type TimeLaw, timeLaw } from './service-time.ts'

/** Options of {@link SimulatedLink}. */
export interface SimulatedLinkOptions {
  /** How long the way there and back takes. @defaultValue 0 */
  readonly delay?: ServiceTime
  /** The share of calls that get lost. @defaultValue 0 */
  readonly drop?: number
  /** After this time a lost call fails, if its caller has not given it up before. @defaultValue `'60s'` */
  readonly lostAfter?: Duration
}

/** A connection. What is lost on it hangs, as on a real one, until the caller gives up or the connection breaks. */
export class SimulatedLink {
  readonly name: string
  /** How many calls were sent. */
  sent = 0
  /** How many were lost. */
  lost = 0
  readonly #clock: Clock
  readonly #random: Random
  readonly #delay: TimeLaw
  readonly #lostAfter: number
  #drop: number
  #isCut = false
  #waiting = 0

  constructor(world: World, name: string, options: SimulatedLinkOptions = {}) {
    this.name = name
    this.#clock = world.clock
    this.#random = world.random(`link ${name}`)
    this.#delay = timeLaw('delay', options.delay ?? 0)
    this.#drop = ratio('drop', options.drop ?? 0, true)
    this.#lostAfter = duration('lostAfter', options.lostAfter ?? '60s')
  }

  get isCut(): boolean {
    return this.#isCut
  }

  /** Loses everything from now on, answers to calls under way included. */
  cut(): void {
    this.#isCut = true
  }

  /** Works again. What was lost stays lost. */
  restore(): void {
    this.#isCut = false
  }

  /** Changes the share of calls that get lost. */
  setDrop(share: number): void {
    this.#drop = ratio('drop', share, true)
  }

  /** How many lost calls still hang. */
  debugStats(): Record<string, number> {
    return { hanging: this.#waiting }
  }

  /**
   * Sends a call and brings its answer.
   *
   * @param caller - Its signal is read only when the call is lost.
   * @throws SimulatedFailure when it was lost; and what `send` rejects with.
   */
  async call<T>(send: () => PromiseLike<T>, caller?: { readonly signal: AbortSignal }): Promise<T> {
    this.sent++
    const delay = this.#delay.draw(this.#random)
    if (delay > 0) await this.#clock.sleep(delay)
    if (this.#loses()) return this.#lose(caller)
    try {
      const answer = await send()
      return this.#isCut ? await this.#lose(caller) : answer
    } catch (error) {
      if (this.#isCut) return this.#lose(caller)
      throw error
    }
  }

  #loses(): boolean {
    return this.#isCut || (this.#drop > 0 && this.#random() < this.#drop)
  }

  #lose(caller: { readonly signal: AbortSignal } | undefined): Promise<never> {
    this.lost++
    this.#waiting++
    return new Promise<never>((_, reject) => {
      let forget: (() => void) | undefined
      const end = (error: unknown): void => {
        timer.cancel()
        forget?.()
        this.#waiting--
        reject(error)
      }
      const timer = this.#clock.setTimer(
        () => end(new SimulatedFailure(`${this.name} lost a call`)),
        this.#lostAfter,
      )
      // A caller that has given up already calls back at once.
      forget = caller && onAbort(caller.signal, end)
    })
  }
}
