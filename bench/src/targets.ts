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

export const targets: readonly Target[] = [
  { what: 'closed breaker, to bare', table: 'closed', row: 'seaworthy: count(100)', column: 'ratio', max: 2 },
  {
    what: 'open breaker, to a function that rejects with a new Error',
    table: 'open',
    row: 'seaworthy',
    column: 'ratio',
    max: 1,
  },
  {
    what: 'open breaker, to one that always rejects with the same Error',
    table: 'open',
    row: 'seaworthy',
    column: 'ratio',
    against: 'bare, always the same Error',
    max: 0.85,
    stretch: true,
  },
  {
    what: 'window of 1,000,000 calls, to one of 10',
    table: 'window',
    row: 'seaworthy: 1,000,000 calls',
    column: 'ratio',
    against: 'seaworthy: 10 calls',
    max: 1.1,
  },
  { what: 'retry at the first try, to bare', table: 'retry', row: 'seaworthy', column: 'ratio', max: 2 },
  {
    what: 'five layers, to bare',
    table: 'pipeline5',
    row: 'seaworthy',
    column: 'ratio',
    max: 4,
  },
  {
    what: 'five layers around one event-loop turn, to bare',
    table: 'pipeline5.turn',
    row: 'seaworthy',
    column: 'ratio',
    max: 1.3,
  },
  {
    what: 'bytes of a new breaker',
    table: 'memory',
    row: 'seaworthy: defaults, count(100)',
    column: 'bytes',
    max: 1_000,
    integer: true,
  },
  {
    what: 'bytes of a breaker in use',
    table: 'memory',
    row: 'seaworthy: defaults, count(100)',
    column: 'busy',
    max: 1_000,
    integer: true,
  },
  {
    what: 'timers of a breaker',
    table: 'memory',
    row: 'seaworthy: defaults, count(100)',
    column: 'timers',
    max: 0,
    integer: true,
  },
  {
    what: 'bundle of a breaker, bytes gzipped',
    table: 'bundle.breaker',
    row: 'seaworthy: @seaworthy/circuit-breaker',
    column: 'gzipped',
    max: 3_500,
    integer: true,
  },
  {
    what: 'bundle of breaker, retry and timeout, bytes gzipped',
    table: 'bundle.trio',
    row: 'seaworthy, with p-retry in it',
    column: 'gzipped',
    max: 6_000,
    integer: true,
  },
]

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
