import { duration, InvalidOptionError } from '@seaworthy/core'
import { isObject, join } from './description.ts'
import type { ExperimentProblem } from './errors.ts'
import type { Fault } from './fault.ts'
import { faultDescription } from './fault-description.ts'
import { signedDuration } from './signed-duration.ts'

/**
 * Checks a fault. Everything that takes a fault has done so; it is here for tools that read faults from elsewhere.
 *
 * @param path - Where it comes from, for the error. @defaultValue `'fault'`
 * @returns The same object.
 * @throws {@link @seaworthy/core!InvalidOptionError} when it makes no sense; its `option` is the path of the first field that does not.
 *
 * @example
 * ```ts
 * import { parseFault } from '@seaworthy/chaos'
 *
 * const fault = parseFault(JSON.parse('{ "kind": "latency", "delay": "2s", "rate": 0.05 }'))
 * console.log(fault.kind) // latency
 * ```
 */
export function parseFault(fault: unknown, path = 'fault'): Fault {
  const [problem] = faultProblems(fault, path)
  if (problem !== undefined) throw new InvalidFaultError(problem, fault)
  return fault as Fault // It has passed the description of one.
}

/** All that is wrong with a fault. */
export function faultProblems(fault: unknown, path: string): ExperimentProblem[] {
  const problems: ExperimentProblem[] = []
  faultDescription.check(fault, path, problems)
  // What several fields say together makes sense only where each of them does.
  if (problems.length === 0) checkTogether(fault as Fault, path, problems)
  return problems
}

/** An `InvalidOptionError` whose message is the problem as it is. */
class InvalidFaultError extends InvalidOptionError {
  constructor({ path, message }: ExperimentProblem, fault: unknown) {
    super(path, message, fault)
    this.message = `${path} ${message}`
  }
}

function checkTogether(fault: Fault, path: string, problems: ExperimentProblem[]): void {
  if (fault.kind === 'error' && Array.isArray(fault.error)) {
    const total = fault.error.reduce((sum: number, { weight }: { weight: number }) => sum + weight, 0)
    if (total <= 0) problems.push({ path: join(path, 'error'), message: 'must have a weight above 0' })
  }
  if (fault.kind === 'latency' && isObject(fault.delay) && fault.delay.distribution === 'uniform') {
    const { min, max } = fault.delay
    if (duration('max', max) < duration('min', min))
      problems.push({ path: join(path, 'delay.max'), message: 'must not be below delay.min' })
  }
  if (fault.kind === 'skew' && fault.of === 'monotonic' && signedDuration('by', fault.by) < 0) {
    const message = 'must not be below 0: a monotonic clock never goes back'
    problems.push({ path: join(path, 'by'), message })
  }
  if (
    fault.kind === 'stall' &&
    duration('block', fault.block ?? '200ms') >= duration('every', fault.every ?? '2s')
  )
    problems.push({ path: join(path, 'every'), message: 'must be longer than block' })
}
