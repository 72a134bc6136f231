import { describe, expect, it } from 'vitest'
import { check, type Seen } from '../src/check.ts'
import { claims } from '../src/claims.ts'
import { readFlags } from '../src/flags.ts'
import { day, moodAt, recovery } from '../src/script.ts'

const good: Seen = {
  files: ['', 'ui/a.js', 'ui/a.css'].map((path) => ({ path, status: 200, policy: "default-src 'none'" })),
  withoutToken: 401,
  states: ['open', 'halfOpen', 'closed'],
  levels: ['severe', 'moderate', 'minor', 'normal'],
  checks: ['fail', 'pass'],
  rejections: 7,
  letters: { dead: 10, replayed: 10, left: 0 },
  actions: ['deadLetter.retryBatch', 'circuitBreaker.reset'],
  leftovers: { components: 0 },
}

describe('the claims', () => {
  it('hold on a good day', () => {
    expect(claims(good).filter(({ holds }) => !holds)).toEqual([])
  })

  it.each<[string, Partial<Seen>]>([
    ['a file is missing', { files: good.files.map((file) => ({ ...file, status: 404 })) }],
    ['a file comes without a policy', { files: good.files.map((file) => ({ ...file, policy: '' })) }],
    ['data is for everybody', { withoutToken: 200 }],
    ['no circuit opens', { states: [] }],
    ['it stays open', { states: ['open', 'halfOpen', 'open'] }],
    ['the check never fails', { checks: ['pass'] }],
    ['the level never rises', { levels: [] }],
    ['the level stays up', { levels: ['severe', 'moderate'] }],
    ['nothing is turned away', { rejections: 0 }],
    ['letters stay dead', { letters: { dead: 10, replayed: 3, left: 7 } }],
    ['there were no letters', { letters: { dead: 0, replayed: 0, left: 0 } }],
    ['nobody sees what was done', { actions: [] }],
    ['something is left', { leftovers: { components: 1 } }],
  ])('do not when %s', (_, bad) => {
    expect(claims({ ...good, ...bad }).filter(({ holds }) => !holds)).toHaveLength(1)
  })
})

describe('the script', () => {
  it('knows the mood of each service', () => {
    expect(moodAt('payments', 0.1)).toBe('well')
    expect(moodAt('payments', 0.2)).toBe('fails')
    expect(recovery).toBeLessThan(0.7)
    for (const phases of Object.values(day)) for (const { from, to } of phases) expect(from).toBeLessThan(to)
  })
})

describe('the command line', () => {
  it('has defaults', () => {
    expect(readFlags([])).toEqual({ help: false, check: false, day: 120_000, port: 0 })
    expect(readFlags(['--check']).day).toBe(15_000)
  })

  it.each([[['--day', '1s']], [['--port', 'any']], [['--strange']]])('does not take %s', (args) => {
    expect(() => readFlags(args)).toThrow()
  })
})

it('keeps every claim on a real day', async () => {
  expect(claims(await check(12_000)).filter(({ holds }) => !holds)).toEqual([])
})
