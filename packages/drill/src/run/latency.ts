/**
 * Durations by the number of a bucket. Buckets grow by a tenth, so a percentile is right within 10 %, whatever its size, and a second of load is
 * a handful of numbers.
 */
const growth = Math.log(1.1)

/** The bucket of a duration in milliseconds. 0 is for all below a hundredth of a millisecond. */
export function latencyBucket(took: number): number {
  return took < 0.01 ? 0 : 1 + Math.floor(Math.log(took / 0.01) / growth)
}

/** The longest duration of a bucket, in milliseconds. */
export function latencyOfBucket(bucket: number): number {
  return 0.01 * Math.exp(growth * bucket)
}

/** How many durations are in which bucket. */
export type Latencies = Map<number, number>

/** Adds what a second of traffic says. */
export function addLatencies(to: Latencies, took: Readonly<Record<string, number>>): void {
  for (const [bucket, count] of Object.entries(took))
    to.set(Number(bucket), (to.get(Number(bucket)) ?? 0) + count)
}

/**
 * A percentile, from above.
 *
 * @param share - 0.99 is the 99th percentile.
 * @returns Milliseconds; undefined when there are no durations.
 */
export function latencyQuantile(latencies: Latencies, share: number): number | undefined {
  const buckets = [...latencies].sort(([a], [b]) => a - b)
  const total = buckets.reduce((sum, [, count]) => sum + count, 0)
  let below = 0
  for (const [bucket, count] of buckets) {
    below += count
    if (below >= share * total) return latencyOfBucket(bucket)
  }
  return undefined
}
