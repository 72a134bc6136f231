/** All rules with what is remembered of each. */
import { type Level, parseLevel, worse } from './levels.ts'
import type { RuleReading, RuleSettings } from './rule.ts'
import { type RuleState, ruleChangesAt, silentRule, stepRule } from './rule-state.ts'
import type { Signals } from './signals.ts'

/** A rule that counts now. */
export interface ActiveRule {
  readonly id: string
  readonly level: Level
  /** Since when, on the clock. */
  readonly since: number
}

/** How a rule does. Times are those of the clock. */
export interface RuleReport {
  readonly id: string
  /** What it calls for: now if it counts, else whenever it will. */
  readonly level: Level
  readonly active: boolean
  /** Since when it counts. */
  readonly since: number | undefined
  /** When it will count no more, if it goes on not to hold. */
  readonly until: number | undefined
  readonly reading: RuleReading | undefined
}

export class RuleBook {
  readonly #rules: readonly RuleSettings[]
  readonly #states: RuleState[]
  readonly #failed: (rule: string) => void

  /** @param failed - Called for a rule that threw or answered nonsense. */
  constructor(rules: readonly RuleSettings[], failed: (rule: string) => void) {
    this.#rules = rules
    this.#states = rules.map(() => silentRule)
    this.#failed = failed
  }

  /** The rules that count, the highest level first and in order of their list. */
  active(): ActiveRule[] {
    const all = this.#rules.flatMap(({ id }, i) => {
      const { level, since } = this.#states[i] as RuleState
      return level === undefined ? [] : [{ id, level, since }]
    })
    return all.sort((a, b) => (a.level === b.level ? 0 : worse(a.level, b.level) === a.level ? -1 : 1))
  }

  /** All rules in order of their list, with what each would go by now. */
  report(signals: Signals): RuleReport[] {
    return this.#rules.map((rule, i) => {
      const state = this.#states[i] as RuleState
      const active = state.level !== undefined
      return {
        id: rule.id,
        level: state.level ?? rule.level,
        active,
        since: active ? state.since : undefined,
        until: active ? ruleChangesAt(state, rule.exitAfter) : undefined,
        reading: readingOf(rule, signals),
      }
    })
  }

  /** What they call for together. */
  get target(): Level {
    return this.active()[0]?.level ?? 'normal'
  }

  /** When time alone will change something; `Infinity` if never. */
  get changesAt(): number {
    return this.#rules.reduce((soonest, { exitAfter }, i) => {
      const at = ruleChangesAt(this.#states[i] as RuleState, exitAfter)
      return at === undefined ? soonest : Math.min(soonest, at)
    }, Number.POSITIVE_INFINITY)
  }

  /** Asks all of them. */
  ask(signals: Signals, now: number): void {
    this.#rules.forEach((rule, i) => {
      const before = this.#states[i] as RuleState
      try {
        this.#states[i] = stepRule(before, wantedBy(rule, signals), now, rule)
      } catch {
        this.#failed(rule.id)
      }
    })
  }
}

/** Only for show: one that throws has none. */
function readingOf({ reads }: RuleSettings, signals: Signals): RuleReading | undefined {
  try {
    return reads?.(signals)
  } catch {
    return undefined
  }
}

function wantedBy({ id, level, when }: RuleSettings, signals: Signals): Level | undefined {
  const answer = when(signals)
  if (answer === true) return level
  if (answer === false || answer === undefined) return undefined
  const named = parseLevel(`rule '${id}'`, answer)
  return named === 'normal' ? undefined : named
}
