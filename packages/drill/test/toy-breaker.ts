/** A breaker of another make, right unless told to be wrong in one way: what the breaker tests have to find. */
import { SeaworthyError, type Timer } from '@seaworthy/core'
import { type TestRules, testRules } from '../src/breakers/rules.ts'
import type {
  BreakerChange,
  BreakerFactory,
  BreakerPermit,
  BreakerSetup,
  BreakerUnderTest,
} from '../src/index.ts'

/** The ways to be wrong. */
export type Bug =
  | 'opens one failure late'
  | 'above the rate instead of at it'
  | 'opens twice'
  | 'lets calls through while open'
  | 'says a wrong retryAfter'
  | 'tries a millisecond early'
  | 'closes one trial early'
  | 'remembers after closing'
  | 'waits do not grow'
  | 'backoff is not reset'
  | 'jitter out of bounds'
  | 'no jitter'
  | 'no limit of trials'
  | 'a call given up keeps its place'
  | 'no lease'
  | 'window never forgets'
  | 'slow calls do not count'
  | 'ignored outcomes count'
  | 'no epoch'
  | 'late successes close it'
  | 'isolation ends by itself'
  | 'reset keeps the backoff'
  | 'a timer is left after dispose'
  | 'uses real time'

interface Trial {
  readonly epoch: number
  readonly at: number
}

/** A factory of breakers with one bug, or none. */
export const toyBreaker =
  (bug?: Bug): BreakerFactory =>
  (setup) =>
    new ToyBreaker(setup, bug)

class ToyBreaker implements BreakerUnderTest {
  state = 'closed'
  readonly #setup: BreakerSetup
  readonly #rules: TestRules
  readonly #bug: Bug | undefined
  readonly #listeners = new Set<(change: BreakerChange) => void>()
  readonly #trials = new Set<Trial>()
  #outcomes: { failed: boolean; at: number }[] = []
  #slow: { slow: boolean; at: number }[] = []
  #streak = 0
  #epoch = 0
  #openings = 0
  #until = 0
  #successes = 0
  #failures = 0
  #handles = 0
  #timer: Timer | undefined

  constructor(setup: BreakerSetup, bug: Bug | undefined) {
    this.#setup = setup
    this.#rules = testRules(setup.options)
    this.#bug = bug
  }

  on(_event: 'stateChange', listener: (change: BreakerChange) => void): void {
    this.#listeners.add(listener)
  }

  acquire(): BreakerPermit {
    const now = this.#now()
    const early = this.#is('tries a millisecond early') ? 1 : 0
    if (this.state === 'open' && now >= this.#until - early) this.#become('halfOpen', 'recoveryTimeout')
    if (this.state === 'isolated' && this.#is('isolation ends by itself') && now >= this.#until)
      this.#become('closed', 'release')
    if (this.state === 'halfOpen') {
      const { lease } = this.#rules.trials
      if (!this.#is('no lease'))
        for (const trial of this.#trials) if (now - trial.at >= lease) this.#trials.delete(trial)
    }
    const leaky =
      this.#is('lets calls through while open') && this.state === 'open' && now > this.#until - 30_000
    if (!(this.state === 'closed' || this.#hasRoom() || leaky)) throw this.#rejection(now)
    const trial: Trial = { epoch: this.#epoch, at: now }
    if (this.state === 'halfOpen') this.#trials.add(trial)
    let settled = false
    const once = (outcome: 'success' | 'failure' | 'neutral') => () => {
      if (settled) return
      settled = true
      this.#settle(trial, outcome)
    }
    return { success: once('success'), failure: once('failure'), neutral: once('neutral') }
  }

  async execute<T>(operation: () => T | PromiseLike<T>): Promise<T> {
    const permit = this.acquire()
    try {
      const value = await operation()
      permit.success()
      return value
    } catch (error) {
      permit.failure()
      throw error
    }
  }

  trip(): void {
    this.#open('trip')
  }

  reset(): void {
    if (!this.#is('reset keeps the backoff')) this.#openings = 0
    this.#become('closed', 'reset')
  }

  isolate(): { release(): void } {
    this.#handles++
    this.#until = this.#now() + 5_000
    this.#openings = 0
    this.#become('isolated', 'isolate')
    return {
      release: () => {
        if (--this.#handles === 0) this.#become('closed', 'release')
      },
    }
  }

  dispose(): void {
    this.#become('disposed', 'dispose')
    if (!this.#is('a timer is left after dispose')) this.#timer?.cancel()
    this.#listeners.clear()
  }

  debugStats(): Record<string, number> {
    return { listeners: this.#listeners.size, trials: this.#trials.size }
  }

  #is(bug: Bug): boolean {
    return this.#bug === bug
  }

  #now(): number {
    return this.#is('uses real time') ? performance.now() : this.#setup.clock.now()
  }

  #rejection(now: number): Error {
    const left =
      this.state === 'open' ? this.#until - now + (this.#is('says a wrong retryAfter') ? 5 : 0) : undefined
    return new SeaworthyError(this.state === 'disposed' ? 'ERR_DISPOSED' : 'ERR_CIRCUIT_OPEN', 'no', {
      retryAfter: left,
    })
  }

  #hasRoom(): boolean {
    if (this.state !== 'halfOpen') return false
    const { concurrency, failures } = this.#rules.trials
    const needed = this.#rules.successThreshold + failures - this.#successes - this.#failures
    return this.#trials.size < Math.min(concurrency, needed) || this.#is('no limit of trials')
  }

  #settle(trial: Trial, ended: 'success' | 'failure' | 'neutral'): void {
    const outcome = ended === 'neutral' && this.#is('ignored outcomes count') ? 'failure' : ended
    const now = this.#now()
    const late = trial.epoch !== this.#epoch || (this.state === 'halfOpen' && !this.#trials.has(trial))
    if (late && !(this.#is('no epoch') && outcome === 'failure') && !this.#is('late successes close it'))
      return
    if (late && this.#is('late successes close it') && outcome !== 'success') return
    if (this.state === 'closed') this.#count(trial, outcome, now)
    else if (this.state === 'halfOpen') this.#try(trial, outcome)
  }

  #count(call: Trial, outcome: 'success' | 'failure' | 'neutral', now: number): void {
    if (outcome === 'neutral') return
    const failed = outcome === 'failure'
    const { failureThreshold, failureRate, minimumRequests, slowCallDuration, slowCallRate } = this.#rules
    this.#streak = failed ? this.#streak + 1 : 0
    this.#outcomes.push({ failed, at: now })
    this.#slow.push({
      slow: now - call.at >= slowCallDuration && !this.#is('slow calls do not count'),
      at: now,
    })
    const outcomes = this.#window(this.#outcomes, now)
    const slow = this.#window(this.#slow, now)
    const share = outcomes.filter((each) => each.failed).length / outcomes.length
    const slowShare = slow.filter((each) => each.slow).length / slow.length
    const threshold = failureThreshold + (this.#is('opens one failure late') ? 1 : 0)
    const reached = this.#is('above the rate instead of at it') ? share > failureRate : share >= failureRate
    if (failed && this.#streak >= threshold) this.#open('failureThreshold')
    else if (failed && outcomes.length >= minimumRequests && reached) this.#open('failureRate')
    else if (slow.length >= minimumRequests && slowShare >= slowCallRate) this.#open('slowCallRate')
  }

  #window<T extends { at: number }>(all: T[], now: number): T[] {
    const { window } = this.#rules
    if (this.#is('window never forgets')) return all
    if ('calls' in window) return all.slice(-window.calls)
    const width = window.time / window.buckets
    return all.filter(({ at }) => Math.floor(now / width) - Math.floor(at / width) < window.buckets)
  }

  #try(trial: Trial, outcome: 'success' | 'failure' | 'neutral'): void {
    if (outcome === 'neutral' && this.#is('a call given up keeps its place')) return
    this.#trials.delete(trial)
    if (outcome === 'success') this.#successes++
    if (outcome === 'failure') this.#failures++
    if (this.#failures > this.#rules.trials.failures) this.#open('trial')
    const needed = this.#rules.successThreshold - (this.#is('closes one trial early') ? 1 : 0)
    if (this.state === 'halfOpen' && this.#successes >= needed) {
      if (!this.#is('backoff is not reset')) this.#openings = 0
      this.#become('closed', 'successThreshold')
    }
  }

  #open(reason: string): void {
    this.#openings++
    const { least, most } = this.#rules.wait(this.#is('waits do not grow') ? 1 : this.#openings)
    const luck = this.#is('no jitter') ? 0 : this.#setup.random()
    const spread = this.#is('jitter out of bounds') ? 3 * (most - least) : most - least
    this.#until = this.#now() + least + spread * luck
    this.#timer?.cancel()
    this.#timer = this.#setup.clock.setTimer(() => {}, least)
    this.#become('open', reason)
    if (this.#is('opens twice')) this.#tell({ from: 'closed', to: 'open', reason })
  }

  #become(state: string, reason: string): void {
    const from = this.state
    const remembers =
      this.#is('remembers after closing') && from === 'halfOpen' && reason === 'successThreshold'
    if (!remembers) {
      if (state === 'closed' || !this.#is('remembers after closing')) {
        this.#outcomes = []
        this.#slow = []
        this.#streak = 0
      }
    }
    this.#epoch++
    this.#trials.clear()
    this.#successes = 0
    this.#failures = 0
    this.state = state
    if (from !== state) this.#tell({ from, to: state, reason })
  }

  #tell(change: BreakerChange): void {
    for (const listener of this.#listeners) listener(change)
  }
}
