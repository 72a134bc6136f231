/** What control of drills raises. */
import type { RefusalReason } from '@seaworthy/chaos'
import { SeaworthyError } from '@seaworthy/core'

/** Why control did not do what it was asked for. */
export type DrillControlErrorCode =
  /** There is nothing of that id, or it was forgotten. */
  | 'ERR_DRILL_NOT_FOUND'
  /** The request makes no sense; `problems` says where. */
  | 'ERR_DRILL_INVALID'
  /** As many run as may. */
  | 'ERR_DRILL_LIMIT'
  /** The key of the request was used for another one. */
  | 'ERR_DRILL_DUPLICATE'
  /** It has not ended yet. */
  | 'ERR_DRILL_RUNNING'
  /** It has ended, and nothing can be done with it any more. */
  | 'ERR_DRILL_ENDED'
  /** A gate is closed; `reason` says which. Nothing was broken. */
  | 'ERR_DRILL_REFUSED'

/** One thing that is wrong with a request. */
export interface ControlProblem {
  /** Where, for example `duration`, or `nodes.web.calls[0].to`. */
  readonly path: string
  /** What, for example `must be a number from 0 to 1; got 2`. */
  readonly message: string
}

/** Control did not do what it was asked for. Class `fatal`: the same request comes to the same, for now. */
export class DrillControlError extends SeaworthyError {
  override name = 'DrillControlError'
  declare readonly code: DrillControlErrorCode
  /** All that is wrong with the request. Empty unless it makes no sense. */
  readonly problems: readonly ControlProblem[]
  /** Which gate was closed. Undefined unless one was. */
  readonly reason: RefusalReason | undefined

  constructor(
    code: DrillControlErrorCode,
    message: string,
    {
      problems = [],
      reason,
      cause,
    }: { problems?: readonly ControlProblem[]; reason?: RefusalReason; cause?: unknown } = {},
  ) {
    super(code, message, { failureClass: 'fatal', ...(cause === undefined ? {} : { cause }) })
    this.problems = problems
    this.reason = reason
  }
}

/** A request that makes no sense. */
export function invalidRequest(problems: readonly ControlProblem[], cause?: unknown): DrillControlError {
  const lines = problems.map(({ path, message }) => `${path} ${message}`)
  return new DrillControlError('ERR_DRILL_INVALID', `the request makes no sense: ${lines.join('; ')}`, {
    problems,
    ...(cause === undefined ? {} : { cause }),
  })
}
