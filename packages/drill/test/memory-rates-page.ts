/** Measures the rates of the memory verdict and writes them to docs/memory-verdict.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { rateAtLeast, rateAtMost } from '../src/statistics/proportions.ts'
import { allRates, type Rates } from './memory-rates.ts'

/** `--runs 100` takes a quarter of the time. */
const { runs: given, 'update-docs': updateDocs } = parseArgs({
  options: { runs: { type: 'string', default: '400' }, 'update-docs': { type: 'boolean', default: false } },
}).values
const runs = Number(given)
const page = new URL('../../../docs/memory-verdict.md', import.meta.url)

const rows = allRates('unseen', runs, true)
const one = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(1))
const successes = (percent: number): number => Math.round((percent * runs) / 100)

/** The worst that the counts leave open, at 95 %. */
const bound = ({ kind, flagged }: Rates): string =>
  kind.is === 'harmless'
    ? `≤ ${(100 * rateAtMost(successes(flagged), runs)).toFixed(1)}`
    : `≥ ${(100 * rateAtLeast(successes(flagged), runs)).toFixed(1)}`

const patternsOf = ({ patterns }: Rates): string =>
  Object.entries(patterns)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')

const table = (kinds: readonly Rates[]): string[][] => [
  ['series', 'found to leak', 'at 95 %', 'fails the run', 'from outside', 'patterns named'],
  ...kinds.map((rates) => [
    rates.kind.name + (rates.kind.fresh ? ' *' : ''),
    one(rates.flagged),
    bound(rates),
    one(rates.failed),
    one(rates.flaggedFromOutside),
    rates.kind.is === 'harmless' ? '' : patternsOf(rates),
  ]),
]

function markdown(cells: readonly (readonly string[])[]): string {
  const widths = (cells[0] as readonly string[]).map((_, column) =>
    Math.max(...cells.map((row) => (row[column] as string).length)),
  )
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 || column === 5 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number))).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => (column === 0 || column === 5 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(cells[0] as readonly string[]), rule, ...cells.slice(1).map(line)].join('\n')
}

const parts = {
  harmless: markdown(table(rows.filter(({ kind }) => kind.is === 'harmless'))),
  leaks: markdown(table(rows.filter(({ kind }) => kind.is !== 'harmless'))),
}
for (const text of Object.values(parts)) console.log(`${text}\n`)

if (updateDocs) {
  let text = readFileSync(page, 'utf8')
  for (const [name, part] of Object.entries(parts))
    text = text.replace(
      new RegExp(`(<!-- rates:${name} -->\n)[^]*?(<!-- end -->)`),
      (_, begin, end) => `${begin}${part}\n${end}`,
    )
  text = text.replace(/Each row is \d+/, `Each row is ${runs}`)
  writeFileSync(page, text)
}
