import { describe, expect, it } from 'vitest'
import { claims } from '../src/claims.ts'
import { claimsOfDefaults, playDefaults, table } from '../src/defaults.ts'
import { type Phase, play } from '../src/story.ts'

/** The day in short: each kind of outage once. */
const morning: readonly Phase[] = [
  { what: 'all is well', mood: 'well', seconds: 1, traffic: true },
  { what: 'the primary hangs', mood: 'hangs', seconds: 3, traffic: true },
  { what: 'the primary works again', mood: 'well', seconds: 6, traffic: true },
  { what: 'the primary answers 429', mood: 'limited', seconds: 2, traffic: true },
  { what: 'the primary works again', mood: 'well', seconds: 4, traffic: true },
  { what: 'the primary breaks off its streams', mood: 'cut', seconds: 1, traffic: true },
  { what: 'the primary answers 500', mood: 'fails', seconds: 2, traffic: true },
  { what: 'nobody asks; the primary works again', mood: 'well', seconds: 6, traffic: false },
]

it('over HTTP: every claim holds', async () => {
  const told: string[] = []
  const result = await play(morning, (line) => told.push(line))
  expect(claims(result).filter(({ holds }) => !holds)).toEqual([])
  expect(told.some((line) => line.includes('primary is cooling'))).toBe(true)
})

describe('the claims', () => {
  it('hold with the default times', async () => {
    const played = await playDefaults()
    expect(claimsOfDefaults(played).filter(({ holds }) => !holds)).toEqual([])
    expect(played.every(({ wasted }) => wasted > 0)).toBe(true)
    expect(table(played)).toHaveLength(played.length + 1)
  })

  it('do not hold of a day that went badly', () => {
    const [played] = [
      {
        outage: 'hangs',
        rate: 2,
        probed: false,
        traffic: true,
        asked: 10,
        lost: 1,
        median: 1,
        longest: 6000,
        wasted: 1,
        early: 1,
        back: 31_000,
      },
    ] as const
    expect(claimsOfDefaults([played]).map(({ holds }) => holds)).toEqual([false, false, false, false])
  })
})
