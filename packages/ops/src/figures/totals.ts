/** What policies have counted since they were made, and by how much that has grown. */
import type { Component } from '@seaworthy/core'
import { type CircuitFacts, circuitKinds, circuitsOf, number } from './circuits.ts'

/** A number that only grows. */
export interface Total {
  /** Which circuit of a breaker per key. */
  readonly key: string
  readonly what: string
  readonly value: number
}

/** Remembers the totals of each component. */
export class Totals {
  readonly #last = new Map<string, ReadonlyMap<string, number>>()

  /**
   * By how much the totals of a component have grown since the last time, by what they count. One that has become smaller began again from 0.
   * Only what is given is remembered: keys that a breaker has forgotten are forgotten here.
   */
  grown(id: string, totals: readonly Total[]): Map<string, number> {
    const last = this.#last.get(id)
    const next = new Map<string, number>()
    const grown = new Map<string, number>()
    for (const { key, what, value } of totals) {
      const place = `${key}\u0000${what}`
      const before = last?.get(place) ?? 0
      next.set(place, value)
      grown.set(what, (grown.get(what) ?? 0) + (value >= before ? value - before : value))
    }
    this.#last.set(id, next)
    return grown
  }

  forget(id: string): void {
    this.#last.delete(id)
  }
}

/** The totals of circuits. */
export const totalsOfCircuits = (circuits: readonly CircuitFacts[]): Total[] =>
  circuits.flatMap(({ key = '', fields }) =>
    Object.entries((fields['totals'] ?? {}) as Fields).map(([what, value]) => ({
      key,
      what,
      value: number(value),
    })),
  )

/** The totals of any component; none if it has none, or cannot be read. */
export function totalsOf(component: Component): Total[] {
  if (circuitKinds.includes(component.kind)) return totalsOfCircuits(circuitsOf(component))
  const read = readers[component.kind]
  if (read === undefined) return []
  try {
    const totals = Object.entries(read(component.snapshot() as Fields))
    return totals.map(([what, value]) => ({ key: '', what, value: number(value) }))
  } catch {
    return [] // It tells nothing now.
  }
}

type Fields = Readonly<Record<string, unknown>>

/** By kind of component. */
const readers: Readonly<Record<string, (snapshot: Fields) => Fields>> = {
  retry: ({ retries, recovered, gaveUp }) => {
    const reasons = (gaveUp ?? {}) as Fields
    return {
      retries,
      recovered,
      gaveUp: Object.values(reasons).reduce((sum: number, each) => sum + number(each), 0),
      // The others may not have been tried again at all.
      exhausted: number(reasons['attempts']) + number(reasons['elapsed']),
    }
  },
  timeout: ({ timeouts }) => ({ timeouts }),
  'stale-cache': ({ hits, stale, misses }) => ({ hits, stale, misses }),
  degradation: ({ timeAt }) => (timeAt ?? {}) as Fields,
}
