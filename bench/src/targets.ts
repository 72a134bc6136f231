/** What Seaworthy promises about its own cost. Ratios of one run, never nanoseconds: those belong to a machine. */
import { type Table, typical } from './table.ts'

export interface Target {
  readonly what: string
  readonly table: string
  readonly row: string
  readonly column: string
  readonly max: number
  /** The row it is divided by, if the column itself is no ratio. */
  readonly against?: string
  /** Something to strive for. To miss it is no failure. */
  readonly stretch?: true
  readonly integer?: true
}

export interface Verdict {
  readonly measured: number
  readonly met: boolean
}

export const targets: readonly Target[] = []

export function targetsOf(table: string): readonly Target[] {
  return targets.filter((target) => target.table === table)
}

/** Undefined if the table lacks a number. */
export function verdict({ row, column, max, against }: Target, table: Table): Verdict | undefined {
  const measured = read(table, row, column)
  const divisor = against === undefined ? 1 : read(table, against, column)
  if (measured === undefined || divisor === undefined) return undefined
  return { measured: measured / divisor, met: measured / divisor <= max }
}

function read(table: Table, name: string, column: string): number | undefined {
  const cell = table.rows.find((row) => row.name === name)?.cells[column]
  return cell === undefined ? undefined : typical(cell)
}
