/** Random histories, until all that can happen has happened. */
import type { Sometimes } from '@seaworthy/testing'
import fc from 'fast-check'

/** So many times as many histories as were asked for. Then it is no bad luck. */
const mostRounds = 10

/**
 * Checks a property, and again with other histories while something has never happened: a few of them, as slow stores are given, may well
 * miss it by chance.
 *
 * @throws Error when the property does not hold, or when something never happened.
 */
export async function assertUntilSeen<T>(
  seen: Sometimes<string>,
  property: fc.IAsyncProperty<T>,
  parameters: fc.Parameters<T> & { readonly seed: number },
): Promise<void> {
  for (let round = 0; round < mostRounds && (round === 0 || !isComplete(seen)); round++)
    await fc.assert(property, { ...parameters, seed: parameters.seed + round })
  seen.verify()
}

function isComplete(seen: Sometimes<string>): boolean {
  return Object.values(seen.counts()).every((count) => count > 0)
}
