/** CF1: what everything rests on fails all calls for a minute. */
import { type Cascade, eachHop } from './cascade.ts'
import { closedAfter, goodShare } from './figures.ts'
import { above, busiestLeaf, dependsOn, edgesOf } from './graph.ts'
import { scaled } from './scale.ts'
import { type CascadeMetric, metric } from './stage.ts'

const outage = 60_000
const afterwards = 35_000
const recoveryLimit = 30_000

export const leafOutage: Cascade = {
  id: 'CF1',
  name: 'leaf_outage_propagation',
  fault: 'the leaf that works most fails all calls for 60 s',
  control: 'no circuit breaker',
  warmUp: 10_000,
  prepare: (topology) => {
    const leaf = busiestLeaf(topology)
    return {
      leaf,
      shape: { rate: scaled(topology, leaf, 0.4).rate, keys: 30 },
      topology: scaled(topology, leaf, 0.4).topology,
    }
  },
  defend: (defence) => ({ ...defence, degradation: false }),
  weaken: (defence) => eachHop(defence, () => ({ breaker: false })),
  run: async (stage, { leaf }) => {
    const { system, world, topology, time } = stage
    const fault = async (): Promise<void> => {
      const heal = system.places(leaf).map((place) => place.inject({ errors: 1 }))
      await world.clock.sleep(outage)
      for (const each of heal) each()
    }
    await stage.run(fault, outage, afterwards)
    const into = edgesOf(topology).filter(({ to }) => to === leaf)
    const hops = system.hops.filter(({ edge }) => edge.to === leaf)
    const allowed = hops.reduce((sum, { settings: { breaker } }) => {
      const { initial, trials, failureThreshold } = breaker || usual
      // Failures that open it, twice as many that were under way, and the trials of each wait.
      return sum + 3 * failureThreshold + trials * Math.ceil(outage / initial)
    }, 0)
    const { calls } = system.tally.in(system.tally.nodes, leaf, 'during')
    const requests = system.tally.requests.filter(({ period }) => period === 'during').length
    const closed = closedAfter(stage)
    const during = system.circuitChanges.filter(({ at }) => at >= time.faultAt && at < time.healedAt)
    const elsewhere = during.filter(({ edge }) => !into.some(({ id }) => id === edge))
    const again = hops.filter(
      ({ name }) => during.filter((each) => each.circuit === name && each.from === 'closed').length > 1,
    )
    const metrics: CascadeMetric[] = [
      metric('calls to the dead leaf', calls, '<=', allowed, requests),
      metric('circuits that opened elsewhere', elsewhere.length, '<=', 0, requests),
      metric('circuits that closed during the outage', again.length, '<=', 0, requests),
      metric(
        'milliseconds until all circuits are closed',
        closed ?? afterwards + 1,
        '<=',
        recoveryLimit,
        requests,
      ),
    ]
    const dependent = dependsOn(topology, leaf)
    if (!dependent.has(topology.root)) {
      const { share, samples } = goodShare(stage, ({ period }) => period === 'during')
      metrics.push(metric('good answers during the outage', share, '>=', 0.999, samples))
    }
    // Nodes that can do without the leaf must not notice, whatever those beside them do.
    const reach = above(topology, leaf)
    for (const { name } of topology.nodes) {
      if (reach.has(name) || !dependent.has(topology.root)) continue
      const seen = system.tally.in(system.tally.nodes, name, 'during')
      if (seen.calls > 0)
        metrics.push(metric(`good answers of ${name}`, seen.good / seen.calls, '>=', 0.999, seen.calls))
    }
    return metrics
  },
}

/** What a hop without a breaker is measured by. */
const usual = { initial: 5000, trials: 1, failureThreshold: 5 }
