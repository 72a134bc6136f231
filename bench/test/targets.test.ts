import { describe, expect, it } from 'vitest'
import { sections } from '../src/sections.ts'
import { subjects } from '../src/subjects/index.ts'
import type { Table } from '../src/table.ts'
import { type Target, targets, verdict } from '../src/targets.ts'

const table: Table = {
  name: 'table',
  title: 'Table',
  columns: [{ key: 'ratio', title: 'ratio' }],
  rows: [
    { name: 'large', cells: { ratio: { median: 3, low: 1, high: 9 } } },
    { name: 'small', cells: { ratio: 2 } },
    { name: 'empty', cells: {} },
  ],
}
const target = (changes: Partial<Target>): Target => ({
  what: 'what',
  table: 'table',
  row: 'large',
  column: 'ratio',
  max: 3,
  ...changes,
})

describe('verdict', () => {
  it('judges the median, and a target that is just reached is met', () => {
    expect(verdict(target({}), table)).toEqual({ measured: 3, met: true })
    expect(verdict(target({ max: 2.99 }), table)).toEqual({ measured: 3, met: false })
  })

  it('divides by another row where the target says so', () => {
    expect(verdict(target({ against: 'small', max: 1.4 }), table)).toEqual({ measured: 1.5, met: false })
  })

  it('says nothing without a number', () => {
    expect(verdict(target({ row: 'empty' }), table)).toBeUndefined()
    expect(verdict(target({ against: 'nobody' }), table)).toBeUndefined()
  })
})

describe('targets', () => {
  const rowsOf = new Map([
    ...subjects.map(({ name, contenders }) => [name, contenders.map((each) => each.name)] as const),
    ...sections.map(({ name, rows }) => [name, rows] as const),
  ])

  it.each(targets)('$what: names rows that exist', ({ table, row, against }) => {
    expect(rowsOf.get(table)).toContain(row)
    if (against !== undefined) expect(rowsOf.get(table)).toContain(against)
  })
})
