/**
 * Builds every package in one pass: ESM, CommonJS, declarations for both, source maps.
 *
 * Bare imports stay imports, `@seaworthy/*` included. A sub-path entry names its package's main entry
 * (`import … from '@seaworthy/core'`), so both share one copy of every class without chunks.
 */
import { defineConfig, type Options } from 'tsup'
import { declarations } from './tools/declarations.ts'
import { tslibHelpers } from './tools/tslib-helpers.ts'
import { packages } from './tools/workspace.ts'

/** `core/dist/decorators` is built from `packages/core/src/decorators.ts`. */
const sources = Object.fromEntries(
  packages
    .flatMap(({ entries }) => entries)
    .map(({ source }) => [
      source.slice('packages/'.length, -'.ts'.length).replace('/src/', '/dist/'),
      source,
    ]),
)

const common: Options = {
  entry: sources,
  outDir: 'packages',
  target: 'node20',
  platform: 'node',
  skipNodeModulesBundle: true,
  external: [/^@seaworthy\//],
  esbuildPlugins: [tslibHelpers],
  loader: { '.lua': 'text', '.sql': 'text' },
  sourcemap: true,
  splitting: false,
  silent: true,
  clean: false, // `outDir` holds the sources
  dts: false, // one program per package is slow; see `declarations`
}

export default defineConfig([
  { ...common, format: 'esm', onSuccess: async () => declarations(Object.values(sources)) },
  {
    ...common,
    format: 'cjs',
    // p-retry ships ES modules only, and esbuild's interop hands a `require()` of it the namespace where
    // the default export belongs. So the CommonJS build carries its own copy.
    noExternal: ['p-retry', 'is-network-error'],
  },
])
