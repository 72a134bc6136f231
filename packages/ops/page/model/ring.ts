/** The last so many things, in the order they came. Takes no more room after a day than after an hour. */
export class Ring<T> {
  readonly capacity: number
  readonly #items: T[] = []
  /** Where the next one goes once it is full. */
  #next = 0

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get size(): number {
    return this.#items.length
  }

  push(item: T): void {
    if (this.#items.length < this.capacity) {
      this.#items.push(item)
      return
    }
    this.#items[this.#next] = item
    this.#next = (this.#next + 1) % this.capacity
  }

  clear(): void {
    this.#items.length = 0
    this.#next = 0
  }

  /** Oldest first. */
  toArray(): T[] {
    return [...this.#items.slice(this.#next), ...this.#items.slice(0, this.#next)]
  }

  newest(): T | undefined {
    return this.#items.at(this.#next - 1)
  }
}
