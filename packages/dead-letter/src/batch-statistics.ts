/** What became of the letters of one batch. `claimed` is the sum of the others but `duration`. */
export interface BatchStatistics {
  readonly claimed: number
  readonly replayed: number
  readonly resolved: number
  readonly discarded: number
  /** Will be looked at again later. */
  readonly waiting: number
  /** Left to a person. */
  readonly left: number
  /** Replaying them failed, or they could not be read; they are dead again. */
  readonly failed: number
  /** Not looked at: replaying makes no sense at present, or the queue was closed. */
  readonly paused: number
  /** Another took them over meanwhile. */
  readonly lost: number
  /** Milliseconds it took. */
  readonly duration: number
}

/** What became of one letter. */
export type BatchOutcome = Exclude<keyof BatchStatistics, 'claimed' | 'duration'>

/** Nothing yet. */
export function noStatistics(): { -readonly [Key in keyof BatchStatistics]: number } {
  return {
    claimed: 0,
    replayed: 0,
    resolved: 0,
    discarded: 0,
    waiting: 0,
    left: 0,
    failed: 0,
    paused: 0,
    lost: 0,
    duration: 0,
  }
}

/** Two batches as one. */
export function sumUp(a: BatchStatistics, b: BatchStatistics): BatchStatistics {
  const sum: { -readonly [Key in keyof BatchStatistics]: number } = { ...a }
  for (const key of Object.keys(b) as (keyof BatchStatistics)[]) sum[key] += b[key]
  return sum
}
