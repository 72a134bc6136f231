/** `npm run bench`: measures Seaworthy and its peers, and says whether the targets are met. */
import { readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { environment } from './environment.ts'
import { workerFile } from './processes.ts'
import { insertBlocks, type Report, toMarkdown, toText } from './report.ts'
import { sections } from './sections.ts'
import { speedTables } from './speed.ts'
import { subjects } from './subjects/index.ts'
import type { Table } from './table.ts'
import { targets, verdict } from './targets.ts'

const usage = `npm run bench -- [options]

  --only NAME     measure only what has this name or begins with it; may be repeated
  --runs N        fresh processes per measurement (default 5)
  --slices N      slices of 2 ms per contender and process (default 100)
  --list          print the names
  --json FILE     write the results to a file
  --from FILE     read the results from such a file instead of measuring
  --markdown      print Markdown
  --update-docs   write the tables into docs/performance.md
  --check         exit with 1 when a target is missed
  --help          print this`

const page = fileURLToPath(new URL('../../docs/performance.md', import.meta.url))

/** A mistake of the one who typed the command. */
class UsageError extends Error {}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      runs: { type: 'string', default: '5' },
      slices: { type: 'string', default: '100' },
      list: { type: 'boolean' },
      json: { type: 'string' },
      from: { type: 'string' },
      markdown: { type: 'boolean' },
      'update-docs': { type: 'boolean' },
      check: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return print(usage)
  if (values.list)
    return print([...subjects, ...sections].map(({ name, title }) => `${name.padEnd(24)}${title}`).join('\n'))

  const runs = positive('runs', values.runs)
  const slices = positive('slices', values.slices)
  if (values['update-docs'] && values.only) {
    throw new UsageError('--update-docs writes the whole page from one run: leave out --only')
  }

  const wanted = ({ name }: { readonly name: string }): boolean =>
    values.only === undefined || values.only.some((prefix) => name.startsWith(prefix))
  const names = [...subjects, ...sections].filter(wanted).map(({ name }) => name)
  if (names.length === 0) {
    throw new UsageError(`Nothing is called ${values.only?.join(' or ')}; --list prints the names`)
  }
  const report = values.from === undefined ? await measureAll(names, runs, slices) : read(values.from, names)

  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
  if (values['update-docs']) {
    writeFileSync(page, insertBlocks(readFileSync(page, 'utf8'), toMarkdown(report)))
  }
  print(values.markdown ? [...toMarkdown(report).values()].join('\n\n') : toText(report))
  return values.check && missed(report.tables) ? 1 : 0
}

/** What was measured before. */
function read(file: string, names: readonly string[]): Report {
  const { environment, tables } = JSON.parse(readFileSync(file, 'utf8')) as Report
  return { environment, tables: tables.filter(({ name }) => names.includes(name)) }
}

async function measureAll(names: readonly string[], runs: number, slices: number): Promise<Report> {
  await build({
    entryPoints: [fileURLToPath(new URL('./worker.ts', import.meta.url))],
    outfile: workerFile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  })
  const facts = environment(runs, slices)
  if ((loadavg()[0] ?? 0) > 0.5) {
    process.stderr.write(
      `${facts['load']}: others use this machine, which makes everything look dearer than bare\n`,
    )
  }
  // First what is quick, so that what is broken shows at once.
  const others: Table[] = []
  for (const section of [...sections].reverse().filter(({ name }) => names.includes(name))) {
    others.unshift(await progress(section.name, () => section.measure(runs)))
  }
  const chosen = subjects.filter(({ name }) => names.includes(name))
  const speed = await speedTables(chosen, runs, slices, progress)
  return { environment: facts, tables: [...speed, ...others] }
}

/** Says on stderr what goes on, so that stdout has the results alone. */
async function progress<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  process.stderr.write(`${what} … `)
  const result = await work()
  process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1)} s\n`)
  return result
}

function missed(tables: readonly Table[]): boolean {
  return targets.some((target) => {
    const table = tables.find(({ name }) => name === target.table)
    return table !== undefined && !target.stretch && verdict(target, table)?.met === false
  })
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new UsageError(`--${option} takes a positive integer, not ${text}`)
}

function print(text: string): number {
  process.stdout.write(`${text.trimEnd()}\n`)
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  const mistaken =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS_')
  console.error(mistaken ? `${(error as Error).message}\n\n${usage}` : error)
  process.exitCode = mistaken ? 2 : 1
}
