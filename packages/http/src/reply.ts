import type { FailureClass } from '@seaworthy/core'
import type { Attempt } from './attempt.ts'
import type { Exchange } from './exchange.ts'
import type { StatusFailure } from './status.ts'

/** An answer on its way through the policies. */
export class Reply<R = unknown> {
  declare readonly result: R
  declare readonly status: number
  declare readonly failure: StatusFailure | undefined
  /** Whether another send may mend the failure and is allowed. */
  declare readonly repeat: boolean
  /** Whether another origin answered than the one the request was meant for. */
  declare readonly redirected: boolean
  declare private readonly exchange: Exchange<R>
  declare private readonly attempt: Attempt<R>
  /** Whether somebody has it, or nobody will. */
  declare private gone: boolean

  constructor(
    exchange: Exchange<R>,
    attempt: Attempt<R>,
    result: R,
    status: number,
    failure: StatusFailure | undefined,
    repeat: boolean,
    redirected: boolean,
  ) {
    this.exchange = exchange
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

  /** Hands it to the caller, who has it already if it was in a hurry: only its body can be aborted from now on. */
  deliver(): R {
    const { attempt, exchange, result } = this
    if (this.gone) return result
    this.gone = true
    return exchange.deliver(result, attempt.bodyAbortable ? () => attempt.release() : undefined)
  }

  /** Nobody will get it. */
  discard(): void {
    if (this.gone) return
    this.gone = true
    this.attempt.release()
    this.exchange.discard(this.result)
  }
}
