/** What is counted while a graph of services works. */

/** The times of a cascade: before the fault, while it lasts, and after. */
export type Period = 'before' | 'during' | 'after'

/** How requests of users ended. */
export interface UserRequest {
  readonly at: number
  readonly priority: 'critical' | 'normal' | 'low'
  readonly period: Period
  /** Undefined while it has not ended. */
  ended: { readonly took: number; readonly answer: 'full' | 'degraded' | 'shed' | 'failed' } | undefined
}

/** Counts of the calls over one edge or of the work of one node. */
export interface Counts {
  /** Calls that set out; for an edge those that were sent, retries and trials included. */
  calls: number
  /** Those that came back well in time. */
  good: number
}

/** All counts of a run. */
export class Tally {
  period: Period = 'before'
  readonly requests: UserRequest[] = []
  /** By node and period: calls to it, and how many of them were answered in time, as its callers see it. */
  readonly nodes: Map<string, Record<Period, Counts>> = new Map()
  /** By edge and period: calls that were sent. */
  readonly edges: Map<string, Record<Period, Counts>> = new Map()
  /** When calls arrived at each node. */
  readonly arrivals: Map<string, number[]> = new Map()

  /** Counts of a node or edge in the present period. */
  of(counts: Map<string, Record<Period, Counts>>, name: string): Counts {
    return recordOf(counts, name)[this.period]
  }

  /** Counts of a node or edge in a period. */
  in(counts: Map<string, Record<Period, Counts>>, name: string, period: Period): Counts {
    return recordOf(counts, name)[period]
  }

  /** How many calls arrived at a node from one time to another. */
  arrived(node: string, from: number, to: number): number {
    return (this.arrivals.get(node) ?? []).filter((at) => at >= from && at < to).length
  }
}

function recordOf(counts: Map<string, Record<Period, Counts>>, name: string): Record<Period, Counts> {
  const known = counts.get(name)
  if (known !== undefined) return known
  const none = (): Counts => ({ calls: 0, good: 0 })
  const fresh = { before: none(), during: none(), after: none() }
  counts.set(name, fresh)
  return fresh
}
