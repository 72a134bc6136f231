/** What handlers know about the request they work on, wherever they are. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Priority } from './priority.ts'

/** A request under protection, as its handler sees it. Everything it awaits finds it with {@link currentRequest}. */
export interface RequestContext {
  /** Aborts when the client goes away or the request's time is over. */
  readonly signal: AbortSignal
  /** When the caller stops waiting: milliseconds on the clock of the policies; undefined if it did not say. */
  readonly deadline: number | undefined
  /** The name of the rule. */
  readonly rule: string
  readonly priority: Priority
  /** Milliseconds until the deadline, not below 0; `Infinity` without one. */
  remaining(): number
}

const key = Symbol.for('seaworthy.incoming.current')

/** One for the process, even when two copies of the package are loaded. */
const storage = shared()

function shared(): AsyncLocalStorage<RequestContext> {
  const place = globalThis as { [key]?: AsyncLocalStorage<RequestContext> }
  place[key] ??= new AsyncLocalStorage()
  return place[key]
}

/** The request that this code works on; undefined outside of protected routes. */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore()
}

/**
 * When the caller of the current request stops waiting, for calls that are made on its behalf; undefined if it did not
 * say.
 *
 * @example
 * ```ts
 * import { timeout } from '@seaworthy/flow'
 * import { currentDeadline, currentRequest } from '@seaworthy/http/incoming'
 *
 * const limit = timeout('2s')
 * const loadStock = () =>
 *   limit.execute(({ signal }) => signal.aborted, { deadline: currentDeadline(), signal: currentRequest()?.signal })
 * console.log(await loadStock()) // false
 * ```
 */
export function currentDeadline(): number | undefined {
  return storage.getStore()?.deadline
}

/** Runs `callback` on behalf of a request. For adapters. */
export function runFor(context: RequestContext, callback: () => void): void {
  storage.run(context, callback)
}
