import type { FailureClass } from '@seaworthy/core'
import type { Attempt } from './attempt.ts'
import type { StatusFailure } from './status.ts'

/** An answer on its way through policies that may turn it away: one that is a failure, or any where the policies are the user's. */
export class Reply<R = unknown> {
  declare readonly result: R
  declare readonly status: number
  declare readonly failure: StatusFailure | undefined
  /** Whether another send may mend the failure and is allowed. */
  declare readonly repeat: boolean
  /** Whether another origin answered than the one the request was meant for. */
  declare readonly redirected: boolean
  declare private readonly attempt: Attempt<R>
  /** Whether somebody has it, or nobody will. */
  declare private gone: boolean

  constructor(
    attempt: Attempt<R>,
    result: R,
    status: number,
    failure: StatusFailure | undefined,
    repeat: boolean,
    redirected: boolean,
  ) {
    this.attempt = attempt
    this.result = result
    this.status = status
    this.failure = failure
    this.repeat = repeat
    this.redirected = redirected
    this.gone = false
  }

  get failureClass(): FailureClass | undefined {
    return this.failure?.failureClass
  }

  get retryAfter(): number | 'stop' | undefined {
    return this.failure?.retryAfter
  }

  /** Hands it to the caller. */
  deliver(): R {
    if (this.gone) return this.result
    this.gone = true
    return this.attempt.deliver(this.result)
  }

  /** Nobody will get it. */
  discard(): void {
    if (this.gone) return
    this.gone = true
    this.attempt.discard(this.result)
  }
}
