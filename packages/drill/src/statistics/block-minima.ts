/** The floor of a series. */
import type { Sample } from './theil-sen.ts'

/**
 * The lowest sample of each block of neighbours. Garbage that has not been collected yet only adds to a sample, so what is lowest comes closest to what
 * is really held; and there are few enough blocks for methods whose cost grows with the square.
 *
 * @param samples - Undefined where there is none. A block without any is left out.
 * @param size - Samples in a block.
 * @returns Each at the middle of its block.
 */
export function blockMinima(
  samples: readonly { readonly at: number; readonly value: number | undefined }[],
  size: number,
): Sample[] {
  const floor: Sample[] = []
  for (let start = 0; start < samples.length; start += size) {
    const block = samples.slice(start, start + size)
    const known = block.flatMap(({ value }) => (value === undefined ? [] : [value]))
    const first = block[0]?.at ?? 0
    const last = block[block.length - 1]?.at ?? 0
    if (known.length > 0) floor.push({ at: (first + last) / 2, value: Math.min(...known) })
  }
  return floor
}
