/** What is kept of the memory of a process over time. */

/** Memory of a process in a stretch of time: one sample, or the lowest and highest of several that were merged. Sizes are bytes. */
export interface MemoryPoint {
  /** Milliseconds since monitoring began: the first sample in it. */
  readonly at: number
  /** The last sample in it. */
  readonly until: number
  /** How many samples it stands for. */
  readonly samples: number
  /** Resident memory, lowest. */
  readonly rss: number
  /** Resident memory, highest. */
  readonly rssHighest: number
  /** The heap with its garbage, lowest. Undefined for a process that only the system can be asked about. */
  readonly heapUsed?: number
  /** The heap with its garbage, highest. */
  readonly heapHighest?: number
  /** The heap right after a major garbage collection, lowest: what is really held. Undefined where there was no such collection. */
  readonly heapFloor?: number
  /** Memory outside of the heap that belongs to objects in it (buffers), right after a major garbage collection, lowest. */
  readonly externalFloor?: number
  /** Memory outside of the heap that belongs to objects in it, garbage included, lowest. */
  readonly external?: number
  /** Resident memory that is not the heap's, lowest. */
  readonly nonHeap?: number
  /** Major garbage collections since monitoring began, as of the last sample. */
  readonly collections: number
}

/** Points in order of time, never more than a number of them: when it is reached, neighbours are merged. */
export interface MemoryHistory {
  readonly points: readonly MemoryPoint[]
  add(point: MemoryPoint): void
}

/**
 * A history of fixed size. Whether it has run for minutes or for weeks, it covers all of it, evenly; what is merged keeps lows and highs, so that neither the floor
 * nor a peak is lost.
 *
 * @param capacity - The most points. @defaultValue 500
 */
export function memoryHistory(capacity = 500): MemoryHistory {
  let points: MemoryPoint[] = []
  /** Samples in a full point: 1, then 2, 4, 8 … */
  let full = 1
  return {
    get points() {
      return points
    },
    add(point) {
      const last = points[points.length - 1]
      if (last !== undefined && last.samples < full) {
        points[points.length - 1] = merge(last, point)
        return
      }
      if (points.length === capacity) {
        full *= 2
        points = inPairs(points)
      }
      points.push(point)
    },
  }
}

function inPairs(points: readonly MemoryPoint[]): MemoryPoint[] {
  const merged: MemoryPoint[] = []
  for (let index = 0; index < points.length; index += 2) {
    const point = points[index] as MemoryPoint
    const next = points[index + 1]
    merged.push(next === undefined ? point : merge(point, next))
  }
  return merged
}

function merge(a: MemoryPoint, b: MemoryPoint): MemoryPoint {
  return {
    at: a.at,
    until: b.until,
    samples: a.samples + b.samples,
    rss: Math.min(a.rss, b.rss),
    rssHighest: Math.max(a.rssHighest, b.rssHighest),
    collections: b.collections,
    ...of('heapUsed', a, b, Math.min),
    ...of('heapHighest', a, b, Math.max),
    ...of('heapFloor', a, b, Math.min),
    ...of('externalFloor', a, b, Math.min),
    ...of('nonHeap', a, b, Math.min),
    ...of('external', a, b, Math.min),
  }
}

type Optional = 'heapUsed' | 'heapHighest' | 'heapFloor' | 'externalFloor' | 'external' | 'nonHeap'

/** A field that either of two points may lack. */
function of(
  field: Optional,
  a: MemoryPoint,
  b: MemoryPoint,
  choose: (a: number, b: number) => number,
): Partial<Record<Optional, number>> {
  const [first = b[field], second = a[field]] = [a[field], b[field]]
  return first === undefined || second === undefined ? {} : { [field]: choose(first, second) }
}
