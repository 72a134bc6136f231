/** CF3: a short brown-out under retries at every layer, which must not outlive its cause. */
import { timeLaw } from '../simulation/service-time.ts'
import { type Cascade, eachHop } from './cascade.ts'
import { amplificationOf, goodShare } from './figures.ts'
import { busiestLeaf, nodeOf } from './graph.ts'
import { type DefencePolicies, realPolicies } from './policies.ts'
import { scaled } from './scale.ts'
import { metric } from './stage.ts'
import type { Topology } from './topology.ts'

const brownOut = 15_000
/** Time to recover, and the time that is judged after it. */
const recovery = 30_000
const judged = 20_000
/** A storm that outlives its cause leaves none. A single place that is busy for 60 % of its time has bursts of its own: see docs/decisions/0014-cascade-bounds.md. */
const calmEnough = 0.5
/** Work takes so many times as long. */
const slowdown = 4
const attempts = 4
/** Few, since without a defence each becomes a hundred calls. */
const mostRequests = 8

/** The figure that says how far retries multiply. */
export const amplification = 'calls of the leaf for each request, compared with no fault'

/** No remembered answers: they would hide the storm from the users and from the figures. */
const withoutCaches = (topology: Topology): Topology => ({
  ...topology,
  nodes: topology.nodes.map((node) => ({
    ...node,
    calls: node.calls.map((edge) =>
      edge.answers === 'cache' ? { ...edge, answers: 'none' as const } : edge,
    ),
  })),
})

export const retryStorm: Cascade = {
  id: 'CF3',
  name: 'retry_storm_metastable',
  fault:
    'the leaf that works most, busy for 60 % of its time, takes four times as long for 15 s; four attempts on every hop',
  control: 'no retry budgets, no circuit breakers and no bulkheads',
  warmUp: 10_000,
  prepare: (topology) => {
    const leaf = busiestLeaf(topology)
    const { rate, topology: small } = scaled(topology, leaf, 0.6, mostRequests)
    return { leaf, topology: withoutCaches(small), shape: { rate, keys: 30 } }
  },
  defend: (defence) => ({ ...eachHop(defence, () => ({ attempts })), degradation: false }),
  weaken: (defence) => eachHop(defence, () => ({ budget: false, breaker: false, bulkhead: false })),
  run: async (stage, { leaf }) => {
    const { system, world, topology, time } = stage
    const { mean } = timeLaw('serviceTime', nodeOf(topology, leaf).serviceTime)
    const fault = async (): Promise<void> => {
      const heal = system.places(leaf).map((place) => place.inject({ delay: (slowdown - 1) * mean }))
      await world.clock.sleep(brownOut)
      for (const each of heal) each()
    }
    await stage.run(fault, brownOut, recovery + judged)
    const baseline = system.tally.arrived(leaf, 0, time.faultAt) / time.faultAt
    const load = system.tally.arrived(leaf, time.faultAt, time.endedAt) / (time.endedAt - time.faultAt)
    const calm = goodShare(stage, ({ at }) => at >= time.healedAt + recovery)
    return [
      metric(amplification, amplificationOf(stage, leaf), '<=', 2, calm.samples),
      metric('load of the leaf, compared with before', load / baseline, '<=', 1.2, calm.samples),
      metric('good answers 30 s after the brown-out', calm.share, '>=', calmEnough, calm.samples),
    ]
  },
}

/** Circuits and bulkheads that only watch, so that retries are held back by their budget or by nothing. */
export function budgetAlone(policies: Partial<DefencePolicies> = {}): Partial<DefencePolicies> {
  const { circuitBreaker, bulkhead } = { ...realPolicies, ...policies }
  return {
    ...policies,
    circuitBreaker: (options) => circuitBreaker({ ...options, mode: 'observe' }),
    bulkhead: (options) => bulkhead({ ...options, concurrency: Number.MAX_SAFE_INTEGER }),
  }
}
