import type { StreamReading, StreamSource } from './answer-stream.ts'
import { holds } from './handled.ts'

/** Who wants to know how a stream ends. Exactly one of the three is called, once. */
export interface StreamObserver {
  /** It was read to its end. */
  ended(): void
  /** The reader closed it, or its caller gave it up. */
  left(reason: unknown): void
  /** It broke off. @returns What the reader gets. */
  interrupted(error: unknown, delivered: Delivered): unknown
}

/** How much of a stream its reader got. */
interface Delivered {
  readonly chunks: number
  /** Of binary chunks; others have no size. */
  readonly bytes: number
}

/**
 * A stream that is opened by whoever passes it on, up to its first piece, and then read by its receiver: the pieces so far,
 * then the rest.
 */
export class CommittedStream implements StreamReading {
  readonly #source: StreamSource
  readonly #opening: unknown[] = []
  #observer: StreamObserver | undefined
  #chunks = 0
  #bytes = 0
  /** What the reader gets from now on. */
  #end: { readonly error: unknown } | 'done' | undefined
  /** The read that waits. */
  #waiting:
    | { resolve(result: IteratorResult<unknown, unknown>): void; reject(error: unknown): void }
    | undefined
  /** Reads wait for the one before them. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(source: StreamSource) {
    this.#source = source
  }

  /** Reads until the first piece that `commits`, or the end. Rejects if the stream breaks before. */
  async open(commits: (chunk: unknown) => boolean): Promise<void> {
    for (;;) {
      const { done, value } = await this.#source.pull()
      if (done) {
        this.#end = 'done'
        return
      }
      this.#opening.push(value)
      if (holds(commits, value)) return
    }
  }

  /** Hands the stream over. @returns The answer for the receiver. */
  deliver(observer: StreamObserver): unknown {
    this.#observer = observer
    if (this.#end === 'done') this.#leave()?.ended()
    return this.#source.wrap(this)
  }

  /** Lets go of a stream that nobody is to read. */
  discard(reason: unknown): void {
    this.#source.cancel(reason)
  }

  /** The caller gave it up: all reads reject with `reason`, the one that waits at once. */
  abort(reason: unknown): void {
    const observer = this.#leave()
    if (observer === undefined) return
    this.#end = { error: reason }
    this.#waiting?.reject(reason)
    this.#source.cancel(reason)
    observer.left(reason)
  }

  next(): Promise<IteratorResult<unknown, unknown>> {
    const read = this.#last.then(() => this.#read())
    this.#last = read.catch(() => {})
    return read
  }

  close(reason: unknown): void {
    const observer = this.#leave()
    this.#opening.length = 0
    this.#end = 'done'
    if (observer === undefined) return
    this.#waiting?.resolve({ done: true, value: undefined })
    this.#source.cancel(reason)
    observer.left(reason)
  }

  async #read(): Promise<IteratorResult<unknown, unknown>> {
    if (typeof this.#end === 'object') throw this.#end.error
    if (this.#opening.length > 0) return this.#delivered(this.#opening.shift())
    if (this.#end === 'done') return { done: true, value: undefined }
    try {
      const { done, value } = await this.#pull()
      if (!done) return this.#delivered(value)
      this.#end ??= 'done'
      this.#leave()?.ended()
      return { done, value: undefined }
    } catch (error) {
      throw this.#failed(error)
    }
  }

  /** The next piece, unless the stream is given up first. */
  #pull(): Promise<IteratorResult<unknown, unknown>> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#source.pull().then(resolve, reject)
    })
  }

  #failed(error: unknown): unknown {
    if (typeof this.#end === 'object') return this.#end.error
    const observer = this.#leave()
    if (observer === undefined) return error
    const told = observer.interrupted(error, { chunks: this.#chunks, bytes: this.#bytes })
    this.#end = { error: told }
    return told
  }

  #delivered(value: unknown): IteratorResult<unknown, unknown> {
    this.#chunks++
    if (ArrayBuffer.isView(value)) this.#bytes += value.byteLength
    return { done: false, value }
  }

  /** The observer, for its one call. */
  #leave(): StreamObserver | undefined {
    const observer = this.#observer
    this.#observer = undefined
    return observer
  }
}
