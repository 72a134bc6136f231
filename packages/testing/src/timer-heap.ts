/** Timers in order of due time, then of creation: a binary heap whose entries know their place, so that each can leave it. */

/** `place` belongs to the heap: the index of the entry, -1 outside. */
interface TimerEntry {
  readonly due: number
  readonly order: number
  readonly callback: () => void
  place: number
}

/** A priority queue with removal; every operation but `dueTimes` takes logarithmic time or less. */
export class TimerHeap {
  readonly #entries: TimerEntry[] = []

  get size(): number {
    return this.#entries.length
  }

  /** The entry that is due first. */
  get first(): TimerEntry | undefined {
    return this.#entries[0]
  }

  add(entry: TimerEntry): void {
    this.#entries.push(entry)
    this.#rise(entry, this.#entries.length - 1)
  }

  /** Takes an entry out. Does nothing when it is not in the heap. */
  remove(entry: TimerEntry): void {
    const { place } = entry
    if (place < 0) return
    entry.place = -1
    const last = this.#entries.pop() as TimerEntry
    if (last === entry) return
    // The last leaf takes the free place, and can belong above it or below it.
    this.#rise(last, place)
    if (last.place === place) this.#sink(last, place)
  }

  /** All due times, soonest first. */
  dueTimes(): number[] {
    return this.#entries.map((entry) => entry.due).sort((a, b) => a - b)
  }

  #rise(entry: TimerEntry, from: number): void {
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = this.#entries[above] as TimerEntry
      if (isBefore(parent, entry)) break
      this.#put(parent, place)
      place = above
    }
    this.#put(entry, place)
  }

  #sink(entry: TimerEntry, from: number): void {
    let place = from
    for (;;) {
      const left = this.#entries[2 * place + 1]
      if (left === undefined) break
      const right = this.#entries[2 * place + 2]
      const child = right !== undefined && isBefore(right, left) ? right : left
      if (isBefore(entry, child)) break
      const below = child.place
      this.#put(child, place)
      place = below
    }
    this.#put(entry, place)
  }

  #put(entry: TimerEntry, place: number): void {
    this.#entries[place] = entry
    entry.place = place
  }
}

const isBefore = (a: TimerEntry, b: TimerEntry): boolean =>
  a.due < b.due || (a.due === b.due && a.order < b.order)
