import { type IdempotencyStore, memoryIdempotencyStore } from '@seaworthy/idempotency'
import type { VirtualClock } from '@seaworthy/testing'

type Step = 'claim' | 'renew' | 'complete' | 'forget' | 'peek'

/**
 * - `fail`: the store rejects, and nothing has happened.
 * - `lose`: it happens, and the answer never comes.
 * - `hang`: nothing happens, and no answer comes.
 * - a number: it happens at once, and the answer comes so many milliseconds later.
 */
type Fault = 'fail' | 'lose' | 'hang' | number

export const storeDown = Object.assign(new Error('ECONNREFUSED'), { code: 'ECONNREFUSED' })

/** A memory store that misbehaves as a test says, and counts what it is asked. */
export class ScriptedStore implements IdempotencyStore {
  readonly memory: ReturnType<typeof memoryIdempotencyStore>
  readonly asked: Record<Step, number> = { claim: 0, renew: 0, complete: 0, forget: 0, peek: 0 }
  /** Left out by tests of stores without hints. */
  waitFor?: NonNullable<IdempotencyStore['waitFor']>
  readonly #clock: VirtualClock
  readonly #faults = new Map<Step, Fault[]>()

  constructor(clock: VirtualClock, max = 10_000) {
    this.#clock = clock
    this.memory = memoryIdempotencyStore({ clock, max })
    this.waitFor = (key, signal) => this.memory.waitFor(key, signal)
  }

  /** What happens to the next steps of a kind, in order. */
  will(step: Step, ...faults: Fault[]): void {
    this.#faults.set(step, faults)
  }

  /** Until further notice. */
  willAlways(step: Step, fault: Fault): void {
    this.will(step, ...Array.from({ length: 10_000 }, () => fault))
  }

  works(): void {
    this.#faults.clear()
  }

  readonly claim: IdempotencyStore['claim'] = (...args) =>
    this.#step('claim', () => this.memory.claim(...args))
  readonly renew: IdempotencyStore['renew'] = (...args) =>
    this.#step('renew', () => this.memory.renew(...args))
  readonly complete: IdempotencyStore['complete'] = (...args) =>
    this.#step('complete', () => this.memory.complete(...args))
  readonly forget: IdempotencyStore['forget'] = (...args) =>
    this.#step('forget', () => this.memory.forget(...args))
  readonly peek: IdempotencyStore['peek'] = (...args) => this.#step('peek', () => this.memory.peek(...args))

  async #step<T>(step: Step, happen: () => Promise<T>): Promise<T> {
    this.asked[step]++
    const fault = this.#faults.get(step)?.shift()
    if (fault === 'fail') throw storeDown
    if (fault === 'hang') return new Promise(() => {})
    const answer = await happen()
    if (fault === 'lose') return new Promise(() => {})
    if (fault !== undefined) await this.#clock.sleep(fault)
    return answer
  }
}
