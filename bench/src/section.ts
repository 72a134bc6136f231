/** A part of the report that needs more than the clock around calls. */
import type { Table } from './table.ts'

export interface Section {
  /** Also the name of its table. */
  readonly name: string
  readonly title: string
  /** The names of its rows. */
  readonly rows: readonly string[]
  /** @param runs - How many fresh processes to ask. */
  readonly measure: (runs: number) => Promise<Table>
}
