/**
 * What npm users will get: packs every built package, lints the tarballs, then installs them into three
 * empty projects (ES modules, CommonJS, strict TypeScript) and runs the README's first example in each.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { firstExample, packages, root } from './workspace.ts'

const { config, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  config: { pnpm: string }
  devDependencies: Record<string, string>
}
const out = mkdtempSync(join(tmpdir(), 'seaworthy-pack-'))
process.on('exit', () => rmSync(out, { recursive: true, force: true }))

await step('pack', () =>
  run(
    root,
    'npx',
    '--yes',
    `pnpm@${config.pnpm}`,
    '--filter=./packages/*',
    'pack',
    '--pack-destination',
    out,
  ),
)
const tarballs = readdirSync(out).map((file) => join(out, file))
if (tarballs.length !== packages.length)
  throw new Error(`${tarballs.length} tarballs, ${packages.length} packages`)

await step('load every entry both ways', () => run(root, process.execPath, 'tools/smoke.cjs'))
for (const tarball of tarballs) {
  await step(`lint ${tarball.slice(out.length + 1)}`, async () => {
    await Promise.all([
      run(root, 'publint', '--strict', tarball),
      // node10 cannot see sub-path exports, and Node 20.19 does not resolve that way.
      run(root, 'attw', '--profile', 'node16', '--format', 'ascii', tarball),
    ])
  })
}

const example = firstExample('README.md')

await step('ES modules', async () => {
  const project = await install('esm', { type: 'module' })
  writeFileSync(join(project, 'index.js'), transpile(example, ts.ModuleKind.ESNext))
  await run(project, process.execPath, 'index.js')
})

await step('CommonJS', async () => {
  const project = await install('cjs', { type: 'commonjs' })
  // CommonJS knows no top-level await.
  const body = transpile(example, ts.ModuleKind.CommonJS)
  writeFileSync(join(project, 'index.js'), `(async () => {\n${body}\n})()`)
  await run(project, process.execPath, 'index.js')
})

await step('strict TypeScript', async () => {
  const types = `@types/node@${devDependencies['@types/node']}`
  const project = await install('ts', { type: 'module' }, types, ...optionalPeers())
  writeFileSync(join(project, 'example.ts'), example)
  // Reads the declarations of every entry, also of those that the example does not import.
  const entries = packages.flatMap((each) => each.entries)
  const all = entries.map(({ specifier }, index) => `export * as _${index} from '${specifier}'\n`)
  writeFileSync(join(project, 'all.ts'), all.join(''))
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    outDir: 'out',
  }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  await run(project, 'tsc')
  await run(project, process.execPath, 'out/example.js')
})

/** What declarations of sub-paths name; whoever imports one has it. */
function optionalPeers(): string[] {
  const ours = packages.map(({ manifest }) => manifest.name)
  const wanted = packages.flatMap(({ manifest }) => {
    const { peerDependenciesMeta = {}, peerDependencies = {}, devDependencies = {} } = manifest
    return Object.keys(peerDependenciesMeta)
      .filter((name) => !ours.includes(name))
      .map((name) => {
        const tested = devDependencies[name]
        // Only pnpm knows its catalog.
        return `${name}@${tested === undefined || tested.startsWith('catalog:') ? peerDependencies[name] : tested}`
      })
  })
  return [...new Set(wanted)]
}

async function install(name: string, manifest: object, ...more: string[]): Promise<string> {
  const project = join(out, name)
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name, private: true, ...manifest }))
  // All in one command, so that npm finds the packages' dependencies on each other among the tarballs.
  await run(project, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs, ...more)
  return project
}

function transpile(source: string, module: ts.ModuleKind): string {
  return ts.transpileModule(source, { compilerOptions: { module, target: ts.ScriptTarget.ES2022 } })
    .outputText
}

async function step(title: string, work: () => Promise<void>): Promise<void> {
  const began = Date.now()
  await work()
  console.log(`ok  ${title} (${((Date.now() - began) / 1000).toFixed(1)} s)`)
}

/** Runs a command whose output only matters when it fails. */
function run(cwd: string, file: string, ...args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, shell: process.platform === 'win32' })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) return resolve()
      console.error(`FAIL ${[file, ...args].join(' ')}\n${output}`)
      process.exit(1)
    })
  })
}
