/** Makes graphs small enough to simulate, with one node as busy as it would be. */
import type { ServiceTime } from '../simulation/service-time.ts'
import { timeLaw } from '../simulation/service-time.ts'
import { limitsOf } from './graph.ts'
import type { GraphNode, Topology } from './topology.ts'

/** Requests a second for which a second of processor time is enough in a run of two minutes. */
const mostRequests = 30
/** A scaled queue still takes the bursts of a random load. */
const shortestQueue = 20

/**
 * A load that keeps a node busy for a share of its time. Where that takes more requests than can be simulated, the node gets fewer places and, when
 * there is but one left, more time for its work. The other nodes stay as they are.
 *
 * @param most - Requests a second.
 * @returns The graph, and requests a second at its root.
 */
export function scaled(
  topology: Topology,
  name: string,
  share: number,
  most: number = mostRequests,
): { topology: Topology; rate: number } {
  const limits = limitsOf(topology)
  const wanted = Math.min(share * (limits.get(name) ?? 1), 0.9 * Math.min(...limits.values()))
  if (wanted <= most) return { topology, rate: wanted }
  const fewer = changed(topology, name, (node) => ({
    ...node,
    instances: 1,
    concurrency: Math.max(1, Math.floor((node.concurrency * node.instances * most) / wanted)),
    queue: Math.max(shortestQueue, Math.round((node.queue * most) / wanted)),
  }))
  const rate = share * (limitsOf(fewer).get(name) ?? 1)
  return { topology: changed(fewer, name, (node) => slowed(node, rate / most)), rate: most }
}

/** A graph with one node changed. */
function changed(topology: Topology, name: string, change: (node: GraphNode) => GraphNode): Topology {
  return { ...topology, nodes: topology.nodes.map((node) => (node.name === name ? change(node) : node)) }
}

/** A node whose work takes so many times as long. */
export function slowed(node: GraphNode, times: number): GraphNode {
  return { ...node, serviceTime: stretched(node.serviceTime, times) }
}

function stretched(time: ServiceTime, times: number): ServiceTime {
  if (typeof time !== 'object') return times * timeLaw('serviceTime', time).mean
  if (time.law === 'exponential') return { law: time.law, mean: times * timeLaw('serviceTime', time).mean }
  const { median, p99 } = time
  return {
    law: time.law,
    median: times * timeLaw('median', median).mean,
    p99: times * timeLaw('p99', p99).mean,
  }
}
