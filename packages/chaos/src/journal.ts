import type { Clock } from '@seaworthy/core'
import type { JournalEntry } from './experiment-run.ts'

/** Writes down what happens, in order. */
export class Journal {
  readonly #clock: Clock
  readonly #start: number
  readonly #hear: ((entry: JournalEntry) => void) | undefined
  readonly #entries: JournalEntry[] = []

  constructor(clock: Clock, hear: ((entry: JournalEntry) => void) | undefined) {
    this.#clock = clock
    this.#start = clock.now()
    this.#hear = hear
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries
  }

  /** Milliseconds since the start. */
  get elapsed(): number {
    return this.#clock.now() - this.#start
  }

  write(type: string, detail: Readonly<Record<string, unknown>> = {}): void {
    const entry = { sequence: this.#entries.length + 1, at: this.elapsed, type, detail }
    this.#entries.push(entry)
    try {
      this.#hear?.(entry)
    } catch {
      // Who listens changes nothing.
    }
  }
}
