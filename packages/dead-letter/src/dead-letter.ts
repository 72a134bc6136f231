import {
  type CallContext,
  type Clock,
  type Context,
  type Duration,
  duration,
  type FailureClass,
  failureClass,
  formatDuration,
  type Hub,
  InvalidOptionError,
  knownOptions,
  type Layer,
  optionalFunction,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  systemClock,
} from '@seaworthy/core'
import type { AddOptions } from './add-letter.ts'
import type { DeadLetters } from './queue.ts'

/** Options of {@link deadLetter}. */
export interface DeadLetterOptions<Message = unknown, Answer = never> {
  /** What to keep of a call, enough to do it again. Nothing else of the call is kept. @defaultValue `{ key }` of the context */
  readonly message?: (context: Context, error: unknown) => Message
  /** The letter's type. A function that throws or says nothing leaves it to the queue. @defaultValue the kind of failure */
  readonly type?: string | ((error: unknown, context: Context) => string | undefined)
  /** More about the call: `config`, `taskId`, `source`, `maxRetries`, `dedupeKey`, `replays`, … @defaultValue nothing */
  readonly details?: (context: Context, error: unknown) => AddOptions
  /** The errors to keep. One that throws says yes: a letter too many is better than one too few. @defaultValue all */
  readonly when?: (error: unknown, context: Context) => boolean
  /**
   * Answers in place of the error once the letter is stored, for example with "accepted, will be done later". When it throws or the letter
   * could not be stored, the error stands. @defaultValue the call rejects with its error
   */
  readonly answer?: (letter: { readonly id: string; readonly error: unknown }) => Answer
  /** The longest the caller waits for the letter to be stored. After that it has its error, and storing goes on. @defaultValue `'5s'` */
  readonly within?: Duration
  /** A name, for events and the hub. */
  readonly name?: string
  /** Where a policy with a name shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub
  /** Times `within`. @defaultValue the system clock */
  readonly clock?: Clock
}

/** A call's error was kept. */
export interface Captured {
  readonly name: string | undefined
  /** The id of the letter. */
  readonly id: string
  readonly failureClass: FailureClass
  /** How long storing took, in milliseconds. */
  readonly duration: number
}

/** A call's error could not be kept, or not in time. The caller has its error all the same. */
export interface CaptureFailed {
  readonly name: string | undefined
  /** `late`: it was not stored within the time; it may yet be, and then `captured` follows. */
  readonly cause: 'message' | 'store' | 'late'
  /** How the call had failed. */
  readonly failureClass: FailureClass
}

/** The events of {@link DeadLetterPolicy}. */
export type DeadLetterEvents = {
  captured: Captured
  captureFailed: CaptureFailed
}

/** A policy that keeps what its inner policies gave up on. Made by {@link deadLetter}. */
export interface DeadLetterPolicy<Answer = never> extends Policy<Answer, DeadLetterEvents> {}

/**
 * Keeps the calls that everything inside of it has given up on. The caller still gets the error, the same object, once the letter is
 * stored.
 *
 * Storing can fail or take too long; an event tells, and the error stands. A call that its caller gave up is not kept. Put it
 * outside of `retry`, and inside of `fallback`.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { deadLetter, deadLetters, memoryDeadLetters } from '@seaworthy/dead-letter'
 *
 * const queue = deadLetters({ store: memoryDeadLetters() })
 * const kept = deadLetter(queue, { type: 'mail', message: ({ key }) => ({ to: key }) })
 * await kept.settle(() => Promise.reject(new Error('down')), { key: 'ada@example.com' })
 * console.log((await queue.stats()).dead) // 1
 * ```
 */
export function deadLetter<Message = unknown, Answer = never>(
  queue: Pick<DeadLetters<Message>, 'add'>,
  options: DeadLetterOptions<Message, Answer> = {},
): DeadLetterPolicy<Awaited<Answer>> {
  if (typeof queue?.add !== 'function') throw new InvalidOptionError('queue', 'a deadLetters() queue', queue)
  knownOptions('deadLetter', options, optionNames)
  return new Capturing<Message, Awaited<Answer>>(
    queue,
    options as DeadLetterOptions<Message, Awaited<Answer>>,
  )
}

const optionNames = ['message', 'type', 'details', 'when', 'answer', 'within', 'name', 'hub', 'clock']

class Capturing<Message, Answer>
  extends PolicyBase<Answer, DeadLetterEvents>
  implements DeadLetterPolicy<Answer>, Layer
{
  readonly #queue: Pick<DeadLetters<Message>, 'add'>
  readonly #options: DeadLetterOptions<Message, Answer>
  readonly #within: number
  readonly #clock: Clock
  #storing = 0
  #waiting = 0
  #captured = 0
  #failed = 0

  constructor(queue: Pick<DeadLetters<Message>, 'add'>, options: DeadLetterOptions<Message, Answer>) {
    super('dead-letter', options.name, options.hub)
    const { type, within = '5s', clock = systemClock } = options
    for (const option of ['message', 'details', 'when', 'answer'] as const)
      optionalFunction(option, options[option])
    if (type !== undefined && typeof type !== 'function' && (typeof type !== 'string' || type === ''))
      throw new InvalidOptionError('type', 'a name or a function', type)
    this.#queue = queue
    this.#options = options
    this.#within = duration('within', within)
    this.#clock = clock
    this.register(() => ({ captured: this.#captured, failed: this.#failed, storing: this.#storing }))
  }

  recover(
    call: { readonly context: CallContext },
    _slot: number,
    error: unknown,
  ): Promise<unknown> | undefined {
    const { context } = call
    if (context.aborted || !this.#wants(error, context)) return undefined
    return this.#waitFor(this.#store(context, error), context, error)
  }

  override layers(): readonly Layer[] {
    return [this]
  }

  override describe(): PolicyDescription[] {
    const { kind, name } = this
    const { type, answer, when } = this.#options
    const options = { type: typeof type === 'string' ? type : 'judged', within: formatDuration(this.#within) }
    const answers = answer && { programmerErrors: when === undefined }
    return [{ kind, name, options, ...(answers && { answers }) }]
  }

  override debugStats(): Record<string, number> {
    return { ...super.debugStats(), storing: this.#storing, timers: this.#waiting }
  }

  #wants(error: unknown, context: Context): boolean {
    const { when } = this.#options
    try {
      return when === undefined || when(error, context)
    } catch {
      return true
    }
  }

  /** @returns The id of the letter; undefined if it could not be stored. Never rejects. */
  async #store(context: CallContext, error: unknown): Promise<string | undefined> {
    const start = this.#clock.now()
    this.#storing++
    let cause: CaptureFailed['cause'] = 'message'
    try {
      const { message, details } = this.#options
      const content = message === undefined ? { key: context.key } : message(context, error)
      const { journey } = context
      const more = { journey, ...details?.(context, error), ...this.#typeOf(error, context) }
      cause = 'store'
      const id = await this.#queue.add(content as Message, error, more)
      this.#tellCaptured(id, error, this.#clock.now() - start, journey)
      return id
    } catch {
      // The queue tells why; the caller's own error matters more.
      this.#tellFailed(cause, error, context.journey)
      return undefined
    } finally {
      this.#storing--
    }
  }

  #typeOf(error: unknown, context: Context): { readonly type?: string } {
    const { type } = this.#options
    try {
      const named = typeof type === 'function' ? type(error, context) : type
      return named === undefined ? {} : { type: named }
    } catch {
      return {}
    }
  }

  /** Settles when the letter is stored, the time is up, or the call is given up; whichever comes first. */
  #waitFor(stored: Promise<string | undefined>, context: CallContext, error: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let waiting = true
      let forget: (() => void) | undefined
      const end = (): boolean => {
        if (!waiting) return false
        waiting = false
        this.#waiting--
        timer.cancel()
        forget?.()
        return true
      }
      this.#waiting++
      const timer = this.#clock.setTimer(() => {
        if (!end()) return
        this.#tellFailed('late', error, context.journey)
        reject(error)
      }, this.#within)
      forget = context.onOutsideAbort((reason) => {
        if (end()) reject(reason)
      })
      void stored.then((id) => {
        if (!end()) return
        try {
          const { answer } = this.#options
          if (id === undefined || answer === undefined) reject(error)
          else Promise.resolve(answer({ id, error })).then(resolve, () => reject(error))
        } catch {
          reject(error)
        }
      })
    })
  }

  #tellCaptured(id: string, error: unknown, elapsed: number, journey: string | undefined): void {
    this.#captured++
    if (!this.events.wants('captured', journey)) return
    const { name } = this
    const payload = { name, id, failureClass: failureClass(error), duration: elapsed }
    this.events.emit('captured', payload, journey)
  }

  #tellFailed(cause: CaptureFailed['cause'], error: unknown, journey: string | undefined): void {
    if (cause !== 'late') this.#failed++
    if (!this.events.wants('captureFailed', journey)) return
    this.events.emit('captureFailed', { name: this.name, cause, failureClass: failureClass(error) }, journey)
  }
}
