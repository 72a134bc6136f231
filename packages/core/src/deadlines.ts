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
  /** Its neighbours; undefined while it is in no list. */
  previous: DeadlineNode | undefined
  next: DeadlineNode | undefined
  /** When it expires; 0 until the first tick after it was added. */
  due: number
  /** Called once when the time has passed. The node is no longer in the list then. */
  expire(): void
}

/**
 * Expires each node `length` milliseconds after it was added, never earlier, and at most one grain later: a sixteenth
 * of the length, and not more than the clock's grain. Exact on a clock whose grain is 0.
 *
 * A ring around a head that is never due: no ends to treat apart, since adding and removing are on the path of every
 * call. Nodes that no tick has seen yet are at its end.
 */
export class DeadlineList {
  private readonly clock: Clock
  private readonly length: number
  private readonly grain: number
  private readonly head: Head = new Head()
  private timer: Timer | undefined = undefined

  constructor(clock: Clock, length: number) {
    this.clock = clock
    this.length = length
    this.grain = Math.min(length / 16, clock.grain)
  }

  /** How many nodes wait. Counted when asked: O(n). */
  get size(): number {
    let size = 0
    for (let node = this.head.next; node !== this.head; node = node.next as DeadlineNode) size++
    return size
  }

  /** Whether a timer runs: while nodes wait, and for at most one grain after the last one left. */
  get ticking(): boolean {
    return this.timer !== undefined
  }

  /** Adds a node that is in no list. */
  add(node: DeadlineNode): void {
    const { head } = this
    const last = head.previous
    node.due = 0
    node.previous = last
    node.next = head
    last.next = node
    head.previous = node
    if (this.timer === undefined || this.grain === 0) this.begin()
  }

  /** Takes a node out. Does nothing when it is in no list. */
  remove(node: DeadlineNode): void {
    const { previous, next } = node
    if (previous === undefined || next === undefined) return
    previous.next = next
    next.previous = previous
    node.previous = undefined
    // Or a node that somebody keeps would keep all that came after it.
    node.next = undefined
    if (this.grain === 0 && next === previous) this.end()
  }

  private begin(): void {
    this.stamp(this.clock.now())
    this.arm()
  }

  private end(): void {
    this.timer?.cancel()
    this.timer = undefined
  }

  /** What was added since the last tick began no later than now. */
  private stamp(now: number): void {
    for (
      let node = this.head.previous;
      node !== this.head && node.due === 0;
      node = node.previous as DeadlineNode
    ) {
      node.due = now + this.length
    }
  }

  private arm(): void {
    const first = this.head.next
    if (this.timer !== undefined || first === this.head) return
    const rest = Math.max(0, first.due - this.clock.now())
    this.timer = this.clock.setTimer(this.tick, this.grain > 0 ? Math.min(rest, this.grain) : rest)
  }

  private readonly tick = (): void => {
    this.timer = undefined
    const now = this.clock.now()
    this.stamp(now)
    for (let node = this.head.next; node.due <= now; node = this.head.next) {
      this.remove(node)
      node.expire()
    }
    this.arm()
  }
}

class Head implements DeadlineNode {
  previous: DeadlineNode = this
  next: DeadlineNode = this
  readonly due: number = Number.POSITIVE_INFINITY
  expire(): void {}
}
