/**
 * How full the queues of dead letters are, as far as is known: their stores are asked at most once at a time and not too often, and nobody waits
 * long for one that does not answer.
 */
import type { Clock } from '@seaworthy/core'
import { within } from '../http/within.ts'
import type { DeadLettersLike, LetterCountsLike } from '../parts.ts'
import type { DeadLetterQueueView } from '../wire.ts'

/** Counts younger than this are good enough, in milliseconds. */
const fresh = 1000

interface Known {
  counts: LetterCountsLike | undefined
  countedAt: number
  /** Whether the store failed, or did not answer, when it was asked last. */
  failing: boolean
  asking: Promise<void> | undefined
}

export class QueueBoard {
  readonly #queues: Readonly<Record<string, DeadLettersLike>>
  readonly #clock: Clock
  readonly #known = new Map<string, Known>()

  constructor(queues: Readonly<Record<string, DeadLettersLike>>, clock: Clock) {
    this.#queues = queues
    this.#clock = clock
    for (const queue of Object.keys(queues)) {
      const known = {
        counts: undefined,
        countedAt: Number.NEGATIVE_INFINITY,
        failing: false,
        asking: undefined,
      }
      this.#known.set(queue, known)
    }
  }

  /** What is known. */
  views(): DeadLetterQueueView[] {
    const now = this.#clock.now()
    return [...this.#known].map(([queue, { counts, countedAt, failing }]) => {
      if (counts === undefined) return { queue, stale: true }
      const { dead, leased, replaying, replayed, resolved, discarded, oldest } = counts
      const age = oldest === undefined ? undefined : counts.now - oldest + now - countedAt
      return {
        queue,
        counts: { dead, leased, replaying, replayed, resolved, discarded },
        ...(age !== undefined && { oldestAge: Math.max(0, Math.round(age)) }),
        stale: failing,
      }
    })
  }

  /** Asks the stores. Never rejects, and waits for `patience` milliseconds at most. */
  async refresh(patience: number, maxAge: number = fresh): Promise<void> {
    const now = this.#clock.now()
    const due = [...this.#known].filter(([, { countedAt }]) => now - countedAt >= maxAge)
    if (due.length === 0) return
    const all = Promise.all(due.map(([queue, known]) => this.#ask(queue, known)))
    const late = (): void => {
      for (const [, known] of due) if (known.asking !== undefined) known.failing = true
    }
    await within<unknown>(this.#clock, patience, () => all, late)
  }

  #ask(queue: string, known: Known): Promise<void> {
    known.asking ??= this.#count(queue, known)
    return known.asking
  }

  async #count(queue: string, known: Known): Promise<void> {
    try {
      // Its own microtask, so that a `stats` that throws at once is like one that rejects.
      known.counts = await Promise.resolve().then(() => this.#queues[queue]?.stats())
      known.countedAt = this.#clock.now()
      known.failing = false
    } catch {
      known.failing = true
    }
    known.asking = undefined
  }
}
