#!/usr/bin/env node
/**
 * Runs a command of the repository from any state of the checkout, a fresh clone included.
 *
 *     node tools/bootstrap.mjs [--build | --rebuild] [command] [arguments…]
 *
 * Needs Node and npm only. Installs the locked dependencies when they differ from pnpm-lock.yaml, with
 * `--build` builds the packages when a source changed since the last time, and says nothing when both are
 * up to date. Then it becomes `command`, a local binary: same arguments, same exit code.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pnpm = `pnpm@${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).config.pnpm}`
const cache = join(root, 'node_modules/.cache/seaworthy')
const windows = process.platform === 'win32'

requireNode(20, 19)
process.chdir(root)
const args = process.argv.slice(2)
const build = args[0] === '--build' || args[0] === '--rebuild' ? args.shift() : undefined
const [command, ...rest] = args

const env = { ...process.env, PATH: join(root, 'node_modules/.bin') + delimiter + process.env.PATH }

once('install', `${pnpm} ${hash(['pnpm-lock.yaml'])}`, 'Installing dependencies', () =>
  run('npx', ['--yes', pnpm, 'install', '--frozen-lockfile', '--reporter=append-only']),
)
if (build) {
  if (build === '--rebuild') forget('build')
  const began = Date.now()
  once('build', hash(buildInputs()), 'Building packages', () => {
    run('tsup', [])
    removeOlder(began)
  })
}
if (command) become(command, rest)

function requireNode(major, minor) {
  const [has, hasMinor] = process.versions.node.split('.').map(Number)
  if (has > major || (has === major && hasMinor >= minor)) return
  console.error(
    `Seaworthy needs Node ${major}.${minor} or newer; this is ${process.version} (${process.execPath}).`,
  )
  process.exit(1)
}

/** Does `work` unless its last success was for the same `state`. */
function once(name, state, title, work) {
  const stamp = join(cache, name)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return
  const began = Date.now()
  process.stderr.write(`${title} … `)
  work()
  process.stderr.write(`${((Date.now() - began) / 1000).toFixed(1)} s\n`)
  mkdirSync(cache, { recursive: true })
  writeFileSync(stamp, state)
}

function forget(name) {
  rmSync(join(cache, name), { force: true })
}

/** Runs a step whose output only matters when it fails. */
function run(file, args) {
  const { status, error, stdout, stderr } = spawnSync(file, args, { env, encoding: 'utf8', shell: windows })
  if (status === 0) return
  process.stderr.write(`failed: ${[file, ...args].join(' ')}\n`)
  process.stderr.write(error ? `${error.message}\n` : stdout + stderr)
  process.exit(status ?? 1)
}

/** Everything dist is made from. A missing dist changes the answer too, so it is built again. */
function buildInputs() {
  const files = [
    'pnpm-lock.yaml',
    'tsconfig.base.json',
    'tsup.config.ts',
    'tools/declarations.ts',
    'tools/tslib-helpers.ts',
    'tools/workspace.ts',
  ]
  for (const name of readdirSync('packages')) {
    if (!existsSync(`packages/${name}/dist/index.js`)) forget('build')
    files.push(`packages/${name}/package.json`, ...filesIn(`packages/${name}/src`))
  }
  return files
}

/** A source that was renamed or removed leaves its output behind; everything built just now is newer. */
function removeOlder(time) {
  for (const name of readdirSync('packages')) {
    for (const file of filesIn(`packages/${name}/dist`)) {
      if (statSync(file).mtimeMs < time - 1000) rmSync(file)
    }
  }
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort()
}

function hash(files) {
  const sum = createHash('sha256')
  for (const file of files) sum.update(`${file}\0`).update(readFileSync(file)).update('\0')
  return sum.digest('hex')
}

/** Hands terminal, signals and exit code over to a local binary. */
function become(name, args) {
  const child = spawn(name, args, { env, stdio: 'inherit', shell: windows })
  // A terminal sends ^C to the child as well: it decides when to stop, we report how it ended.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('error', (error) => {
    console.error(`Cannot run ${name}: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
