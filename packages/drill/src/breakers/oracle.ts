/** When a closed breaker has to open: a list of everything that happened, counted again each time. */
import type { TestRules } from './rules.ts'

/** One call that ended. */
interface Outcome {
  readonly failed: boolean
  readonly at: number
}

/** Says after each outcome whether a breaker that was new at the beginning is open now. */
export class Oracle {
  /** The rule that opened it. */
  rule: 'failureThreshold' | 'failureRate' | undefined = undefined
  readonly #rules: TestRules
  readonly #seen: Outcome[] = []

  constructor(rules: TestRules) {
    this.#rules = rules
  }

  /** @returns Whether it has to be open. */
  record(failed: boolean, at: number): boolean {
    this.#seen.push({ failed, at })
    if (failed && this.rule === undefined) this.rule = this.#judge(at)
    return this.rule !== undefined
  }

  #judge(now: number): Oracle['rule'] {
    const { failureThreshold, failureRate, minimumRequests } = this.#rules
    const streak = this.#seen.length - 1 - this.#seen.findLastIndex(({ failed }) => !failed)
    if (streak >= failureThreshold) return 'failureThreshold'
    const window = this.#window(now)
    const failures = window.filter(({ failed }) => failed).length
    return window.length >= minimumRequests && failures / window.length >= failureRate
      ? 'failureRate'
      : undefined
  }

  #window(now: number): readonly Outcome[] {
    const { window } = this.#rules
    if ('calls' in window) return this.#seen.slice(-window.calls)
    const width = window.time / window.buckets
    const age = (at: number): number => Math.floor(now / width) - Math.floor(at / width)
    return this.#seen.filter(({ at }) => age(at) < window.buckets)
  }
}
