/** What a composition can cost at most, computed from the inside out. */
import type { PolicyDescription } from './describe.ts'
import { label } from './explain-words.ts'

/** The most that a part of a composition can cost one call. */
export interface Cost {
  /** Milliseconds until its caller has an answer. */
  readonly time: number
  /**
   * Milliseconds that it may go on after it was told to stop. Waits of policies end at once; a function that ignores
   * its signal takes all the time it wants.
   */
  readonly overrun: number
  /** How often the function runs, one run after the other. */
  readonly attempts: number
  /** How often the function runs side by side. */
  readonly copies: number
}

/** A composition with all that the rules of `explain` look at. Positions are indexes into `layers`. */
export interface Composition {
  /** Outermost first. */
  readonly layers: readonly PolicyDescription[]
  /** What the text calls each layer. */
  readonly names: readonly string[]
  /** `costs[i]` is what layer `i` costs with all inside it; the last is the function itself. */
  readonly costs: readonly Cost[]
  /** The positions of layers that run their inner part more than once. */
  readonly retries: readonly number[]
  /** The positions of circuit breakers that can open. */
  readonly breakers: readonly number[]
}

/** The cost of a function that takes `time` and does not listen to its signal. */
export const functionCost = (time: number): Cost => ({ time, overrun: time, attempts: 1, copies: 1 })

/**
 * Puts layers around a function.
 *
 * @param owner - The node of a graph that the layers belong to.
 */
export function compose(layers: readonly PolicyDescription[], inner: Cost, owner?: string): Composition {
  const costs = [inner]
  for (let slot = layers.length - 1; slot >= 0; slot--) {
    costs.unshift(around(layers[slot] as PolicyDescription, costs[0] as Cost, isCollapsed(layers, slot)))
  }
  const names = layers.map((layer) => (owner === undefined ? label(layer) : `${owner}: ${label(layer)}`))
  const retries = slotsWhere(layers, ({ attempts = 1 }, slot) => attempts > 1 && !isCollapsed(layers, slot))
  const breakers = slotsWhere(layers, ({ circuit }) => circuit?.trips === true)
  return { layers, names, costs, retries, breakers }
}

/** The cost of the whole composition. */
export const wholeCost = ({ costs }: Composition): Cost => costs[0] as Cost

function slotsWhere(
  layers: readonly PolicyDescription[],
  wanted: (layer: PolicyDescription, slot: number) => boolean,
): number[] {
  return layers.flatMap((layer, slot) => (wanted(layer, slot) ? [slot] : []))
}

/** Whether a retry further out owns the retrying, so that this one never tries again. */
export function isCollapsed(layers: readonly PolicyDescription[], slot: number): boolean {
  const layer = layers[slot]
  return isRetry(layer) && !layer?.multiplies && layers.slice(0, slot).some(isRetry)
}

/** Whether it retries. With a single attempt it does not even own the retrying of those further in. */
export const isRetry = (layer: PolicyDescription | undefined): boolean =>
  layer?.kind === 'retry' && (layer.attempts ?? 1) > 1

function around(layer: PolicyDescription, inner: Cost, collapsed: boolean): Cost {
  const { wait = 0, copies = 1, timeLimit } = layer
  // Copies start while an earlier one runs, so a delay that nobody knows is no longer than that.
  const { delays = times(copies - 1, inner.time) } = collapsed ? { delays: 0 } : layer
  const attempts = collapsed ? 1 : (layer.attempts ?? 1)
  const cost = {
    time: wait + times(attempts, inner.time) + delays,
    overrun: inner.overrun,
    attempts: times(attempts, inner.attempts),
    copies: times(copies, inner.copies),
  }
  if (timeLimit === undefined) return cost
  const { limit, mode } = timeLimit
  // An aggressive limit answers on its own. A cooperative one asks to stop and waits for what is running.
  if (mode === 'aggressive') return { ...cost, time: Math.min(cost.time, limit), overrun: 0 }
  return { ...cost, time: Math.min(cost.time, limit + cost.overrun) }
}

/** A product in which nothing, however often, is nothing: IEEE makes `0 * Infinity` NaN. */
export function times(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b
}
