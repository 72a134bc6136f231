/** Keeps the event stream open: reads it, notices when it is gone or silent, and comes back after a pause that grows. */
import type { Api } from './api.ts'
import { ApiError } from './api.ts'
import { EventStreamParser, type StreamEvent } from './model/event-stream.ts'

export type ConnectionState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'live' }
  /** Tries again at `retryAt` on the reader's clock. */
  | { readonly phase: 'lost'; readonly retryAt: number; readonly why: string }

/** The server sends something every 15 seconds. */
const longestSilence = 35_000
const firstPause = 1000
const longestPause = 15_000

interface Listener {
  onEvent(event: StreamEvent): void
  onState(state: ConnectionState): void
  /** The token counts no more. */
  onRefused(): void
}

export class Connection {
  readonly #api: Api
  readonly #listener: Listener
  #attempt = new AbortController()
  #timer = 0
  #failures = 0

  constructor(api: Api, listener: Listener) {
    this.#api = api
    this.#listener = listener
    void this.#run()
  }

  /** Tries now, if it is not connected. */
  hurry(): void {
    if (this.#timer === 0) return
    clearTimeout(this.#timer)
    this.#timer = 0
    void this.#run()
  }

  /** Begins anew, with a new snapshot. */
  restart(): void {
    this.close()
    this.#failures = 0
    void this.#run()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = 0
    this.#attempt.abort(closed)
  }

  async #run(): Promise<void> {
    this.#timer = 0
    this.#listener.onState({ phase: 'connecting' })
    const attempt = new AbortController()
    const { signal } = attempt
    this.#attempt = attempt
    let why = 'The service has ended the connection.'
    let asked: number | undefined
    try {
      asked = await this.#read(attempt)
    } catch (error) {
      if (signal.reason === closed) return
      if (error instanceof ApiError && error.status === 401) return this.#listener.onRefused()
      why = error instanceof ApiError ? error.message : 'The connection was lost.'
    }
    if (signal.reason === closed) return
    const pause = Math.max(asked ?? 0, Math.min(longestPause, firstPause * 2 ** this.#failures))
    this.#failures++
    // Pages that lost the service at one moment do not come back at one moment.
    const delay = pause * (0.75 + Math.random() / 2)
    this.#listener.onState({ phase: 'lost', retryAt: Date.now() + delay, why })
    this.#timer = setTimeout(() => void this.#run(), delay)
  }

  /** @returns The pause that the server asks for, once the stream has ended. */
  async #read(attempt: AbortController): Promise<number | undefined> {
    let silence = setTimeout(() => attempt.abort(), longestSilence)
    try {
      // The DOM's types of the two ends differ by the kinds of buffers they name.
      const text = new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>
      const reader = (await this.#api.stream(attempt.signal)).pipeThrough(text).getReader()
      const parser = new EventStreamParser((event) => this.#deliver(event))
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return parser.retry
        clearTimeout(silence)
        silence = setTimeout(() => attempt.abort(), longestSilence)
        parser.feed(value)
      }
    } finally {
      clearTimeout(silence)
      // A stream that could not be read is let go.
      attempt.abort(ended)
    }
  }

  #deliver(event: StreamEvent): void {
    if (event.type === 'snapshot') {
      this.#failures = 0
      this.#listener.onState({ phase: 'live' })
    }
    this.#listener.onEvent(event)
  }
}

const closed = new DOMException('closed', 'AbortError')
const ended = new DOMException('ended', 'AbortError')
