/** What a page or a worker has to download: bundled, minified, compressed. */
import { gzipSync } from 'node:zlib'
import { build, type Platform } from 'esbuild'
import { home } from './processes.ts'
import type { Section } from './section.ts'

interface Use {
  readonly library: string
  /** The module that an application would write. */
  readonly source: string
}

const exported = (names: string, from: string): string => `export { ${names} } from '${from}'`
const everything = (from: string): string => `export * from '${from}'`

const uses: ReadonlyArray<{ readonly name: string; readonly title: string; readonly uses: readonly Use[] }> =
  [
    {
      name: 'bundle.breaker',
      title: 'Bundle: a circuit breaker',
      uses: [
        {
          library: 'seaworthy: @seaworthy/circuit-breaker',
          source: exported('circuitBreaker', '@seaworthy/circuit-breaker'),
        },
        { library: 'seaworthy: seaworthy', source: exported('circuitBreaker', 'seaworthy') },
        { library: 'cockatiel', source: exported('circuitBreaker, handleAll, CountBreaker', 'cockatiel') },
        { library: 'opossum', source: exported('default', 'opossum') },
        { library: 'mollitia', source: exported('Circuit, SlidingCountBreaker', 'mollitia') },
      ],
    },
    {
      name: 'bundle.trio',
      title: 'Bundle: circuit breaker, retry and timeout',
      uses: [
        {
          library: 'seaworthy, with p-retry in it',
          source: [
            exported('pipeline', '@seaworthy/core'),
            exported('circuitBreaker', '@seaworthy/circuit-breaker'),
            exported('retry', '@seaworthy/retry'),
            exported('timeout', '@seaworthy/flow'),
          ].join('\n'),
        },
        {
          library: 'cockatiel',
          source: exported(
            'circuitBreaker, retry, timeout, wrap, handleAll, CountBreaker, ExponentialBackoff, TimeoutStrategy',
            'cockatiel',
          ),
        },
        {
          library: 'opossum, p-retry',
          source: [exported('default as Opossum', 'opossum'), exported('default as pRetry', 'p-retry')].join(
            '\n',
          ),
        },
        { library: 'mollitia', source: exported('Circuit, SlidingCountBreaker, Retry, Timeout', 'mollitia') },
      ],
    },
    {
      name: 'bundle.everything',
      title: 'Bundle: everything a library has',
      uses: [
        { library: 'seaworthy', source: everything('seaworthy') },
        { library: 'cockatiel', source: everything('cockatiel') },
        {
          library: 'opossum, p-retry, p-timeout, p-limit',
          source: [
            exported('default as Opossum', 'opossum'),
            exported('default as pRetry', 'p-retry'),
            exported('default as pTimeout', 'p-timeout'),
            exported('default as pLimit', 'p-limit'),
          ].join('\n'),
        },
        { library: 'mollitia', source: everything('mollitia') },
      ],
    },
    {
      name: 'bundle.single',
      title: 'Bundle: one thing at a time',
      uses: [
        { library: 'seaworthy: retry, with p-retry in it', source: exported('retry', '@seaworthy/retry') },
        { library: 'p-retry', source: exported('default', 'p-retry') },
        { library: 'async-retry', source: exported('default', 'async-retry') },
        { library: '@lifeomic/attempt', source: exported('retry', '@lifeomic/attempt') },
        { library: 'seaworthy: timeout', source: exported('timeout', '@seaworthy/flow') },
        { library: 'p-timeout', source: exported('default', 'p-timeout') },
        { library: 'seaworthy: bulkhead', source: exported('bulkhead', '@seaworthy/flow') },
        { library: 'p-limit', source: exported('default', 'p-limit') },
        { library: 'seaworthy: rateLimit', source: exported('rateLimit', '@seaworthy/flow') },
        { library: 'bottleneck', source: exported('default', 'bottleneck') },
        { library: 'rate-limiter-flexible', source: exported('RateLimiterMemory', 'rate-limiter-flexible') },
      ],
    },
  ]

/** Bytes as they are shipped, and after `gzip -9`. */
async function bundleSize(
  source: string,
  platform: Platform,
): Promise<{ minified: number; gzipped: number } | undefined> {
  try {
    const { outputFiles } = await build({
      stdin: { contents: source, resolveDir: home },
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      platform,
      write: false,
      logLevel: 'silent',
    })
    const { contents } = outputFiles[0] as (typeof outputFiles)[0]
    return { minified: contents.length, gzipped: gzipSync(contents, { level: 9 }).length }
  } catch {
    return undefined // It needs modules of Node that a browser lacks.
  }
}

export const bundleSections: readonly Section[] = uses.map(({ name, title, uses }) => ({
  name,
  title,
  rows: uses.map(({ library }) => library),
  async measure() {
    const rows = []
    for (const { library, source } of uses) {
      const node = await bundleSize(source, 'node')
      const browser = await bundleSize(source, 'browser')
      if (node === undefined) throw new Error(`${name}: ${library} cannot be bundled:\n${source}`)
      rows.push({
        name: library,
        cells: {
          minified: node.minified,
          gzipped: node.gzipped,
          ...(browser && { browser: browser.gzipped }),
        },
      })
    }
    return {
      name,
      title,
      columns: [
        { key: 'minified', title: 'minified', integer: true },
        { key: 'gzipped', title: 'and gzipped', integer: true },
        { key: 'browser', title: 'for browsers, gzipped', integer: true },
      ],
      rows,
    }
  },
}))
