/** Figures of a run that several cascades are judged by. */
import { depthsOf, visitsOf } from './graph.ts'
import type { Stage } from './stage.ts'
import type { CircuitChange } from './system.ts'
import type { Period, UserRequest } from './tally.ts'

/** A node is hit when fewer of its calls than this are answered well. */
const wellEnough = 0.99
/** Things are steady when this many seconds in a row are good. */
const steadySeconds = 3

/** Whether a user got something to use in time. */
function isGood({ ended }: UserRequest, slo: number): boolean {
  return ended !== undefined && ended.took <= slo && (ended.answer === 'full' || ended.answer === 'degraded')
}

/** The share of good answers, and of how many. */
export interface Share {
  readonly share: number
  readonly samples: number
}

/** The share of good answers among some requests. */
export function goodShare({ system, topology }: Stage, which: (request: UserRequest) => boolean): Share {
  const requests = system.tally.requests.filter(which)
  const good = requests.filter((request) => isGood(request, topology.slo)).length
  return { share: requests.length === 0 ? 0 : good / requests.length, samples: requests.length }
}

/** The share of good answers to requests that came in a period. */
export function goodIn(stage: Stage, period: Period): Share {
  return goodShare(stage, (request) => request.period === period)
}

/** What a cascade did to the graph. */
export interface CascadeReport {
  /** The share of nodes that answered fewer than 99 % of their calls well while the fault lasted. */
  readonly blastRadius: number
  /** Those nodes. */
  readonly hit: readonly string[]
  /** How many calls above the fault the highest of them is. */
  readonly depth: number
  /** Milliseconds from the fault to the last of the circuits around it that opened; undefined if none did. */
  readonly isolationTime: number | undefined
  /** The hops whose circuits opened while the fault lasted: where the failure was stopped. */
  readonly containment: readonly string[]
  /** Calls that arrived at the leaf that works most, for each request, compared with a run in which nothing fails. */
  readonly amplification: number
  /** Milliseconds from the end of the fault until everything was good and every circuit closed; undefined if it never was. */
  readonly timeToSteady: number | undefined
  /** Changes of circuits in order. */
  readonly circuits: readonly CircuitChange[]
  /** Changes of the level in order. */
  readonly levels: readonly { readonly at: number; readonly from: string; readonly to: string }[]
  readonly finalState: {
    readonly openCircuits: readonly string[]
    readonly level: string
    readonly requestsUnderway: number
  }
  /** Good answers while the fault lasted and after. */
  readonly good: { readonly before: number; readonly during: number; readonly after: number }
}

/** Reads the report from a run. */
export function reportOf(stage: Stage, leaf: string): CascadeReport {
  const { system, topology, time } = stage
  const hit = topology.nodes.map(({ name }) => name).filter((name) => isHit(stage, name))
  const depths = depthsOf(topology)
  const heights = hit.map((name) => (depths.get(leaf) ?? 0) - (depths.get(name) ?? 0))
  const opened = system.circuitChanges.filter(
    ({ at, to }) => to === 'open' && at >= time.faultAt && at < time.healedAt,
  )
  const around = opened.filter(({ from }) => from === 'closed')
  return {
    blastRadius: hit.length / topology.nodes.length,
    hit,
    depth: Math.max(0, ...heights),
    isolationTime: around.length === 0 ? undefined : (around.at(-1) as CircuitChange).at - time.faultAt,
    containment: [...new Set(opened.map(({ edge }) => edge))],
    amplification: amplificationOf(stage, leaf),
    timeToSteady: timeToSteady(stage),
    circuits: system.circuitChanges,
    levels: system.levelChanges,
    finalState: {
      openCircuits: system.openAtEnd,
      level: system.levelChanges.at(-1)?.to ?? 'normal',
      requestsUnderway: system.underway,
    },
    good: {
      before: goodIn(stage, 'before').share,
      during: goodIn(stage, 'during').share,
      after: goodIn(stage, 'after').share,
    },
  }
}

function isHit({ system }: Stage, node: string): boolean {
  const { calls, good } = system.tally.in(system.tally.nodes, node, 'during')
  return calls > 0 && good / calls < wellEnough
}

/** Calls at a node for each request from the fault on, by what it is when nothing fails. */
export function amplificationOf({ system, topology, time }: Stage, node: string): number {
  const requests = system.tally.requests.filter(({ at }) => at >= time.faultAt).length
  const calls = system.tally.arrived(node, time.faultAt, Number.POSITIVE_INFINITY)
  return requests === 0 ? 0 : calls / requests / (visitsOf(topology).get(node) ?? 1)
}

/** When the last circuit closed, in milliseconds after the end of the fault; undefined if one is not closed. */
export function closedAfter({ system, time }: Stage): number | undefined {
  const last = new Map(system.circuitChanges.map((change) => [change.circuit, change]))
  const states = [...last.values()]
  if (states.some(({ to }) => to !== 'closed')) return undefined
  return Math.max(0, ...states.map(({ at }) => at - time.healedAt))
}

/** When three good seconds in a row began with every circuit closed. */
export function timeToSteady(stage: Stage): number | undefined {
  const { time } = stage
  const closed = closedAfter(stage)
  if (closed === undefined) return undefined
  for (let from = time.healedAt + closed; from + 1000 * steadySeconds <= time.endedAt; from += 1000) {
    const seconds = Array.from({ length: steadySeconds }, (_, second) => from + 1000 * second)
    const steady = seconds.every(
      (start) => goodShare(stage, ({ at }) => at >= start && at < start + 1000).share >= wellEnough,
    )
    if (steady) return from - time.healedAt
  }
  return undefined
}
