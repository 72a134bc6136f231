/** Reads and checks a graph of services, and puts their policies around what they call. */
import type { PolicyDescription } from './describe.ts'
import { duration } from './duration.ts'
import { InvalidOptionError } from './errors.ts'
import { type Composition, compose, functionCost, times, wholeCost } from './explain-cost.ts'
import type { Describable, ServiceCall, ServiceGraph, ServiceNode } from './explain-model.ts'
import { count, knownOptions } from './options.ts'

/** A call of one node by another. */
export interface Call {
  readonly to: string
  readonly critical: boolean
  readonly times: number
  /** What the caller puts around it; its function is the called node with its policy. */
  readonly composition: Composition
}

/** A node with its policy around its own work and its calls. */
export interface Service {
  readonly name: string
  readonly calls: readonly Call[]
  /** Milliseconds its own work takes at the longest. */
  readonly own: number
  readonly composition: Composition
}

/** The nodes by name, callers before those they call. */
export type Services = ReadonlyMap<string, Service>

/** The nodes that nobody calls. */
export function rootsOf(services: Services): Service[] {
  const called = new Set([...services.values()].flatMap(({ calls }) => calls.map(({ to }) => to)))
  return [...services.values()].filter(({ name }) => !called.has(name))
}

/** Reads a graph. @throws {@link InvalidOptionError} when it makes no sense. */
export function readServices({ nodes }: ServiceGraph, functionDuration: number): Services {
  if (typeof nodes !== 'object' || nodes === null || Object.keys(nodes).length === 0)
    throw new InvalidOptionError('nodes', 'an object with at least one node', nodes)
  const given = new Map(Object.entries(nodes))
  const calls = new Map([...given].map(([name, node]) => [name, readCalls(name, node, given)]))
  const services = new Map<string, Service>()
  for (const name of calledFirst(calls)) {
    services.set(
      name,
      build(name, given.get(name) as ServiceNode, calls.get(name) ?? [], services, functionDuration),
    )
  }
  return new Map([...services].reverse())
}

function readCalls(
  name: string,
  node: ServiceNode,
  nodes: ReadonlyMap<string, ServiceNode>,
): readonly ServiceCall[] {
  knownOptions(`nodes.${name}`, node, ['policy', 'calls', 'duration'])
  const { calls = [] } = node
  if (!Array.isArray(calls))
    throw new InvalidOptionError(`nodes.${name}.calls`, 'a list of node names', calls)
  return (calls as ReadonlyArray<string | ServiceCall>).map((given, index) => {
    const option = `nodes.${name}.calls[${index}]`
    const call = typeof given === 'string' ? { to: given } : given
    knownOptions(option, call, ['to', 'critical', 'policy', 'times'])
    if (nodes.has(call.to)) return call
    throw new InvalidOptionError(option, `the name of a node: ${[...nodes.keys()].join(', ')}`, call.to)
  })
}

/** The names, each after all it calls. */
function calledFirst(calls: ReadonlyMap<string, readonly ServiceCall[]>): Set<string> {
  const done = new Set<string>()
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) {
      const circle = [...path.slice(path.indexOf(name)), name].join(' → ')
      throw new InvalidOptionError(
        `nodes.${path.at(-1)}.calls`,
        'free of circles, since a request would never come to an end: leave out the call that closes the circle',
        circle,
      )
    }
    if (done.has(name)) return
    for (const { to } of calls.get(name) ?? []) visit(to, [...path, name])
    done.add(name)
  }
  for (const name of [...calls.keys()].reverse()) visit(name, [])
  return done
}

function build(
  name: string,
  node: ServiceNode,
  given: readonly ServiceCall[],
  services: Services,
  functionDuration: number,
): Service {
  const calls = given.map((call): Call => {
    const called = services.get(call.to) as Service
    const layers = readLayers(`nodes.${name}.calls policy`, call.policy)
    const inner = functionCost(wholeCost(called.composition).time)
    return {
      to: call.to,
      critical: call.critical !== false,
      times: count(`nodes.${name}.calls times`, call.times ?? 1),
      composition: compose(layers, inner, `${name} → ${call.to}`),
    }
  })
  const own = node.duration ?? (calls.length > 0 ? 0 : functionDuration)
  const ownTime = own === Number.POSITIVE_INFINITY ? own : duration(`nodes.${name}.duration`, own)
  const callTimes = calls.map((call) => times(call.times, wholeCost(call.composition).time))
  const work = functionCost(callTimes.reduce((sum, time) => sum + time, ownTime))
  const composition = compose(readLayers(`nodes.${name}.policy`, node.policy), work, name)
  return { name, calls, own: ownTime, composition }
}

function readLayers(option: string, policy: Describable | undefined): readonly PolicyDescription[] {
  if (policy === undefined) return []
  if (typeof policy?.describe !== 'function')
    throw new InvalidOptionError(option, 'a policy, such as retry() or a pipeline', policy)
  return policy.describe()
}
