/** Who is next: a binary heap whose entries know their place, so that one can leave from the middle. */

/** An entry of a {@link WaiterHeap}. `order` and `place` belong to the heap. */
export interface Queued {
  /** Higher goes first. */
  readonly priority: number
  /** Equal priorities leave in the order they came. */
  order: number
  /** The index in the heap, or -1 outside of it. */
  place: number
}

/** A queue by priority, then by arrival. Adding, taking and leaving cost O(log n). */
export class WaiterHeap<W extends Queued> {
  readonly #entries: W[] = []
  #arrivals = 0

  get size(): number {
    return this.#entries.length
  }

  add(entry: W): void {
    entry.order = this.#arrivals++
    this.#rise(entry, this.#entries.push(entry) - 1)
  }

  /** Takes out the one who is next. */
  take(): W | undefined {
    const first = this.#entries[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  /** Takes one out. @returns Whether it was in. */
  remove(entry: W): boolean {
    const { place } = entry
    if (place < 0) return false
    entry.place = -1
    const last = this.#entries.pop() as W
    if (last === entry) return true
    // The last entry fills the gap, and may belong above or below it.
    this.#rise(last, place)
    this.#sink(last, last.place)
    return true
  }

  #rise(entry: W, from: number): void {
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = this.#entries[above] as W
      if (goesBefore(parent, entry)) break
      this.#put(parent, place)
      place = above
    }
    this.#put(entry, place)
  }

  #sink(entry: W, from: number): void {
    let place = from
    for (;;) {
      const left = this.#entries[2 * place + 1]
      const right = this.#entries[2 * place + 2]
      if (left === undefined) break
      const child = right !== undefined && goesBefore(right, left) ? right : left
      if (goesBefore(entry, child)) break
      const below = child.place
      this.#put(child, place)
      place = below
    }
    this.#put(entry, place)
  }

  #put(entry: W, place: number): void {
    this.#entries[place] = entry
    entry.place = place
  }
}

function goesBefore(a: Queued, b: Queued): boolean {
  return a.priority === b.priority ? a.order < b.order : a.priority > b.priority
}
