/** Which kinds of trouble a run has. */
import { decisionStream } from './decisions.ts'
import type { ScenarioId } from './scenario.ts'
import { scenarioIds } from './scenarios.ts'

/**
 * A random part of the families of faults; the rest is left out of the run altogether. With everything in every run, faults that
 * hide others hide them always. One seed in 16 has no faults at all, every other at least one family.
 *
 * Source: A. Groce and others, "Swarm testing" (2012).
 *
 * @param families - @defaultValue the ten scenarios
 *
 * @example
 * ```ts
 * import { swarm } from '@seaworthy/chaos'
 *
 * console.log(swarm(7).length <= 10, swarm(7).join() === swarm(7).join()) // true true
 * ```
 */
export function swarm<T extends string = ScenarioId>(
  seed: number | string,
  // Without families of its own, T is what the default holds.
  families: readonly T[] = scenarioIds as readonly string[] as readonly T[],
): readonly T[] {
  const stream = decisionStream(seed, 'swarm', 'families')
  if (families.length === 0 || stream.at(0, 0) < 1 / 16) return []
  const chosen = families.filter((_, index) => stream.at(1, index) < 0.5)
  if (chosen.length > 0) return chosen
  return families.slice(Math.floor(stream.at(2, 0) * families.length)).slice(0, 1)
}
