/**
 * Makes src/dashboard/assets.ts from this folder: `npx tsx packages/ops/page/build.ts` at the root of the repository. A test compares the
 * two. The result is committed, so that whoever builds or tests the package, with whatever tool, needs no step before it.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const target = join(here, '../src/dashboard/assets.ts')

/** Where assets.ts is, and the text that belongs there. */
export async function assetsModule(): Promise<{ readonly path: string; readonly text: string }> {
  const assets = await dashboardFiles()
  const entries = Object.entries(assets).map(
    ([name, { contentType, body }]) =>
      `  '${name}': {\n    contentType: '${contentType}',\n    body: ${literal(body)},\n  },\n`,
  )
  return { path: target, text: `${head}{\n${entries.join('')}}\n` }
}

const head = `/** The files of the dashboard. Made by page/build.ts; do not edit. uPlot is © Leon Sorokin, MIT: see its notice in uplot.js. */

/** A file to serve. */
export interface DashboardAsset {
  readonly contentType: string
  readonly body: string
}

/** By name: \`index.html\` belongs to the path of the dashboard itself, which ends in a slash; the others below it. */
export const dashboardAssets: Readonly<Record<string, DashboardAsset>> = `

/** The files as they are served, by name. */
export async function dashboardFiles(): Promise<Record<string, { contentType: string; body: string }>> {
  const plotter = dirname(createRequire(import.meta.url).resolve('uplot/package.json'))
  const license = await readFile(join(plotter, 'LICENSE'), 'utf8')
  const [page, style, script, plots] = await Promise.all([
    readFile(join(here, 'index.html'), 'utf8'),
    bundle(join(here, 'dashboard.css')),
    bundle(join(here, 'main.ts'), [uplotApart]),
    bundle(join(plotter, 'dist/uPlot.esm.js'), [], `/*! uPlot\n${license.trim()}\n*/`),
  ])
  return {
    // The white space between its tags shows nothing.
    'index.html': { contentType: 'text/html; charset=utf-8', body: page.replaceAll(/^ +/gm, '') },
    'ui/dashboard.css': { contentType: 'text/css; charset=utf-8', body: style },
    'ui/dashboard.js': { contentType: 'text/javascript; charset=utf-8', body: script },
    'ui/uplot.js': { contentType: 'text/javascript; charset=utf-8', body: plots },
  }
}

async function bundle(entry: string, plugins: Plugin[] = [], banner = ''): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome123', 'firefox120', 'safari17.5'],
    charset: 'utf8',
    legalComments: 'none',
    lineLimit: 160, // so that a change is a change of some lines
    banner: { js: banner },
    plugins,
    write: false,
  })
  return (outputFiles[0] as { readonly text: string }).text
}

/** The library is a file of its own, which the page's script imports. */
const uplotApart: Plugin = {
  name: 'uplot apart',
  setup({ onResolve }) {
    onResolve({ filter: /^uplot$/ }, () => ({ path: './uplot.js', external: true }))
  },
}

function literal(text: string): string {
  return `\`${text.replace(/[\\`]|\$(?=\{)/g, '\\$&')}\``
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { path, text } = await assetsModule()
  await writeFile(path, text)
}
