/**
 * Many waits of one length behind one timer.
 *
 * `setTimeout` and `clearTimeout` for every call cost more than the rest of a pipeline (bench: `timeout`). Calls
 * with the same limit expire in the order they came, so a linked list is already sorted, adding and removing
 * are a few assignments, and one coarse timer walks its head. A call that ends before the next tick has never
 * touched a clock.
 */
import type { Clock, Timer } from './clock.ts'

/** A wait in a {@link DeadlineList}. The fields belong to the list. */
export interface DeadlineNode {
  listed: boolean
  previous: DeadlineNode | undefined
  next: DeadlineNode | undefined
  /** When it expires; 0 until the first tick after it was added. */
  due: number
  /** Called once when the time has passed. The node is no longer in the list then. */
  expire(): void
}

/** Expires each node `length` milliseconds after it was added, never earlier, and at most one grain later. */
export class DeadlineList {
  readonly #clock: Clock
  readonly #length: number
  readonly #grain: number
  #first: DeadlineNode | undefined = undefined
  #last: DeadlineNode | undefined = undefined
  /** The first node that no tick has seen yet; those after it are not seen either. */
  #fresh: DeadlineNode | undefined = undefined
  #timer: Timer | undefined = undefined
  #size = 0

  /** The grain is a sixteenth of the length, and not more than the clock allows. */
  constructor(clock: Clock, length: number) {
    this.#clock = clock
    this.#length = length
    this.#grain = Math.min(length / 16, clock.grain)
  }

  /** How many nodes wait. */
  get size(): number {
    return this.#size
  }

  /** Whether a timer runs: while nodes wait, and for at most one grain after the last one left. */
  get ticking(): boolean {
    return this.#timer !== undefined
  }

  add(node: DeadlineNode): void {
    node.due = 0
    node.listed = true
    node.next = undefined
    node.previous = this.#last
    if (this.#last === undefined) this.#first = node
    else this.#last.next = node
    this.#last = node
    this.#fresh ??= node
    this.#size++
    if (this.#timer !== undefined && this.#grain > 0) return
    this.#stamp()
    this.#arm()
  }

  /** Takes a node out. Does nothing when it is not in the list. */
  remove(node: DeadlineNode): void {
    if (!node.listed) return
    node.listed = false
    if (this.#fresh === node) this.#fresh = node.next
    if (node.previous === undefined) this.#first = node.next
    else node.previous.next = node.next
    if (node.next === undefined) this.#last = node.previous
    else node.next.previous = node.previous
    this.#size--
    if (this.#size === 0 && this.#grain === 0) this.#stop()
  }

  /** What was added since the last tick began no later than now. */
  #stamp(): void {
    const due = this.#clock.now() + this.#length
    for (let node = this.#fresh; node !== undefined; node = node.next) node.due = due
    this.#fresh = undefined
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#first === undefined) return
    const rest = Math.max(0, this.#first.due - this.#clock.now())
    this.#timer = this.#clock.setTimer(this.#tick, this.#grain > 0 ? Math.min(rest, this.#grain) : rest)
  }

  #stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  readonly #tick = (): void => {
    this.#timer = undefined
    this.#stamp()
    const now = this.#clock.now()
    while (this.#first !== undefined && this.#first.due <= now) {
      const node = this.#first
      this.remove(node)
      node.expire()
    }
    this.#arm()
  }
}
