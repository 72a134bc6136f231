import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clearOverride,
  type LevelState,
  type LevelStep,
  levelChangesAt,
  normalLevel,
  type Override,
  setOverride,
  stepLevel,
} from '../src/level-machine.ts'
import { type Level, levels, levelValue } from '../src/levels.ts'
import { ruleChangesAt, silentRule, stepRule } from '../src/rule-state.ts'

const minute = 60_000
const override = (level: Level, mode: 'pin' | 'floor', endsAt?: number): Override => ({
  level,
  mode,
  reason: 'r',
  actor: 'a',
  endsAt,
})

/** Steps through targets, one each ten seconds. */
function path(targets: readonly Level[], from: LevelState = normalLevel): Level[] {
  let state = from
  return targets.map((target, i) => {
    state = stepLevel(state, target, i * 10_000, minute).state
    return state.level
  })
}

describe('the level', () => {
  it('rises at once to what is called for', () => {
    expect(path(['severe', 'critical'])).toEqual(['severe', 'critical'])
  })

  it('sinks one at a time, each after a minute', () => {
    const levelsSeen = path(['severe', ...Array(25).fill('normal')])
    expect(levelsSeen.slice(0, 7)).toEqual(Array(7).fill('severe'))
    expect(levelsSeen.slice(7, 13)).toEqual(Array(6).fill('moderate'))
    expect(levelsSeen.slice(13, 19)).toEqual(Array(6).fill('minor'))
    expect(levelsSeen.slice(19)).toEqual(Array(7).fill('normal'))
  })

  it('ops 0.3: is not lowered by a weaker cause', () => {
    expect(path(['severe', 'minor', 'minor'])).toEqual(['severe', 'severe', 'severe'])
  })

  it('begins to wait anew when more is called for in between', () => {
    const targets: Level[] = ['minor', ...Array(5).fill('normal'), 'minor', ...Array(7).fill('normal')]
    expect(path(targets)).toEqual([...Array(13).fill('minor'), 'normal'])
  })
})

describe('an override', () => {
  it('ops 0.2: that is pinned holds against the rules both ways until it ends', () => {
    let step = setOverride(normalLevel, override('severe', 'pin', 5 * minute), 'normal', 0)
    expect(step).toMatchObject({ trigger: 'manual', state: { level: 'severe' } })
    for (let now = 0; now < 5 * minute; now += 10_000) {
      step = stepLevel(step.state, now % 20_000 === 0 ? 'normal' : 'critical', now, minute)
      expect(step.state.level).toBe('severe')
    }
    step = stepLevel(step.state, 'minor', 5 * minute, minute)
    expect(step).toMatchObject({
      trigger: 'expiry',
      expired: true,
      state: { level: 'minor', override: undefined },
    })
  })

  it('that is pinned can hold the level down', () => {
    const bad = stepLevel(normalLevel, 'critical', 0, minute).state
    const pinned = setOverride(bad, override('normal', 'pin'), 'critical', 1)
    expect(pinned.state.level).toBe('normal')
    expect(stepLevel(pinned.state, 'critical', 2, minute).state.level).toBe('normal')
    expect(clearOverride(pinned.state, 'critical', 3)).toMatchObject({
      trigger: 'manual',
      state: { level: 'critical', override: undefined },
    })
  })

  it('that is a floor lets the level rise, and sink to it', () => {
    let { state } = setOverride(normalLevel, override('minor', 'floor'), 'normal', 0)
    expect(state.level).toBe('minor')
    state = stepLevel(state, 'severe', 1, minute).state
    expect(state.level).toBe('severe')
    for (let i = 1; i < 20; i++) state = stepLevel(state, 'normal', i * minute, minute).state
    expect(state.level).toBe('minor')
  })

  it('that takes the place of a pinned one begins from what is called for', () => {
    const pinned = setOverride(normalLevel, override('critical', 'pin'), 'moderate', 0).state
    expect(setOverride(pinned, override('minor', 'floor'), 'moderate', 1).state.level).toBe('moderate')
  })

  it('that is cleared twice changes nothing the second time', () => {
    expect(clearOverride(normalLevel, 'critical', 0)).toEqual({
      state: normalLevel,
      trigger: undefined,
      expired: false,
    })
  })
})

describe('in whatever order things happen', () => {
  type Command =
    | { readonly type: 'step'; readonly target: Level; readonly passed: number }
    | {
        readonly type: 'set'
        readonly level: Level
        readonly mode: 'pin' | 'floor'
        readonly lasts: number | undefined
      }
    | { readonly type: 'clear' }
  const level = fc.constantFrom(...levels)
  const command: fc.Arbitrary<Command> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ type: fc.constant('step' as const), target: level, passed: fc.nat(40_000) }),
    },
    fc.record({
      type: fc.constant('set' as const),
      level,
      mode: fc.constantFrom('pin' as const, 'floor' as const),
      lasts: fc.option(fc.integer({ min: 1, max: 200_000 }), { nil: undefined }),
    }),
    fc.record({ type: fc.constant('clear' as const) }),
  )

  it('the level is never below what is called for unless pinned, sinks by one a minute at most, and every change has a trigger', () => {
    const seen: Record<string, number> = {}
    fc.assert(
      fc.property(fc.array(command, { maxLength: 80 }), (commands) => {
        let state: LevelState = normalLevel
        let target: Level = 'normal'
        let now = 0
        let sank = Number.NEGATIVE_INFINITY
        for (const each of commands) {
          const before = state
          let step: LevelStep
          if (each.type === 'step') {
            now += each.passed
            target = each.target
            step = stepLevel(state, target, now, minute)
          } else if (each.type === 'set') {
            const endsAt = each.lasts === undefined ? undefined : now + each.lasts
            step = setOverride(state, override(each.level, each.mode, endsAt), target, now)
          } else step = clearOverride(state, target, now)
          state = step.state
          const value = levelValue(state.level)
          const { override: held } = state
          expect(step.trigger === undefined).toBe(state.level === before.level)
          if (step.trigger !== undefined) seen[step.trigger] = (seen[step.trigger] ?? 0) + 1
          if (held?.mode === 'pin') expect(state.level).toBe(held.level)
          else
            expect(value).toBeGreaterThanOrEqual(
              Math.max(levelValue(target), levelValue(held?.level ?? 'normal')),
            )
          if (held?.endsAt !== undefined && each.type === 'step') expect(held.endsAt).toBeGreaterThan(now)
          if (step.trigger === 'recovery') {
            expect(value).toBe(levelValue(before.level) - 1)
            expect(now - sank).toBeGreaterThanOrEqual(minute)
            sank = now
          }
          if (step.trigger === 'rule') expect(value).toBe(levelValue(target))
          // Nothing that time alone brings is overdue.
          if (each.type === 'step') expect(levelChangesAt(state, minute)).toBeGreaterThan(now)
        }
      }),
      { numRuns: 500 },
    )
    for (const trigger of ['rule', 'recovery', 'manual', 'expiry']) expect(seen[trigger]).toBeGreaterThan(10)
  })
})

it('changes at the very time that it names, whatever fractions times have', () => {
  const time = fc.double({ min: 0, max: 1e9, noNaN: true })
  let unequal = 0
  fc.assert(
    fc.property(time, fc.double({ min: 0.001, max: 1e6, noNaN: true }), (now, recoverAfter) => {
      const bad = stepLevel(normalLevel, 'minor', now, recoverAfter).state
      const sinking = stepLevel(bad, 'normal', now, recoverAfter).state
      const due = levelChangesAt(sinking, recoverAfter)
      if (due - now < recoverAfter) unequal++
      expect(stepLevel(sinking, 'normal', due, recoverAfter).state.level).toBe('normal')
      const rules = { enterAfter: 1, exitAfter: recoverAfter }
      const held = stepRule(stepRule(silentRule, 'minor', now, rules), undefined, now, rules)
      expect(
        stepRule(held, undefined, ruleChangesAt(held, recoverAfter) as number, rules).level,
      ).toBeUndefined()
    }),
    { numRuns: 1000 },
  )
  expect(unequal).toBeGreaterThan(0)
})
