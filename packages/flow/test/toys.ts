/** Small policies and functions for the tests of this package. */
import {
  type AnyPolicy,
  type CallContext,
  type Clock,
  type Context,
  type Inner,
  type Layer,
  PolicyBase,
  type PolicyDescription,
} from '@seaworthy/core'

/** What retry does, without waits: runs the inner part until it succeeds, `attempts` times at most. */
export function again(attempts: number): AnyPolicy {
  return new Again(attempts)
}

class Again extends PolicyBase {
  readonly #attempts: number

  constructor(attempts: number) {
    super('again', undefined)
    this.#attempts = attempts
  }

  override layers() {
    return [
      {
        kind: 'again',
        recover: (call: { readonly context: CallContext }, _slot: number, error: unknown, inner: Inner) =>
          this.#rerun(call.context, error, inner),
      },
    ]
  }

  override describe(): PolicyDescription[] {
    return [{ kind: this.kind, options: { attempts: this.#attempts } }]
  }

  async #rerun(context: CallContext, failed: unknown, inner: Inner): Promise<unknown> {
    let error = failed
    for (let attempt = 2; attempt <= this.#attempts; attempt++) {
      if (context.aborted) throw context.reason
      try {
        return await inner.run(context.child(attempt))
      } catch (next) {
        error = next
      }
    }
    throw error
  }
}

/** Does something when a call comes, and lets it in or, given an error, turns it away. */
export function onEntry(act: () => void, refusal?: Error): AnyPolicy {
  return new OnEntry(act, refusal)
}

class OnEntry extends PolicyBase {
  readonly #layer: Layer

  constructor(act: () => void, refusal: Error | undefined) {
    super('on-entry', undefined)
    this.#layer = {
      kind: this.kind,
      enter(call) {
        act()
        return refusal && call.refuse(refusal)
      },
    }
  }

  override layers(): readonly Layer[] {
    return [this.#layer]
  }

  override describe(): PolicyDescription[] {
    return []
  }
}

/** How a call ended, and when. */
export interface Ending {
  readonly at: number
  readonly value?: unknown
  readonly error?: unknown
}

/** Notes when and how a promise settles; `ending` is undefined until then. */
export function observe(clock: Clock, promise: Promise<unknown>): { readonly ending: Ending | undefined } {
  const watch: { ending: Ending | undefined } = { ending: undefined }
  promise.then(
    (value) => {
      watch.ending = { at: clock.now(), value }
    },
    (error: unknown) => {
      watch.ending = { at: clock.now(), error }
    },
  )
  return watch
}

/** A function that takes `time` and does not look at its signal. Fails if it is given an error. */
export function takes(clock: Clock, time: number, outcome: unknown): () => Promise<unknown> {
  return async () => {
    await clock.sleep(time)
    if (outcome instanceof Error) throw outcome
    return outcome
  }
}

/** Like {@link takes}, but it fails with the reason of its signal as soon as that aborts. */
export function obeys(clock: Clock, time: number, outcome: unknown): (context: Context) => Promise<unknown> {
  return async ({ signal }) => {
    await clock.sleep(time, signal)
    if (outcome instanceof Error) throw outcome
    return outcome
  }
}

/** A promise and its handles. */
export function deferred<T = unknown>(): {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
} {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((res, rej) => {
    resolve = res
    reject = rej
  })
  return { promise, resolve, reject }
}
