import type { MetricName } from './catalogue.ts'
import type { Entry, Tallies } from './tallies.ts'

/** What one component, or a part of it, counts. Its series go when it does, unless somebody else counts there as well. */
export class Account {
  readonly #tallies: Tallies
  readonly #entries = new Set<Entry>()
  readonly #totals = new Map<string, number>()
  readonly #parts = new Map<string, Account>()

  constructor(tallies: Tallies) {
    this.#tallies = tallies
  }

  /** Adds to a counter. 0 makes the series known: a rate needs a first point before the first event. */
  count(metric: MetricName, values: readonly string[], amount = 1): void {
    this.#own(metric, values).value += amount
  }

  /** Adds to a counter what a total has grown by since the last time. One that has become smaller began anew. */
  total(metric: MetricName, values: readonly string[], total: number): void {
    const key = [metric, ...values].join('\u0000')
    const before = this.#totals.get(key) ?? 0
    this.#totals.set(key, total)
    this.count(metric, values, total >= before ? total - before : total)
  }

  /** Sets a gauge. */
  set(metric: MetricName, values: readonly string[], value: number): void {
    this.#tallies.set(this.#own(metric, values), value)
  }

  /** Makes a series of a histogram known. */
  know(metric: MetricName, values: readonly string[]): void {
    this.#own(metric, values)
  }

  /** Adds a value to a histogram. */
  observe(metric: MetricName, values: readonly string[], value: number): void {
    this.#tallies.observe(this.#own(metric, values), value)
  }

  /** The account of a part that comes and goes by itself: a circuit, a health check. */
  part(name: string): Account {
    const part = this.#parts.get(name) ?? new Account(this.#tallies)
    this.#parts.set(name, part)
    return part
  }

  /** Closes the accounts of all other parts. */
  keepParts(names: ReadonlySet<string>): void {
    for (const [name, part] of this.#parts) {
      if (names.has(name)) continue
      part.close()
      this.#parts.delete(name)
    }
  }

  close(): void {
    this.keepParts(new Set())
    for (const entry of this.#entries) this.#tallies.disown(entry)
    this.#entries.clear()
  }

  #own(metric: MetricName, values: readonly string[]): Entry {
    const entry = this.#tallies.entry(metric, values)
    if (this.#entries.has(entry)) return entry
    this.#entries.add(entry)
    entry.owners++
    return entry
  }
}
