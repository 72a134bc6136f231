import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

/** The codes of the union, from the source: types are gone when tests run. */
function unionOf(source: string, type: string): string[] {
  const [, members = ''] =
    new RegExp(`export type ${type} =([^\\n]*(?:\\n {2}\\|[^\\n]*)*)`).exec(source) ?? []
  return [...members.matchAll(/'([^']+)'/g)].map(([, code]) => code as string).sort()
}

/** The codes in the first column of the tables. */
function documented(guide: string, code: RegExp): string[] {
  const cells = [...guide.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, cell]) => cell as string)
  return cells.filter((cell) => code.test(cell)).sort()
}

/** Every code that some package writes between quotes in a file about errors. */
function codesOfAllPackages(): string[] {
  const codes = new Set<string>()
  for (const name of readdirSync(new URL('../..', import.meta.url))) {
    const sources = new URL(`../../${name}/src/`, import.meta.url)
    for (const file of readdirSync(sources, { recursive: true, encoding: 'utf8' })) {
      if (!/errors?\.ts$/.test(file)) continue
      for (const [, code] of read(`../../${name}/src/${file}`).matchAll(/'(ERR_[A-Z_]+)'/g))
        codes.add(code as string)
    }
  }
  return [...codes].sort()
}

it('docs/errors.md explains every error code, and no other', () => {
  const codes = codesOfAllPackages()
  expect(codes).toEqual(expect.arrayContaining(unionOf(read('../src/errors.ts'), 'ErrorCode')))
  expect(codes).toContain('ERR_TIMEOUT')
  expect(documented(read('../../../docs/errors.md'), /^ERR_/)).toEqual(codes)
})

it('docs/explain.md lists every warning, and no other', () => {
  const codes = unionOf(read('../src/explain-warning.ts'), 'CompositionWarningCode')
  expect(codes).toContain('no-time-limit')
  expect(documented(read('../../../docs/explain.md'), /^[a-z]+(-[a-z]+)+$/)).toEqual(codes)
})
