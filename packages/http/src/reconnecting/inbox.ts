/** Messages that came and were not taken yet, at most so many; and those who wait for them. */

interface Taker<In> {
  readonly resolve: (result: IteratorResult<In, undefined>) => void
  readonly reject: (error: unknown) => void
}

type End = { readonly error: unknown } | 'done'

/** A bounded queue between a source that pushes and loops that pull. */
export class Inbox<In> {
  private readonly limit: number
  private readonly messages: In[] = []
  private readonly takers: Taker<In>[] = []
  private room: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined = undefined
  private end: End | undefined = undefined

  constructor(limit: number) {
    this.limit = limit
  }

  get size(): number {
    return this.messages.length
  }

  get isFull(): boolean {
    return this.messages.length >= this.limit
  }

  /** How many loops wait for a message. */
  get waiting(): number {
    return this.takers.length
  }

  /** Adds a message. @returns A promise of room, if it is full now. */
  push(message: In): Promise<void> | undefined {
    if (this.end !== undefined) return undefined
    const taker = this.takers.shift()
    if (taker === undefined) this.messages.push(message)
    else taker.resolve({ done: false, value: message })
    return this.roomAgain()
  }

  /** Forgets the oldest message. */
  dropOldest(): void {
    this.messages.shift()
  }

  /** The next message; the end when there are no more. */
  take(): Promise<IteratorResult<In, undefined>> {
    if (this.messages.length > 0) {
      const value = this.messages.shift() as In // There is one.
      if (!this.isFull) this.giveRoom()
      return Promise.resolve({ done: false, value })
    }
    const { end } = this
    if (end === 'done') return Promise.resolve({ done: true, value: undefined })
    if (end !== undefined) {
      this.end = 'done' // An error is thrown once.
      return Promise.reject(end.error)
    }
    return new Promise((resolve, reject) => this.takers.push({ resolve, reject }))
  }

  /** No more messages come. Those that are here can still be taken, unless they are to be forgotten. */
  finish(end: End, forget: boolean): void {
    if (this.end !== undefined) return
    this.end = end
    if (forget) this.messages.length = 0
    this.giveRoom()
    const [first, ...others] = this.takers.splice(0)
    if (first !== undefined) this.take().then(first.resolve, first.reject)
    for (const taker of others) taker.resolve({ done: true, value: undefined })
  }

  /** A promise of room, if it is full. */
  roomAgain(): Promise<void> | undefined {
    if (!this.isFull) return undefined
    if (this.room === undefined) {
      let resolve = (): void => {}
      const promise = new Promise<void>((done) => {
        resolve = done
      })
      this.room = { promise, resolve }
    }
    return this.room.promise
  }

  private giveRoom(): void {
    this.room?.resolve()
    this.room = undefined
  }
}
