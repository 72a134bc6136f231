import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it, test } from 'vitest'
import { lowerToTslib } from '../tslib-helpers.ts'
import { packages, root } from '../workspace.ts'

/** The packages of ours that a package may import. Arrows point down only. */
const allowed: Record<string, readonly string[]> = {
  core: [],
  'circuit-breaker': ['core'],
  retry: ['core'],
  flow: ['core'],
  fallback: ['core'],
  idempotency: ['core'],
  'dead-letter': ['core'],
  worker: ['core', 'idempotency', 'dead-letter'],
  redis: ['core', 'circuit-breaker', 'idempotency', 'dead-letter', 'worker', 'degradation'],
  postgres: ['core', 'idempotency', 'dead-letter'],
  http: ['core', 'circuit-breaker', 'retry', 'flow'],
  health: ['core'],
  degradation: ['core', 'fallback'],
  telemetry: ['core'],
  ops: ['core'],
  testing: ['core', 'circuit-breaker', 'idempotency', 'dead-letter', 'worker'],
  chaos: ['core'],
  drill: ['core', 'circuit-breaker', 'retry', 'flow', 'fallback', 'degradation', 'testing', 'chaos'],
  seaworthy: [
    'core',
    'circuit-breaker',
    'retry',
    'flow',
    'fallback',
    'dead-letter',
    'redis',
    'postgres',
    'testing',
    'chaos',
    'drill',
    'ops',
  ],
}

/**
 * What only some entries of a package may reach: who imports another entry need not have it installed. Types are gone at run time.
 */
const onlyReachedFrom: Record<string, Record<string, readonly string[]>> = {
  testing: {
    '@seaworthy/testing/conformance': [
      'expect',
      '@seaworthy/idempotency',
      '@seaworthy/dead-letter',
      '@seaworthy/worker',
      'fast-check',
    ],
    '@seaworthy/testing/models': ['fast-check'],
  },
  // The policies are portable; what the command line needs is of no use to who only has them.
  seaworthy: {
    'seaworthy/command-line': [
      '@seaworthy/chaos',
      '@seaworthy/dead-letter',
      '@seaworthy/drill',
      '@seaworthy/ops',
      '@seaworthy/postgres',
      '@seaworthy/redis',
      '@seaworthy/testing',
      'ioredis',
      'pg',
    ],
  },
  telemetry: {
    '@seaworthy/telemetry/opentelemetry': ['@opentelemetry/api'],
    '@seaworthy/telemetry/prometheus': ['prom-client'],
  },
}

/** Run in browsers and edge workers as well, so they know nothing of Node. */
const portable = ['core', 'circuit-breaker', 'retry', 'flow', 'fallback']

test('every package has its place in the order', () => {
  expect(packages.map(({ folder }) => folder).sort()).toEqual(Object.keys(allowed).sort())
})

describe.each(packages)('$manifest.name', ({ folder, manifest, entries }) => {
  const sources = typescriptIn(`packages/${folder}/src`)
  const imports = new Map(sources.map((file) => [file, importsOf(file)]))
  const bare = [...imports.values()].flat().filter((specifier) => !specifier.startsWith('.'))
  const dependencies = [...new Set(bare.filter((name) => !name.startsWith('node:')).map(packageName))].filter(
    (name) => name !== manifest.name,
  )

  it('imports only the packages below it', () => {
    const names = new Set(packages.map((each) => each.manifest.name))
    const below = allowed[folder]?.map((each) => `@seaworthy/${each}`)
    expect(below).toEqual(expect.arrayContaining(dependencies.filter((name) => names.has(name))))
  })

  it('declares exactly the dependencies it imports', () => {
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
    // Nobody writes an import of tslib; the build does, see the next test.
    expect(declared.filter((name) => name !== 'tslib').sort()).toEqual(dependencies.sort())
  })

  it('depends on tslib where the build needs it', () => {
    const lowered = sources.filter((file) => lowerToTslib(file, read(file))?.code.includes('from "tslib"'))
    if (lowered.length > 0) expect(manifest.dependencies).toHaveProperty('tslib')
  })

  it('has no circular imports between its files', () => {
    expect(cycle(imports)).toBeUndefined()
  })

  if (portable.includes(folder)) {
    it('imports nothing of Node', () => {
      expect(bare.filter((specifier) => specifier.startsWith('node:'))).toEqual([])
    })
  }

  it('bundles no source file into two entries', () => {
    // CommonJS has no chunks, so the file's classes would exist twice. A sub-path entry imports its package
    // by name instead.
    const bundled = entries.flatMap(({ source }) => [...reachable(source, imports)])
    expect(bundled.filter((file, index) => bundled.indexOf(file) < index)).toEqual([])
  })

  const reserved = onlyReachedFrom[folder]
  if (reserved !== undefined) {
    it('reaches what not everybody has installed from those entries alone', () => {
      const names = Object.values(reserved).flat()
      const found = entries.map(({ specifier, source }) => {
        const reached = [...reachable(source, imports)].flatMap((file) => imports.get(file) ?? [])
        const wanted = new Set(reached.map(packageName).filter((name) => names.includes(name)))
        return [specifier, [...wanted].sort()] as const
      })
      const expected = Object.entries(reserved).map(([specifier, its]) => [specifier, its.toSorted()])
      expect(Object.fromEntries(found.filter(([, its]) => its.length > 0))).toEqual(
        Object.fromEntries(expected),
      )
    })
  }

  it.each(entries)('names the module $specifier for the reference pages', ({ specifier, source }) => {
    expect(read(source)).toMatch(new RegExp(`^ \\* @module ${specifier}$`, 'm'))
  })
})

const tests = ['packages', 'examples'].flatMap((folder) =>
  readdirSync(`${root}/${folder}`).flatMap((name) => typescriptIn(`${folder}/${name}/test`)),
)

test('model tests state how many commands they run', () => {
  // Without `size`, fast-check mostly runs a handful: deep states are never reached and nobody notices.
  expect(tests.filter((file) => commandsWithoutSize(read(file)))).toEqual([])
  expect(commandsWithoutSize('fc.commands([a(b), c], { maxCommands: 50 })')).toBe(true)
  expect(commandsWithoutSize('fc.commands([a(b), c], { maxCommands: 50, size: "max" })')).toBe(false)
})

function typescriptIn(folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${folder}/${file}`)
  } catch {
    return [] // Not every package has tests yet.
  }
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

function importsOf(file: string): string[] {
  return ts.preProcessFile(read(file)).importedFiles.map(({ fileName }) => fileName)
}

/** `@seaworthy/core/decorators` belongs to `@seaworthy/core`. */
function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** The file itself and what it imports by relative paths. */
function reachable(
  file: string,
  imports: ReadonlyMap<string, readonly string[]>,
  seen = new Set<string>(),
): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  for (const target of relativeImports(file, imports)) reachable(target, imports, seen)
  return seen
}

function relativeImports(file: string, imports: ReadonlyMap<string, readonly string[]>): string[] {
  const specifiers = imports.get(file) ?? []
  return specifiers.filter((name) => name.startsWith('.')).map((name) => join(dirname(file), name))
}

/** The first circle of imports, from a file back to itself. */
function cycle(imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    done.add(file)
    for (const target of relativeImports(file, imports)) {
      const found = visit(target, [...path, file])
      if (found) return found
    }
    return undefined
  }
  for (const file of imports.keys()) {
    const found = visit(file, [])
    if (found) return found
  }
  return undefined
}

function commandsWithoutSize(source: string): boolean {
  const file = ts.createSourceFile('test.ts', source, ts.ScriptTarget.Latest)
  const found = (node: ts.Node): boolean =>
    (ts.isCallExpression(node) &&
      node.expression.getText(file) === 'fc.commands' &&
      !/\bsize\b/.test(node.arguments[1]?.getText(file) ?? '')) ||
    (ts.forEachChild(node, (child) => found(child) || undefined) ?? false)
  return found(file)
}
