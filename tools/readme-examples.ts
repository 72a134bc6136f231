/**
 * Runs the first TypeScript example of README.md and of every package's README against `dist`, the way a
 * reader would paste it: type-checked, alone in a file, done within a minute.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import ts from 'typescript'
import { firstExample, packages, root } from './workspace.ts'

const limit = 60_000
const readmes = ['README.md', ...packages.map(({ folder }) => `packages/${folder}/README.md`)]
const work = `${root}/node_modules/.cache/seaworthy/readme`
let failures = 0

rmSync(work, { recursive: true, force: true })
mkdirSync(work, { recursive: true })
writeFileSync(`${work}/package.json`, '{ "type": "module" }')
for (const { folder, manifest } of packages) {
  link(manifest.name, `${root}/packages/${folder}`)
  for (const peer of Object.keys(manifest.peerDependencies ?? {}))
    link(peer, `${root}/packages/${folder}/node_modules/${peer}`)
}

const examples = new Map<string, string>()
for (const readme of readmes) {
  try {
    if (!existsSync(`${root}/${readme}`)) throw new Error(`${readme} is missing`)
    const file = `${work}/${readme.replaceAll('/', '-').replace(/\.md$/, '')}.ts`
    writeFileSync(file, firstExample(readme))
    examples.set(readme, file)
  } catch (error) {
    fail(readme, (error as Error).message)
  }
}

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  typeRoots: [`${root}/node_modules/@types`],
  strict: true,
  skipLibCheck: true,
  rewriteRelativeImportExtensions: true,
  rootDir: work,
  outDir: work,
}
const program = ts.createProgram([...examples.values()], options)
const host = ts.createCompilerHost(options)
program.emit()

for (const [readme, file] of examples) {
  const source = program.getSourceFile(file)
  const problems = ts.getPreEmitDiagnostics(program, source)
  if (problems.length > 0) {
    fail(readme, ts.formatDiagnostics(problems, host))
    continue
  }
  const began = Date.now()
  const script = file.replace(/\.ts$/, '.js')
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [script], {
    encoding: 'utf8',
    timeout: limit,
  })
  if (status === 0) console.log(`ok    ${readme} (${Date.now() - began} ms)`)
  else fail(readme, `${stdout}${stderr}${signal ? `stopped after ${limit / 1000} s` : `exit code ${status}`}`)
}

process.exitCode = failures > 0 ? 1 : 0

/** Several packages have the same peers, and some of them are packages of ours. */
function link(name: string, target: string): void {
  const place = `${work}/node_modules/${name}`
  mkdirSync(dirname(place), { recursive: true })
  if (!existsSync(place)) symlinkSync(target, place, 'junction')
}

function fail(readme: string, why: string): void {
  failures++
  console.error(`FAIL  ${readme}\n${why.trimEnd().replace(/^/gm, '      ')}`)
}
