import type { CallContext, Timer } from '@seaworthy/core'
import type { Allowance } from './gcra.ts'

/**
 * The allowance of one key, and the calls that wait for it in the order they came.
 *
 * A waiting call holds a place in line, not a reserved time: when one leaves, all behind it move up, and
 * nothing has to be given back.
 */
export class Line implements Allowance {
  since: number = Number.NEGATIVE_INFINITY
  passed = 0
  /** Runs while somebody waits: it ends when the first may pass. */
  timer: Timer | undefined = undefined
  /** How many wait. To be read only. */
  length = 0
  private waiting: Set<LineWaiter> | undefined = undefined

  get first(): LineWaiter | undefined {
    return this.waiting?.values().next().value
  }

  join(waiter: LineWaiter): void {
    this.waiting ??= new Set()
    this.waiting.add(waiter)
    this.length++
  }

  leave(waiter: LineWaiter): void {
    if (this.waiting?.delete(waiter)) this.length--
  }
}

/**
 * A call in line. It holds a promise to resolve, never the function to run: that runs where its caller waits.
 */
export class LineWaiter {
  readonly context: CallContext
  readonly since: number
  readonly promise: Promise<void>
  declare resolve: () => void
  declare reject: (error: unknown) => void
  /** Stops listening for an abort. */
  forget: (() => void) | undefined = undefined

  constructor(context: CallContext, since: number) {
    this.context = context
    this.since = since
    this.promise = new Promise<void>((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }
}
