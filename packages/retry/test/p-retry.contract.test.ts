/**
 * What the installed p-retry does, one test for each behaviour that our loop has to keep away from callers, and beside
 * it that callers see none of it. When an upgrade of p-retry fails here, read `retry-loop.ts` with the new behaviour
 * in mind before you change the expectation.
 */
import { runInNewContext } from 'node:vm'
import pRetry, { AbortError } from 'p-retry'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { failing, reset, setup } from './toys.ts'

/** p-retry with no delays of its own. */
const plain = { minTimeout: 0, maxTimeout: 0, retries: 3 }

const throwing = (...failures: unknown[]) => {
  let calls = 0
  const run = async (): Promise<number> => {
    calls++
    if (calls <= failures.length) throw failures[calls - 1]
    return calls
  }
  return { run, calls: () => calls }
}

const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )

describe('what is not an Error', () => {
  const foreign = runInNewContext('new Error("of another realm")') as Error

  it.each([['a string'], ['undefined'], ['null'], ['an error of another realm']])(
    'p-retry: %s ends the call at once as a TypeError',
    async (what) => {
      const thrown = { 'a string': 'down', undefined, null: null, 'an error of another realm': foreign }[what]
      const { run, calls } = throwing(thrown)
      const rejected = pRetry(run, plain)
      await expect(rejected).rejects.toThrow(TypeError)
      await expect(rejected).rejects.toThrow(/^Non-error was thrown: /)
      expect(calls()).toBe(1)
    },
  )

  it.each([['down'], [undefined], [null], [404], [foreign]])(
    'ours: %s is retried and keeps its identity',
    async (thrown) => {
      const { clock, policy } = setup({ attempts: 3, delay: 10 })
      const run = failing(clock, thrown, thrown, thrown)
      expect(await clock.runUntilSettled(outcome(policy.execute(run)))).toEqual({ error: thrown })
      expect(run.runs).toHaveLength(3)
      const recovering = failing(clock, thrown)
      expect(await clock.runUntilSettled(policy.execute(recovering))).toBe(2)
    },
  )
})

describe('a TypeError', () => {
  const bug = new TypeError('x is not a function')
  const network = new TypeError('fetch failed')

  it('p-retry: is never retried, and shouldRetry is not asked', async () => {
    const shouldRetry = vi.fn(() => true)
    const { run, calls } = throwing(bug)
    await expect(pRetry(run, { ...plain, shouldRetry })).rejects.toBe(bug)
    expect(calls()).toBe(1)
    expect(shouldRetry).not.toHaveBeenCalled()
  })

  it('p-retry: is retried if its message sounds like a network', async () => {
    expect(await pRetry(throwing(network).run, plain)).toBe(2)
  })

  it('ours: is judged like any other error', async () => {
    const { clock, policy } = setup({ retryIf: () => true })
    expect(await clock.runUntilSettled(policy.execute(failing(clock, bug)))).toBe(2)
  })

  it('ours: a message changes nothing', async () => {
    const { clock, policy } = setup()
    const run = failing(clock, network)
    expect(await clock.runUntilSettled(outcome(policy.execute(run)))).toEqual({ error: network })
    expect(run.runs).toHaveLength(1)
  })
})

describe('a TypeError with shouldConsumeRetry: false', () => {
  it('p-retry: is retried for ever, and shouldRetry is not asked', async () => {
    const shouldRetry = vi.fn(() => false)
    const failures = Array.from({ length: 50 }, () => new TypeError('a bug'))
    const { run, calls } = throwing(...failures)
    expect(await pRetry(run, { ...plain, shouldRetry, shouldConsumeRetry: () => false })).toBe(51)
    expect(calls()).toBe(51)
    expect(shouldRetry).not.toHaveBeenCalled()
  })

  it('ours: every retry counts', async () => {
    const { clock, policy } = setup({ attempts: 3, delay: 0, retryIf: () => true })
    const run = failing(clock, ...Array.from({ length: 50 }, () => new TypeError('a bug')))
    await clock.runUntilSettled(outcome(policy.execute(run)))
    expect(run.runs).toHaveLength(3)
  })
})

describe('an AbortError', () => {
  it('p-retry: stops at once and is replaced by the error inside', async () => {
    const inside = new Error('gone for good')
    const { run, calls } = throwing(new AbortError(inside))
    await expect(pRetry(run, plain)).rejects.toBe(inside)
    expect(calls()).toBe(1)
  })

  it('p-retry: is told by its class, which two copies of p-retry do not share', async () => {
    const copy = Object.assign(new Error('gone'), { name: 'AbortError', originalError: new Error('gone') })
    expect(await pRetry(throwing(copy).run, plain)).toBe(2)
  })

  it('ours: stops at once, whatever retryIf says', async () => {
    const { clock, policy, events } = setup({ retryIf: () => true })
    const inside = new Error('gone')
    await expect(policy.execute(failing(clock, new AbortError(inside)))).rejects.toBe(inside)
    expect(events.at(-1)).toMatchObject({ type: 'gaveUp', reason: 'class', attempts: 1 })
  })

  it('ours: stops at once, of this copy or another, in any attempt', async () => {
    const inside = new Error('gone for good')
    const copy = Object.assign(new Error('gone'), { name: 'AbortError', originalError: inside })
    for (const abort of [new AbortError(inside), copy]) {
      for (const before of [[], [reset()], [reset(), reset(), reset(), reset()]]) {
        const { clock, policy } = setup()
        const run = failing(clock, ...before, abort)
        expect(await clock.runUntilSettled(outcome(policy.execute(run)))).toEqual({ error: inside })
        expect(run.runs).toHaveLength(before.length + 1)
      }
    }
  })
})

describe('a success that comes after the abort', () => {
  it('p-retry: is thrown away, and reported as a failure', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const reported: unknown[] = []
    const late = async (): Promise<string> => {
      controller.abort(reason)
      return 'the answer'
    }
    const options = {
      ...plain,
      signal: controller.signal,
      onFailedAttempt: ({ error }: { error: Error }) => void reported.push(error),
    }
    await expect(pRetry(late, options)).rejects.toBe(reason)
    expect(reported).toContain(reason)
  })

  it('ours: is returned', async () => {
    const { clock, policy, events, clean } = setup({ delay: 10 })
    const controller = new AbortController()
    const late = async ({ attempt }: { attempt: number }): Promise<string> => {
      if (attempt === 1) throw reset()
      await clock.sleep(50)
      return 'the answer'
    }
    const answer = policy.execute(late, { signal: controller.signal })
    await clock.advance(30)
    controller.abort('enough')
    expect(await clock.runUntilSettled(answer)).toBe('the answer')
    expect(events.at(-1)).toMatchObject({ type: 'succeeded', attempts: 2 })
    clean(controller.signal)
  })
})

describe('a reason of an abort that is not an Error', () => {
  it('p-retry: is lost when the abort comes during an attempt', async () => {
    const controller = new AbortController()
    const run = async (): Promise<string> => {
      controller.abort('the user left')
      return 'the answer'
    }
    const rejected = pRetry(run, { ...plain, signal: controller.signal })
    await expect(rejected).rejects.toThrow('Non-error was thrown: "the user left"')
  })

  it.each([['the user left'], [0], [null], [{ by: 'user' }]])(
    'ours: %s is what the call rejects with',
    async (reason) => {
      const { clock, policy, clean } = setup({ delay: 10 })
      const controller = new AbortController()
      const run = async ({ attempt }: { attempt: number }): Promise<never> => {
        if (attempt === 2) controller.abort(reason)
        throw reset()
      }
      const settled = policy.settle(run, { signal: controller.signal })
      expect(await clock.runUntilSettled(settled)).toEqual({ status: 'rejected', reason })
      clean(controller.signal)
    },
  )
})

describe('time', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('p-retry: maxRetryTime shortens the last wait and tries once more', async () => {
    const starts: number[] = []
    const began = performance.now()
    const run = async (): Promise<never> => {
      starts.push(performance.now() - began)
      throw reset()
    }
    const ended = outcome(pRetry(run, { retries: 5, minTimeout: 1000, maxRetryTime: 1500 }))
    await vi.runAllTimersAsync()
    await ended
    expect(starts).toEqual([0, 1000, 1500]) // The second wait should have been 2000.
  })

  it('ours: a wait that would end after maxElapsed is not begun', async () => {
    const { clock, policy } = setup({ delay: 1000, jitter: 'none', maxElapsed: 1500 })
    const run = failing(clock, reset(), reset(), reset())
    await clock.runUntilSettled(outcome(policy.execute(run)))
    expect(run.runs).toEqual([0, 1000])
    expect(clock.now()).toBe(1000)
  })

  it('p-retry: hands delays to setTimeout that Node takes for 1 ms', async () => {
    const timer = vi.spyOn(globalThis, 'setTimeout')
    const ended = outcome(pRetry(throwing(reset()).run, { retries: 1, minTimeout: 2 ** 31 }))
    await vi.advanceTimersByTimeAsync(2)
    expect(timer.mock.calls.map(([, delay]) => delay)).toEqual([2 ** 31])
    await ended
  })

  it('ours: no delay is longer than a timer can wait', async () => {
    const { clock, policy, events } = setup({ delay: 2 ** 40, jitter: 'none' })
    expect(await clock.runUntilSettled(policy.execute(failing(clock, reset())), { limit: '30d' })).toBe(2)
    expect(events[0]).toMatchObject({ delay: 2 ** 31 - 1 })
  })

  it('p-retry: without a delay it starts no timer, so endless retries starve the event loop', async () => {
    const timer = vi.spyOn(globalThis, 'setTimeout')
    const failures = Array.from({ length: 200 }, reset)
    expect(await pRetry(throwing(...failures).run, { ...plain, retries: 200 })).toBe(201)
    expect(timer).not.toHaveBeenCalled()
  })

  it('ours: without a delay the event loop turns before every other retry', async () => {
    const { clock, policy } = setup({ delay: 0, attempts: Number.POSITIVE_INFINITY })
    const run = failing(clock, ...Array.from({ length: 200 }, reset))
    const answer = policy.execute(run)
    await clock.settle()
    expect(run.runs).toHaveLength(2) // The first retry went at once, the second waits for a timer.
    expect(clock.pendingTimers).toBe(1)
    expect(await clock.runUntilSettled(answer)).toBe(201)
  })
})

describe('retries: 0.5', () => {
  it('p-retry: ends with an error of its own', async () => {
    await expect(pRetry(throwing(reset(), reset(), reset()).run, { ...plain, retries: 0.5 })).rejects.toThrow(
      'Retry attempts exhausted without throwing an error.',
    )
  })

  it('ours: is refused when the policy is made', () => {
    expect(() => setup({ attempts: 1.5 })).toThrow(
      'attempts must be a whole number of at least 1, or Infinity; got 1.5',
    )
  })
})

describe('what the loop relies on', () => {
  it('p-retry: takes what inherits Error.prototype for an Error of no special kind', async () => {
    const token: unknown = Object.create(Error.prototype)
    expect(await pRetry(throwing(token, token).run, plain)).toBe(3)
    await expect(pRetry(throwing(token, token, token, token).run, plain)).rejects.toBe(token)
  })

  it('p-retry: counts attempts from 1, and waits for shouldRetry before the next', async () => {
    const log: string[] = []
    const run = async (attempt: number): Promise<number> => {
      log.push(`attempt ${attempt}`)
      if (attempt < 3) throw reset()
      return attempt
    }
    const shouldRetry = async ({ attemptNumber }: { attemptNumber: number }): Promise<boolean> => {
      await Promise.resolve()
      log.push(`asked after ${attemptNumber}`)
      return true
    }
    await pRetry(run, { ...plain, shouldRetry })
    expect(log).toEqual(['attempt 1', 'asked after 1', 'attempt 2', 'asked after 2', 'attempt 3'])
  })

  it('p-retry: rejects with the failure itself when shouldRetry says no', async () => {
    const error = reset()
    await expect(pRetry(throwing(error).run, { ...plain, shouldRetry: () => false })).rejects.toBe(error)
  })

  it('p-retry: does not ask shouldRetry after the last attempt', async () => {
    const shouldRetry = vi.fn(() => true)
    await expect(
      pRetry(throwing(reset(), reset()).run, { ...plain, retries: 1, shouldRetry }),
    ).rejects.toThrow('connection reset')
    expect(shouldRetry).toHaveBeenCalledTimes(1)
  })

  it('p-retry: passes on what shouldRetry throws, whatever it is', async () => {
    const options = { ...plain, shouldRetry: () => Promise.reject('not an error') }
    await expect(pRetry(throwing(reset()).run, options)).rejects.toBe('not an error')
  })
})
