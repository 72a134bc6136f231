import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFlapping, nothingPublished, type Publication, publish } from '../src/publication.ts'
import type { HealthStatus } from '../src/report.ts'

const strict = { failureThreshold: 3, successThreshold: 2 }
const statuses: readonly HealthStatus[] = ['pass', 'warn', 'fail']
const rank = (status: HealthStatus): number => statuses.indexOf(status)

function published(
  answers: readonly HealthStatus[],
  rules = strict,
  every = 1000,
): (HealthStatus | undefined)[] {
  let state: Publication = nothingPublished
  return answers.map((answer, i) => {
    state = publish(state, answer, i * every, rules)
    return state.published
  })
}

describe('what is published', () => {
  it('is the first answer at once', () => {
    expect(published(['fail'])).toEqual(['fail'])
    expect(published(['warn'])).toEqual(['warn'])
  })

  it('gets worse after so many worse answers in a row, and better after so many better ones', () => {
    expect(published(['pass', 'fail', 'fail', 'pass', 'fail', 'fail', 'fail'])).toEqual([
      'pass',
      'pass',
      'pass',
      'pass',
      'pass',
      'pass',
      'fail',
    ])
    expect(published(['fail', 'pass', 'fail', 'pass', 'pass'])).toEqual([
      'fail',
      'fail',
      'fail',
      'fail',
      'pass',
    ])
  })

  it('counts warnings and failures together as worse', () => {
    expect(published(['pass', 'warn', 'fail', 'warn'])).toEqual(['pass', 'pass', 'pass', 'warn'])
  })

  it('needs two answers more for a recovery while it flaps, until ten minutes after', () => {
    const rules = { failureThreshold: 1, successThreshold: 1 }
    let state = nothingPublished
    let now = 0
    const say = (answer: HealthStatus): HealthStatus | undefined => {
      state = publish(state, answer, now, rules)
      now += 60_000
      return state.published
    }
    for (const answer of ['pass', 'fail', 'pass', 'fail', 'pass', 'fail', 'pass'] as const)
      expect(say(answer)).toBe(answer)
    expect(isFlapping(state, now)).toBe(true)
    expect(say('fail')).toBe('fail')
    expect([say('pass'), say('pass'), say('pass')]).toEqual(['fail', 'fail', 'pass'])
    now += 600_000
    expect(isFlapping(state, now)).toBe(false)
    expect([say('fail'), say('pass')]).toEqual(['fail', 'pass'])
  })

  it('changes only to the last answer, only when enough agree on the direction, and counts alike answers', () => {
    let changes = 0
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...statuses), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (answers, failureThreshold, successThreshold) => {
          let state: Publication = nothingPublished
          // So far apart that nothing ever flaps.
          answers.forEach((answer, i) => {
            const before = state.published
            state = publish(state, answer, i * 601_000, { failureThreshold, successThreshold })
            const alike = answers
              .slice(0, i + 1)
              .reverse()
              .findIndex((other) => other !== answer)
            expect(state.consecutive).toBe(alike === -1 ? i + 1 : alike)
            if (before === undefined || state.published === before) return
            changes++
            expect(state.published).toBe(answer)
            const worse = rank(answer) > rank(before)
            const needed = worse ? failureThreshold : successThreshold
            const last = answers.slice(i + 1 - needed, i + 1)
            expect(last).toHaveLength(needed)
            for (const each of last) expect(rank(each) > rank(before)).toBe(worse)
          })
        },
      ),
      { numRuns: 500 },
    )
    expect(changes).toBeGreaterThan(100)
  })
})
