import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Level, levels, levelValue } from '../src/levels.ts'
import { ruleSettings, standardRules } from '../src/rule.ts'
import { RuleBook } from '../src/rule-book.ts'
import { type RuleState, silentRule, stepRule } from '../src/rule-state.ts'
import type { CheckSignal, CircuitSignal, Signals } from '../src/signals.ts'
import { quiet } from './toys.ts'

const circuit = (more: Partial<CircuitSignal>): CircuitSignal => ({
  name: 'mail',
  state: 'closed',
  failureRate: 0,
  calls: 100,
  critical: false,
  ...more,
})
const check = (
  status: CheckSignal['status'],
  criticality: CheckSignal['criticality'] = 'critical',
): CheckSignal => ({
  name: 'database',
  status,
  criticality,
})
const open = circuit({ state: 'open' })

function calledForBy(signals: Partial<Signals>): Level {
  const book = new RuleBook(ruleSettings(standardRules()), () => {})
  book.ask({ ...quiet, ...signals }, 0)
  return book.target
}

describe('the standard rules', () => {
  it.each<[string, Partial<Signals>, Level]>([
    ['nothing', {}, 'normal'],
    ['a closed circuit', { circuits: [circuit({})] }, 'normal'],
    ['a circuit that is gone', { circuits: [circuit({ state: 'disposed' })] }, 'normal'],
    ['an open circuit', { circuits: [open] }, 'minor'],
    ['a circuit on trial', { circuits: [circuit({ state: 'halfOpen' })] }, 'minor'],
    ['two open circuits', { circuits: [open, open] }, 'moderate'],
    ['a failing circuit', { circuits: [circuit({ failureRate: 0.9 })] }, 'normal'],
    ['two failing circuits', { circuits: [1, 2].map(() => circuit({ failureRate: 0.51 })) }, 'moderate'],
    ['two with few calls', { circuits: [1, 2].map(() => circuit({ failureRate: 1, calls: 10 })) }, 'normal'],
    ['an open critical circuit', { circuits: [circuit({ state: 'open', critical: true })] }, 'severe'],
    ['a failing critical check', { checks: [check('fail'), check('pass')] }, 'severe'],
    ['a failing important check', { checks: [check('fail', 'important')] }, 'normal'],
    ['a critical check that was never asked', { checks: [check('unknown')] }, 'normal'],
    ['two failing critical checks of two', { checks: [check('fail'), check('fail')] }, 'critical'],
    [
      'a critical check and a critical circuit, both down',
      { checks: [check('fail')], circuits: [circuit({ state: 'isolated', critical: true })] },
      'critical',
    ],
    ['a full heap', { heap: 0.85 }, 'minor'],
    ['a late event loop', { eventLoopDelay: 500 }, 'minor'],
  ])('with %s: the level they call for', (_, signals, level) => {
    expect(calledForBy(signals)).toBe(level)
  })
})

describe('a rule', () => {
  const rules = { enterAfter: 2, exitAfter: 60_000 }
  const run = (answers: readonly [Level | undefined, number][]): (Level | undefined)[] => {
    let state: RuleState = silentRule
    return answers.map(([answer, now]) => {
      state = stepRule(state, answer, now, rules)
      return state.level
    })
  }

  it('counts when it has held often enough in a row, until it has not held for long enough', () => {
    expect(
      run([
        ['minor', 0],
        [undefined, 1],
        ['minor', 2],
        ['minor', 3],
        [undefined, 10],
        [undefined, 60_009],
        ['minor', 60_009],
        [undefined, 70_000],
        [undefined, 129_999],
        [undefined, 130_000],
      ]),
    ).toEqual([
      undefined,
      undefined,
      undefined,
      'minor',
      'minor',
      'minor',
      'minor',
      'minor',
      'minor',
      undefined,
    ])
  })

  it('rises at once and sinks late when it chooses its level', () => {
    expect(
      run([
        ['minor', 0],
        ['minor', 1],
        ['severe', 2],
        ['minor', 3],
        ['minor', 60_003],
      ]),
    ).toEqual([undefined, 'minor', 'severe', 'severe', 'minor'])
  })

  it('ops 0.1: never lets go of a cause that persists, however the answers in between look', () => {
    let releases = 0
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.constantFrom(undefined, ...levels.slice(1)), fc.integer({ min: 0, max: 40_000 })),
          {
            maxLength: 60,
          },
        ),
        (answers) => {
          let state: RuleState = silentRule
          let now = 0
          const history: { answer: Level | undefined; at: number }[] = []
          for (const [answer, passed] of answers) {
            now += passed
            const before = state
            state = stepRule(state, answer, now, { enterAfter: 1, exitAfter: 60_000 })
            history.push({ answer, at: now })
            // At least what is called for now.
            if (answer !== undefined)
              expect(levelValue(state.level ?? 'normal')).toBeGreaterThanOrEqual(levelValue(answer))
            if (before.level === undefined || levelValue(state.level ?? 'normal') >= levelValue(before.level))
              continue
            releases++
            // Everything said within the last minute was less than the level it let go of.
            for (const { answer: said, at } of history)
              if (at > now - 60_000)
                expect(levelValue(said ?? 'normal')).toBeLessThan(levelValue(before.level))
          }
        },
      ),
      { numRuns: 300 },
    )
    expect(releases).toBeGreaterThan(20)
  })

  it('that throws or answers nonsense keeps its word, is told of, and holds up no other', () => {
    const failed: string[] = []
    let answer: () => unknown = () => true
    const book = new RuleBook(
      ruleSettings([
        { id: 'odd', level: 'severe', when: () => answer() as boolean },
        { id: 'plain', level: 'minor', when: () => true },
      ]),
      (rule) => failed.push(rule),
    )
    book.ask(quiet, 0)
    answer = () => {
      throw new Error('bug')
    }
    book.ask(quiet, 100_000)
    answer = () => 'awful'
    book.ask(quiet, 200_000)
    expect(failed).toEqual(['odd', 'odd'])
    expect(book.active().map(({ id }) => id)).toEqual(['odd', 'plain'])
  })

  it('is refused when it makes no sense', () => {
    const when = () => true
    const rule = { id: 'a', level: 'minor', when } as const
    expect(() => ruleSettings([rule, rule])).toThrow(/rule.id must be a text that no other rule has/)
    expect(() => ruleSettings([{ ...rule, level: 'awful' as Level }])).toThrow(
      /rule 'a'.level must be one of/,
    )
    expect(() => ruleSettings([{ ...rule, when: true as never }])).toThrow(/rule 'a'.when must be a function/)
    expect(() => ruleSettings([{ ...rule, exitAfter: -1 }])).toThrow(/exitAfter/)
    expect(() => ruleSettings([{ ...rule, prio: 1 } as never])).toThrow(/prio/)
    expect(() => standardRules({ heap: Number.NaN })).toThrow(/heap/)
  })
})
