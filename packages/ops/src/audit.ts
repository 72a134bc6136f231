/** Who did what: the last entries in memory, and all of them to a sink of yours. */
import type { AuditEntryView } from './wire.ts'

/** Takes entries somewhere safe. It may fail or hang: nobody waits for it. */
export type AuditSink = (entry: AuditEntryView) => unknown

const kept = 1000
/** Refusals have a place of their own: whoever sends many does not push out what was done. */
const keptDenials = 200
/** More than this many entries under way, and the sink does not get more. */
const mostPending = 100

export class AuditTrail {
  readonly #sink: AuditSink | undefined
  readonly #onLoss: () => void
  readonly #done: AuditEntryView[] = []
  readonly #denied: AuditEntryView[] = []
  #lastId = 0
  #pending = 0
  #lost = 0

  /** @param onLoss - Told when the sink did not take an entry. Must not throw. */
  constructor(sink: AuditSink | undefined, onLoss: () => void) {
    this.#sink = sink
    this.#onLoss = onLoss
  }

  /** How many entries the sink did not take. */
  get lost(): number {
    return this.#lost
  }

  add(facts: Omit<AuditEntryView, 'id'>): AuditEntryView {
    const entry: AuditEntryView = { id: ++this.#lastId, ...facts }
    const [ring, most] = entry.outcome === 'denied' ? [this.#denied, keptDenials] : [this.#done, kept]
    ring.push(entry)
    if (ring.length > most) ring.shift()
    void this.#pass(entry)
    return entry
  }

  /** The last ones, newest first. */
  latest(limit: number): AuditEntryView[] {
    return [...this.#done, ...this.#denied].sort((a, b) => b.id - a.id).slice(0, limit)
  }

  async #pass(entry: AuditEntryView): Promise<void> {
    if (this.#sink === undefined) return
    if (this.#pending >= mostPending) {
      this.#lose()
      return
    }
    this.#pending++
    try {
      await this.#sink(entry)
    } catch {
      this.#lose()
    }
    this.#pending--
  }

  #lose(): void {
    this.#lost++
    this.#onLoss()
  }
}
