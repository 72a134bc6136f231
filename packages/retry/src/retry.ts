import {
  type Call,
  formatDuration,
  type Inner,
  type Layer,
  type Policy,
  PolicyBase,
  type PolicyDescription,
} from '@seaworthy/core'
import type { RetryEvents } from './events.ts'
import { longestDelays } from './longest-delays.ts'
import type { RetryOptions } from './options.ts'
import { RetryLoop, type Shared } from './retry-loop.ts'
import type { RetryStatistics } from './retry-statistics.ts'
import { rulesOf } from './rules.ts'

/** A policy that runs a function again when it fails. */
export interface RetryPolicy extends Policy<never, RetryEvents> {
  /** What it has done since it was made. */
  statistics(): RetryStatistics
}

/**
 * Runs a function again when it fails in a way that another try may mend.
 *
 * The first attempt runs as it is; from the first failure on, p-retry runs the loop. The last error is what the
 * caller gets, the same object, with non-enumerable `attempts` and `retryReason` (see {@link @seaworthy/retry!retryInfo}). An
 * abort ends every wait at once with the caller's reason, and nothing runs after it. p-retry's `AbortError`,
 * thrown by the function, stops at once: the caller gets the error inside it.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { retry } from '@seaworthy/retry'
 *
 * const policy = retry({ attempts: 3, delay: '50ms' })
 * const answer = await policy.execute(({ attempt }) => {
 *   if (attempt < 3) throw new Error('connection reset')
 *   return `attempt ${attempt} went through`
 * })
 * console.log(answer) // attempt 3 went through
 * ```
 */
export function retry<R = unknown>(options: RetryOptions<R> = {}): RetryPolicy {
  return new Retry(options as RetryOptions)
}

class Retry extends PolicyBase<never, RetryEvents> implements RetryPolicy {
  readonly #shared: Shared

  constructor(options: RetryOptions) {
    const rules = rulesOf(options)
    super('retry', options.name, options.hub)
    const counters = { retrying: 0, retries: 0, recovered: 0, gaveUp: {}, totalDelay: 0 }
    this.#shared = { rules, events: this.events, counters }
    this.register(() => this.statistics())
  }

  /** With a single attempt there is nothing to do, and a retry further in may own retrying. */
  override layers(): readonly Layer[] {
    return this.#shared.rules.attempts === 1 ? [] : [layerOf(this.#shared)]
  }

  override describe(): PolicyDescription[] {
    const { rules } = this.#shared
    const { attempts, hintMode, maxServerDelay, maxElapsed, retriesOpenCircuit, collapses, budget } = rules
    const options = {
      attempts,
      hintMode,
      maxServerDelay: formatDuration(maxServerDelay),
      maxElapsed: formatDuration(maxElapsed),
      budget: budget !== undefined,
      nested: collapses ? 'collapse' : 'multiply',
    }
    const delays = longestDelays(rules)
    const multiplies = collapses ? undefined : true
    return [{ kind: this.kind, name: this.name, options, attempts, delays, multiplies, retriesOpenCircuit }]
  }

  override debugStats(): Record<string, number> {
    return { ...super.debugStats(), retrying: this.#shared.counters.retrying }
  }

  statistics(): RetryStatistics {
    const { counters } = this.#shared
    return { ...counters, gaveUp: { ...counters.gaveUp } }
  }
}

/** The hooks of a policy. Nothing runs before or after an attempt that succeeds, unless an option needs it. */
function layerOf(shared: Shared): Layer {
  const { rules } = shared
  const { clock, budget, collapses, maxElapsed } = rules
  const timed = maxElapsed < Number.POSITIVE_INFINITY
  const fail = (call: Call, slot: number, failure: unknown, inner: Inner, refused: boolean) => {
    const began = timed ? (call.tokens[slot] as number) : undefined
    return new RetryLoop(shared, call.context, inner, began, failure, refused).run()
  }
  const layer: Writable<Layer> = {
    kind: 'retry',
    steady: !timed,
    recover: (call, slot, error, inner) => fail(call, slot, error, inner, false),
  }
  if (timed || budget !== undefined) {
    layer.enter = ({ context, tokens }, slot) => {
      if (timed) tokens[slot] = clock.now()
      // Attempts of a retry outside do not earn, and neither does a policy that leaves retrying to it.
      if (context.attempt === 1 && !(collapses && context.retriedOutside)) budget?.(context.key).deposit()
      return undefined
    }
  }
  if (!timed && budget !== undefined) {
    layer.passFor = () => always
    layer.passed = ({ key }) => budget(key).deposit()
  }
  if (rules.refuses !== undefined) {
    const { refuses } = rules
    layer.revises = (value) => refuses(value, 1)
    layer.revise = (call, slot, value, inner) => fail(call, slot, value, inner, true)
  }
  return layer
}

/** The token of calls that pass: there is nothing to remember. */
const always = true

type Writable<T> = { -readonly [K in keyof T]: T[K] }
