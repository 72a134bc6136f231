/**
 * Decisions by number: what happens to the n-th call of a target follows from the seed, the scenario, the target and n
 * alone. A generator that is drawn from in turn would give other answers as soon as two calls change places.
 */

/** Numbers that are looked up instead of drawn. */
export interface DecisionStream {
  /**
   * @param ordinal - Which decision.
   * @param draw - Which number of it: 0 for the decision itself, more for its details.
   * @returns A number in [0, 1) with 53 random bits.
   */
  at(ordinal: number, draw: number): number
}

/**
 * The decisions of one scenario for one target.
 *
 * Source: splitmix64 of G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators" (2014), in two halves
 * of 32 bits, since a `BigInt` costs twenty times as much.
 */
export function decisionStream(seed: number | string, scenario: string, target: string): DecisionStream {
  // The starts differ, or a scenario and a target of one name would cancel each other out.
  const high = hash(String(seed), 1) ^ hash(scenario, 3) ^ hash(target, 5)
  const low = hash(String(seed), 2) ^ hash(scenario, 4) ^ hash(target, 6)
  return { at: (ordinal, draw) => splitmix64(high ^ Math.floor(ordinal / 2 ** 32), low ^ ordinal, draw) }
}

/** The golden ratio in 64 bits: the step of the generator. */
const goldenHigh = 0x9e3779b9
const goldenLow = 0x7f4a7c15

/**
 * The number that splitmix64 gives after `skip` others, from a state in two halves.
 *
 * @returns Its upper 53 bits, as a number in [0, 1).
 */
export function splitmix64(stateHigh: number, stateLow: number, skip = 0): number {
  const steps = skip + 1
  const forward = goldenLow * steps
  const sum = (stateLow >>> 0) + (forward % 2 ** 32)
  let low = sum >>> 0
  let high =
    (stateHigh + Math.imul(goldenHigh, steps) + Math.floor(forward / 2 ** 32) + (sum >= 2 ** 32 ? 1 : 0)) >>>
    0

  // z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9
  low ^= (low >>> 30) | (high << 2)
  high ^= high >>> 30
  high = productHigh(high, low, 0xbf58476d, 0x1ce4e5b9)
  low = Math.imul(low, 0x1ce4e5b9)

  // z = (z ^ (z >>> 27)) * 0x94d049bb133111eb
  low ^= (low >>> 27) | (high << 5)
  high ^= high >>> 27
  high = productHigh(high, low, 0x94d049bb, 0x133111eb)
  low = Math.imul(low, 0x133111eb)

  // z ^ (z >>> 31)
  low ^= (low >>> 31) | (high << 1)
  high ^= high >>> 31
  return ((high >>> 0) * 2 ** 21 + (low >>> 11)) / 2 ** 53
}

/** The upper half of the lower 64 bits of a product of two 64-bit numbers. */
function productHigh(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  return (carryOut(aLow >>> 0, bLow) + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) | 0
}

/** The upper 32 bits of the product of two 32-bit numbers, from products of 16 bits each. */
function carryOut(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const other = aLow * bHigh + (middle & 0xffff)
  return aHigh * bHigh + Math.floor(middle / 2 ** 16) + Math.floor(other / 2 ** 16)
}

/** MurmurHash3 of the UTF-16 code units, each as one block. */
function hash(text: string, start: number): number {
  let state = start
  for (let index = 0; index < text.length; index++) {
    const block = Math.imul(rotate(Math.imul(text.charCodeAt(index), 0xcc9e2d51), 15), 0x1b873593)
    state = Math.imul(rotate(state ^ block, 13), 5) + 0xe6546b64
  }
  state ^= text.length
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return state ^ (state >>> 16)
}

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by))
