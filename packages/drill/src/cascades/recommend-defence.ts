/** Settings for every hop of a graph, derived from what its services take and from the time that users have. */
import { formatDuration } from '@seaworthy/core'
import { timeLaw } from '../simulation/service-time.ts'
import { callersOf, edgesOf, heightsOf, nodeOf } from './graph.ts'
import type { Defence, HopBreaker, HopBulkhead, HopSettings } from './hop-settings.ts'
import type { Edge, Topology } from './topology.ts'

/** A defence, and in words why it is so. */
export interface RecommendedDefence extends Defence {
  readonly reasons: readonly string[]
}

/** A caller waits so much longer than the called node needs at the worst, so that the answer comes back in time. Milliseconds. */
const margin = 20
/** No attempt gets less. Milliseconds. */
const shortest = 50
/** A bulkhead lets at least so many calls wait, so that a burst of a random load is no failure. */
const shortestQueue = 10
/** So many times what all but one in a hundred calls take is the worst to wait for. */
const patience = 2

/**
 * Recommends settings: a time limit for each hop that is longer than those below it take together, retries only next to the leaves and within a
 * budget, circuit breakers whose waits grow towards the leaves, so that a trial further up does not meet a circuit further down that is still
 * open, and as many calls at once as the called node can take from all its callers. What the file says about a hop stays.
 *
 * Source: for limits that shrink on the way down and retries at one layer, Google, "Site Reliability Engineering", chapter 22, "Addressing
 * Cascading Failures".
 *
 * @example
 * ```ts
 * import { defaultTopology, readTopology, recommendDefence } from '@seaworthy/drill'
 *
 * const { hops, reasons } = recommendDefence(readTopology(defaultTopology))
 * console.log(hops['data_service > database']?.timeout, reasons[0])
 * ```
 */
export function recommendDefence(topology: Topology): RecommendedDefence {
  const generous = plan(topology, 2)
  const fits = generous.needed <= topology.slo
  const { hops, needed } = fits ? generous : plan(topology, 1)
  const shrunk = needed > topology.slo ? shrink(hops, topology.slo / needed) : hops
  const reasons = edgesOf(topology).map((edge) => reasonFor(edge, shrunk[edge.id] as HopSettings))
  if (!fits)
    reasons.push(
      `No time for retries: with them an answer could take longer than ${formatDuration(topology.slo)}.`,
    )
  if (needed > topology.slo)
    reasons.push(
      `At the worst the services take ${formatDuration(needed)} one after the other, and users wait ${formatDuration(topology.slo)}: the limits are shorter than what some calls take.`,
    )
  return { hops: shrunk, degradation: true, reasons }
}

/** What each hop gets, and what the root needs at the worst. */
function plan(topology: Topology, attempts: number): { hops: Record<string, HopSettings>; needed: number } {
  const heights = heightsOf(topology)
  const needs = new Map<string, number>()
  const hops: Record<string, HopSettings> = {}
  for (const { name, serviceTime, calls } of [...topology.nodes].reverse()) {
    const { p99, mean } = timeLaw('serviceTime', serviceTime)
    let need = patience * p99 + mean * Math.max(0, crowd(topology, name) - 1)
    for (const edge of calls) {
      const height = heights.get(edge.to) ?? 0
      const mayRetry = height === 0 && edge.critical
      const hop: HopSettings = {
        timeout: Math.ceil(Math.max(shortest, needs.get(edge.to) ?? 0) + margin),
        attempts: mayRetry ? attempts : 1,
        delay: margin,
        budget: 0.1,
        breaker: breakerAt(height),
        // What one can do without is not waited for.
        bulkhead: { ...placesFor(topology, edge.to), ...(edge.critical ? {} : { maxWait: margin }) },
        cache: { ttl: 0, singleFlight: true },
        ...edge.hop,
      }
      hops[edge.id] = hop
      need += longest(hop)
    }
    needs.set(name, need)
  }
  return { hops, needed: needs.get(topology.root) ?? 0 }
}

/** How long a hop takes at the worst, retries included. */
function longest({ timeout, attempts, delay }: HopSettings): number {
  if (timeout === false) return 0
  return attempts * timeout + delay * (2 ** (attempts - 1) - 1)
}

/** Half as long a wait for each level above the leaves, and never less than a second. */
function breakerAt(height: number): HopBreaker {
  const initial = Math.max(1000, 5000 / 2 ** height)
  return {
    failureThreshold: 5,
    failureRate: 0.5,
    minimumRequests: 10,
    initial,
    max: 3 * initial,
    jitter: 0.2,
    successThreshold: 3,
    trials: 1,
  }
}

/** How many calls there can be for each place of a node, when all its callers use all of their own places. */
function crowd(topology: Topology, name: string): number {
  const { concurrency, instances } = nodeOf(topology, name)
  const calls = callersOf(topology, name).reduce((sum, caller) => {
    const { bulkhead = placesFor(topology, name) } = caller.calls.find(({ to }) => to === name)?.hop ?? {}
    return sum + caller.instances * (bulkhead === false ? 0 : bulkhead.concurrency)
  }, 0)
  return calls / (concurrency * instances)
}

/** A fair share of the places of the called node for each process that calls it, and half as much again since they do not all call at once. */
function placesFor(topology: Topology, to: string): HopBulkhead {
  const { concurrency, instances } = nodeOf(topology, to)
  const callers = callersOf(topology, to).reduce((sum, caller) => sum + caller.instances, 0)
  const share = Math.max(1, Math.ceil((1.5 * concurrency * instances) / callers))
  return { concurrency: share, queue: Math.max(shortestQueue, 5 * share) }
}

function shrink(hops: Record<string, HopSettings>, by: number): Record<string, HopSettings> {
  const shorter = (hop: HopSettings): HopSettings =>
    hop.timeout === false ? hop : { ...hop, timeout: Math.max(1, Math.floor(hop.timeout * by)) }
  return Object.fromEntries(Object.entries(hops).map(([id, hop]) => [id, shorter(hop)]))
}

function reasonFor({ id, answers }: Edge, { timeout, attempts, breaker, bulkhead }: HopSettings): string {
  const limit = timeout === false ? 'no time limit' : `${formatDuration(timeout)} for each attempt`
  const tries = attempts === 1 ? 'no retry' : `${attempts} attempts within a budget`
  const waits =
    breaker === false
      ? 'no circuit breaker'
      : `a circuit that opens for ${formatDuration(breaker.initial)}, ${formatDuration(breaker.max)} at most`
  const places = bulkhead === false ? 'any number of calls at once' : `${bulkhead.concurrency} calls at once`
  const instead = {
    none: 'nothing instead',
    static: 'a static answer instead',
    cache: 'a remembered answer instead',
  }
  return `${id}: ${limit}, ${tries}, ${waits}, ${places}, ${instead[answers]}.`
}
