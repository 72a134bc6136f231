/** Messages to send, in order, at most so many. */

/** What a crash of the connection does to a message that was handed over and not confirmed. */
export type Delivery = 'at-most-once' | 'at-least-once'

/** What goes when there is no room. */
export type OutboxOverflow = 'reject-newest' | 'drop-oldest'

/** How many messages ended how. */
export interface OutboxCounts {
  /** Handed over, and confirmed if the connection confirms. */
  readonly sent: number
  /** Turned away or dropped for want of room. */
  readonly dropped: number
  /** Handed over when the connection broke, under `at-most-once`. */
  readonly lost: number
  /** Impossible to send: handing them over threw. */
  readonly refused: number
}

/** A message and what became of it. */
export interface Letter<Out> {
  readonly message: Out
  /** The epoch of the connection that has it; 0 while it waits. */
  sentOn: number
  /** What handing it over threw. */
  refusal: { readonly error: unknown } | undefined
}

/** What an outbox sends over. */
export interface Carrier<Out> {
  readonly epoch: number
  /** Whether it is still the connection. */
  isCurrent(): boolean
  send(message: Out): unknown
  /** It broke. */
  lost(error: unknown): void
}

/** A bounded queue of messages that goes on over the next connection. */
export class Outbox<Out> {
  private readonly limit: number
  private readonly delivery: Delivery
  private readonly letters: Letter<Out>[] = []
  private readonly totals = { sent: 0, dropped: 0, lost: 0, refused: 0 }
  private carrying = false
  /** Those who wait until it is empty. */
  private flushers: Array<{ readonly resolve: () => void; readonly reject: (error: unknown) => void }> = []
  /** Called when a message could not be sent. */
  onRefused: () => void = () => {}

  constructor(limit: number, delivery: Delivery) {
    this.limit = limit
    this.delivery = delivery
  }

  get size(): number {
    return this.letters.length
  }

  get isFull(): boolean {
    return this.letters.length >= this.limit
  }

  /** How many wait until it is empty. */
  get waiting(): number {
    return this.flushers.length
  }

  get counts(): OutboxCounts {
    return { ...this.totals }
  }

  /** Puts a message at the end. The outbox must not be full. */
  add(message: Out): Letter<Out> {
    const letter: Letter<Out> = { message, sentOn: 0, refusal: undefined }
    this.letters.push(letter)
    return letter
  }

  /** There was no room for somebody. */
  drop(overflow: OutboxOverflow): void {
    this.totals.dropped++
    if (overflow === 'drop-oldest') this.letters.shift()
  }

  /** Hands over what waits, in order. A message that comes meanwhile is sent last. */
  carry(carrier: Carrier<Out>): void {
    if (this.carrying) return
    this.carrying = true
    try {
      for (
        let letter = this.firstFor(carrier.epoch);
        letter !== undefined && carrier.isCurrent();
        letter = this.firstFor(carrier.epoch)
      ) {
        this.hand(letter, carrier)
      }
    } finally {
      this.carrying = false
    }
  }

  /** Resolves when it is empty. */
  flushed(): Promise<void> {
    if (this.letters.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => this.flushers.push({ resolve, reject }))
  }

  /** Forgets everything. @param error - What those get who wait for its end. @returns How many messages there were. */
  discard(error: unknown): number {
    for (const { reject } of this.flushers.splice(0)) reject(error)
    return this.letters.splice(0).length
  }

  /** Everything before it has been handed to this connection. */
  private firstFor(epoch: number): Letter<Out> | undefined {
    return this.letters.find(({ sentOn }) => sentOn !== epoch)
  }

  private hand(letter: Letter<Out>, carrier: Carrier<Out>): void {
    letter.sentOn = carrier.epoch
    const once = this.delivery === 'at-most-once'
    if (once) this.remove(letter)
    let confirmed: unknown
    try {
      confirmed = carrier.send(letter.message)
    } catch (error) {
      this.totals.refused++
      letter.refusal = { error }
      this.remove(letter)
      this.onRefused()
      this.tellIfEmpty()
      return
    }
    if (!isPromise(confirmed)) {
      this.done(letter)
      return
    }
    confirmed.then(
      () => this.done(letter),
      (error) => {
        if (once) this.totals.lost++
        this.tellIfEmpty()
        carrier.lost(error)
      },
    )
  }

  private done(letter: Letter<Out>): void {
    // One that was dropped, or sent again meanwhile, counts once.
    if (this.remove(letter) || this.delivery === 'at-most-once') this.totals.sent++
    this.tellIfEmpty()
  }

  private remove(letter: Letter<Out>): boolean {
    const index = this.letters.indexOf(letter)
    if (index >= 0) this.letters.splice(index, 1)
    return index >= 0
  }

  private tellIfEmpty(): void {
    if (this.letters.length > 0) return
    for (const { resolve } of this.flushers.splice(0)) resolve()
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
