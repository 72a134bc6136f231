/** How many dead letters there are: only the store knows, so it is asked when somebody wants to know. */
import type { Clock, Component, Hub } from '@seaworthy/core'

/** So long an answer serves, in milliseconds. */
const fresh = 5000
/** So long somebody waits for the answer. */
const patience = 500

interface Question {
  askedAt: number
  /** Until the store has answered; a store that hangs is not asked twice. */
  pending: Promise<void> | undefined
}

export class Depths {
  readonly #hub: Hub
  readonly #clock: Clock
  readonly #questions = new WeakMap<Component, Question>()

  constructor(hub: Hub, clock: Clock) {
    this.#hub = hub
    this.#clock = clock
  }

  /** Asks all queues of dead letters at once; afterwards their snapshots tell. Never rejects, and waits for half a second at most. */
  async ask(): Promise<void> {
    const now = this.#clock.now()
    const pending = this.#hub.components().flatMap((component) => this.#askOne(component, now) ?? [])
    if (pending.length === 0) return
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(resolve, patience)
      void Promise.all(pending).then(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  #askOne(component: Component, now: number): Promise<void> | undefined {
    const stats = component.actions['stats']
    if (component.kind !== 'dead-letters' || stats === undefined) return undefined
    const known = this.#questions.get(component)
    if (known?.pending !== undefined) return known.pending
    if (known !== undefined && now - known.askedAt < fresh) return undefined
    const question: Question = { askedAt: now, pending: undefined }
    this.#questions.set(component, question)
    question.pending = asked(stats).then(() => {
      question.pending = undefined
    })
    return question.pending
  }
}

async function asked(stats: (...args: never[]) => unknown): Promise<void> {
  try {
    await stats()
  } catch {
    // The queue has told of it, and what was known before stays.
  }
}
