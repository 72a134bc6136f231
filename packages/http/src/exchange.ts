/** What the engine needs to know about one request, whatever client sends it. */
import type { AbortableSignal } from '@seaworthy/core'

/** What a send reaches when it is aborted. */
export interface Abortable {
  abort(reason: unknown): void
  /** Whether that makes the promise of the send reject at once. Asked when it has been sent. @defaultValue `false` */
  readonly settles?: boolean
}

/**
 * What one send gets from the engine.
 *
 * @typeParam R - What the client answers with.
 */
export interface Sending<R = never> {
  /** 1 for the first send. */
  readonly attempt: number
  /** Headers to add to those of the request; undefined when there are none. */
  readonly headers: ReadonlyMap<string, string> | undefined
  /**
   * Aborts this send, and the body of its answer. Made when first read; undefined when nothing can abort it.
   * Clients without signals {@link reach} what they abort instead.
   */
  readonly abortSignal: AbortSignal | undefined
  /** Until when it can be aborted. */
  readonly abortable: 'never' | 'until-answered' | 'until-read'
  /**
   * Says what is aborted together with this send, at once if it has been aborted already: then nothing may be sent. An object and no function: with a function for every request V8 comes to keep what
   * belongs to a request until its next full collection, at a tenth of a request (bench: `requests.1`, resilientDispatcher).
   */
  reach(target: Abortable | undefined): void
  /** An answer came: for sends that return no promise. */
  answer(result: R): void
  /** No answer came: for sends that return no promise. */
  fail(error: unknown): void
}

/**
 * What a caller gives a call up by, where that is no signal of the platform, which is dear to make (15 µs on Node 20) and seldom
 * needed: our own policies only listen.
 */
export interface CallerSignal extends AbortableSignal {
  /** Calls back when it aborts. @returns What forgets the callback. */
  onAbort(callback: (reason: unknown) => void): () => void
  /** The same as a signal of the platform. Made when first read. */
  readonly platform: AbortSignal
}

/**
 * One request: how to send it and how to read its answers. Methods other than `send` must not throw.
 *
 * @typeParam R - What the client answers with.
 */
export interface Exchange<R> {
  /** The method, in capitals. */
  readonly method: string
  /** Scheme, host and port, under which the state of the server is kept. */
  readonly origin: string
  /** The caller's own signal, or what stands for it. */
  readonly signal: AbortSignal | CallerSignal | undefined
  /** Whether the request can be sent once more as it is, given that its body was sent already or is about to be. */
  readonly replayable: boolean
  /** Whether sends always return a promise: where what they reach {@link Abortable.settles} it, it is not raced. @defaultValue `false` */
  readonly promises?: boolean
  /** Looks up a header that the caller gave, whatever the case of its name. */
  header(name: string): string | null | undefined
  /**
   * Sends the request once.
   *
   * @param repeats - Whether another send may follow: if not, nothing needs to be kept for it.
   * @returns The answer; undefined if `sending` will be told.
   */
  send(sending: Sending<R>, repeats: boolean): Promise<R> | undefined
  /** The status of an answer. */
  status(result: R): number
  /** Looks up a header of an answer. */
  headerOf(result: R, name: string): string | null | undefined
  /** The origin that an answer came from; another one after redirects. */
  originOf(result: R): string
  /** Frees an answer that nobody will get. Not awaited. */
  discard(result: R): void
  /**
   * Hands an answer over to the caller. A good one at once, unless policies of the user are between: ours never turn one away, and
   * more of it may come before a promise could be waited for.
   *
   * @param ended - To be called when its body has ended in any way: until then it can be aborted. Undefined when nobody
   *   needs to know.
   */
  deliver(result: R, ended: (() => void) | undefined): R
  /**
   * Whether the server had answered the request with a redirection before this outcome, an answer or an error: then the
   * outcome proves nothing about the request itself.
   */
  passedOn(outcome: unknown): boolean
}
