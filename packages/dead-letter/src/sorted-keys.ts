/**
 * Texts in order. Nearly all keys arrive in order or leave at the front, so an array with binary search beats a tree: adding
 * 100,000 in order and taking them off again moves nothing but the ends.
 */
export class SortedKeys {
  readonly #keys: string[] = []
  /** Keys before it have been taken off the front; they are cut off when they are half of the array. */
  #start = 0

  get size(): number {
    return this.#keys.length - this.#start
  }

  get first(): string | undefined {
    return this.#keys[this.#start]
  }

  get last(): string | undefined {
    return this.size === 0 ? undefined : this.#keys[this.#keys.length - 1]
  }

  /** Adds a key that is not there. */
  add(key: string): void {
    const { last } = this
    if (last === undefined || last < key) this.#keys.push(key)
    else this.#keys.splice(this.#place(key), 0, key)
  }

  /** Takes a key out, if it is there. */
  delete(key: string): void {
    const place = this.#place(key)
    if (this.#keys[place] !== key) return
    if (place > this.#start) {
      this.#keys.splice(place, 1)
      return
    }
    this.#start++
    if (this.#start * 2 < this.#keys.length) return
    this.#keys.splice(0, this.#start)
    this.#start = 0
  }

  /** Keys behind `cursor`, ascending; from the first if undefined. Change nothing while walking. */
  *after(cursor?: string): Generator<string> {
    let place = cursor === undefined ? this.#start : this.#place(cursor)
    if (this.#keys[place] === cursor) place++
    for (; place < this.#keys.length; place++) yield this.#keys[place] as string
  }

  /** Keys before `cursor`, descending; from the last if undefined. Change nothing while walking. */
  *before(cursor?: string): Generator<string> {
    let place = (cursor === undefined ? this.#keys.length : this.#place(cursor)) - 1
    for (; place >= this.#start; place--) yield this.#keys[place] as string
  }

  /** The first place whose key is not below `key`. */
  #place(key: string): number {
    let low = this.#start
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#keys[middle] as string) < key) low = middle + 1
      else high = middle
    }
    return low
  }
}
