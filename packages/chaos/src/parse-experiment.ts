import { type Duration, duration } from '@seaworthy/core'
import { suggestion } from './description.ts'
import { type ExperimentProblem, InvalidExperimentError } from './errors.ts'
import type { Experiment, InjectStep, Step } from './experiment.ts'
import { experimentDescription } from './experiment-description.ts'
import type { Fault } from './fault.ts'
import { faultProblems } from './parse-fault.ts'
import { extensionScenarios, scenarios } from './scenarios.ts'

/**
 * Reads an experiment from parsed JSON.
 *
 * @returns The same object.
 * @throws {@link InvalidExperimentError} that lists all that is wrong, each with its path.
 *
 * @example
 * ```ts
 * import { parseExperiment } from '@seaworthy/chaos'
 *
 * try {
 *   parseExperiment({ version: 1, title: 'Outage', steadyState: { probes: [] }, metod: [] })
 * } catch (error) {
 *   console.log((error as Error).message.includes('did you mean "method"?')) // true
 * }
 * ```
 */
export function parseExperiment(json: unknown): Experiment {
  const problems: ExperimentProblem[] = []
  experimentDescription.check(json, '', problems)
  // What several fields say together makes sense only where each of them does.
  if (problems.length === 0) checkTogether(json as Experiment, problems)
  if (problems.length > 0) throw new InvalidExperimentError(problems)
  return json as Experiment // It has passed the description of one.
}

/** The faults of a step, with what it overrides. Overrides go to those faults of a scenario that have such fields. */
export function faultsOf({ inject, with: overrides = {} }: InjectStep): readonly Fault[] {
  const given = givenFaults(inject)
  if (Object.keys(overrides).length === 0) return given
  const changed = given.map((fault) => ({ ...fault, ...overrides }) as Fault)
  if (typeof inject !== 'string') return changed
  return changed.map((fault, index) =>
    faultProblems(fault, '').length === 0 ? fault : (given[index] as Fault),
  )
}

function givenFaults(inject: InjectStep['inject']): readonly Fault[] {
  if (typeof inject === 'string') return knownScenario(inject)?.faults ?? []
  return Array.isArray(inject) ? inject : [inject as Fault]
}

/** A scenario by its id, of the ten or the further ones. */
export function knownScenario(id: string): (typeof all)[string] | undefined {
  return Object.hasOwn(all, id) ? all[id] : undefined
}

const all: Readonly<Record<string, (typeof scenarios)['provider_timeout']>> = {
  ...scenarios,
  ...extensionScenarios,
}

function checkTogether(experiment: Experiment, problems: ExperimentProblem[]): void {
  const { steadyState, method, targets, limits } = experiment
  const probes = steadyState.probes.map(({ id }) => id)
  for (const [index, { metric, call }] of steadyState.probes.entries()) {
    if ((metric === undefined) === (call === undefined))
      problems.push({ path: `steadyState.probes[${index}]`, message: 'must have either a metric or a call' })
  }
  for (const [list, names] of Object.entries({
    'steadyState.probes': probes,
    targets: targets?.map(({ id }) => id) ?? [],
    expect: experiment.expect?.map(({ id }) => id) ?? [],
  }))
    checkUnique(list, names, problems)
  const known = targets?.map(({ id }) => id)
  const longest = duration('maxDuration', limits?.maxDuration ?? '10m')
  let latest = 0
  for (const [index, step] of method.entries()) {
    const path = `method[${index}]`
    latest = checkTime(step, path, latest, problems)
    if ('inject' in step) checkInjection(step, path, known, longest, problems)
    if ('probe' in step && !probes.includes(step.probe))
      problems.push({
        path: `${path}.probe`,
        message: `is none of the probes ${probes.join(', ')}${suggestion(step.probe, probes)}`,
      })
  }
}

function checkUnique(list: string, names: readonly string[], problems: ExperimentProblem[]): void {
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) < index)
      problems.push({ path: `${list}[${index}].id`, message: `is taken: ${JSON.stringify(name)}` })
  }
}

function checkTime(step: Step, path: string, latest: number, problems: ExperimentProblem[]): number {
  const at = 'at' in step && step.at !== undefined ? duration('at', step.at as Duration) : latest
  if (at < latest) problems.push({ path: `${path}.at`, message: 'is before the step before it' })
  return Math.max(at, latest)
}

function checkInjection(
  step: InjectStep,
  path: string,
  targets: readonly string[] | undefined,
  longest: number,
  problems: ExperimentProblem[],
): void {
  const { inject, on, for: time, with: overrides } = step
  for (const id of typeof on === 'string' ? [on] : on) {
    if (targets?.includes(id) === false)
      problems.push({
        path: `${path}.on`,
        message: `is none of the targets ${targets.join(', ')}${suggestion(id, targets)}`,
      })
  }
  if (duration('for', time) > longest)
    problems.push({ path: `${path}.for`, message: 'is longer than limits.maxDuration' })
  if (typeof inject === 'string' && knownScenario(inject) === undefined) {
    const names = Object.keys(all)
    const message = `must be a scenario: one of ${names.join(', ')}${suggestion(inject, names)}`
    problems.push({ path: `${path}.inject`, message })
    return
  }
  if (typeof inject !== 'string') {
    for (const [index, fault] of faultsOf(step).entries())
      problems.push(
        ...faultProblems(fault, Array.isArray(inject) ? `${path}.inject[${index}]` : `${path}.inject`),
      )
  } else if (overrides !== undefined) {
    const merged = givenFaults(inject).map((fault) =>
      faultProblems({ ...fault, ...overrides }, `${path}.with`),
    )
    const [first] = merged
    if (first !== undefined && merged.every(({ length }) => length > 0)) problems.push(...first)
  }
}
