import { allowedAt, isFull, type Rate } from './gcra.ts'
import { Line } from './line.ts'

/** How many keys are looked at to find one to forget when there are too many. */
const sample = 16

/**
 * A {@link Line} for each key, for no more than `max` keys.
 *
 * A key whose allowance is full again says nothing that a new one does not, so forgetting it loses nothing.
 * Every call looks at one key, in turn, and forgets it if so: no timer, and no pause in which all keys are
 * walked. A call with a new key looks at two, or the walk would never get round while new keys come.
 */
export class KeyedLines {
  readonly #max: number
  readonly #rate: Rate
  readonly #lines = new Map<string, Line>()
  /** Walks round and round; an iterator of a map sees what was added and skips what was deleted. */
  #walk: Iterator<[string, Line]> = this.#lines.entries()
  #evicted = 0

  constructor(max: number, rate: Rate) {
    this.#max = max
    this.#rate = rate
  }

  /** How many keys are remembered. Above the maximum only while calls wait for that many. */
  get size(): number {
    return this.#lines.size
  }

  /** How many keys were forgotten before their allowance was full again. */
  get evicted(): number {
    return this.#evicted
  }

  /** The line of a key, made when it is new. */
  of(key: string, now: number): Line {
    this.#visit(now)
    const known = this.#lines.get(key)
    if (known !== undefined) return known
    this.#visit(now)
    if (this.#lines.size >= this.#max) this.#makeRoom(now)
    const line = new Line()
    this.#lines.set(key, line)
    return line
  }

  /** The line of a key if there is one. Changes nothing. */
  peek(key: string): Line | undefined {
    return this.#lines.get(key)
  }

  /**
   * Looks at the next key, and forgets it if that loses nothing. @returns The key and line if they are kept.
   */
  #visit(now: number): [string, Line] | undefined {
    let next = this.#walk.next()
    if (next.done) {
      this.#walk = this.#lines.entries()
      next = this.#walk.next()
      if (next.done) return undefined
    }
    const [key, line] = next.value
    if (line.length > 0 || !isFull(line, now, this.#rate)) return next.value
    this.#lines.delete(key)
    return undefined
  }

  /** Forgets who has used the least, of some. */
  #makeRoom(now: number): void {
    let least: string | undefined
    let leastUse = Number.POSITIVE_INFINITY
    for (let looked = 0; looked < sample && this.#lines.size >= this.#max; looked++) {
      const kept = this.#visit(now)
      if (kept === undefined || kept[1].length > 0) continue
      const use = allowedAt(kept[1], this.#rate)
      if (use >= leastUse) continue
      leastUse = use
      least = kept[0]
    }
    if (this.#lines.size < this.#max || least === undefined) return
    this.#lines.delete(least)
    this.#evicted++
  }
}
