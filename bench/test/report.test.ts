import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { formatNumber, insertBlocks, toMarkdown, toText } from '../src/report.ts'
import { sections } from '../src/sections.ts'
import { subjects } from '../src/subjects/index.ts'
import type { Table } from '../src/table.ts'

const table = (ratio: number): Table => ({
  name: 'closed',
  title: 'Closed',
  columns: [
    { key: 'ratio', title: 'ratio' },
    { key: 'bytes', title: 'bytes', integer: true },
  ],
  rows: [
    { name: 'bare', cells: { ratio: { median: 1, low: 1, high: 1 }, bytes: 240 } },
    {
      name: 'seaworthy: count(100)',
      cells: { ratio: { median: ratio, low: ratio - 0.1, high: ratio + 0.1 } },
    },
  ],
})
const environment = { node: 'v20' }

describe('formatNumber', () => {
  it.each([
    [0.774, '0.77'],
    [1, '1.00'],
    [9.994, '9.99'],
    [9.996, '10.0'],
    [16.46, '16.5'],
    [99.96, '100'],
    [2493.7, '2,494'],
  ])('shows three figures of %d as %s', (value, text) => {
    expect(formatNumber(value)).toBe(text)
  })

  it('shows counts without a fraction', () => {
    expect(formatNumber(3, true)).toBe('3')
    expect(formatNumber(-0.2, true)).toBe('0')
  })
})

describe('toText', () => {
  it('aligns names to the left, numbers to the right, and says whether targets are met', () => {
    expect(toText({ environment, tables: [table(1.8)] })).toBe(
      `node: v20

closed – Closed

                         ratio   low – high  bytes  target
  bare                    1.00  1.00 – 1.00    240
  seaworthy: count(100)   1.80  1.70 – 1.90      –  ≤ 2.00 met

targets

  target                   at most  measured
  closed breaker, to bare     2.00      1.80  met
`,
    )
  })

  it('is loud about a target that is missed', () => {
    expect(toText({ environment, tables: [table(2.2)] })).toContain('≤ 2.00 MISSED')
  })
})

describe('toMarkdown', () => {
  it('makes a block for every marker', () => {
    const blocks = toMarkdown({ environment, tables: [table(1.8)] })
    expect([...blocks.keys()]).toEqual(['environment', 'targets', 'closed'])
    expect(blocks.get('closed')).toBe(
      `**Closed**

|  | ratio | low – high | bytes | target |
| --- | ---: | ---: | ---: | ---: |
| bare | 1.00 | 1.00 – 1.00 | 240 |  |
| **seaworthy: count(100)** | **1.80** | **1.70 – 1.90** | **–** | **≤ 2.00 met** |`,
    )
  })
})

describe('insertBlocks', () => {
  const page = 'a\n<!-- bench:x -->\nold\n<!-- /bench:x -->\nb\n'

  it('replaces what is between the markers, and nothing else', () => {
    const once = insertBlocks(page, new Map([['x', 'new $1']]))
    expect(once).toBe('a\n<!-- bench:x -->\n\nnew $1\n\n<!-- /bench:x -->\nb\n')
    expect(insertBlocks(once, new Map([['x', 'new $1']]))).toBe(once)
  })

  it('refuses to lose a block, and to leave an old one', () => {
    const both = new Map([
      ['x', 'new'],
      ['z', 'lost'],
    ])
    expect(() => insertBlocks(page, both)).toThrow('no place for z')
    expect(() => insertBlocks(page, new Map())).toThrow('nothing for x')
  })
})

describe('docs/performance.md', () => {
  it('has a place for every table', () => {
    const text = readFileSync(fileURLToPath(new URL('../../docs/performance.md', import.meta.url)), 'utf8')
    const places = [...text.matchAll(/^<!-- bench:(\S+) -->$/gm)].map(([, name]) => name)
    const tables = [...subjects, ...sections].map(({ name }) => name)
    expect(places.sort()).toEqual(['environment', 'targets', ...tables].sort())
  })
})
