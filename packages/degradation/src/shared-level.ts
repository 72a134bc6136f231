/** The part of the level that instances share, with a store that may be away. */
import type { Clock } from '@seaworthy/core'
import { type Level, levels } from './levels.ts'
import { type DegradationStore, type FleetView, fleetTarget, type SharedOverride } from './store.ts'

/** What {@link SharedLevel} needs. */
export interface SharedLevelOptions {
  readonly store: DegradationStore
  readonly instance: string
  readonly quorum: number
  readonly timeout: number
  /** How long what an instance says counts, in milliseconds. */
  readonly ttl: number
  readonly clock: Clock
  /** Called when the store answered something new. */
  changed(override: FleetView['override']): void
  failed(operation: 'exchange' | 'setOverride' | 'clearOverride'): void
}

/** An override for all instances, or that there shall be none. `endsIn` milliseconds; undefined for ever. */
export interface Write {
  readonly override: SharedOverride | undefined
  readonly endsIn: number | undefined
}

export class SharedLevel {
  readonly #options: SharedLevelOptions
  #view: FleetView = { targets: [], override: undefined }
  #heardAt = Number.NEGATIVE_INFINITY
  #underWay: Promise<void> | undefined = undefined
  #again = false
  #said: Level = 'normal'
  #timers = 0
  /** What an operator has changed here and the store does not know yet. Said before anything is asked, or it would be undone. */
  #owed: Write | undefined = undefined

  constructor(options: SharedLevelOptions) {
    this.#options = options
  }

  /** What enough instances call for. Forgotten when the store has not answered for too long. */
  get target(): Level {
    const { clock, ttl, quorum } = this.#options
    if (clock.now() - this.#heardAt > ttl) return 'normal'
    return fleetTarget(this.#view.targets, quorum, levels)
  }

  /** How many instances were heard of. */
  get instances(): number {
    return this.#view.targets.length
  }

  get debugStats(): { readonly timers: number; readonly calls: number } {
    return { timers: this.#timers, calls: this.#underWay === undefined ? 0 : 1 }
  }

  /** Says what the rules call for. One call is under way at a time; what changes meanwhile goes with the next. */
  say(target: Level): void {
    this.#said = target
    if (this.#underWay !== undefined) {
      this.#again = true
      return
    }
    this.#underWay = this.#exchange().finally(() => {
      this.#underWay = undefined
      if (!this.#again) return
      this.#again = false
      this.say(this.#said)
    })
  }

  /** Tells all instances of an override, or of its end. */
  write(write: Write): void {
    this.#owed = write
    this.say(this.#said)
  }

  leave(): void {
    this.#again = false
    this.#options.store.leave(this.#options.instance).catch(() => {})
  }

  async #exchange(): Promise<void> {
    const { store, instance, ttl, clock, changed } = this.#options
    const owed = this.#owed
    if (owed !== undefined) {
      const { override, endsIn } = owed
      const written =
        override === undefined
          ? await this.#within(
              'clearOverride',
              store.clearOverride().then(() => true),
            )
          : await this.#within('setOverride', store.setOverride(override, endsIn))
      if (written === undefined) return
      if (this.#owed === owed) this.#owed = undefined
    }
    const view = await this.#within('exchange', store.exchange(instance, this.#said, ttl))
    if (view === undefined) return
    this.#heardAt = clock.now()
    this.#view = view
    if (this.#owed === undefined) changed(view.override)
  }

  /** The answer, or undefined if there is none in time. */
  #within<T>(
    operation: 'exchange' | 'setOverride' | 'clearOverride',
    answer: Promise<T>,
  ): Promise<T | undefined> {
    const { clock, timeout, failed } = this.#options
    this.#timers++
    return new Promise((resolve) => {
      let over = false
      const end = (value: T | undefined, broken: boolean): void => {
        if (over) return
        over = true
        this.#timers--
        timer.cancel()
        if (broken) failed(operation)
        resolve(value)
      }
      const timer = clock.setTimer(() => end(undefined, true), timeout, false)
      answer.then(
        (value) => end(value, false),
        () => end(undefined, true),
      )
    })
  }
}
