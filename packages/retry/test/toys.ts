/** What the tests of retries share. */
import { type Layer, PolicyBase, type PolicyDescription, SeaworthyError } from '@seaworthy/core'
import { type RetryEvents, type RetryOptions, type RetryPolicy, retry } from '@seaworthy/retry'
import { expectNoLeaks, seededRandom, VirtualClock } from '@seaworthy/testing'

/** An error of a network. */
export const reset = (): Error => Object.assign(new Error('connection reset'), { code: 'ECONNRESET' })

/** A busy server's answer. */
export const busy = (retryAfter?: number): Error =>
  Object.assign(new Error('too many requests'), {
    status: 429,
    ...(retryAfter !== undefined && { retryAfter }),
  })

/** A function that throws each failure in turn, then returns how often it ran. Remembers when it ran. */
export function failing(clock: VirtualClock, ...failures: unknown[]) {
  const runs: number[] = []
  const run = async (): Promise<number> => {
    runs.push(clock.now())
    if (runs.length <= failures.length) throw failures[runs.length - 1]
    return runs.length
  }
  return Object.assign(run, { runs, failures })
}

/** A policy on a clock of its own, with everything it tells. */
export function setup<R>(options: RetryOptions<R> = {}) {
  const clock = new VirtualClock()
  const policy = retry({ clock, random: seededRandom(1), ...options })
  const events = listen(policy)
  const clean = (...signals: AbortSignal[]): void => {
    expectNoLeaks({ policies: [policy], except: ['listeners'], clock, signals })
  }
  return { clock, policy, events, clean }
}

type Told = { [E in keyof RetryEvents]: { type: E } & RetryEvents[E] }[keyof RetryEvents]

/** Everything a policy tells from now on. */
export function listen(policy: Pick<RetryPolicy, 'on'>): Told[] {
  const told: Told[] = []
  for (const type of ['attemptFailed', 'retryScheduled', 'succeeded', 'gaveUp', 'budgetExhausted'] as const)
    policy.on(type, (payload) => told.push({ type, ...payload } as Told))
  return told
}

/** A policy of one layer. */
export class Toy extends PolicyBase {
  readonly #layer: Layer

  constructor(layer: Layer) {
    super(layer.kind, undefined)
    this.#layer = layer
  }

  override layers(): readonly Layer[] {
    return [this.#layer]
  }

  override describe(): PolicyDescription[] {
    return []
  }
}

/** A timeout that answers for the function (`settles`), or only tells it (`signals`). */
export function timeoutToy(clock: VirtualClock, limit: number, deadline: 'settles' | 'signals'): Toy {
  const stop: NonNullable<Layer['failure']> = (call, slot) =>
    (call.tokens[slot] as { cancel(): void }).cancel()
  return new Toy({
    kind: 'timeout',
    deadline,
    enter(call, slot) {
      const { context } = call
      const error = new SeaworthyError('ERR_TIMEOUT', `took longer than ${limit} ms`)
      const expire = (): void => (deadline === 'settles' ? call.giveUp(error) : context.abort(error))
      call.tokens[slot] = clock.setTimer(expire, limit)
      return undefined
    },
    success: stop,
    failure: stop,
  })
}
