import type { Context } from '@seaworthy/core'

/** One call of an {@link Upstream}, to be settled by the test. */
export interface UpstreamCall {
  readonly context: Context
  succeed(value: unknown): void
  fail(error: unknown): void
}

/** A function whose calls end when and how a test says so. It ignores its signal unless it is `obedient`. */
export class Upstream {
  readonly calls: UpstreamCall[] = []
  readonly #obedient: boolean

  constructor({ obedient = false }: { obedient?: boolean } = {}) {
    this.#obedient = obedient
  }

  readonly run = (context: Context): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (this.#obedient) context.signal.addEventListener('abort', () => reject(context.signal.reason))
      this.calls.push({ context, succeed: resolve, fail: reject })
    })

  /** The call made last, or the one at `index`. */
  call(index: number = this.calls.length - 1): UpstreamCall {
    const call = this.calls[index]
    if (call === undefined) throw new Error(`There is no call ${index}`)
    return call
  }
}
