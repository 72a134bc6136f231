/** Tables of results. */
import type { Spread } from './statistics.ts'

interface Column {
  readonly key: string
  readonly title: string
  /** Whether its numbers are counted rather than measured. */
  readonly integer?: boolean
}

export interface Row {
  readonly name: string
  /** By the key of the column. A number that could not be had is missing. */
  readonly cells: Readonly<Record<string, number | Spread>>
}

export interface Table {
  readonly name: string
  readonly title: string
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
}

/** The number itself, or the median of several. */
export function typical(cell: number | Spread): number {
  return typeof cell === 'number' ? cell : cell.median
}
