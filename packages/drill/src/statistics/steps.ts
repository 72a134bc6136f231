/** Where a series changes its level. */

/** A stair through values. */
export interface Steps {
  /** The mean of each level, in order. */
  readonly levels: readonly number[]
  /** The index of the first value of each level. */
  readonly starts: readonly number[]
  /** The sum of the squares of the distances to the levels. */
  readonly unexplained: number
}

/**
 * The best stair with 1, 2, 3, … levels: of all places for the changes, those with the least sum of squares. Exact, by dynamic programming.
 *
 * Source: I. E. Auger, C. E. Lawrence, "Algorithms for the optimal identification of segment neighborhoods" (1989).
 *
 * @param changes - The most changes of level.
 * @param shortest - The fewest values in a level.
 * @returns One stair for each number of levels for which there are enough values, at least one.
 */
export function stepsOf(values: readonly number[], changes: number, shortest: number): Steps[] {
  const cost = costs(values)
  const size = values.length
  // best[k][end]: the least cost of the first `end` values in k + 1 levels; cut[k][end]: where the last of them starts.
  const best: Float64Array[] = [Float64Array.from({ length: size + 1 }, (_, end) => cost(0, end))]
  const cut: Int32Array[] = [new Int32Array(size + 1)]
  for (let level = 1; level <= changes && (level + 1) * shortest <= size; level++) {
    const before = best[level - 1] as Float64Array
    const least = new Float64Array(size + 1).fill(Number.POSITIVE_INFINITY)
    const start = new Int32Array(size + 1)
    for (let end = (level + 1) * shortest; end <= size; end++) {
      for (let from = level * shortest; from <= end - shortest; from++) {
        const total = (before[from] as number) + cost(from, end)
        if (total < (least[end] as number)) {
          least[end] = total
          start[end] = from
        }
      }
    }
    best.push(least)
    cut.push(start)
  }
  return best.map((least, level) => {
    const starts: number[] = []
    for (let k = level, end = size; k >= 0; k--) {
      end = k === 0 ? 0 : ((cut[k] as Int32Array)[end] as number)
      starts.unshift(end)
    }
    const levels = starts.map((from, index) => {
      const to = starts[index + 1] ?? size
      return values.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from)
    })
    return { levels, starts, unexplained: Math.max(0, least[size] as number) }
  })
}

/** The sum of squares about the mean of any range, in constant time. The values are shifted first, so that little is lost to rounding. */
function costs(values: readonly number[]): (from: number, to: number) => number {
  const shift = values[0] ?? 0
  const sums = new Float64Array(values.length + 1)
  const squares = new Float64Array(values.length + 1)
  values.forEach((value, index) => {
    const moved = value - shift
    sums[index + 1] = (sums[index] as number) + moved
    squares[index + 1] = (squares[index] as number) + moved * moved
  })
  return (from, to) => {
    if (to <= from) return 0
    const sum = (sums[to] as number) - (sums[from] as number)
    return (squares[to] as number) - (squares[from] as number) - (sum * sum) / (to - from)
  }
}
