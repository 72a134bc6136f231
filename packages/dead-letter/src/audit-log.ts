/** The audit of a memory store: a list that forgets its oldest entries. */
import type { AuditEntry } from './letter.ts'
import type { AuditPage, AuditQuery } from './store.ts'

/** Keeps the newest `max` entries, and up to a quarter more, so that forgetting is rare and cheap. */
export class AuditLog {
  readonly #max: number
  readonly #entries: AuditEntry[] = []
  #next = 1

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#entries.length
  }

  add(entry: Omit<AuditEntry, 'cursor'>): void {
    this.#entries.push({ cursor: String(this.#next++), ...entry })
    if (this.#entries.length > this.#max * 1.25) this.#entries.splice(0, this.#entries.length - this.#max)
  }

  page({ id, cursor, limit }: AuditQuery): AuditPage {
    const entries: AuditEntry[] = []
    let place = this.#placeAfter(Number(cursor ?? 0))
    for (; place < this.#entries.length && entries.length < limit; place++) {
      const entry = this.#entries[place] as AuditEntry
      if (id === undefined || entry.id === id) entries.push(entry)
    }
    const more = place < this.#entries.length
    return { entries, next: more ? this.#entries[place - 1]?.cursor : undefined }
  }

  /** Cursors are consecutive, so the place follows from the first one. */
  #placeAfter(cursor: number): number {
    const first = this.#next - this.#entries.length
    return Math.max(0, cursor - first + 1)
  }
}
