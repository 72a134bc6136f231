import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, it } from 'vitest'

const sources = fileURLToPath(new URL('../src', import.meta.url))

/** What a file imports, and what those files of ours import that it names. */
function importsFrom(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return []
  seen.add(file)
  const names = ts.preProcessFile(readFileSync(file, 'utf8')).importedFiles.map(({ fileName }) => fileName)
  const ours = names.filter((name) => name.startsWith('.')).map((name) => join(dirname(file), name))
  return [
    ...names.filter((name) => !name.startsWith('.')),
    ...ours.flatMap((each) => importsFrom(each, seen)),
  ]
}

it('the main entry needs nothing of Node, and does not reach the configuration', () => {
  const ours = ['circuit-breaker', 'core', 'fallback', 'flow', 'retry'].map((name) => `@seaworthy/${name}`)
  expect([...new Set(importsFrom(join(sources, 'index.ts')))].sort()).toEqual(ours)
})

it('the configuration shares the classes of the main entry: it imports it by name', () => {
  const names = [...new Set(importsFrom(join(sources, 'configuration.ts')))].sort()
  expect(names).toEqual(['@seaworthy/core', 'node:fs', 'seaworthy'])
})
