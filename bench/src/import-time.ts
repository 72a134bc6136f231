/** How long an application waits for a library before its first line runs. */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { node, workerFile } from './processes.ts'
import type { Section } from './section.ts'
import { spread } from './statistics.ts'

const emptyModule = pathToFileURL(workerFile.replace('worker', 'empty')).href
/** Comes first, unmeasured: the loader itself is slow to start, and no library is to blame. */
const firstModule = pathToFileURL(workerFile.replace('worker', 'first')).href

const modules: ReadonlyArray<{ readonly name: string; readonly specifier: string }> = [
  { name: 'an empty module', specifier: emptyModule },
  { name: 'seaworthy', specifier: 'seaworthy' },
  { name: 'seaworthy: @seaworthy/circuit-breaker', specifier: '@seaworthy/circuit-breaker' },
  { name: 'seaworthy: @seaworthy/retry', specifier: '@seaworthy/retry' },
  { name: 'seaworthy: @seaworthy/flow', specifier: '@seaworthy/flow' },
  ...[
    'cockatiel',
    'opossum',
    'mollitia',
    'p-retry',
    'async-retry',
    '@lifeomic/attempt',
    'p-timeout',
    'p-limit',
    'bottleneck',
    'rate-limiter-flexible',
  ].map((specifier) => ({ name: specifier, specifier })),
]

/** Single figures vary more than in the other sections. */
const processesPerRun = 4

export const importSection: Section = {
  name: 'import',
  title: 'Import, in fresh processes',
  rows: modules.map(({ name }) => name),
  async measure(runs) {
    for (const module of [firstModule, emptyModule]) writeFileSync(new URL(module), 'export {}\n')
    const found = modules.map((module) => ({ ...module, milliseconds: [] as number[] }))
    for (let round = 0; round < runs * processesPerRun; round++) {
      for (const { specifier, milliseconds } of found) milliseconds.push(await timeToImport(specifier))
    }
    const empty = Math.min(...(found[0] as (typeof found)[0]).milliseconds)
    return {
      name: this.name,
      title: this.title,
      columns: [
        { key: 'milliseconds', title: 'ms' },
        { key: 'added', title: 'fastest, over an empty module' },
      ],
      rows: found.map(({ name, milliseconds }) => ({
        name,
        cells: { milliseconds: spread(milliseconds), added: Math.min(...milliseconds) - empty },
      })),
    }
  },
}

async function timeToImport(specifier: string): Promise<number> {
  const program = `
    await import('${firstModule}')
    const began = performance.now()
    await import(${JSON.stringify(specifier)})
    console.log(performance.now() - began)
    process.exit()`
  return (await node('--input-type=module', '--eval', program)) as number
}
