/**
 * The `fetch` of the process, and how to end its requests without a signal.
 *
 * On Node a signal makes a request of `fetch` about 15 microseconds dearer, more than all of our own work (bench:
 * `requests.1`). Where only our own time limit may end a request, it goes without one: undici, which is Node's `fetch`, lets
 * everybody choose the dispatcher of a request, and a dispatcher is told how to abort.
 */
import type { SendFetch } from './redirects.ts'

/** `globalThis.fetch`, looked up at every call. */
export const ambientFetch: SendFetch = (input, init) => globalThis.fetch(input, init)

/** The part that we use of how undici's `fetch` hears of its request. */
interface Handler {
  onConnect?: (abort: Abort) => void
  onError?: (error: unknown) => void
  /** What `onConnect` was told. */
  abort?: Abort | null
}

type Abort = (reason: unknown) => void

/** The part of undici's dispatchers that its `fetch` uses. */
interface Dispatcher {
  readonly isMockActive?: boolean
  dispatch(options: object, handler: Handler): boolean
}

declare const process: { readonly versions?: { readonly undici?: string } } | undefined

/** The versions that keep their dispatcher there. Others get signals. */
const known = typeof process === 'object' && /^[67]\./.test(process.versions?.undici ?? '')
const globalDispatcher = Symbol.for('undici.globalDispatcher.1')

/** The last implementation that has called a dispatcher which we gave it, as expected. Mocks and wrappers may forget it. */
let heeding: unknown
/** Whether that is Node's own, and not something around it that may take time of its own. */
let isOwn = false

/** What a request of the ambient `fetch` would be sent by; undefined where that cannot be known. */
export function dispatcherOf(init: object | undefined): Dispatcher | undefined {
  if (!known) return undefined
  const own = (init as { dispatcher?: Dispatcher } | undefined)?.dispatcher
  return own ?? (globalThis as { [globalDispatcher]?: Dispatcher })[globalDispatcher]
}

/**
 * One send of a request: passes it to the dispatcher that it was meant for, and keeps whom to tell that it is over. A request that was
 * aborted before it had a connection is never sent.
 */
export class Line implements Dispatcher {
  private readonly target: Dispatcher
  private handler: Handler | undefined
  private over: { readonly reason: unknown } | undefined

  constructor(target: Dispatcher) {
    this.target = target
    this.handler = undefined
    this.over = undefined
  }

  /** Whether it is known to do without a signal. */
  get suffices(): boolean {
    return heeding === globalThis.fetch
  }

  /** Whether `fetch` rejects at once when it is told that its request has failed. */
  get settles(): boolean {
    return isOwn && heeding === globalThis.fetch && this.handler !== undefined
  }

  get isMockActive(): boolean {
    return this.target.isMockActive === true
  }

  /** Called by `fetch`, once for every redirection. */
  dispatch(options: object, handler: Handler): boolean {
    if (this.over !== undefined) {
      handler.onError?.(this.over.reason)
      return true
    }
    this.handler = handler
    if (heeding !== globalThis.fetch) learnFrom(handler)
    return this.target.dispatch(options, handler)
  }

  /** Ends the connection of the request, and tells `fetch`, whatever the dispatchers behind it make of that. */
  abort(reason: unknown): void {
    this.over = { reason }
    const { handler } = this
    if (handler === undefined) return
    if (typeof handler.abort === 'function') handler.abort(reason)
    else handler.onConnect = (abort) => abort(reason)
    handler.onError?.(reason)
  }
}

/** Sees whether the `fetch` of now keeps what aborts its request where we expect it. */
function learnFrom(handler: Handler): void {
  const { fetch } = globalThis
  const { onConnect } = handler
  if (onConnect === undefined || typeof handler.onError !== 'function') return
  handler.onConnect = (abort) => {
    onConnect.call(handler, abort)
    if (handler.abort !== abort) return
    heeding = fetch
    // Only Node's own has this in its text.
    isOwn = /\bfetchImpl\b|\blazyUndici\b/.test(Function.prototype.toString.call(fetch))
  }
}
