import { type Queued, WaiterHeap } from './waiter-heap.ts'

/**
 * The state of a limit on how many calls run at once: a count, a limit and a queue. It knows no clock, no
 * promise and no event; `admission.ts` adds those.
 *
 * After every method: somebody waits only if no slot is free. So no wake-up can be lost, and a newcomer
 * cannot overtake those who wait.
 */
export class Slots<W extends Queued> {
  /** How many slots there are. To be changed by {@link resize}. */
  limit: number
  /** How many slots are taken. Above the limit only after it was lowered. To be read only. */
  active = 0
  private readonly waiting: WaiterHeap<W> = new WaiterHeap()

  constructor(limit: number) {
    this.limit = limit
  }

  get queued(): number {
    return this.waiting.size
  }

  /** Takes a slot. @returns Whether one was free. */
  take(): boolean {
    if (this.active >= this.limit) return false
    this.active++
    return true
  }

  /** Queues one for whom {@link take} had no slot. */
  wait(waiter: W): void {
    this.waiting.add(waiter)
  }

  /** Takes one out of the queue. @returns Whether it was waiting. */
  leave(waiter: W): boolean {
    return this.waiting.remove(waiter)
  }

  /** Gives a slot back. @returns Who has it now, if somebody waited. */
  giveBack(): W | undefined {
    this.active--
    return this.grant()
  }

  /** Changes the limit. Slots that are taken stay so. @returns Who has a slot now. */
  resize(limit: number): W[] {
    this.limit = limit
    const granted: W[] = []
    for (let waiter = this.grant(); waiter !== undefined; waiter = this.grant()) granted.push(waiter)
    return granted
  }

  private grant(): W | undefined {
    if (this.active >= this.limit) return undefined
    const waiter = this.waiting.take()
    if (waiter !== undefined) this.active++
    return waiter
  }
}
