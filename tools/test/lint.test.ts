import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { root } from '../workspace.ts'

/** A copy of the linter's configuration, to lint files that must not lie in the repository. */
const copy = mkdtempSync(join(tmpdir(), 'seaworthy-lint-'))
const { vcs: _, $schema: __, ...config } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))
writeFileSync(join(copy, 'biome.json'), JSON.stringify(config))
cpSync(join(root, 'tools/ambient.grit'), join(copy, 'tools/ambient.grit'))
afterAll(() => rmSync(copy, { recursive: true }))

const ambient = [
  'Date.now()',
  'new Date()',
  'performance.now()',
  'setTimeout(() => {}, 1)',
  'setInterval(() => {}, 1)',
  'setImmediate(() => {})',
  'Math.random()',
  'crypto.randomUUID()',
  'AbortSignal.timeout(1)',
  'globalThis.setTimeout(() => {}, 1)',
]

it.each(ambient)('policies may not call %s', (expression) => {
  expect(lint('packages/flow/src/probe.ts', `export const probe: unknown = ${expression}\n`)).toBe(1)
})

it('policies may call what is neither time nor chance', () => {
  expect(lint('packages/flow/src/probe.ts', 'queueMicrotask(() => Math.floor(1))\n')).toBe(0)
})

it('the clock, the random source and tests may', () => {
  const source = `export const probe: unknown = [${ambient.join(', ')}]\n`
  expect(lint('packages/core/src/clock.ts', source)).toBe(0)
  expect(lint('packages/core/src/random.ts', source)).toBe(0)
  expect(lint('packages/flow/test/probe.ts', source)).toBe(0)
})

function lint(path: string, source: string): number | null {
  mkdirSync(dirname(join(copy, path)), { recursive: true })
  writeFileSync(join(copy, path), source)
  return spawnSync(join(root, 'node_modules/.bin/biome'), ['lint', path], { cwd: copy }).status
}
