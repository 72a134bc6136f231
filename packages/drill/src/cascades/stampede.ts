/** CF5: a leaf works again, many processes have waited for it, and nobody remembers anything. */

import { timeLaw } from '../simulation/service-time.ts'
import { type Cascade, eachHop } from './cascade.ts'
import { timeToSteady } from './figures.ts'
import { busiestLeaf, callersOf, limitsOf, visitsOf } from './graph.ts'
import { slowed } from './scale.ts'
import { metric } from './stage.ts'
import type { GraphNode, Topology } from './topology.ts'

const outage = 60_000
const afterwards = 40_000
/** Processes of each service that calls the leaf. */
const instances = 3
/** Requests a second, with those who come back at the end, and the things they ask for. */
const shape = { rate: 25, rateAfter: 90, keys: 60 }
/** The leaf can answer one in so many of them when nothing is remembered. */
const overload = 4
/** How long answers are as good as new. Milliseconds. */
const ttl = 20_000
/** For no longer than this the leaf may be overrun. Milliseconds. */
const rush = 5000

export const stampede: Cascade = {
  id: 'CF5',
  name: 'recovery_stampede',
  fault:
    'the leaf that works most is away for 60 s; then it is back, all caches are empty and many processes wait',
  control: 'no jitter, any number of trials at once, no shared calls and no bulkheads',
  warmUp: 15_000,
  prepare: (topology) => {
    const leaf = busiestLeaf(topology)
    const callers = callersOf(topology, leaf).map(({ name }) => name)
    if (callers.includes(topology.root)) return 'the root itself calls the leaf'
    return { leaf, topology: crowded(topology, leaf, callers), shape }
  },
  defend: (defence, { leaf }) => ({
    ...eachHop(defence, (hop, id) =>
      id.endsWith(`> ${leaf}`) ? { cache: { ttl, singleFlight: true } } : hop,
    ),
    degradation: false,
  }),
  // A circuit never runs more trials than it needs successes, so to let any number through means to close at the first one.
  weaken: (defence) =>
    eachHop(defence, ({ breaker, cache }) => ({
      breaker: breaker && { ...breaker, jitter: 0, trials: 1000, successThreshold: 1 },
      cache: { ...cache, singleFlight: false },
      bulkhead: false,
    })),
  run: async (stage, { leaf }) => {
    const { system, world, topology, time } = stage
    const fault = async (): Promise<void> => {
      const heal = system.places(leaf).map((place) => place.inject({ errors: 1 }))
      await world.clock.sleep(outage)
      for (const each of heal) each()
      for (const { cache } of system.hops) cache?.clear()
    }
    await stage.run(fault, outage, afterwards)
    const {
      concurrency,
      instances: copies,
      serviceTime,
    } = topology.nodes.find(({ name }) => name === leaf) as GraphNode
    const capacity = (concurrency * copies) / timeLaw('serviceTime', serviceTime).mean
    const calls = busiest(system.tally.arrivals.get(leaf) ?? [], time.healedAt)
    const reopened = system.circuitChanges.filter(({ at, to }) => to === 'open' && at > time.healedAt)
    const lower = reopened.filter(({ edge }) => edge.endsWith(`> ${leaf}`)).length
    const resonance = reopened.filter(
      ({ edge, from }) => !edge.endsWith(`> ${leaf}`) && from === 'halfOpen',
    ).length
    const samples = system.tally.requests.filter(({ period }) => period === 'after').length
    return [
      metric(
        'load of the leaf in its busiest 5 s, compared with what it can do',
        calls / (capacity * rush),
        '<=',
        1.5,
        samples,
      ),
      metric('circuits to the leaf that opened again', lower, '<=', 0, samples),
      metric('trials further up that failed with the leaf back', resonance, '<=', 2, samples),
      metric('milliseconds until all is well', timeToSteady(stage) ?? afterwards + 1, '<=', 30_000, samples),
    ]
  },
}

/** Several processes of each caller, and a leaf that can answer a fourth of what comes when no cache helps. */
function crowded(topology: Topology, leaf: string, callers: readonly string[]): Topology {
  const visits = visitsOf(topology).get(leaf) ?? 1
  const change = (node: GraphNode): GraphNode => {
    if (callers.includes(node.name)) {
      const calls = node.calls.map((edge) =>
        edge.to === leaf ? { ...edge, answers: 'cache' as const } : edge,
      )
      return { ...node, instances, calls }
    }
    if (node.name !== leaf) return node
    const { mean } = timeLaw('serviceTime', node.serviceTime)
    const places = (shape.rateAfter * visits * mean) / 1000 / overload
    return slowed(
      { ...node, concurrency: Math.max(1, Math.round(places)), instances: 1 },
      Math.max(1, 1 / places),
    )
  }
  const changed = { ...topology, nodes: topology.nodes.map(change) }
  const limits = limitsOf(changed)
  // Nothing but the leaf shall be short of places.
  const roomy = (node: GraphNode): GraphNode =>
    node.name === leaf || (limits.get(node.name) ?? 0) > 2 * shape.rateAfter
      ? node
      : { ...node, concurrency: node.concurrency * 10, queue: node.queue * 10 }
  return { ...changed, nodes: changed.nodes.map(roomy) }
}

/** The most arrivals within {@link rush} after a time. */
function busiest(arrivals: readonly number[], after: number): number {
  const later = arrivals.filter((at) => at >= after)
  let first = 0
  let most = 0
  for (const [index, at] of later.entries()) {
    while ((later[first] as number) < at - rush) first++
    most = Math.max(most, index - first + 1)
  }
  return most
}
