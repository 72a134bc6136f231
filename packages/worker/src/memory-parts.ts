/** What the memory stream is made of: a line, a timetable and a trail. */

/** First in, first out, in constant time. */
export class Line<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    // The empty front goes when it is half of all: each item is moved once on average.
    if (this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /** All of them, first in first. */
  toArray(): T[] {
    return this.#items.slice(this.#head) as T[]
  }
}

/**
 * Items by the time they are due; of one time, in the order they came. Adding to the end, the usual case, is cheap.
 */
export class Timetable<T> {
  readonly #items: { readonly at: number; readonly item: T }[] = []

  get size(): number {
    return this.#items.length
  }

  /** When the first one is due. */
  get first(): number | undefined {
    return this.#items[0]?.at
  }

  add(at: number, item: T): void {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#items[middle] as { at: number }).at <= at) low = middle + 1
      else high = middle
    }
    this.#items.splice(low, 0, { at, item })
  }

  /** Takes out up to `limit` items that are due. */
  takeDue(now: number, limit: number): T[] {
    let count = 0
    while (count < limit && (this.#items[count]?.at ?? Number.POSITIVE_INFINITY) <= now) count++
    return this.#items.splice(0, count).map(({ item }) => item)
  }
}

/** The last entries of a log. */
export class Trail<T> {
  readonly #limit: number
  readonly #entries: Line<T> = new Line()

  constructor(limit: number) {
    this.#limit = limit
  }

  add(entry: T): void {
    if (this.#limit === 0) return
    this.#entries.push(entry)
    if (this.#entries.size > this.#limit) this.#entries.shift()
  }

  /** The last `limit` of those that match, oldest first. Looks at all: O(n). */
  find(matches: (entry: T) => boolean, limit: number): T[] {
    const found = this.#entries.toArray().filter(matches)
    return found.slice(Math.max(0, found.length - limit))
  }
}
