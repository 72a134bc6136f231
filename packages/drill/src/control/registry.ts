/** What control has started, by id, in bounded memory. */
import type { Clock, Random } from '@seaworthy/core'
import { DrillControlError } from './control-error.ts'

/** Something that was started and ends some time. */
export interface Entry {
  readonly id: string
  /** When it ended, on the clock. Undefined while it runs. */
  readonly endedAt: number | undefined
}

/** What a registry depends on. */
export interface RegistryOptions {
  /** The first part of each id. */
  readonly kind: string
  /** What they are called, for people. */
  readonly what: string
  /** How many may run at once. */
  readonly most: number
  /** How many that have ended are remembered, and for how many milliseconds. */
  readonly kept: number
  readonly keepFor: number
  readonly clock: Clock
  readonly random: Random
}

/** Those that run, and the last that have ended. */
export class Registry<T extends Entry> {
  readonly #options: RegistryOptions
  readonly #entries = new Map<string, T>()
  #made = 0

  constructor(options: RegistryOptions) {
    this.#options = options
  }

  /** @throws DrillControlError when as many run as may. */
  add(make: (id: string) => T): T {
    const { kind, what, most, random } = this.#options
    const running = this.running()
    if (running.length >= most)
      throw new DrillControlError(
        'ERR_DRILL_LIMIT',
        `${most === 1 ? `one ${what} may run` : `${most} ${what}s may run`} at once; ${running.map(({ id }) => id).join(', ')} ${most === 1 ? 'does' : 'do'}`,
      )
    // Numbers begin anew with the process, and an id that somebody remembers must not mean another run then.
    const suffix = Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0')
    const entry = make(`${kind}-${++this.#made}-${suffix}`)
    this.#entries.set(entry.id, entry)
    return entry
  }

  /** @throws DrillControlError when there is none, or it was forgotten. */
  get(id: string): T {
    this.#forget()
    const entry = this.#entries.get(id)
    if (entry !== undefined) return entry
    throw new DrillControlError('ERR_DRILL_NOT_FOUND', `there is no ${this.#options.what} of that id`)
  }

  /** The newest first. */
  all(): T[] {
    this.#forget()
    return [...this.#entries.values()].reverse()
  }

  running(): T[] {
    return this.all().filter(({ endedAt }) => endedAt === undefined)
  }

  /** Nobody has to be told that something is forgotten, so it waits until somebody looks. */
  #forget(): void {
    const { clock, keepFor, kept } = this.#options
    const ended = [...this.#entries.values()].filter(({ endedAt }) => endedAt !== undefined)
    const since = clock.now() - keepFor
    ended.forEach(({ id, endedAt = 0 }, index) => {
      if (endedAt < since || index < ended.length - kept) this.#entries.delete(id)
    })
  }
}
