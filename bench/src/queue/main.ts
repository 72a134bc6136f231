/**
 * `npm run bench:queue`: Seaworthy's worker on Redis beside BullMQ, on the same private server.
 *
 * Each measurement is a fresh process; contenders take turns in random order, run by run, so that whatever the machine does meanwhile
 * meets all of them. A figure is the median of the runs; ratios are to the first contender.
 */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startRedis } from '@seaworthy/testing/servers'
import { build } from 'esbuild'
import { type FigureRow, type Figures, insertFigures, printFigures, showProgress } from '../figures.ts'
import { home, node } from '../processes.ts'
import { median } from '../statistics.ts'
import { contenders } from './contenders.ts'
import type { Trial } from './trial.ts'

const usage = `npm run bench:queue -- [options]

  --runs N         runs per measurement (default 5)
  --jobs N         jobs per run (default 10000; a fifth of it where each is awaited)
  --only NAME      measure only what begins with it; may be repeated
  --aof            with an append-only file, synced every second
  --json FILE      write the results to a file
  --update-docs    write the tables into docs/performance-queue.md
  --help           print this`

interface Subject {
  readonly name: string
  readonly title: string
  /** The share of --jobs that it takes. */
  readonly share: number
}

const subjects: readonly Subject[] = [
  { name: 'enqueue.single', title: 'Enqueue, each awaited before the next', share: 0.2 },
  { name: 'enqueue.flight', title: 'Enqueue, 50 in flight', share: 1 },
  { name: 'enqueue.bulk', title: 'Enqueue, 100 at a time', share: 1 },
  { name: 'work.1', title: 'Process no-op jobs, concurrency 1', share: 0.2 },
  { name: 'work.10', title: 'Process no-op jobs, concurrency 10', share: 1 },
  { name: 'work.50', title: 'Process no-op jobs, concurrency 50', share: 1 },
  { name: 'memory', title: 'Memory of a waiting job', share: 1 },
]
const recovery = {
  name: 'recovery',
  title: 'From SIGKILL of a worker to the start of its job elsewhere, default settings',
}
const page = { name: 'page', title: 'A page of 50 from 100,000 dead letters' }

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    jobs: { type: 'string', default: '10000' },
    only: { type: 'string', multiple: true },
    aof: { type: 'boolean', default: false },
    json: { type: 'string' },
    'update-docs': { type: 'boolean' },
    help: { type: 'boolean', default: false },
  },
})

const files = Object.fromEntries(
  ['trial', 'recovery', 'page'].map((name) => [name, `${home}node_modules/.cache/bench/${name}.mjs`]),
) as Record<'trial' | 'recovery' | 'page', string>

if (values.help) console.log(usage)
else await main()

async function main(): Promise<void> {
  for (const [name, outfile] of Object.entries(files)) {
    const entryPoints = [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))]
    const target = { platform: 'node', format: 'esm', target: 'node20' } as const
    await build({ entryPoints, outfile, bundle: true, packages: 'external', logLevel: 'error', ...target })
  }
  const redis = await startRedis({ persistence: values.aof ? 'everysec' : 'none' })
  const results: Figures[] = []
  try {
    for (const subject of subjects.filter(wanted)) results.push(printFigures(await speed(subject, redis.url)))
    if (wanted(page)) results.push(printFigures(await pages(redis.url)))
    if (wanted(recovery)) results.push(printFigures(await recoveries(redis.url)))
  } finally {
    await redis.stop()
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
  if (values['update-docs']) insertFigures('performance-queue.md', results)
}

function wanted({ name }: { readonly name: string }): boolean {
  return values.only === undefined || values.only.some((prefix) => name.startsWith(prefix))
}

async function speed({ name, title, share }: Subject, url: string): Promise<Figures> {
  const jobs = String(Math.ceil(Number(values.jobs) * share))
  const trials = new Map<string, Trial[]>(contenders.map((each) => [each.name, []]))
  for (let run = 0; run < Number(values.runs); run++) {
    for (const contender of shuffled([...trials.keys()])) {
      showProgress(`${name}: run ${run + 1}, ${contender}`)
      trials.get(contender)?.push((await node(files.trial, name, contender, url, jobs)) as Trial)
    }
  }
  showProgress('')
  const base = median([...trials.values()][0]?.map(({ rate }) => rate) ?? [])
  const rows = [...trials].map(([contender, each]) => {
    const rates = each.map(({ rate }) => rate)
    const bytes = each.map((trial) => trial.bytes ?? 0)
    return {
      name: contender,
      cells: [
        (median(rates) / base).toFixed(2),
        Math.round(median(rates)).toLocaleString('en'),
        `${Math.round(Math.min(...rates)).toLocaleString('en')} – ${Math.round(Math.max(...rates)).toLocaleString('en')}`,
        median(each.map(({ client }) => client)).toFixed(0),
        median(each.map(({ server }) => server)).toFixed(0),
        ...(name === 'memory' ? [median(bytes).toFixed(0)] : []),
      ],
    }
  })
  const columns = ['ratio', 'jobs/s', 'low – high', 'client µs/job', 'server µs/job']
  return { name, title, columns: name === 'memory' ? [...columns, 'bytes/job'] : columns, rows }
}

async function pages(url: string): Promise<Figures> {
  const rows: FigureRow[] = []
  for (const contender of ['bullmq: failed jobs', 'seaworthy: dead letters']) {
    showProgress(`page: ${contender}`)
    const { median, slow } = (await node(files.page, contender, url, '100000')) as {
      median: number
      slow: number
    }
    rows.push({ name: contender, cells: [median.toFixed(2), slow.toFixed(2)] })
  }
  showProgress('')
  return { ...page, columns: ['median ms', 'p99 ms'], rows }
}

async function recoveries(url: string): Promise<Figures> {
  const rows: FigureRow[] = []
  for (const contender of ['bullmq: jobs kept', 'seaworthy: audit']) {
    showProgress(`recovery: ${contender}, takes up to a minute`)
    const queue = randomUUID()
    const start = (role: string) =>
      spawn(process.execPath, [files.recovery, role, contender, url, queue], {
        cwd: home,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
    await once(start('enqueue'), 'exit')
    const victim = start('victim')
    await once(createInterface(victim.stdout), 'line')
    const heir = start('heir')
    await new Promise((resolve) => setTimeout(resolve, 2000))
    victim.kill('SIGKILL')
    const began = performance.now()
    await once(createInterface(heir.stdout), 'line')
    rows.push({ name: contender, cells: [((performance.now() - began) / 1000).toFixed(1)] })
    heir.kill('SIGKILL')
  }
  showProgress('')
  return { ...recovery, columns: ['seconds'], rows }
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}
