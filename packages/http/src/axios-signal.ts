/**
 * The signal of a send for axios, which asks only for something that can be listened to: to make one of the platform and to
 * listen to it is a tenth of a small request (bench: `requests.1`).
 */
import type { GenericAbortSignal } from 'axios'

/** How axios listens: its own adapters pass functions, and read at most the type of the event. */
type Listener = (this: SendSignal, event: { readonly type: 'abort'; readonly target: SendSignal }) => void

/** A signal without a platform behind it: for the adapters of axios itself, since others may check what they get. */
export class SendSignal implements GenericAbortSignal {
  aborted = false
  reason: unknown = undefined
  onabort: Listener | null = null
  private listener: Listener | undefined = undefined

  /** The adapters of axios listen once. */
  readonly addEventListener = (_type: 'abort', listener: Listener): void => {
    this.listener = listener
  }

  readonly removeEventListener = (_type: 'abort', listener: Listener): void => {
    if (this.listener === listener) this.listener = undefined
  }

  abort(reason: unknown): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    const event = { type: 'abort', target: this } as const
    this.onabort?.call(this, event)
    this.listener?.call(this, event)
    this.listener = undefined
  }
}
