/** Tables whose cells are ready text: on a terminal, and between the marks of a Markdown page. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface FigureRow {
  readonly name: string
  readonly cells: readonly string[]
}

export interface Figures {
  /** Names its place on the page. */
  readonly name: string
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly FigureRow[]
}

/** Shows a table on the terminal. @returns The same table. */
export function printFigures(figures: Figures): Figures {
  const { name, title } = figures
  const [head = [], ...rows] = aligned(figures, '')
  console.log(`\n${name} – ${title}\n`)
  for (const row of [head, ...rows]) console.log(`  ${row.join('  ')}`)
  return figures
}

/** Puts tables between `<!-- bench:name -->` and `<!-- /bench:name -->` of a page in `docs/`. */
export function insertFigures(page: string, all: readonly Figures[]): void {
  const file = fileURLToPath(new URL(`../../docs/${page}`, import.meta.url))
  let text = readFileSync(file, 'utf8')
  for (const figures of all) {
    const block = new RegExp(`(<!-- bench:${figures.name} -->\\n)[^]*?(<!-- /bench:${figures.name} -->)`)
    if (!block.test(text)) throw new Error(`docs/${page} has no place for ${figures.name}`)
    text = text.replace(block, (_, open: string, close: string) => `${open}${markdown(figures)}\n${close}`)
  }
  writeFileSync(file, text)
}

/** One line of progress that the next one replaces; an empty one ends it. Silent unless a person looks. */
export function showProgress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${line}`)
}

function markdown(figures: Figures): string {
  const [head = [], ...rows] = aligned(figures, '---')
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = head.map(({ length }, i) => (i === 0 ? '-'.repeat(length) : `${'-'.repeat(length - 1)}:`))
  return [`**${figures.title}**`, '', line(head), line(rule), ...rows.map(line)].join('\n')
}

/** The head and the rows, names to the left and figures to the right. @param least - As wide as this at least. */
function aligned({ columns, rows }: Figures, least: string): string[][] {
  const table = [['', ...columns], ...rows.map(({ name, cells }) => [name, ...cells])]
  const widths = ['', ...columns].map((_, i) =>
    Math.max(least.length, ...table.map((row) => row[i]?.length ?? 0)),
  )
  return table.map((row) =>
    widths.map((width, i) => (i === 0 ? (row[i] ?? '').padEnd(width) : (row[i] ?? '').padStart(width))),
  )
}
