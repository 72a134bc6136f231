/** How many slots the window is made of. */
const slots = 10

/**
 * The sum of what came and went in the last while, in whole numbers: a ring of ten slots that moves when it is
 * touched. It has no clock and no timer; every method is told the time. Every call pays into one, so its members are private
 * to TypeScript only: V8 checks `#private` names at every access.
 */
export class TokenWindow {
  private readonly slotLength: number
  /** What came minus what went, per slot. */
  private readonly net: number[] = new Array(slots).fill(0)
  private total = 0
  /** The number of the newest slot since time 0, and when it ends. */
  private newest = 0
  private end: number

  /** @param length - How far it looks back, in milliseconds. It forgets a tenth of that at once. */
  constructor(length: number) {
    this.slotLength = length / slots
    this.end = this.slotLength
  }

  /** What came minus what went. */
  sum(now: number): number {
    this.move(now)
    return this.total
  }

  /** @returns The slot it was added to, for {@link addTo}. */
  add(amount: number, now: number): number {
    this.move(now)
    this.put(amount, this.newest)
    return this.newest
  }

  /** Adds to an earlier slot, so that a correction is forgotten together with what it corrects. */
  addTo(slot: number, amount: number, now: number): void {
    this.move(now)
    if (slot > this.newest - slots) this.put(amount, slot)
  }

  private put(amount: number, slot: number): void {
    const at = slot % slots
    this.net[at] = (this.net[at] as number) + amount
    this.total += amount
  }

  private move(now: number): void {
    if (now >= this.end) this.turn(now)
  }

  private turn(now: number): void {
    const newest = Math.floor(now / this.slotLength)
    const passed = Math.min(slots, newest - this.newest)
    for (let slot = newest - passed + 1; slot <= newest; slot++) {
      this.total -= this.net[slot % slots] as number
      this.net[slot % slots] = 0
    }
    this.newest = newest
    this.end = (newest + 1) * this.slotLength
  }
}
