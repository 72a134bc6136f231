import { InvalidOptionError, type Random } from '@seaworthy/core'

/** Randomness that can be repeated. */
export interface SeededRandom extends Random {
  /** What makes the same numbers again: `seededRandom(seed)`. */
  readonly seed: string

  /**
   * An independent source for one part of a test. It depends on the seed and the label only, not on how many
   * numbers were drawn before, so one part that draws more does not change what the others see.
   * `seededRandom('a').fork('b')` is `seededRandom('a/b')`.
   */
  fork(label: string | number): SeededRandom
}

/**
 * Numbers in [0, 1), the same for the same seed on every machine. For tests and simulations, not for secrets.
 *
 * Source: D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", xoshiro128**, with 53 bits
 * from two draws. Its state is the seed's text hashed four times (A. Appleby, MurmurHash3, 32 bits).
 *
 * @param seed - A finite number or a text. `7` and `'7'` are the same seed.
 * @throws {@link @seaworthy/core!InvalidOptionError} when the seed is neither.
 *
 * @example
 * ```ts
 * import { seededRandom } from '@seaworthy/testing'
 *
 * const random = seededRandom(7)
 * console.log(random() === seededRandom(7)()) // true
 * console.log(random.fork('jitter').seed) // 7/jitter
 * ```
 */
export function seededRandom(seed: number | string): SeededRandom {
  if (typeof seed !== 'string' && !Number.isFinite(seed))
    throw new InvalidOptionError('seed', 'a finite number or a text', seed)
  const text = String(seed)
  const bits = xoshiro128(hash(text, 1), hash(text, 2), hash(text, 3), hash(text, 4))
  // 27 high bits of one draw and 26 of the next fill the mantissa of a number in [0, 1).
  const random = (): number => ((bits() >>> 5) * 2 ** 26 + (bits() >>> 6)) / 2 ** 53
  const fork = (label: string | number): SeededRandom => seededRandom(`${text}/${label}`)
  return Object.assign(random, { seed: text, fork })
}

/** Each call gives the next 32 bits. One word at least must not be 0; four hashes of a text never all are. */
function xoshiro128(a: number, b: number, c: number, d: number): () => number {
  return () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9)
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotate(d, 11)
    return result >>> 0
  }
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
