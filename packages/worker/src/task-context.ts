import type { Context } from '@seaworthy/core'
import type { Held } from './hands.ts'

/** What a handler knows about its task. */
export interface TaskContext {
  /**
   * Aborts when the worker gives the task up (a `TaskAbortedError`), or a policy does. Made when first read. Pass it
   * on: work that goes on after that counts for nothing and may run beside its successor.
   */
  readonly signal: AbortSignal
  /** The id of the task. */
  readonly task: string
  /**
   * 1 for the first try; counts failures, and workers that fell silent. Tries of a retry policy around the handler
   * are in `call.attempt`.
   */
  readonly attempt: number
  readonly headers: Readonly<Record<string, string>>
  readonly journey: string | undefined
  /**
   * With idempotency: greater than that of every run of this task before. Give it to what the handler writes to, and
   * let that refuse lower ones, and a run that was thought dead can do no harm. Undefined without.
   */
  readonly fence: number | undefined
  /** Milliseconds since the task was enqueued, when it was handed out. */
  readonly age: number
  /**
   * The context of the policies around the handler. Hand it on to pipelines of your own: `pipeline.execute(fn,
   * context.call)`.
   */
  readonly call: Context
}

/** Getters, so that a handler that reads nothing pays nothing. */
export class HeldTask implements TaskContext {
  declare readonly call: Context
  declare private readonly held: Held

  constructor(held: Held, call: Context) {
    this.call = call
    this.held = held
  }

  get signal(): AbortSignal {
    return this.call.signal
  }

  get task(): string {
    return this.held.delivery.task
  }

  get attempt(): number {
    return this.held.attempt
  }

  get headers(): Readonly<Record<string, string>> {
    return this.held.delivery.headers
  }

  get journey(): string | undefined {
    return this.held.delivery.journey
  }

  get fence(): number | undefined {
    return this.held.grant?.fence
  }

  get age(): number {
    return this.held.delivery.age
  }
}
