/** What counts as what: values, errors, aborts, timeouts inside and outside, other policies, the user's own rule. */
import { breakerPerKey, type ClassifyOutcome, circuitBreaker } from '@seaworthy/circuit-breaker'
import { type ErrorCode, pipeline, SeaworthyError } from '@seaworthy/core'
import { abortListeners, VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { Deadline, down, listen, ok, setUp } from './breakers.ts'

const http = (status: number): Error => Object.assign(new Error(`HTTP ${status}`), { status })
const coded = (code: string): Error => Object.assign(new Error(code), { code })

async function judged(error: unknown, classify?: ClassifyOutcome): Promise<string> {
  const { breaker } = setUp(classify === undefined ? {} : { classify })
  const events = listen(breaker, ['success', 'failure', 'neutral'])
  await breaker.settle(() => Promise.reject(error))
  return events.map(({ type, reason }) => (reason === undefined ? type : `${type}: ${reason}`)).join()
}

describe('by default', () => {
  it.each([
    [new Error('unknown'), 'failure'],
    ['thrown text', 'failure'],
    [undefined, 'failure'],
    [http(500), 'failure'],
    [http(503), 'failure'],
    [coded('ECONNRESET'), 'failure'],
    [http(429), 'neutral: ignored'],
    [http(404), 'neutral: ignored'],
    [http(401), 'neutral: ignored'],
    [http(400), 'neutral: ignored'],
    [coded('ENOTFOUND'), 'neutral: ignored'],
    [new TypeError('bug'), 'neutral: ignored'],
    [new DOMException('left', 'AbortError'), 'neutral: ignored'],
    [new SeaworthyError('ERR_TIMEOUT', 'late'), 'failure'],
  ])('%s is a %s', async (error, expected) => {
    expect(await judged(error)).toBe(expected)
  })

  it.each<ErrorCode>([
    'ERR_CIRCUIT_OPEN',
    'ERR_CIRCUIT_ISOLATED',
    'ERR_BULKHEAD_FULL',
    'ERR_RATE_LIMITED',
    'ERR_CONCURRENCY_LIMITED',
    'ERR_DISPOSED',
  ])('%s of another policy is neutral, whatever classify would say', async (code) => {
    const error = new SeaworthyError(code, 'no', { failureClass: 'transient' })
    expect(await judged(error, () => 'failure')).toBe('neutral: rejected')
  })

  it('an error that cannot be read counts like one that says nothing, and reaches the caller as it is', async () => {
    const hostile = Object.defineProperties(new Error(), {
      code: {
        get() {
          throw new Error('trap')
        },
      },
    })
    expect(await judged(hostile)).toBe('failure')
    const { breaker } = setUp({ failureThreshold: 1 })
    const events = listen(breaker, ['failure'])
    const trap = new Proxy(new Error(), {
      get() {
        throw new Error('trap')
      },
    })
    await expect(breaker.execute(() => Promise.reject(trap))).rejects.toBe(trap)
    expect(breaker.state).toBe('open')
    expect(events).toMatchObject([{ failureClass: 'transient' }])
  })
})

describe('classify', () => {
  it('can make a value a failure, an error a success, a 429 a failure', async () => {
    const { breaker } = setUp({
      failureThreshold: 2,
      classify: (settled) => {
        if (settled.status === 'fulfilled') return settled.value === 'empty' ? 'failure' : undefined
        return (settled.reason as { status?: number }).status === 429 ? 'failure' : 'success'
      },
    })
    expect(await breaker.execute(() => 'empty')).toBe('empty')
    await breaker.settle(() => Promise.reject(new Error('fine')))
    await breaker.settle(() => 'empty')
    await breaker.settle(() => Promise.reject(http(429)))
    expect(breaker.state).toBe('open')
    expect(breaker.snapshot().totals).toMatchObject({ success: 1, failure: 3 })
  })

  it.each([undefined, 'maybe', 1, {}, Promise.resolve('failure')])(
    'that says %j leaves the judgement to the default',
    async (answer) => {
      expect(await judged(new Error('down'), () => answer as never)).toBe('failure')
      expect(await judged(http(404), () => answer as never)).toBe('neutral: ignored')
    },
  )

  it('that throws makes values and errors neutral', async () => {
    const { breaker } = setUp({
      failureThreshold: 1,
      classify: () => {
        throw new Error('broken')
      },
    })
    expect(await breaker.execute(() => 1)).toBe(1)
    await breaker.settle(() => Promise.reject(new Error('down')))
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', totals: { neutral: 2 } })
  })

  it('I4: that resets the breaker makes its own call stale', async () => {
    const { breaker } = setUp({
      failureThreshold: 1,
      classify: () => {
        breaker.reset()
        return 'failure'
      },
    })
    await breaker.settle(ok)
    expect(breaker.snapshot()).toMatchObject({
      state: 'closed',
      failures: 0,
      totals: { stale: 1, failure: 0 },
    })
  })
})

describe('a call given up', () => {
  it('by its caller is neutral, with the reason itself, and leaves no listener', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1 })
    const controller = new AbortController()
    const call = breaker.settle(({ signal }) => clock.sleep(1000, signal), { signal: controller.signal })
    await clock.settle()
    controller.abort('left')
    expect(await call).toEqual({ status: 'rejected', reason: 'left' })
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', totals: { neutral: 1 } })
    expect(abortListeners(controller.signal)).toBe(0)
  })

  it('before it began does not reach the breaker', async () => {
    const { breaker } = setUp()
    const events = listen(breaker)
    await breaker.settle(ok, { signal: AbortSignal.abort('early') })
    expect(events).toEqual([])
  })

  it.each(['settles', 'signals'] as const)(
    'by a timeout outside (%s) is neutral; inside, it is a failure',
    async (mode) => {
      const late = new SeaworthyError('ERR_TIMEOUT', 'late')
      for (const inside of [true, false]) {
        const { breaker, clock } = setUp({ failureThreshold: 1 })
        const timeout = new Deadline(late, mode)
        const policy = inside ? pipeline(breaker, timeout) : pipeline(timeout, breaker)
        const call = policy.settle(({ signal }) => clock.sleep(1000, signal))
        await clock.settle()
        timeout.strike()
        expect(await call).toEqual({ status: 'rejected', reason: late })
        await clock.settle()
        expect(breaker.state).toBe(inside ? 'open' : 'closed')
        expect(breaker.snapshot().totals).toMatchObject(inside ? { failure: 1 } : { neutral: 1 })
      }
    },
  )

  it('by timeouts on both sides counts the inner one alone', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1 })
    const [outer, inner] = [0, 1].map(() => new Deadline(new SeaworthyError('ERR_TIMEOUT', 'late'))) as [
      Deadline,
      Deadline,
    ]
    const policy = pipeline(outer, breaker, inner)
    const first = policy.settle(({ signal }) => clock.sleep(1000, signal))
    await clock.settle()
    outer.strike()
    await first
    await clock.settle()
    expect(breaker.snapshot().totals).toMatchObject({ neutral: 1, failure: 0 })
    const second = policy.settle(({ signal }) => clock.sleep(1000, signal))
    await clock.settle()
    inner.strike()
    await second
    expect(breaker.state).toBe('open')
  })

  it("by a timeout inside is neutral when that obeyed the call's own deadline", async () => {
    for (const [deadline, outcome] of [
      [1000, 'neutral'],
      [1000.9, 'neutral'],
      [1001, 'failure'],
      [undefined, 'failure'],
    ] as const) {
      const { breaker, clock } = setUp()
      const timeout = new Deadline(new SeaworthyError('ERR_TIMEOUT', 'late'))
      const call = pipeline(breaker, timeout).settle(() => new Promise(() => {}), { deadline })
      await clock.advance(1000)
      timeout.strike()
      await call
      expect(breaker.snapshot().totals[outcome]).toBe(1)
    }
    const { breaker } = setUp()
    await breaker.settle(down, { deadline: 0 }) // no timeout said so
    expect(breaker.snapshot().totals.failure).toBe(1)
  })

  it('by a timeout inside after its caller left is neutral', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1 })
    const timeout = new Deadline(new SeaworthyError('ERR_TIMEOUT', 'late'))
    const controller = new AbortController()
    const call = pipeline(breaker, timeout).settle(() => clock.sleep(1000), { signal: controller.signal })
    await clock.settle()
    controller.abort('left')
    timeout.strike()
    await call
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', totals: { neutral: 1 } })
  })

  it('is judged as it ended when it succeeds all the same', async () => {
    const { breaker, clock } = setUp()
    const controller = new AbortController()
    const call = breaker.settle(() => clock.sleep(1000), { signal: controller.signal })
    controller.abort()
    await clock.advance(1000)
    await call
    expect(breaker.snapshot().totals).toMatchObject({ success: 1 })
  })
})

describe('the default rules', () => {
  it('are those of the documents', async () => {
    const [description] = circuitBreaker({ clock: new VirtualClock() }).describe()
    expect(description).toEqual({
      kind: 'circuit-breaker',
      name: undefined,
      options: {
        mode: 'enabled',
        failureThreshold: 5,
        failureRate: 0.5,
        slowCallDuration: false,
        slowCallRate: 0.8,
        window: { calls: 100 },
        minimumRequests: 10,
        successThreshold: 3,
        halfOpen: { concurrency: 1, failures: 0, lease: 30_000 },
        resetOn: 'close',
      },
      circuit: {
        consecutive: 5,
        minimumRequests: 10,
        recovery: { first: 5000, longest: 60_000 },
        trips: true,
        countsHanging: false,
      },
    })
  })

  it('say what can open it', () => {
    const facts = (options: Parameters<typeof circuitBreaker>[0]) =>
      circuitBreaker(options).describe()[0]?.circuit
    const off = Number.POSITIVE_INFINITY
    expect(facts({ failureThreshold: false })).toMatchObject({
      consecutive: off,
      minimumRequests: 10,
      trips: true,
    })
    expect(facts({ failureRate: false })).toMatchObject({ consecutive: 5, minimumRequests: off, trips: true })
    expect(facts({ failureThreshold: false, failureRate: false })).toMatchObject({ trips: false })
    expect(
      facts({ failureThreshold: false, failureRate: false, slowCallDuration: '1s', minimumRequests: 7 }),
    ).toMatchObject({ minimumRequests: 7, trips: true })
    expect(facts({ mode: 'observe' })).toMatchObject({ trips: false })
    expect(facts({ window: { calls: 4 } })).toMatchObject({ minimumRequests: 4 })
    expect(facts({ recoveryTimeout: '30s' })).toMatchObject({ recovery: { first: 30_000, longest: 30_000 } })
    expect(facts({ recoveryTimeout: (opening) => 100 * opening })).toMatchObject({
      recovery: { first: 100, longest: 100_000 },
    })
    expect(facts({ recoveryTimeout: { initial: '2m' } })).toMatchObject({ recovery: { longest: 120_000 } })
    expect(breakerPerKey().describe()[0]?.circuit).toMatchObject({ trips: true })
  })
})

describe('recoveryTimeout as growing waits', () => {
  it('stays below its cap, however often it opens', () => {
    for (const initial of [0, 1]) {
      const { breaker } = setUp({ recoveryTimeout: { initial, max: '1m', jitter: 0.5 }, random: () => 0.999 })
      for (let opening = 1; opening <= 2000; opening++) breaker.trip()
      const { openFor, openings } = breaker.snapshot()
      expect(openings).toBe(2000)
      expect(openFor).toBeGreaterThanOrEqual(initial === 0 ? 0 : 40_000)
      expect(openFor).toBeLessThanOrEqual(initial === 0 ? 0 : 60_000)
    }
  })
})

describe('recoveryTimeout as a function', () => {
  it('gets the number and the cause, and gives a duration', async () => {
    const { breaker } = setUp({
      failureThreshold: 2,
      recoveryTimeout: (opening, { reason, consecutiveFailures }) =>
        reason === 'trip' ? '1m' : `${opening * consecutiveFailures}s`,
    })
    for (let i = 0; i < 2; i++) await breaker.settle(() => Promise.reject(new Error('down')))
    expect(breaker.snapshot().openFor).toBe(2000)
    breaker.trip()
    expect(breaker.snapshot().openFor).toBe(60_000)
  })

  it.each([
    () => {
      throw new Error('broken')
    },
    () => Number.NaN,
    () => -1,
    () => 'soon' as never,
  ])('that gives no duration means five seconds', (recoveryTimeout) => {
    const { breaker } = setUp({ recoveryTimeout })
    breaker.trip()
    expect(breaker.snapshot().openFor).toBe(5000)
  })

  it('is lengthened by a hint, to five minutes at most', async () => {
    for (const [retryAfter, openFor] of [
      [100, 1000],
      [2000, 2000],
      [1e9, 300_000],
      [Number.POSITIVE_INFINITY, 300_000],
      [Number.NaN, 1000],
      ['60', 1000],
    ] as const) {
      for (const recoveryTimeout of [() => 1000, 1000] as const) {
        const { breaker } = setUp({ failureThreshold: 1, recoveryTimeout })
        await breaker.settle(() => Promise.reject(Object.assign(new Error('down'), { retryAfter })))
        expect(breaker.snapshot().openFor).toBe(openFor)
      }
    }
  })
})
