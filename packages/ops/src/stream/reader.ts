/** One who reads the stream, as fast as they can: what they are too slow for is left out, and made good by a snapshot. */
import type { Clock } from '@seaworthy/core'

/** So much may wait for a reader, in bytes; plus the event that was written last. */
const mostWaiting = 262_144
const heartbeatAfter = 15_000

export class StreamReader {
  readonly body: ReadableStream<Uint8Array>
  /** When it began. */
  readonly openedAt: number
  /** The number of the last transition that it has. */
  seq = 0
  /** Whether it has missed something. */
  behind = false
  readonly #clock: Clock
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined = undefined
  #sentAt: number

  /** @param onGone - Called once, when the reader has gone away by itself. */
  constructor(clock: Clock, onGone: (reader: StreamReader) => void) {
    this.#clock = clock
    this.openedAt = clock.now()
    this.#sentAt = clock.now()
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        cancel: () => {
          this.#controller = undefined
          onGone(this)
        },
      },
      { highWaterMark: mostWaiting, size: (chunk) => chunk.byteLength },
    )
  }

  /** Whether there is room. */
  get ready(): boolean {
    return (this.#controller?.desiredSize ?? 0) > 0
  }

  /** Writes an event if there is room; otherwise the reader is {@link behind}. */
  send(event: string, data: object, id?: string): boolean {
    if (!this.ready) {
      this.behind = true
      return false
    }
    this.#write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    return true
  }

  /** Writes something that everybody ignores, if nothing was written for a while: proxies close what is silent. */
  keepAlive(): void {
    if (this.ready && this.#clock.now() - this.#sentAt >= heartbeatAfter) this.#write(': still here\n\n')
  }

  /** How long the browser waits before it comes back, in milliseconds. */
  retryAfter(milliseconds: number): void {
    this.#write(`retry: ${milliseconds}\n\n`)
  }

  end(): void {
    const controller = this.#controller
    this.#controller = undefined
    controller?.close()
  }

  #write(text: string): void {
    this.#sentAt = this.#clock.now()
    this.#controller?.enqueue(encoder.encode(text))
  }
}

const encoder = new TextEncoder()
