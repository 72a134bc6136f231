import { sometimes } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { mayStart, newRace, nextRace, type Race, type RaceInput } from '../src/race.ts'

const inputs: RaceInput[] = [
  { type: 'started' },
  { type: 'denied' },
  { type: 'succeeded' },
  { type: 'abandoned' },
  { type: 'failed', failureClass: 'transient' },
  { type: 'failed', failureClass: 'degraded' },
  { type: 'failed', failureClass: 'persistent' },
  { type: 'failed', failureClass: 'fatal' },
]

/** Whether the shell can come up with an input: it starts and denies only what may start, and settles what runs. */
function possible(race: Race, { type }: RaceInput): boolean {
  if (type === 'started') return mayStart(race)
  if (type === 'denied') return mayStart(race) && race.started > 0
  if (type === 'abandoned') return race.started > 0
  return race.running > 0
}

describe('verify 29: every state of a race that can be reached', () => {
  const seen = sometimes(['won', 'lost', 'abandoned', 'undecided between copies'])
  const known = new Map<string, Race>()

  const explore = (race: Race, closed: boolean): void => {
    const key = JSON.stringify([race, closed])
    if (known.has(key)) return
    known.set(key, race)
    for (const input of inputs) {
      if (!possible(race, input)) continue
      const next = nextRace(race, input)
      const stops = input.type === 'denied' || (input.type === 'failed' && input.failureClass !== 'transient')
      check(race, input, next, closed)
      explore(next, closed || stops)
    }
  }

  const check = (race: Race, input: RaceInput, next: Race, closed: boolean): void => {
    expect(next.started).toBeLessThanOrEqual(next.limit)
    expect(next.running).toBeLessThanOrEqual(next.started)
    if (closed) expect(mayStart(race)).toBe(false)
    if (race.phase !== 'racing') {
      expect(next).toBe(race)
      return
    }
    if (next.phase !== 'racing') {
      seen.mark(next.phase)
      expect(mayStart(next)).toBe(false)
    }
    if (next.phase === 'won') expect(input.type).toBe('succeeded')
    if (next.phase === 'abandoned') expect(input.type).toBe('abandoned')
    if (next.phase === 'lost' && input.type === 'failed' && input.failureClass !== 'fatal') {
      expect(next.running).toBe(0)
    }
    if (next.phase === 'racing' && next.running === 0) {
      // The shell starts or denies another copy at once: a call never waits for nothing.
      seen.mark('undecided between copies')
      expect(mayStart(next)).toBe(true)
      for (const type of ['started', 'denied'] as const)
        expect(nextRace(next, { type })).not.toMatchObject({ phase: 'racing', running: 0 })
    }
  }

  it.each([1, 2, 4])('obeys the rules, with at most %i copies', (limit) => {
    known.clear()
    explore(newRace(limit), false)
    expect(known.size).toBeGreaterThan(3)
  })

  it('is decided in every way', () => {
    seen.verify()
  })
})
