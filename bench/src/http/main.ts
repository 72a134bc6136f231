/**
 * `npm run bench:http`: Seaworthy's HTTP clients beside bare ones and their peers, through loopback to a server in a
 * process of its own.
 */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { type Figures, insertFigures, printFigures, showProgress } from '../figures.ts'
import { home, node } from '../processes.ts'
import { fewestForBounds, median, medianWithin } from '../statistics.ts'
import { contenders, leastLimit, wrapper } from './contenders.ts'
import { canPin, startOn } from './processors.ts'
import { type Speed, speeds } from './speed.ts'
import type { Inside } from './trial.ts'

const usage = `npm run bench:http -- [options]

  --runs N         times that every client is started and measured (default 5)
  --requests N     requests of each client each time (default 5000)
  --only NAME      measure only what begins with it; may be repeated
  --json FILE      write the results to a file
  --update-docs    write the tables into docs/performance-http.md
  --help           print this`

interface Subject {
  readonly name: string
  readonly title: string
  measure(url: string): Promise<Omit<Figures, 'name' | 'title'>>
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    requests: { type: 'string', default: '5000' },
    only: { type: 'string', multiple: true },
    json: { type: 'string' },
    'update-docs': { type: 'boolean' },
    help: { type: 'boolean', default: false },
  },
})
const runs = Number(values.runs)
const file = (name: string): string => `${home}node_modules/.cache/bench/http-${name}.mjs`
const ours = 'seaworthy: resilientFetch'
/** How many measurements of the overhead stand for one of the other tables. */
const overheadsOfRun = 4
/** How many requests are in flight. */
const lanes = [
  { count: 1, words: 'one after the other' },
  { count: 50, words: '50 in flight' },
]
const retried = 30
const origins = 100_000

const subjects: readonly Subject[] = [
  ...lanes.map(({ count, words }) => ({
    name: `requests.${count}`,
    title: `GET of 64 bytes, ${words}`,
    measure: (url: string) => speed(`requests.${count}`, count, url),
  })),
  ...lanes.map(({ count, words }) => ({
    name: `overhead.${count}`,
    title: `What is added to fetch, ${words}`,
    measure: (url: string) => overhead(`overhead.${count}`, count, url),
  })),
  { name: 'inside', title: 'Time of its own, of a GET of 64 bytes', measure: inside },
  {
    name: 'sockets',
    title: `${retried} requests, each answered by 503 with 20 kB first`,
    measure: sockets,
  },
  { name: 'memory', title: `After calls to ${origins.toLocaleString('en')} origins`, measure: memory },
]

if (values.help) console.log(usage)
else await main()

async function main(): Promise<void> {
  for (const name of ['server', 'trial']) {
    const entryPoints = [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))]
    const target = { platform: 'node', format: 'esm', target: 'node20' } as const
    const outfile = file(name)
    await build({ entryPoints, outfile, bundle: true, packages: 'external', logLevel: 'error', ...target })
  }
  const server = startOn(0, file('server'))
  const all: Figures[] = []
  if (!canPin) console.log('Processes cannot be kept on one processor here: expect figures far apart.')
  try {
    const [url] = (await once(server, 'message')) as [string]
    for (const { name, title, measure } of subjects.filter(wanted))
      all.push(printFigures({ name, title, ...(await measure(url)) }))
  } finally {
    server.kill()
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(all, null, 2)}\n`)
  if (values['update-docs']) insertFigures('performance-http.md', all)
}

function wanted({ name }: Subject): boolean {
  return values.only === undefined || values.only.some((prefix) => name.startsWith(prefix))
}

async function speed(subject: string, lanes: number, url: string): Promise<Omit<Figures, 'name' | 'title'>> {
  const results: Speed[][] = []
  for (let run = 0; run < runs; run++) {
    showProgress(`${subject}: ${run + 1} of ${runs}`)
    results.push(await speeds(contenders, file('trial'), url, lanes, Number(values.requests)))
  }
  showProgress('')
  const rows = contenders.map(({ name }) => {
    const mine = results.map((run) => run.find((each) => each.name === name) as Speed)
    const cell = (read: (speed: Speed) => number): number => median(mine.map(read))
    const processor = mine.map(({ relative }) => relative.processor)
    return {
      name,
      cells: [
        median(processor).toFixed(3),
        `${Math.min(...processor).toFixed(2)} – ${Math.max(...processor).toFixed(2)}`,
        cell(({ relative }) => relative.milliseconds).toFixed(3),
        cell((each) => each.processor).toFixed(0),
        Math.round(1000 / cell((each) => each.milliseconds)).toLocaleString('en'),
        cell(({ p50 }) => p50).toFixed(3),
        cell(({ p99 }) => p99).toFixed(3),
      ],
    }
  })
  const columns = [
    'CPU, bare = 1',
    'low – high',
    'time, bare = 1',
    'CPU µs',
    'requests/s',
    'p50 ms',
    'p99 ms',
  ]
  return { columns, rows }
}

/** Few clients and many processes of each, for a difference that is smaller than that between two processes. */
async function overhead(
  subject: string,
  lanes: number,
  url: string,
): Promise<Omit<Figures, 'name' | 'title'>> {
  const groups = Math.max(fewestForBounds, runs * overheadsOfRun)
  const client = (wanted: string) => contenders.filter(({ name }) => name === wanted)
  const measured = [...client('bare fetch'), wrapper, leastLimit, ...client(ours)]
  const results: Speed[][] = []
  for (let group = 0; group < groups; group++) {
    showProgress(`${subject}: ${group + 1} of ${groups}`)
    results.push(await speeds(measured, file('trial'), url, lanes, Number(values.requests)))
  }
  showProgress('')
  const cells = (at: number, read: (speed: Speed['relative']) => number): string[] => {
    const {
      median: middle,
      low,
      high,
    } = medianWithin(results.map((group) => read((group[at] as Speed).relative)))
    return [middle.toFixed(3), `${low.toFixed(3)} – ${high.toFixed(3)}`]
  }
  const rows = measured.slice(1).map(({ name }, at) => ({
    name,
    cells: [
      ...cells(at + 1, ({ milliseconds }) => milliseconds),
      ...cells(at + 1, ({ processor }) => processor),
      String(groups),
    ],
  }))
  return { columns: ['time, bare = 1', '95 % within', 'CPU, bare = 1', '95 % within', 'processes'], rows }
}

async function inside(url: string): Promise<Omit<Figures, 'name' | 'title'>> {
  const results: { readonly bare: Inside; readonly ours: Inside }[] = []
  for (let run = 0; run < runs; run++) {
    showProgress(`inside: ${run + 1} of ${runs}`)
    const measure = (name: string) =>
      node(file('trial'), 'inside', url, values.requests, name) as Promise<Inside>
    results.push({ bare: await measure('bare fetch'), ours: await measure(ours) })
  }
  showProgress('')
  const added = (read: (each: Inside) => number): number[] =>
    results.map(({ bare, ours }) => read(ours) - read(bare))
  const all = ({ before, between, after }: Inside): number => before + between + after
  const shares = results.map(({ bare, ours }) => (all(ours) - all(bare)) / bare.request)
  const cells = [
    ({ before }: Inside) => before,
    ({ between }: Inside) => between,
    ({ after }: Inside) => after,
    all,
  ]
    .map((read) => median(added(read)).toFixed(1))
    .concat(`${(median(shares) * 100).toFixed(1)} %`)
  return {
    columns: ['µs before fetch', 'until its promise', 'after the answer', 'sum', 'of a request'],
    rows: [{ name: ours, cells }],
  }
}

async function sockets(url: string): Promise<Omit<Figures, 'name' | 'title'>> {
  const rows = []
  for (const { name, bare } of contenders) {
    if (bare) continue
    showProgress(`sockets: ${name}`)
    await node(file('trial'), 'sockets', url, '0', name) // starts the server's count anew
    const { opened, succeeded } = (await node(file('trial'), 'sockets', url, String(retried), name)) as {
      opened: number
      succeeded: number
    }
    rows.push({ name, cells: [String(opened), `${succeeded} of ${retried}`] })
  }
  showProgress('')
  return { columns: ['connections opened', 'succeeded'], rows }
}

async function memory(url: string): Promise<Omit<Figures, 'name' | 'title'>> {
  showProgress('memory')
  const { bytes, perOrigin } = (await node(
    '--expose-gc',
    file('trial'),
    'memory',
    url,
    String(origins),
  )) as Record<'bytes' | 'perOrigin', number>
  showProgress('')
  const cells = [(bytes / 1e6).toFixed(2), perOrigin.toFixed(1)]
  return { columns: ['MB of heap', 'bytes an origin'], rows: [{ name: ours, cells }] }
}
