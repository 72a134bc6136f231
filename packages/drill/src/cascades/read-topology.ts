/** Reads a graph of services and says what is wrong with it. */
import { count, duration, InvalidOptionError, knownOptions, oneOf } from '@seaworthy/core'
import { type ServiceTime, timeLaw } from '../simulation/service-time.ts'
import { nearest } from './nearest.ts'
import type { Edge, GraphNode, Topology, TopologyCall, TopologyFile, TopologyNode } from './topology.ts'

const usualTime: ServiceTime = { law: 'lognormal', median: 5, p99: 20 }

/**
 * Checks a graph: every name is known, nothing calls itself over others, and requests come in at one node. Several ways to one node are fine.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} that names the place.
 *
 * @example
 * ```ts
 * import { readTopology } from '@seaworthy/drill'
 *
 * const { root, nodes } = readTopology({ web: ['users', 'orders'], users: ['db'], orders: ['db'], db: [] })
 * console.log(root, nodes.map(({ name }) => name)) // web [ 'web', 'users', 'orders', 'db' ]
 * ```
 */
export function readTopology(file: TopologyFile): Topology {
  if (typeof file !== 'object' || file === null) throw new InvalidOptionError('topology', 'an object', file)
  const { name, slo, nodes } = longForm(file)
  const names = Object.keys(nodes)
  if (names.length < 2) throw new InvalidOptionError('topology.nodes', 'at least two services', names)
  const read = names.map((each) => readNode(each, nodes[each] as TopologyNode, names))
  const roots = rootsOf(read)
  const ordered = inOrder(read)
  if (roots.length !== 1)
    throw new InvalidOptionError('topology', 'a graph with one node that nobody calls', roots)
  return { name, slo, root: roots[0] as string, nodes: ordered }
}

interface LongForm {
  readonly name: string
  readonly slo: number
  readonly nodes: Readonly<Record<string, TopologyNode>>
}

function longForm(file: TopologyFile): LongForm {
  if ('nodes' in file && !Array.isArray(file.nodes)) {
    knownOptions('topology', file, ['name', 'slo', 'nodes'])
    const {
      name = 'unnamed',
      slo = '1s',
      nodes,
    } = file as Exclude<TopologyFile, Record<string, readonly string[]>>
    if (typeof nodes !== 'object' || nodes === null)
      throw new InvalidOptionError('topology.nodes', 'an object', nodes)
    return { name: String(name), slo: duration('topology.slo', slo, 1), nodes }
  }
  const nodes: Record<string, TopologyNode> = {}
  for (const [node, calls] of Object.entries(file as Record<string, readonly string[]>))
    nodes[node] = { calls }
  return { name: 'unnamed', slo: 1000, nodes }
}

function readNode(name: string, node: TopologyNode, names: readonly string[]): GraphNode {
  const at = `nodes.${name}`
  knownOptions(at, node, ['concurrency', 'queue', 'serviceTime', 'instances', 'calls'])
  const { concurrency = 50, serviceTime = usualTime, instances = 1, calls = [] } = node
  if (!Array.isArray(calls)) throw new InvalidOptionError(`${at}.calls`, 'a list of names', calls)
  timeLaw(`${at}.serviceTime`, serviceTime)
  const edges = calls.map((call, index) => readCall(name, call, `${at}.calls[${index}]`, names))
  const twice = edges.find(({ to }, index) => edges.findIndex((edge) => edge.to === to) !== index)
  if (twice !== undefined) throw new InvalidOptionError(`${at}.calls`, 'a list without repetitions', twice.to)
  return {
    name,
    concurrency: count(`${at}.concurrency`, concurrency),
    queue: count(`${at}.queue`, node.queue ?? 2 * concurrency, 0),
    serviceTime,
    instances: count(`${at}.instances`, instances),
    calls: edges,
  }
}

function readCall(from: string, call: string | TopologyCall, at: string, names: readonly string[]): Edge {
  const given = typeof call === 'string' ? { to: call } : call
  knownOptions(at, given, ['to', 'critical', 'answers', 'hop'])
  const { to, critical = true, hop = {} } = given
  if (!names.includes(to)) {
    const meant = nearest(String(to), names)
    const hint =
      meant === undefined ? `one of ${names.join(', ')}` : `a known service; did you mean '${meant}'?`
    throw new InvalidOptionError(`${at}.to`, hint, to)
  }
  knownOptions(`${at}.hop`, hop, hopNames)
  const answers = oneOf(`${at}.answers`, given.answers ?? (critical ? 'none' : 'static'), [
    'none',
    'static',
    'cache',
  ])
  return { id: `${from} > ${to}`, from, to, critical, answers, hop }
}

const hopNames = ['timeout', 'attempts', 'delay', 'budget', 'breaker', 'bulkhead', 'cache']

function rootsOf(nodes: readonly GraphNode[]): string[] {
  const called = new Set(nodes.flatMap(({ calls }) => calls.map(({ to }) => to)))
  return nodes.map(({ name }) => name).filter((name) => !called.has(name))
}

/** Callers before those they call. @throws InvalidOptionError when there is a circle, and names it. */
function inOrder(nodes: readonly GraphNode[]): GraphNode[] {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const done = new Set<string>()
  const ordered: GraphNode[] = []
  const visit = (name: string, path: readonly string[]): void => {
    if (done.has(name)) return
    const circle = path.indexOf(name)
    if (circle >= 0)
      throw new InvalidOptionError('topology', 'free of circles', [...path.slice(circle), name].join(' > '))
    const node = byName.get(name) as GraphNode
    for (const { to } of node.calls) visit(to, [...path, name])
    done.add(name)
    ordered.unshift(node)
  }
  for (const { name } of [...nodes].reverse()) visit(name, [])
  return ordered
}
