/** Ends a command before its time: in order at the first signal, at once at the second. */
import { exitCodes } from './exit-codes.ts'

/** What sends signals. `process` is one. */
export interface Signals {
  on(signal: 'SIGINT' | 'SIGTERM', listener: (signal: 'SIGINT' | 'SIGTERM') => void): unknown
  off(signal: 'SIGINT' | 'SIGTERM', listener: (signal: 'SIGINT' | 'SIGTERM') => void): unknown
}

/** The wish to end, and what has to be done if there is no time to end in order. */
export class Interruption {
  readonly #stopping = new AbortController()
  readonly #emergencies = new Set<() => void>()
  readonly #exit: (code: number) => void
  readonly #say: (text: string) => void
  #code: number | undefined = undefined

  /**
   * @param exit - Ends the process.
   * @param say - Tells who is waiting what happens.
   */
  constructor(exit: (code: number) => void, say: (text: string) => void) {
    this.#exit = exit
    this.#say = say
  }

  /** Aborts when the command should end in order. */
  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  /** 130 or 143 after a signal. */
  get code(): number | undefined {
    return this.#code
  }

  /** Ends the command in order. */
  stop(cause: string): void {
    this.#stopping.abort(cause)
  }

  /**
   * Names something that must not outlive the process.
   *
   * @param undo - Has to do its work before it returns.
   * @returns Forgets it.
   */
  inEmergency(undo: () => void): () => void {
    this.#emergencies.add(undo)
    return () => this.#emergencies.delete(undo)
  }

  /** Follows signals. @returns Ends that. */
  follow(signals: Signals): () => void {
    const hear = (signal: 'SIGINT' | 'SIGTERM'): void => {
      if (this.#code !== undefined) {
        this.leave(this.#code)
        return
      }
      this.#code = signal === 'SIGINT' ? exitCodes.interrupt : exitCodes.terminate
      this.#say(`${signal}: taking everything back; once more to end at once`)
      this.stop(signal)
    }
    signals.on('SIGINT', hear)
    signals.on('SIGTERM', hear)
    return () => {
      signals.off('SIGINT', hear)
      signals.off('SIGTERM', hear)
    }
  }

  /** Ends the process at once, after what must not outlive it. */
  leave(code: number): void {
    for (const undo of [...this.#emergencies]) {
      try {
        undo()
      } catch {
        // The others have to be done all the same.
      }
    }
    this.#exit(code)
  }
}
