/** Ends tasks as dead, each with its letter: in one step where letters live beside the stream, else the letter first. */
import type { BurialAnswer, TaskBurial } from './burial.ts'
import {
  type BurialPlace,
  type DeadLetterSink,
  letterKey,
  letterOptions,
  type TaskMessage,
} from './dead-letter-sink.ts'
import type { Burial, TaskStream } from './stream.ts'
import type { Delivery } from './task.ts'
import type { DeathReason } from './worker-events.ts'

/** A task that is to end as dead. */
export interface Dying {
  readonly delivery: Delivery
  /**
   * Set by {@link Burials} from when its letter may be there until its entry is over: `begun` while the letter is being written, then what is
   * left to tell the stream. Such an entry must stay pending until the stream hears of it: who takes it over looks for the letter, who gets it
   * as new does not. Stays undefined where both are one step.
   */
  burial: 'begun' | Burial | undefined
}

/** How a task ended. */
export interface Buried {
  readonly outcome: 'done' | 'lost'
  /** The id of its letter; undefined if tasks are thrown away. */
  readonly letter: string | undefined
}

/** How to call stores: again and again, or once. An answer of undefined means that nobody waits for one any more. */
export interface BurialCalls {
  /** Calls of the dead letter queue, which may not limit their own time. */
  letters<T>(operation: string, call: () => Promise<T>): Promise<T | undefined>
  stream<T>(operation: string, call: () => Promise<T>): Promise<T | undefined>
}

export class Burials {
  readonly #stream: TaskStream
  readonly #sink: DeadLetterSink | undefined
  readonly #place: BurialPlace
  readonly #calls: BurialCalls
  readonly #oneStep: TaskBurial | undefined

  /** @param sink - Undefined if tasks are thrown away. */
  constructor(
    stream: TaskStream,
    sink: DeadLetterSink | undefined,
    place: Omit<BurialPlace, 'stream'>,
    calls: BurialCalls,
  ) {
    this.#stream = stream
    this.#sink = sink
    this.#place = { ...place, stream: stream.name }
    this.#calls = calls
    if (sink?.store !== undefined && sink.prepare !== undefined) this.#oneStep = stream.burials(sink.store)
  }

  /** Whether a worker may have died between the letter of a task and its end, and it can be found out. */
  get leaveTraces(): boolean {
    return this.#oneStep === undefined && this.#sink?.lookup !== undefined
  }

  /** The letter that a task has already, an empty text if it has none. Undefined if nobody waits any more. */
  async letterOf(delivery: Delivery): Promise<string | undefined> {
    const key = letterKey(this.#stream.name, delivery)
    return this.#calls.letters('deadLetters.lookup', async () => (await this.#sink?.lookup?.(key)) ?? '')
  }

  /** Gives a task its letter and ends it. */
  async bury(dying: Dying, error: unknown, reason: DeathReason): Promise<Buried | undefined> {
    const { delivery } = dying
    if (this.#sink === undefined) return this.end(dying, { reason, letter: undefined })
    const { payload, headers } = delivery
    const message: TaskMessage = { payload, headers }
    if (this.#oneStep !== undefined)
      return this.#buryInOneStep(dying, this.#sink, this.#oneStep, message, error, reason)
    dying.burial = 'begun'
    const letter = await this.#write(delivery, this.#sink, message, error, reason)
    return letter === undefined ? undefined : this.end(dying, { reason, letter })
  }

  /** Ends a task that needs no letter any more. */
  async end(dying: Dying, burial: Burial): Promise<Buried | undefined> {
    const { letter } = burial
    if (letter !== undefined) dying.burial = burial
    const { receipt } = dying.delivery
    const outcome = await this.#calls.stream('bury', () =>
      this.#stream.bury(this.#place.worker, receipt, burial),
    )
    if (outcome === undefined) return undefined
    dying.burial = undefined
    return { outcome, letter }
  }

  async #write(
    delivery: Delivery,
    sink: DeadLetterSink,
    message: TaskMessage,
    error: unknown,
    reason: DeathReason,
  ): Promise<string | undefined> {
    // Poison goes straight here. All others were looked for before they ran.
    if (reason === 'crashed' && this.leaveTraces) {
      const letter = await this.letterOf(delivery)
      if (letter !== '') return letter
    }
    const options = letterOptions(delivery, reason, this.#place)
    return this.#calls.letters('deadLetters.add', () => sink.add(message, error, options))
  }

  async #buryInOneStep(
    { delivery }: Dying,
    sink: DeadLetterSink,
    oneStep: TaskBurial,
    message: TaskMessage,
    error: unknown,
    reason: DeathReason,
  ): Promise<Buried | undefined> {
    const options = letterOptions(delivery, reason, this.#place)
    const prepared = await this.#calls.letters('deadLetters.prepare', async () =>
      sink.prepare?.(message, error, options),
    )
    if (prepared === undefined) return undefined
    return this.#calls.stream('bury', async () => {
      const answer: BurialAnswer = await oneStep.bury(
        this.#place.worker,
        delivery.receipt,
        reason,
        prepared.letter,
      )
      if (answer.outcome === 'lost') return { outcome: 'lost', letter: undefined }
      // Throws if there was no room, and then it is tried again: the task is still ours.
      return { outcome: 'done', letter: prepared.stored(answer) }
    })
  }
}
