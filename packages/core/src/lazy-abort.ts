/**
 * Something that can be aborted, whose signal is made when somebody reads it: most of them end before, and a signal
 * costs more than the rest of their bookkeeping. For authors of policies.
 */
export class LazyAbort {
  declare private controller: AbortController | undefined
  declare private abortion: { readonly reason: unknown } | undefined

  constructor() {
    this.controller = undefined
    this.abortion = undefined
  }

  /** Made at the first reading. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController()
      if (this.abortion !== undefined) this.controller.abort(this.abortion.reason)
    }
    return this.controller.signal
  }

  /** Aborts it. The first reason stays. */
  protected abort(reason: unknown): void {
    if (this.abortion !== undefined) return
    this.abortion = { reason }
    this.controller?.abort(reason)
  }
}
