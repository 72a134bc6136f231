/** What chaos itself raises. Injected errors look like those of the real world instead; `isInjected` knows them. */
import { SeaworthyError } from '@seaworthy/core'
import { type RefusalReason, refusalReasons } from './gates.ts'

/** An injection was turned away at a gate. `ERR_CHAOS_REFUSED`, class `fatal`: nothing was broken. */
export class ChaosRefusedError extends SeaworthyError {
  override name = 'ChaosRefusedError'
  /** Which gate was closed. */
  readonly reason: RefusalReason
  /** The number of the gate, from 1. */
  readonly gate: number
  /** The injection that was turned away. */
  readonly injection: string

  constructor(injection: string, reason: RefusalReason, explanation: string, cause?: unknown) {
    super('ERR_CHAOS_REFUSED', `injection ${injection} was refused: ${explanation}`, {
      failureClass: 'fatal',
      ...(cause === undefined ? {} : { cause }),
    })
    this.injection = injection
    this.reason = reason
    this.gate = refusalReasons.indexOf(reason) + 1
  }
}

/** One thing that is wrong with an experiment. */
export interface ExperimentProblem {
  /** Where, for example `method[2].for`. */
  readonly path: string
  /** What, for example `must be a duration`. */
  readonly message: string
}

/** A file that is no experiment. `ERR_INVALID_EXPERIMENT`, class `fatal`; `problems` has all that is wrong with it. */
export class InvalidExperimentError extends SeaworthyError {
  override name = 'InvalidExperimentError'
  readonly problems: readonly ExperimentProblem[]

  constructor(problems: readonly ExperimentProblem[]) {
    const lines = problems.map(({ path, message }) => `\n- ${path} ${message}`)
    super('ERR_INVALID_EXPERIMENT', `this is no valid experiment:${lines.join('')}`, {
      failureClass: 'fatal',
      stack: true,
    })
    this.problems = problems
  }
}
