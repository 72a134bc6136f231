/** Figures of a graph of services, before anything runs. */
import { timeLaw } from '../simulation/service-time.ts'
import type { Edge, GraphNode, Topology } from './topology.ts'

/** A node by its name, which must be one of the graph's. */
export function nodeOf({ nodes }: Topology, name: string): GraphNode {
  return nodes.find((node) => node.name === name) as GraphNode
}

/** All calls, callers first. */
export function edgesOf({ nodes }: Topology): Edge[] {
  return nodes.flatMap(({ calls }) => calls)
}

/** Those who call a node. */
export function callersOf(topology: Topology, name: string): GraphNode[] {
  return topology.nodes.filter(({ calls }) => calls.some(({ to }) => to === name))
}

/** How often each node works for one request, when nothing fails. */
export function visitsOf({ nodes, root }: Topology): Map<string, number> {
  const visits = new Map(nodes.map(({ name }) => [name, name === root ? 1 : 0]))
  for (const { name, calls } of nodes)
    for (const { to } of calls) visits.set(to, (visits.get(to) ?? 0) + (visits.get(name) ?? 0))
  return visits
}

/** How many calls each node is away from the root, at the longest. */
export function depthsOf({ nodes }: Topology): Map<string, number> {
  const depths = new Map(nodes.map(({ name }) => [name, 0]))
  for (const { name, calls } of nodes)
    for (const { to } of calls) depths.set(to, Math.max(depths.get(to) ?? 0, (depths.get(name) ?? 0) + 1))
  return depths
}

/** How many calls each node is above the lowest node that it calls, at the longest. */
export function heightsOf({ nodes }: Topology): Map<string, number> {
  const heights = new Map<string, number>()
  for (const { name, calls } of [...nodes].reverse())
    heights.set(name, Math.max(-1, ...calls.map(({ to }) => heights.get(to) ?? 0)) + 1)
  return heights
}

/** The nodes that cannot answer without `leaf`: they have a way to it on which every call is critical and nothing answers in its place. */
export function dependsOn(topology: Topology, leaf: string): Set<string> {
  const dependent = new Set([leaf])
  for (const { name, calls } of [...topology.nodes].reverse())
    if (calls.some(({ to, critical, answers }) => critical && answers === 'none' && dependent.has(to)))
      dependent.add(name)
  return dependent
}

/** The nodes from which a node can be reached, itself included. */
export function above(topology: Topology, name: string): Set<string> {
  const found = new Set([name])
  for (const node of [...topology.nodes].reverse())
    if (node.calls.some(({ to }) => found.has(to))) found.add(node.name)
  return found
}

/** Requests a second at the root with which the places of each node would be full, from the least. */
export function limitsOf(topology: Topology): Map<string, number> {
  const visits = visitsOf(topology)
  const held = new Map<string, number>()
  for (const { name, serviceTime, calls } of [...topology.nodes].reverse()) {
    const below = calls.reduce((sum, { to }) => sum + (held.get(to) ?? 0), 0)
    held.set(name, timeLaw('serviceTime', serviceTime).mean + below)
  }
  const limit = ({ name, concurrency, instances }: GraphNode): number =>
    (1000 * concurrency * instances) / ((held.get(name) ?? 1) || 1) / (visits.get(name) || 1)
  return new Map(topology.nodes.map((node) => [node.name, limit(node)]))
}

/** The node without calls of its own that works most for a request and without which there is no full answer. */
export function busiestLeaf(topology: Topology): string {
  const limits = limitsOf(topology)
  const leaves = topology.nodes.filter(({ calls }) => calls.length === 0)
  const needed = leaves.filter(({ name }) =>
    edgesOf(topology).some(({ to, critical }) => to === name && critical),
  )
  const candidates = needed.length > 0 ? needed : leaves
  const byLimit = [...candidates].sort((a, b) => (limits.get(a.name) ?? 0) - (limits.get(b.name) ?? 0))
  return (byLimit[0] as GraphNode).name
}
