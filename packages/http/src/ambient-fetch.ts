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

/** How undici tells a handler that its request has a connection now. */
interface Handler {
  onConnect?: (abort: (reason: unknown) => void) => void
}

/** The part of undici's dispatchers that its `fetch` uses. */
interface Dispatcher {
  readonly isMockActive?: boolean
  dispatch(options: object, handler: Handler): boolean
}

declare const process: { readonly versions?: { readonly undici?: string } } | undefined

/** The versions that keep their dispatcher there. Others get signals. */
const known = typeof process === 'object' && /^[67]\./.test(process.versions?.undici ?? '')
const globalDispatcher = Symbol.for('undici.globalDispatcher.1')

/** The last implementation that has called a dispatcher which we gave it. Mocks and wrappers may forget it. */
let heeding: unknown

/** What a request of the ambient `fetch` would be sent by; undefined where that cannot be known. */
export function dispatcherOf(init: object | undefined): Dispatcher | undefined {
  if (!known) return undefined
  const own = (init as { dispatcher?: Dispatcher } | undefined)?.dispatcher
  return own ?? (globalThis as { [globalDispatcher]?: Dispatcher })[globalDispatcher]
}

/**
 * One send of a request: passes it to the dispatcher that it was meant for, and keeps what aborts it. A request that was
 * aborted before it had a connection is never sent.
 */
export class Line implements Dispatcher {
  private readonly target: Dispatcher
  private end: ((reason: unknown) => void) | undefined
  private over: { readonly reason: unknown } | undefined

  constructor(target: Dispatcher) {
    this.target = target
    this.end = undefined
    this.over = undefined
  }

  /** Whether it is known to do without a signal. */
  get suffices(): boolean {
    return heeding === globalThis.fetch
  }

  get isMockActive(): boolean {
    return this.target.isMockActive === true
  }

  /** Called by `fetch`, once for every redirection. */
  dispatch(options: object, handler: Handler): boolean {
    const { onConnect } = handler
    if (onConnect !== undefined) {
      heeding = globalThis.fetch
      handler.onConnect = (abort) => {
        this.end = abort
        onConnect.call(handler, abort)
        if (this.over !== undefined) abort(this.over.reason)
      }
    }
    return this.target.dispatch(options, handler)
  }

  /** Ends the connection of the request. */
  abort(reason: unknown): void {
    this.over = { reason }
    this.end?.(reason)
  }
}
