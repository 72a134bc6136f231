/** CF2: something that is only nice to have hangs. */
import { type Cascade, eachHop } from './cascade.ts'
import { goodIn } from './figures.ts'
import { busiestLeaf, callersOf, edgesOf } from './graph.ts'
import { scaled } from './scale.ts'
import { metric } from './stage.ts'

const hang = 60_000
const afterwards = 25_000
/** What equal limits are set to in the control. Milliseconds. */
const equal = { timeout: 500, initial: 10_000 }

export const slowDependency: Cascade = {
  id: 'CF2',
  name: 'slow_dependency_saturation',
  fault: 'a leaf that its caller can do without hangs for 60 s',
  control: 'equal time limits and equal recovery times on every hop',
  warmUp: 10_000,
  prepare: (topology) => {
    const leaves = new Set(topology.nodes.filter(({ calls }) => calls.length === 0).map(({ name }) => name))
    const edge = edgesOf(topology).find(({ to, answers }) => leaves.has(to) && answers === 'static')
    if (edge === undefined) return 'no call to a leaf is optional'
    const { rate, topology: small } = scaled(topology, busiestLeaf(topology), 0.4)
    return { leaf: edge.to, topology: small, shape: { rate, keys: 30 } }
  },
  defend: (defence) => ({ ...defence, degradation: false }),
  weaken: (defence) =>
    eachHop(defence, ({ breaker }) => ({
      timeout: equal.timeout,
      breaker: breaker && { ...breaker, initial: equal.initial, max: equal.initial, jitter: 0 },
    })),
  run: async (stage, { leaf }) => {
    const { system, world, topology } = stage
    const upstream = topology.nodes.filter(({ name, calls }) => name !== topology.root && calls.length > 0)
    const peaks = (): number[] =>
      upstream.map(({ name }) => system.places(name).reduce((sum, { peak }) => sum + peak, 0))
    let before: number[] = []
    const fault = async (): Promise<void> => {
      before = peaks()
      for (const { name } of upstream) for (const place of system.places(name)) place.peak = place.active
      const heal = system.places(leaf).map((place) => place.inject({ hangs: true }))
      await world.clock.sleep(hang)
      for (const each of heal) each()
    }
    await stage.run(fault, hang, afterwards)
    const growth = Math.max(...peaks().map((peak, index) => peak / (before[index] || 1)))
    const good = goodIn(stage, 'during')
    const sent = callersOf(topology, leaf).reduce(
      (sum, { name }) => sum + system.tally.in(system.tally.edges, `${name} > ${leaf}`, 'during').calls,
      0,
    )
    return [
      metric('good answers while it hangs', good.share, '>=', 0.999, good.samples),
      metric('calls to the hanging leaf for each request', sent / good.samples, '<=', 0.05, good.samples),
      metric('most work at once, compared with before', growth, '<=', peakGrowth, good.samples),
    ]
  },
}

/** See docs/decisions/0014-cascade-bounds.md. */
const peakGrowth = 3
