import type { Socket } from 'node:net'
import type { Clock, Random, Timer } from '@seaworthy/core'

/** What is wrong at present with one direction of a proxy; the same object for all its connections. */
export interface LinkConditions {
  /** How long bytes are under way, in milliseconds. */
  latency: number
  /** By how much more or less, in milliseconds. */
  jitter: number
  /** `Infinity` where there is no limit. */
  bytesPerSecond: number
  /** Nothing gets through, and nothing is lost. */
  stalled: boolean
  /** Nothing gets through, and all of it is lost. */
  dropping: boolean
  /** How many bytes were forwarded, and lost, so far. */
  forwarded: number
  swallowed: number
}

/** Bytes, or what follows the last of them. */
interface Parcel {
  readonly content: Buffer | 'end' | 'reset'
  /** When it arrives, on the clock, if all before it have. */
  due: number
}

/** More than this is not held; the sender has to wait, and the proxy does not become the leak. */
const mostBytesHeld = 2 ** 20

/** How often a second a limited link sends. */
const slicesPerSecond = 10

/** A direction without faults. */
export function faultless(): LinkConditions {
  return { ...noFaults, forwarded: 0, swallowed: 0 }
}

/** What {@link LinkConditions} are where nothing is wrong. */
export const noFaults: Pick<
  LinkConditions,
  'latency' | 'jitter' | 'bytesPerSecond' | 'stalled' | 'dropping'
> = { latency: 0, jitter: 0, bytesPerSecond: Number.POSITIVE_INFINITY, stalled: false, dropping: false }

/**
 * One direction of one connection: a queue between two sockets. Everything leaves in the order in which it came, the end of
 * the stream too.
 */
export class TcpLink {
  readonly #source: Socket
  readonly #sink: Socket
  readonly #conditions: LinkConditions
  readonly #clock: Clock
  readonly #random: Random
  readonly #onForward: () => void
  #queue: Parcel[] = []
  #held = 0
  /** Until then a limited link has sent enough. */
  #idleUntil = 0
  #timer: Timer | undefined
  #sinkIsFull = false
  #severed = false
  #hasHole = false

  constructor(
    source: Socket,
    sink: Socket,
    conditions: LinkConditions,
    { clock, random }: { readonly clock: Clock; readonly random: Random },
    onForward: () => void,
  ) {
    this.#source = source
    this.#sink = sink
    this.#conditions = conditions
    this.#clock = clock
    this.#random = random
    this.#onForward = onForward
    const goOn = (): void => {
      this.#sinkIsFull = false
      this.flow()
    }
    sink.on('drain', goOn)
    sink.on('close', goOn)
    this.flow()
  }

  /** Whether bytes were lost, so that what follows them makes no sense. */
  get hasHole(): boolean {
    return this.#hasHole
  }

  /** Takes what the source said. */
  send(content: Buffer | 'end' | 'reset'): void {
    if (this.#severed) return
    const { latency, jitter } = this.#conditions
    const delay = jitter === 0 ? latency : latency + jitter * (2 * this.#random() - 1)
    this.#queue.push({ content, due: this.#clock.now() + delay })
    this.#held += lengthOf(content)
    this.flow()
  }

  /** Loses bytes of the source before they get here. */
  lose(bytes: Buffer): void {
    this.#conditions.swallowed += bytes.length
    this.#hasHole = true
  }

  /** Forgets how long things were to be under way, and sends them. */
  hurry(): void {
    this.#idleUntil = 0
    for (const parcel of this.#queue) parcel.due = 0
    this.flow()
  }

  /** Forwards nothing from now on, and reads on, so that the source can end. */
  sever(): void {
    this.#severed = true
    this.#queue = []
    this.#held = 0
    this.#timer?.cancel()
    this.#source.resume()
  }

  /** Forwards what may leave now, and sets a timer for what may leave later. */
  flow(): void {
    if (this.#severed) return
    this.#timer?.cancel()
    this.#timer = undefined
    while (!this.#sinkIsFull) {
      const parcel = this.#queue[0]
      if (parcel === undefined) break
      if (this.#conditions.dropping || this.#sink.destroyed) this.#swallow(parcel)
      else if (this.#conditions.stalled) break
      else {
        const wait = Math.max(parcel.due, this.#idleUntil) - this.#clock.now()
        if (wait > 0) {
          this.#timer = this.#clock.setTimer(() => this.flow(), wait)
          break
        }
        this.#forward(parcel)
      }
    }
    this.#admit()
  }

  /** Lets the source go on where there is room. Where there is none, the kernel makes the sender wait. */
  #admit(): void {
    const full = this.#held >= mostBytesHeld || (this.#conditions.stalled && !this.#conditions.dropping)
    if (full) this.#source.pause()
    else if (this.#source.isPaused()) this.#source.resume()
  }

  #swallow(parcel: Parcel): void {
    this.#queue.shift()
    this.#held -= lengthOf(parcel.content)
    this.#conditions.swallowed += lengthOf(parcel.content)
    this.#hasHole = true
  }

  #forward(parcel: Parcel): void {
    this.#queue.shift()
    this.#held -= lengthOf(parcel.content)
    if (parcel.content === 'end') this.#sink.end()
    else if (parcel.content === 'reset') this.#sink.resetAndDestroy()
    else this.#write(parcel.content, parcel.due)
  }

  #write(bytes: Buffer, due: number): void {
    const { bytesPerSecond } = this.#conditions
    const slice = Math.min(bytes.length, Math.max(1, Math.floor(bytesPerSecond / slicesPerSecond)))
    if (slice < bytes.length) {
      this.#queue.unshift({ content: bytes.subarray(slice), due })
      this.#held += bytes.length - slice
    }
    this.#idleUntil = Math.max(this.#idleUntil, this.#clock.now()) + (slice / bytesPerSecond) * 1000
    this.#conditions.forwarded += slice
    this.#sinkIsFull = !this.#sink.write(bytes.subarray(0, slice))
    this.#onForward()
  }
}

const lengthOf = (content: Parcel['content']): number => (typeof content === 'string' ? 0 : content.length)
