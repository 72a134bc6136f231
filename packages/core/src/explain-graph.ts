/** What a graph of services can cost at most, and its traps. */
import { type Composition, times, wholeCost } from './explain-cost.ts'
import type { Assumptions, GraphExplanation, NodeExplanation, ServiceGraph } from './explain-model.ts'
import { bySeverity, trapsOf } from './explain-rules.ts'
import { readServices, rootsOf, type Service, type Services } from './explain-services.ts'
import { graphText } from './explain-text.ts'
import { missesDuration } from './explain-time.ts'
import {
  answers,
  attemptsMultiply,
  deadlinesOutOfOrder,
  endless,
  optionalWithoutFallback,
  recoveriesOutOfOrderBelow,
} from './explain-topology.ts'

/** Explains a graph. @throws {@link InvalidOptionError} when it makes no sense. */
export function explainGraph(graph: ServiceGraph, assumptions: Assumptions): GraphExplanation {
  const services = readServices(graph, assumptions.functionDuration)
  const all = [...services.values()]
  const roots = rootsOf(services)
  const nodes = explainNodes(services, roots)
  const worstCase = Math.max(...roots.map(({ composition }) => wholeCost(composition).time))
  const facts = {
    roots: roots.map(({ name }) => name),
    order: all.map(({ name }) => name).join(' > '),
    nodes,
    amplification: Math.max(...nodes.map(({ amplification }) => amplification)),
    worstCase,
    warnings: bySeverity([
      ...missesDuration(worstCase, assumptions.duration),
      ...endless(services, roots),
      ...deadlinesOutOfOrder(services, assumptions.margin),
      ...attemptsMultiply(services),
      ...recoveriesOutOfOrderBelow(services, roots),
      ...optionalWithoutFallback(services),
      ...all.flatMap(compositionsOf).flatMap((each) => trapsOf(each, assumptions.recovery)),
    ]),
  }
  return { ...facts, text: graphText(facts, services) }
}

const compositionsOf = ({ composition, calls }: Service): Composition[] => [
  composition,
  ...calls.map((call) => call.composition),
]

function explainNodes(services: Services, roots: readonly Service[]): NodeExplanation[] {
  const perRoot = roots.map((root) => countCalls(services, root))
  return [...services.values()].map(({ name, composition }) => {
    const { calls, fanOut } = perRoot.map((counts) => counts.get(name) ?? none).reduce(larger)
    const { time: worstCase } = wholeCost(composition)
    return {
      name,
      worstCase,
      calls,
      fanOut,
      amplification: calls / fanOut,
      takesDown: takesDown(services, name),
    }
  })
}

/** How often a node runs for one request. */
interface Count {
  readonly calls: number
  readonly fanOut: number
}

const none: Count = { calls: 0, fanOut: 0 }

const larger = (a: Count, b: Count): Count => (b.calls > a.calls ? b : a)

/** Sums over all paths from the root, since `services` has callers before those they call. */
function countCalls(services: Services, root: Service): ReadonlyMap<string, Count> {
  const arrivals = new Map<string, Count>([[root.name, { calls: 1, fanOut: 1 }]])
  const counts = new Map<string, Count>()
  for (const { name, composition, calls } of services.values()) {
    const arrived = arrivals.get(name)
    if (arrived === undefined) continue
    const count = { calls: times(arrived.calls, amplificationOf(composition)), fanOut: arrived.fanOut }
    counts.set(name, count)
    for (const call of calls) {
      const before = arrivals.get(call.to) ?? none
      arrivals.set(call.to, {
        calls: before.calls + times(count.calls, call.times * amplificationOf(call.composition)),
        fanOut: before.fanOut + count.fanOut * call.times,
      })
    }
  }
  return counts
}

function amplificationOf(composition: Composition): number {
  const { attempts, copies } = wholeCost(composition)
  return times(attempts, copies)
}

/** Who fails with a node: its callers, unless the call is optional or something answers in its place, and theirs. */
function takesDown(services: Services, name: string): string[] {
  const down = new Set([name])
  // Called nodes come after their callers, so going backwards each is known before those it takes down.
  for (const { name: each, calls } of [...services.values()].reverse()) {
    const fails = calls.some(
      (call) =>
        call.critical &&
        down.has(call.to) &&
        !answers(call.composition) &&
        !answers((services.get(call.to) as Service).composition),
    )
    if (fails) down.add(each)
  }
  return [...services.keys()].filter((each) => each !== name && down.has(each))
}
