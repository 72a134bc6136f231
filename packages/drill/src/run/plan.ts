/** Which scenario is tried on which target, and in which order. */
import { type ChaosTarget, type ScenarioId, scenarioIds, scenarios } from '@seaworthy/chaos'
import type { Random } from '@seaworthy/core'

/** One injection to come, or two at once. */
export type PlannedStep = readonly PlannedInjection[]

/** A scenario on a target. */
export interface PlannedInjection {
  readonly scenario: ScenarioId
  readonly target: string
}

/** What can be tried, and what cannot. */
export interface ChaosPlan {
  readonly steps: readonly PlannedStep[]
  /** Scenarios that no target supports. */
  readonly skipped: readonly ScenarioId[]
}

/**
 * Every scenario at least `rounds` times, on every target that supports it in turn, in an order of its own each round; then pairs.
 *
 * @param random - Where the order comes from.
 */
export function chaosPlan(
  targets: readonly ChaosTarget[],
  rounds: number,
  pairs: number,
  random: Random,
): ChaosPlan {
  const able = new Map<ScenarioId, string[]>()
  for (const id of scenarioIds)
    able.set(
      id,
      targets.filter((target) => supports(target, id)).map((target) => target.id),
    )
  const possible = scenarioIds.filter((id) => able.get(id)?.length)
  const on = (scenario: ScenarioId, round: number): PlannedInjection => {
    const choice = able.get(scenario) as string[]
    return { scenario, target: choice[round % choice.length] as string }
  }
  const steps: PlannedStep[] = []
  for (let round = 0; round < rounds; round++)
    for (const scenario of shuffled(possible, random)) steps.push([on(scenario, round)])
  for (let pair = 0; pair < pairs; pair++) {
    const [first, second] = differentTargets(shuffled(possible, random), pair, on)
    if (first && second) steps.push([first, second])
  }
  return { steps, skipped: scenarioIds.filter((id) => !able.get(id)?.length) }
}

function supports(target: ChaosTarget, id: ScenarioId): boolean {
  return scenarios[id].faults.some(({ kind }) => target.supports.includes(kind))
}

/** Two faults on one target would hide each other. */
function differentTargets(
  order: readonly ScenarioId[],
  pair: number,
  on: (scenario: ScenarioId, round: number) => PlannedInjection,
): readonly (PlannedInjection | undefined)[] {
  const [first, ...others] = order.map((scenario) => on(scenario, pair))
  return [first, others.find(({ target }) => target !== first?.target)]
}

/** Source: R. Durstenfeld, "Algorithm 235: Random permutation" (1964). */
function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items]
  for (let end = result.length - 1; end > 0; end--) {
    const other = Math.floor(random() * (end + 1))
    ;[result[end], result[other]] = [result[other] as T, result[end] as T]
  }
  return result
}
