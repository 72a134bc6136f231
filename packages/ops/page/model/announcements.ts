/** What a screen reader says: what matters only, and not more often than anybody can listen. */

/** The least time between two announcements. */
const pause = 5000
/** More than this in one announcement is a number. */
const most = 3

export class Announcements {
  #waiting: string[] = []
  #left = 0
  #last = Number.NEGATIVE_INFINITY

  add(text: string): void {
    if (this.#waiting.at(-1) === text) return
    // The latest say how things are now.
    if (this.#waiting.push(text) > most)
      this.#left += this.#waiting.splice(0, this.#waiting.length - most).length
  }

  /** What to say now, if anything. @param now - In milliseconds. */
  take(now: number): string | undefined {
    if (this.#waiting.length === 0 || now - this.#last < pause) return undefined
    const more = this.#left > 0 ? `${this.#left} more changes. ` : ''
    const text = `${more}${this.#waiting.join('. ')}.`
    this.#waiting = []
    this.#left = 0
    this.#last = now
    return text
  }
}
