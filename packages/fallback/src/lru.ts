interface Place {
  previous: Place
  next: Place
}

interface Entry<V> extends Place {
  readonly key: string
  value: V
}

/**
 * A map that keeps the entries used last. Every operation takes the same time, however large it is: a plain `Map`
 * keeps the holes of deleted keys at its front, and asking it for the oldest key walks over them.
 */
export class LruMap<V> {
  readonly #max: number
  readonly #entries = new Map<string, Entry<V>>()
  /** Closes the ring: `next` is the entry used last, `previous` the one not used for longest. */
  readonly #ring: Place

  constructor(max: number) {
    this.#max = max
    const ring = {} as Place
    ring.previous = ring
    ring.next = ring
    this.#ring = ring
  }

  get size(): number {
    return this.#entries.size
  }

  /** Finds a value and marks it as used. */
  get(key: string): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    remove(entry)
    insert(entry, this.#ring)
    return entry.value
  }

  /** Puts a value in and marks it as used. @returns Whether another entry had to go. */
  set(key: string, value: V): boolean {
    this.delete(key)
    const entry = { key, value } as Entry<V>
    this.#entries.set(key, entry)
    insert(entry, this.#ring)
    if (this.#entries.size <= this.#max) return false
    this.delete((this.#ring.previous as Entry<V>).key)
    return true
  }

  delete(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    remove(entry)
  }

  clear(): void {
    this.#entries.clear()
    this.#ring.previous = this.#ring
    this.#ring.next = this.#ring
  }
}

function insert(place: Place, before: Place): void {
  place.previous = before
  place.next = before.next
  before.next.previous = place
  before.next = place
}

function remove({ previous, next }: Place): void {
  previous.next = next
  next.previous = previous
}
