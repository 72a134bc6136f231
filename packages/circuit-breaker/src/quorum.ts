/** Whether enough instances say that a circuit is not well. */
import type { SharedCircuitView } from './store.ts'

/** What an instance itself has to add. */
export interface OwnWord {
  /** How long its own circuit stays open by its own experience; undefined while it is well, or follows others. */
  readonly openFor: number | undefined
  /** Whether it has seen calls succeed or fail, so that its silence means that it is well. */
  readonly hasSeenCalls: boolean
}

/**
 * How long the circuit of the fleet stays open, in milliseconds; 0 when it is to be tried; undefined when the fleet is well.
 *
 * At least the share `quorum` of the instances has to say so, and at least two unless only one knows anything. The opening ends when too few
 * of those who say so are open still, so nobody holds others open for longer than itself.
 */
export function fleetOpening(
  { reports, departed }: Pick<SharedCircuitView, 'reports' | 'departed'>,
  others: number,
  { openFor, hasSeenCalls }: OwnWord,
  quorum: number,
): number | undefined {
  const voices = others + departed + (hasSeenCalls || openFor !== undefined ? 1 : 0)
  const needed = Math.max(Math.min(2, voices), Math.ceil(quorum * voices))
  const openings = openFor === undefined ? [...reports] : [...reports, openFor]
  if (needed === 0 || openings.length < needed) return undefined
  return openings.sort((a, b) => b - a)[needed - 1]
}
