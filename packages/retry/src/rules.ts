import {
  type Clock,
  count,
  type Duration,
  defaultHub,
  duration,
  type FailureClass,
  failureClass,
  InvalidOptionError,
  isSeaworthyError,
  knownOptions,
  oneOf,
  optionalFunction,
  systemClock,
  systemRandom,
} from '@seaworthy/core'
import type { KeyedRetryBudget } from './budget-per-key.ts'
import type { DecisionRules } from './decision.ts'
import { equal, full, type Jitter, none } from './jitter.ts'
import type { RetryOptions } from './options.ts'
import type { RetryBudget } from './retry-budget.ts'
import { type DelayStrategy, exponential } from './strategies.ts'

/** The options of a policy, checked, with defaults, and safe to call: none of these functions throws. */
export interface Rules extends DecisionRules {
  readonly clock: Clock
  /** Milliseconds, or Infinity. */
  readonly maxElapsed: number
  readonly collapses: boolean
  readonly retriesOpenCircuit: boolean
  classify(failure: unknown): FailureClass
  /** Whether another try may mend an error. */
  retries(error: unknown, failureClass: FailureClass, attempt: number): boolean
  /** Whether a value counts as a failure; undefined when none does. */
  readonly refuses: ((value: unknown, attempt: number) => boolean) | undefined
  dispose(value: unknown): void
  hint(failure: unknown): number | 'stop' | undefined
  /** Undefined when nothing limits retries. */
  readonly budget: ((key: string | undefined) => RetryBudget) | undefined
}

/** Node's timers go no further; longer waits have no use in a retry. */
const longestDelay = 2 ** 31 - 1

const jitters = { none, full, equal }

/** A dependency that sheds load gets more room than one that merely failed. */
const slower = exponential('5s')
const usual = exponential('1s')
const defaultDelay: DelayStrategy = (input) => (input.failureClass === 'degraded' ? slower : usual)(input)

const functions = ['delayFrom', 'classify', 'retryIf', 'retryResult', 'disposeResult'] as const
const names: readonly (keyof RetryOptions)[] = [
  'name',
  'hub',
  'clock',
  'random',
  'attempts',
  'delay',
  'jitter',
  'minDelay',
  'maxDelay',
  'hintMode',
  'maxServerDelay',
  'maxElapsed',
  'budget',
  'retryOpenCircuit',
  'nested',
  ...functions,
]

/** Checks the options of a policy. */
export function rulesOf(options: RetryOptions): Rules {
  knownOptions('retry', options, names)
  const { name, hub = defaultHub, clock = systemClock, random = systemRandom } = options
  const { attempts = 5, hintMode = 'floor', nested = 'collapse', retryOpenCircuit = false } = options
  const { delayFrom = retryAfterOf, classify, retryIf, retryResult, disposeResult } = options
  const { minDelay = 0, maxDelay, maxServerDelay = '60s', maxElapsed } = options

  const shortest = duration('minDelay', minDelay)
  const longest = Math.min(longestDelay, upTo('maxDelay', maxDelay))
  if (shortest > longest) throw new InvalidOptionError('minDelay', 'no longer than maxDelay', minDelay)
  const strategy = strategyOf(options.delay)
  const jitter = jitterOf(options.jitter ?? (strategy.random ? 'none' : 'full'))
  for (const option of functions) optionalFunction(option, options[option])

  const report = (option: string, error: unknown): undefined => {
    hub.reportListenerError(error, 'retry', name, option)
  }
  /** Asks a function of the user. */
  const ask = <T>(option: string, question: () => T): T | undefined => {
    try {
      return question()
    } catch (error) {
      return report(option, error)
    }
  }
  /** Asks one for milliseconds. */
  const askLength = (option: string, question: () => number): number | undefined =>
    ask(option, () => {
      const length = question()
      if (typeof length === 'number' && length >= 0) return length
      throw new InvalidOptionError(`the answer of ${option}`, 'a number from 0', length)
    })

  return {
    clock,
    random,
    attempts: count('attempts', attempts, 1, true),
    delay: (input) => askLength('delay', () => strategy(input)) ?? defaultDelay(input),
    jitter: (delay, draw) => askLength('jitter', () => jitter(delay, draw)) ?? full(delay, draw),
    minDelay: shortest,
    maxDelay: longest,
    hintMode: oneOf('hintMode', hintMode, ['floor', 'exact']),
    maxServerDelay: upTo('maxServerDelay', maxServerDelay),
    maxElapsed: upTo('maxElapsed', maxElapsed),
    collapses: oneOf('nested', nested, ['collapse', 'multiply']) === 'collapse',
    retriesOpenCircuit: retryOpenCircuit,
    budget: budgetOf(options.budget),
    hint: (failure) => {
      const hint = ask('delayFrom', () => delayFrom(failure))
      if (typeof hint !== 'number') return hint === 'stop' ? hint : undefined
      if (hint < 0 || hint === Number.POSITIVE_INFINITY) return 'stop'
      return Number.isNaN(hint) ? undefined : hint
    },
    classify: (failure) => ask('classify', () => classify?.(failure)) ?? failureClass(failure),
    retries: (error, judged, attempt) => {
      if (isSeaworthyError(error) && error.code === 'ERR_CIRCUIT_OPEN') return retryOpenCircuit
      const asked = retryIf && ask('retryIf', () => retryIf(error, judged, attempt))
      // Only `true` counts: the promise of an asynchronous function would be true for ever.
      return asked === undefined ? judged === 'transient' || judged === 'degraded' : asked === true
    },
    // Asked for every value: without the closure that `ask` takes.
    refuses:
      retryResult &&
      ((value, attempt) => {
        try {
          return retryResult(value, attempt) === true
        } catch (error) {
          report('retryResult', error)
          return false
        }
      }),
    dispose: (value) => {
      const disposed = disposeResult && ask('disposeResult', () => disposeResult(value))
      if (disposed instanceof Promise) disposed.catch((error) => report('disposeResult', error))
    },
  }
}

function strategyOf(delay: RetryOptions['delay']): DelayStrategy {
  if (delay === undefined) return defaultDelay
  if (typeof delay === 'function') return delay
  const length = duration('delay', delay)
  return () => length
}

function jitterOf(jitter: NonNullable<RetryOptions['jitter']>): Jitter {
  if (typeof jitter === 'function') return jitter
  return jitters[oneOf('jitter', jitter, ['none', 'full', 'equal'])]
}

function budgetOf(budget: RetryOptions['budget']): Rules['budget'] {
  if (budget === undefined || budget === false) return undefined
  if (typeof (budget as KeyedRetryBudget | null)?.forKey === 'function')
    return (key) => (budget as KeyedRetryBudget).forKey(key)
  if (typeof (budget as RetryBudget | null)?.tryWithdraw === 'function') return () => budget as RetryBudget
  throw new InvalidOptionError('budget', 'what retryBudget() or budgetPerKey() made, or false', budget)
}

/** A duration that may be infinite, and is by default. */
function upTo(option: string, value: Duration = Number.POSITIVE_INFINITY): number {
  return value === Number.POSITIVE_INFINITY ? value : duration(option, value)
}

function retryAfterOf(failure: unknown): number | undefined {
  if (typeof failure !== 'object' || failure === null) return undefined
  const { retryAfter } = failure as { retryAfter?: unknown }
  return typeof retryAfter === 'number' ? retryAfter : undefined
}
