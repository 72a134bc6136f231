/** How tables of results look on a terminal and in Markdown. */
import { type Row, type Table, typical } from './table.ts'
import { type Target, targetsOf, type Verdict, verdict } from './targets.ts'

/** Everything one run of the program found out; what `--json` writes and `--from` reads. */
export interface Report {
  readonly environment: Readonly<Record<string, string>>
  readonly tables: readonly Table[]
}

/** Three figures, as far as they mean something: 0.77, 16.5, 2,494. */
export function formatNumber(value: number, integer = false): string {
  const digits = integer || Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: 'negative', // no minus before a zero
  })
}

export function toText({ environment, tables }: Report): string {
  const facts = Object.entries(environment).map(([key, fact]) => `${key}: ${fact}`)
  const blocks = tables.map((table) => `${table.name} – ${table.title}\n\n${indent(grid(table))}`)
  const summary = summaryTable(tables)
  if (summary !== undefined) blocks.push(`targets\n\n${indent(alignment(summary))}`)
  return `${facts.join('\n')}\n\n${blocks.join('\n\n')}\n`
}

/** The blocks of the Markdown page, by the names of their markers. */
export function toMarkdown({ environment, tables }: Report): Map<string, string> {
  const blocks = new Map<string, string>()
  const facts = Object.entries(environment).map(([key, fact]) => `- ${key}: ${fact}`)
  blocks.set('environment', facts.join('\n'))
  const summary = summaryTable(tables)
  if (summary !== undefined) blocks.set('targets', pipes(summary))
  for (const table of tables) blocks.set(table.name, `**${table.title}**\n\n${pipes(cellsOf(table), ours)}`)
  return blocks
}

/**
 * Puts blocks between their markers, `<!-- bench:name -->` and `<!-- /bench:name -->`. Every place must be filled and
 * every block find its place: a page holds the results of one run.
 */
export function insertBlocks(page: string, blocks: ReadonlyMap<string, string>): string {
  const left = new Map(blocks)
  const filled = page.replace(
    /^(<!-- bench:(\S+) -->\n).*?^(<!-- \/bench:\2 -->)$/gms,
    (_, begin: string, name: string, end: string) => {
      const block = left.get(name)
      if (block === undefined) throw new Error(`The results have nothing for ${name}`)
      left.delete(name)
      return `${begin}\n${block}\n\n${end}`
    },
  )
  if (left.size > 0) throw new Error(`The page has no place for ${[...left.keys()].join(', ')}`)
  return filled
}

/** Targets that were judged; undefined when none was. */
function summaryTable(tables: readonly Table[]): string[][] | undefined {
  const judged = tables.flatMap((table) =>
    targetsOf(table.name).map((target) => [target, verdict(target, table)] as const),
  )
  const rows = judged.flatMap(([target, found]) =>
    found === undefined
      ? []
      : [[target.what, promise(target), formatNumber(found.measured, target.integer), word(target, found)]],
  )
  return rows.length === 0 ? undefined : [['target', 'at most', 'measured', ''], ...rows]
}

const promise = ({ max, integer }: Target): string => formatNumber(max, integer)
const word = ({ stretch }: Target, { met }: Verdict): string =>
  met ? 'met' : stretch ? 'missed (stretch)' : 'MISSED'

const grid = (table: Table): string => alignment(cellsOf(table))

/** A head and rows of strings. A column of spreads becomes two; the last one tells about the targets. */
function cellsOf(table: Table): string[][] {
  const columns = table.columns.map((column) => ({
    ...column,
    spread: table.rows.some((row) => typeof row.cells[column.key] === 'object'),
  }))
  const head = columns.flatMap(({ title, spread }) => (spread ? [title, 'low – high'] : [title]))
  const rows = table.rows.map((row) => [
    row.name,
    ...columns.flatMap(({ key, integer, spread }) => {
      const cell = row.cells[key]
      const value = cell === undefined ? '–' : formatNumber(typical(cell), integer)
      if (!spread) return [value]
      const range =
        typeof cell === 'object'
          ? `${formatNumber(cell.low, integer)} – ${formatNumber(cell.high, integer)}`
          : ''
      return [value, range]
    }),
  ])
  const notes = table.rows.map((row) => note(table, row))
  const noted = notes.some((text) => text !== '')
  return [
    ['', ...head, ...(noted ? ['target'] : [])],
    ...rows.map((row, index) => [...row, ...(noted ? [notes[index] as string] : [])]),
  ]
}

/** What the targets say about a row. */
function note(table: Table, row: Row): string {
  return targetsOf(table.name)
    .filter((target) => target.row === row.name)
    .flatMap((target) => {
      const found = verdict(target, table)
      if (found === undefined) return []
      const against = target.against === undefined ? '' : ` × ${target.against}`
      return [`≤ ${promise(target)}${against} ${word(target, found)}`]
    })
    .join('; ')
}

/** Names to the left, numbers to the right. */
function alignment(rows: readonly string[][]): string {
  const widths = (rows[0] as string[]).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] as string).length)),
  )
  const textual = (column: number): boolean =>
    column === 0 || ['target', ''].includes((rows[0] as string[])[column] as string)
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          textual(column) ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function pipes([head = [], ...rows]: readonly string[][], emphasize?: (name: string) => boolean): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'))
  const body = rows.map((row) =>
    emphasize?.(row[0] as string) ? row.map((cell) => (cell === '' ? '' : `**${cell}**`)) : row,
  )
  return [head, rule, ...body].map(line).join('\n')
}

const ours = (name: string): boolean => name.startsWith('seaworthy')

const indent = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ')
