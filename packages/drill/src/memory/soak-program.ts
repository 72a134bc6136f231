/** What runs in a child while it is soaked. */
import { setImmediate } from 'node:timers/promises'
import { type Clock, systemClock, type Timer } from '@seaworthy/core'
import { answer } from './child-process.ts'
import { type AnyClass, abortListenerCounts, type Counts, instanceCounts } from './gauges.ts'
import { accountObjects, type ObjectAccounts } from './object-accounting.ts'
import { thisProcess } from './this-process.ts'

/** What {@link soakProgram} soaks. */
export interface SoakSubject {
  /** One operation, from beginning to end. A rejection is counted, no more. */
  readonly operation: (number: number) => unknown
  /** Exact sizes of what is held. After the load they must be what they were before. @defaultValue none */
  readonly gauges?: () => Counts | Promise<Counts>
  /** Signals that live longer than an operation: no listener may stay on them. @defaultValue none */
  readonly signals?: Readonly<Record<string, AbortSignal>>
  /** Classes whose live objects are counted, if the soak asks for it. @defaultValue none */
  readonly classes?: Readonly<Record<string, AnyClass>>
}

/** What {@link soakChild} asks of its child, and what it gets. */
export interface SoakQuestions {
  readonly account: { readonly classes: boolean }
  readonly load: { readonly rate: number }
}

/** What a load has come to. */
export interface SoakLoad {
  readonly operations: number
  readonly failures: number
  /** What was still in flight a while after the load. */
  readonly unfinished: number
  /** Exact sizes, without those of classes. */
  readonly counts: Counts
}

/** Milliseconds between the starts of operations; those of one turn start together. */
const turn = 10
/** How long operations have to end after the load, and before a reading. */
const patience = 5000

/**
 * The program of a child for {@link soakChild}: three lines, and what they import. Everything but the operation is on this side of the process boundary only as
 * far as it must be, so that memory of test runners, reports and figures is not in the figures.
 *
 * @example
 * ```ts
 * import { soakProgram } from '@seaworthy/drill'
 *
 * const cache = new Map<number, string>()
 * soakProgram({
 *   operation: (number) => cache.set(number % 100, 'the newest hundred'),
 *   gauges: () => ({ cache: cache.size }),
 * })
 * ```
 */
export function soakProgram(subject: SoakSubject): void {
  const memory = thisProcess()
  const load = new OpenLoad(subject, systemClock)
  const counts = async (): Promise<Counts> => ({
    ...(await subject.gauges?.()),
    ...prefixed('abort listeners of ', abortListenerCounts(subject.signals ?? {})),
  })
  const account = ({ classes }: SoakQuestions['account']): Promise<ObjectAccounts> =>
    accountObjects({
      operation: async () => {
        await load.once()
        await setImmediate()
      },
      counts: async () => ({
        ...(await counts()),
        ...(classes && subject.classes && prefixed('objects of ', instanceCounts(subject.classes))),
      }),
    })
  answer({
    // What is in flight holds memory too, on a busy machine much and little in turn: readings are taken between operations.
    memory: async (collect) => {
      await load.pause()
      const reading = await memory.read(collect === true)
      load.resume()
      return reading
    },
    // The types of both sides of the conversation are in SoakQuestions.
    account: (argument) => account(argument as SoakQuestions['account']),
    load: (argument) => load.start((argument as SoakQuestions['load']).rate),
    finish: async (): Promise<SoakLoad> => ({ ...(await load.finish()), counts: await counts() }),
  })
  // Waits to be asked, and does not outlive who asks.
  process.channel?.ref()
  process.once('disconnect', () => process.exit())
}

const prefixed = (prefix: string, counts: Counts): Counts =>
  Object.fromEntries(Object.entries(counts).map(([name, value]) => [prefix + name, value]))

/** Starts operations at a constant rate, whether or not those before have ended: a slow service does not get less to do. */
class OpenLoad {
  readonly #subject: SoakSubject
  readonly #clock: Clock
  #operations = 0
  #failures = 0
  #inFlight = 0
  #rate = 0
  #timer: Timer | undefined = undefined

  constructor(subject: SoakSubject, clock: Clock) {
    this.#subject = subject
    this.#clock = clock
  }

  async once(): Promise<void> {
    this.#operations++
    this.#inFlight++
    try {
      await this.#subject.operation(this.#operations)
    } catch {
      this.#failures++
    } finally {
      this.#inFlight--
    }
  }

  start(rate: number): void {
    this.#rate = rate
    this.resume()
  }

  /** Starts operations again. What was not started meanwhile is not made up for. */
  resume(): void {
    if (this.#rate === 0) return
    const begin = this.#clock.now()
    const before = this.#operations
    const go = (): void => {
      const due = before + ((this.#clock.now() - begin) * this.#rate) / 1000
      while (this.#operations < due) void this.once()
      this.#timer = this.#clock.setTimer(go, turn)
    }
    go()
  }

  /** Starts no more operations, and waits a while for those in flight. */
  async pause(): Promise<void> {
    this.#timer?.cancel()
    const until = this.#clock.now() + patience
    while (this.#inFlight > 0 && this.#clock.now() < until) await this.#clock.sleep(1)
  }

  async finish(): Promise<Omit<SoakLoad, 'counts'>> {
    this.#rate = 0
    await this.pause()
    return { operations: this.#operations, failures: this.#failures, unfinished: this.#inFlight }
  }
}
