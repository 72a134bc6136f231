/**
 * Every way to merge several sequences that keeps the order within each: all schedules of a few concurrent calls,
 * when a lane is what one call does. Their number grows fast (four lanes of two steps have 2,520), so this is for
 * small cases that are to be covered completely; fast-check's `scheduler` samples the large ones.
 *
 * @example
 * ```ts
 * import { interleavings } from '@seaworthy/testing/models'
 *
 * for (const order of interleavings([['begin a', 'end a'], ['begin b']])) console.log(order.join(', '))
 * // begin a, end a, begin b
 * // begin a, begin b, end a
 * // begin b, begin a, end a
 * ```
 */
export function* interleavings<T>(lanes: readonly (readonly T[])[]): Generator<T[], void, undefined> {
  const busy = lanes.filter((lane) => lane.length > 0)
  if (busy.length === 0) yield []
  for (const lane of busy) {
    const rest = busy.map((other) => (other === lane ? other.slice(1) : other))
    for (const order of interleavings(rest)) yield [lane[0] as T, ...order]
  }
}
