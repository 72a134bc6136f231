/** What a bundle consists of: minified bytes by subject, from the map that esbuild makes of it. */
import { build } from 'esbuild'
import { home } from './processes.ts'
import type { Section } from './section.ts'

interface Part {
  readonly name: string
  /** Which source files belong to it. The first part that fits a file takes it. */
  readonly files: RegExp
}

const parts: readonly Part[] = [
  { name: 'eventemitter3', files: /eventemitter3/ },
  { name: 'p-retry and is-network-error', files: /p-retry|is-network-error/ },
  {
    name: 'core: running calls (plan, contexts, aborts)',
    files: /core\/src\/(engine|context|abort|policy|pipeline)/,
  },
  { name: 'core: events and hub', files: /core\/src\/(events|hub|listener)/ },
  { name: 'core: errors and failure classes', files: /core\/src\/(errors|failure)/ },
  { name: 'core: options, durations, clock, timers', files: /core\/src/ },
  { name: 'breaker: state machine and windows', files: /circuit-breaker\/src\/(calls|state|rules|window)/ },
  {
    name: 'breaker: controls by hand, snapshots',
    files: /circuit-breaker\/src\/(by-hand|snapshot|controls)/,
  },
  { name: 'breaker: options and their checks', files: /circuit-breaker\/src\/options/ },
  { name: 'breaker: shell, events, judgement', files: /circuit-breaker\/src/ },
  { name: 'retry: decisions, delays, hints', files: /retry\/src/ },
  { name: 'timeout', files: /flow\/src/ },
]

const breaker = "export { circuitBreaker } from '@seaworthy/circuit-breaker'"
const trio = [
  breaker,
  "export { pipeline } from '@seaworthy/core'",
  "export { retry } from '@seaworthy/retry'",
  "export { timeout } from '@seaworthy/flow'",
].join('\n')

/** Minified bytes of each part. The sources are bundled rather than the packages, which are one file each. */
async function measureParts(source: string): Promise<ReadonlyMap<string, number>> {
  const { metafile } = await build({
    stdin: { contents: source, resolveDir: home },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['@seaworthy/source'],
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  const sizes = new Map<string, number>()
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const part = parts.find(({ files }) => files.test(file))
      if (part !== undefined) sizes.set(part.name, (sizes.get(part.name) ?? 0) + bytesInOutput)
      else if (bytesInOutput > 0 && file !== '<stdin>') throw new Error(`${file} belongs to no part`)
    }
  }
  return sizes
}

const name = 'bundle.parts'
const title = 'Bundle: what it consists of, minified'

export const bundlePartsSection: Section = {
  name,
  title,
  rows: parts.map((part) => part.name),
  async measure() {
    const alone = await measureParts(breaker)
    const together = await measureParts(trio)
    const rows = parts.map((part) => {
      const [one, three] = [alone.get(part.name), together.get(part.name)]
      return {
        name: part.name,
        cells: { ...(one !== undefined && { breaker: one }), ...(three !== undefined && { trio: three }) },
      }
    })
    const columns = [
      { key: 'breaker', title: 'breaker alone', integer: true },
      { key: 'trio', title: 'breaker, retry, timeout', integer: true },
    ]
    return { name, title, columns, rows }
  },
}
