import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { lowerToTslib } from './tools/tslib-helpers.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/**
 * `@seaworthy/*` means its TypeScript sources here, so tests never wait for a build. Otherwise as Node resolves: what packages offer to bundlers
 * under `module` may be nothing that Node can run.
 */
const resolve = { conditions: ['@seaworthy/source', 'node', 'development|production'] }

/** vite's own transform (oxc) leaves decorators as they are, and Node cannot parse them. */
const decorators = {
  name: 'decorators',
  enforce: 'pre' as const,
  transform: (code: string, id: string) => (id.endsWith('.ts') ? lowerToTslib(id, code) : undefined),
}

/** The build does the same; see tsup.config.ts. */
const texts = {
  name: 'texts',
  enforce: 'pre' as const,
  transform: (code: string, id: string) =>
    /\.(?:lua|sql)$/.test(id) ? `export default ${JSON.stringify(code)}` : undefined,
}

const project = (name: string, root: string) => ({
  root: at(root),
  plugins: [decorators, texts],
  resolve,
  ssr: { resolve },
  // A busy machine is not a failure: what tests wait for is virtual time.
  test: { name, include: ['test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
})

const projects = (folder: string, prefix = '') =>
  readdirSync(at(folder)).map((name) => project(prefix + name, `${folder}/${name}`))

/** One project per package (`retry`), per example (`example-outage`) and one each for tools and bench: `npm test -- --project retry` runs one. */
export default defineConfig({
  test: {
    projects: [
      ...projects('./packages'),
      ...projects('./examples', 'example-'),
      project('tools', './tools'),
      project('bench', './bench'),
    ],
    // Tests with real servers mostly wait: more of them than there are processors, side by side.
    maxWorkers: availableParallelism() + 1,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['**/index.ts'],
      reporter: ['text', 'json-summary', 'lcov'],
    },
  },
})
