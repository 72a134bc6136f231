import { AsyncLocalStorage } from 'node:async_hooks'
import { type Clock, failureClass, Hub, isSeaworthyError, pipeline, SeaworthyError } from '@seaworthy/core'
import { expectNoLeaks, VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import {
  type AdaptiveConcurrencyOptions,
  adaptiveConcurrency,
  bulkhead,
  ConcurrencyLimitedError,
  type LimitChange,
  timeout,
} from '../src/index.ts'
import { obeys, takes } from './toys.ts'

const boom = new Error('boom')
const unavailable = Object.assign(new Error('unavailable'), { status: 503 })

function setup(options: AdaptiveConcurrencyOptions = {}) {
  const clock = new VirtualClock(1000)
  const policy = adaptiveConcurrency({ initial: 10, clock, hub: new Hub(), ...options })
  const changes: LimitChange[] = []
  policy.on('limitChange', (change) => changes.push(change))
  const clean = (...signals: AbortSignal[]) =>
    expectNoLeaks({ policies: [policy], except: ['listeners'], clock, signals })
  /**
   * One window: `count` calls at once, each of which takes `time`, and one more a second later that ends it.
   */
  const window = async (count: number, time = 100, outcome: unknown = 'value') => {
    const calls = Array.from({ length: count }, () => policy.settle(takes(clock, time, outcome)))
    await clock.advance(1000)
    calls.push(policy.settle(takes(clock, time, outcome)))
    await clock.advance(1000)
    return Promise.all(calls)
  }
  return { clock, policy, changes, clean, window }
}

describe('an adaptive limit', () => {
  it('lets as many calls run as its limit says, and turns others away', async () => {
    const { policy, clean, clock } = setup({ initial: 2, name: 'search' })
    const calls = [1, 2].map(() => policy.execute(takes(clock, 50, 'value')))
    let ran = false
    const { reason } = (await policy.settle(() => {
      ran = true
    })) as { reason: ConcurrencyLimitedError }
    expect(ran).toBe(false)
    expect(reason).toBeInstanceOf(ConcurrencyLimitedError)
    expect(isSeaworthyError(reason)).toBe(true)
    expect(failureClass(reason)).toBe('degraded')
    expect(reason).toMatchObject({
      name: 'ConcurrencyLimitedError',
      code: 'ERR_CONCURRENCY_LIMITED',
      policy: 'search',
      reason: 'full',
      message: "adaptive-concurrency 'search': all 2 slots are taken",
    })
    await clock.advance(50)
    expect(await Promise.all(calls)).toEqual(['value', 'value'])
    clean()
  })

  it('starts at 20, or within its bounds', () => {
    expect(adaptiveConcurrency().limit).toBe(20)
    expect(adaptiveConcurrency({ max: 5 }).limit).toBe(5)
    expect(adaptiveConcurrency({ min: 30 }).limit).toBe(30)
  })

  it('grows by 1 for each window in which at least half of it was in use', async () => {
    const { policy, changes, window, clean } = setup()
    await window(9)
    expect(policy.limit).toBe(11)
    await window(10)
    expect(policy.limit).toBe(12)
    expect(changes).toEqual([
      { name: undefined, from: 10, to: 11, reason: 'load', samples: 10, drops: 0, latency: undefined },
      { name: undefined, from: 11, to: 12, reason: 'load', samples: 11, drops: 0, latency: undefined },
    ])
    clean()
  })

  it('does not grow when less than half of it was in use', async () => {
    const { policy, changes, clean, clock } = setup()
    for (let i = 0; i < 40; i++) {
      await Promise.all([1, 2, 3, 4].map(() => policy.execute(() => 'value')))
      await clock.advance(100)
    }
    expect([policy.limit, changes]).toEqual([10, []])
    clean()
  })

  it('shrinks once for a window with drops, however many there were', async () => {
    const { policy, changes, window, clean } = setup({ initial: 100 })
    await window(50, 100, unavailable)
    expect(policy.limit).toBe(90)
    expect(changes).toMatchObject([{ from: 100, to: 90, reason: 'drops', samples: 51, drops: 51 }])
    clean()
  })

  it('decides nothing on too few calls or too short a time', async () => {
    const { policy, clock } = setup()
    for (let i = 0; i < 9; i++) await policy.settle(() => Promise.reject(unavailable))
    await clock.advance(5000)
    expect(policy.limit).toBe(10)
    await policy.settle(() => Promise.reject(unavailable))
    expect(policy.limit).toBe(9)
    for (let i = 0; i < 100; i++) await policy.settle(() => Promise.reject(unavailable))
    expect(policy.limit).toBe(9)
    await clock.advance(1000)
    await policy.settle(() => Promise.reject(unavailable))
    expect(policy.limit).toBe(8)
  })

  it('lets those in who wait when it grows', async () => {
    const { policy, clock, clean } = setup({ initial: 1, queue: 10, samples: 1 })
    const calls = [1, 2, 3, 4, 5].map(() => policy.execute(takes(clock, 600, 'value')))
    await clock.advance(1799)
    expect([policy.limit, policy.active, policy.queued]).toEqual([1, 1, 2])
    await clock.advance(1)
    expect([policy.limit, policy.active, policy.queued]).toEqual([2, 2, 0])
    await clock.advance(600)
    await Promise.all(calls)
    clean()
  })
})

describe('what counts as a drop', () => {
  const open = new SeaworthyError('ERR_CIRCUIT_OPEN', 'open', { failureClass: 'persistent' })
  const cases: ReadonlyArray<[string, unknown, boolean]> = [
    ['a 503', unavailable, true],
    ['a 429', { status: 429 }, true],
    ['a connection reset', Object.assign(new Error(), { code: 'ECONNRESET' }), true],
    ['a cause that says so', new Error('fetch failed', { cause: { code: 'ETIMEDOUT' } }), true],
    ['a timeout of the platform', new DOMException('timed out', 'TimeoutError'), true],
    ['an unknown error', boom, false],
    ['no error at all', 'text', false],
    ['a 404', { status: 404 }, false],
    ['a bug', new TypeError('x is not a function'), false],
    ['an open circuit inside', open, false],
  ]

  for (const [what, error, drops] of cases) {
    it(`${drops ? 'counts' : 'does not count'} ${what}`, async () => {
      const { policy, clock } = setup({ samples: 1 })
      await policy.settle(() => Promise.reject(error))
      await clock.advance(1000)
      await policy.settle(() => Promise.reject(error))
      expect(policy.limit).toBe(drops ? 9 : 10)
    })
  }

  it('counts a timeout inside, and not a bulkhead inside that was full', async () => {
    const { policy, clock } = setup({ samples: 1 })
    const late = pipeline(policy, timeout(10, { clock }))
    for (let i = 0; i < 2; i++) {
      const call = late.settle(obeys(clock, 100, ''))
      await clock.advance(1000)
      await call
    }
    expect(policy.limit).toBe(9)

    const full = bulkhead({ concurrency: 1 })
    const busy = full.settle(() => new Promise(() => {}))
    for (let i = 0; i < 5; i++) {
      await pipeline(policy, full).settle(() => 'never')
      await clock.advance(1000)
    }
    expect(policy.limit).toBe(9)
    expect(busy).toBeInstanceOf(Promise)
  })

  it('ignores calls that their caller gave up, whatever they failed with', async () => {
    const { policy, clock, clean } = setup({ samples: 1, classify: () => 'drop' })
    for (let i = 0; i < 3; i++) {
      const caller = new AbortController()
      const call = policy.settle(obeys(clock, 5000, ''), { signal: caller.signal })
      await clock.advance(1000)
      caller.abort(unavailable)
      await call
      clean(caller.signal)
    }
    expect(policy.limit).toBe(10)
  })

  it('asks your own rule, and ignores the call if that throws', async () => {
    const { policy, clock } = setup({
      samples: 1,
      classify: (error) => {
        if (error === 'throw') throw boom
        return error === 'drop' ? 'drop' : 'sample'
      },
    })
    const fail = async (error: string) => {
      await policy.settle(() => Promise.reject(error))
      await clock.advance(1000)
    }
    await fail('drop')
    await fail('throw')
    expect(policy.limit).toBe(10)
    await fail('answer')
    expect(policy.limit).toBe(9)
    expect(policy.active).toBe(0)
  })

  it('counts a call that took longer than slowCallDuration', async () => {
    const { policy, changes, window } = setup({ slowCallDuration: '200ms' })
    await window(5, 200)
    await window(9, 200)
    expect(policy.limit).toBe(11)
    await window(9, 201)
    expect(policy.limit).toBe(9)
    expect(changes.at(-1)).toMatchObject({ reason: 'drops' })
  })

  it('does not count the time in the queue as a part of the call', async () => {
    const { policy, changes, clean, window } = setup({
      initial: 5,
      max: 5,
      queue: 99,
      slowCallDuration: 150,
    })
    await window(20, 100) // the last one waits for 300
    expect([policy.limit, changes]).toEqual([5, []])
    await window(20, 151) // all are slow, those that waited, too
    expect(changes).toMatchObject([{ drops: 21, samples: 21 }])
    clean()
  })
})

describe('the algorithm gradient', () => {
  it('shrinks when calls get slower than usual, and says so', async () => {
    const { policy, changes, window, clean } = setup({ algorithm: 'gradient' })
    for (let i = 0; i < 5; i++) await window(10, 100)
    const grown = policy.limit
    expect(grown).toBeGreaterThan(10)
    for (let i = 0; i < 5; i++) await window(grown, 400)
    expect(policy.limit).toBeLessThan(grown)
    expect(changes.at(-1)).toMatchObject({ reason: 'latency', latency: 400, drops: 0 })
    clean()
  })

  it('shrinks after drops', async () => {
    const { policy, changes, window } = setup({ algorithm: 'gradient' })
    await window(10, 100, unavailable)
    expect(policy.limit).toBe(9)
    expect(changes).toMatchObject([{ from: 10, to: 9, reason: 'drops', latency: undefined }])
  })
})

describe('in a closed loop with a server', () => {
  /** 20 callers that make one call after the other for 60 seconds, and a server with room for some. */
  async function simulate(
    options: AdaptiveConcurrencyOptions,
    room: (second: number) => number,
    serve: (clock: Clock, active: number, room: number) => Promise<void>,
  ) {
    const clock = new VirtualClock()
    const policy = adaptiveConcurrency({ window: 200, ...options, clock })
    let active = 0
    const caller = async () => {
      while (clock.now() < 60_000) {
        await policy.settle(async () => {
          active++
          try {
            await serve(clock, active, room(clock.now() / 1000))
          } finally {
            active--
          }
        })
        await clock.sleep(25)
      }
    }
    const callers = Array.from({ length: 20 }, caller)
    const limits: number[] = []
    for (let second = 0; second < 60; second++) {
      await clock.advance(1000)
      limits.push(policy.limit)
    }
    await clock.advance(5000)
    await Promise.all(callers)
    expectNoLeaks({ policies: [policy], clock })
    return (from: number, to: number) =>
      limits.slice(from, to).reduce((sum, limit) => sum + limit, 0) / (to - from)
  }

  it('aimd finds the room of a server that drops calls, and follows it', async () => {
    const mean = await simulate(
      { initial: 20 },
      (second) => (second < 30 ? 12 : 5),
      async (clock, active, room) => {
        await clock.sleep(100)
        if (active > room) throw unavailable
      },
    )
    expect(mean(10, 30)).toBeGreaterThan(9)
    expect(mean(10, 30)).toBeLessThan(14)
    expect(mean(40, 60)).toBeGreaterThan(3)
    expect(mean(40, 60)).toBeLessThan(7)
  })

  it('gradient finds the room of a server that gets slow, from below', async () => {
    const mean = await simulate(
      { algorithm: 'gradient', initial: 2 },
      () => 8,
      (clock, active, room) => clock.sleep(100 * Math.max(1, active / room)),
    )
    expect(mean(5, 20)).toBeGreaterThan(8)
    expect(mean(5, 20)).toBeLessThan(16)
  })
})

describe('a call in the queue of an adaptive limit', () => {
  it('runs in the async context of its caller', async () => {
    const { policy, clock, clean } = setup({ initial: 1, queue: 5, algorithm: 'gradient' })
    const storage = new AsyncLocalStorage<string>()
    const stores: unknown[] = []
    const calls = ['a', 'b', 'c'].map((caller) =>
      storage.run(caller, () =>
        policy.execute(async () => {
          await clock.sleep(10)
          stores.push(storage.getStore())
        }),
      ),
    )
    await clock.advance(100)
    await Promise.all(calls)
    expect(stores).toEqual(['a', 'b', 'c'])
    clean()
  })
})

describe('adaptive options', () => {
  it('are checked when the policy is built, and named', () => {
    const bad: ReadonlyArray<[object | null, string]> = [
      [{ algorithm: 'vegas' }, 'algorithm'],
      [{ initial: 0 }, 'initial'],
      [{ initial: 300 }, 'initial'],
      [{ min: 0 }, 'min'],
      [{ min: 5, max: 4 }, 'max'],
      [{ window: 0 }, 'window'],
      [{ samples: 0 }, 'samples'],
      [{ classify: 'drop' }, 'classify'],
      [{ backoff: 1 }, 'backoff'],
      [{ backoff: 0 }, 'backoff'],
      [{ slowCallDuration: 0 }, 'slowCallDuration'],
      [{ queue: -1 }, 'queue'],
      [{ tolerance: 2 }, "adaptiveConcurrency with 'aimd' option 'tolerance'"],
      [{ algorithm: 'gradient', backoff: 0.5 }, "adaptiveConcurrency with 'gradient' option 'backoff'"],
      [{ algorithm: 'gradient', tolerance: 0.5 }, 'tolerance'],
      [{ algorithm: 'gradient', smoothing: 0 }, 'smoothing'],
      [{ algorithm: 'gradient', headroom: -1 }, 'headroom'],
      [null, "adaptiveConcurrency with 'aimd' options"],
    ]
    for (const [options, option] of bad) {
      expect(() => adaptiveConcurrency(options as object)).toThrow(expect.objectContaining({ option }))
    }
  })

  it('describe the policy', () => {
    expect(adaptiveConcurrency({ queue: 5, maxWait: '1s' }).describe()).toEqual([
      {
        kind: 'adaptive-concurrency',
        name: undefined,
        options: { algorithm: 'aimd', min: 1, max: 200, queue: 5, maxWait: '1s' },
        wait: 1000,
        concurrency: 200,
      },
    ])
    expect(adaptiveConcurrency({ algorithm: 'gradient' }).describe()[0]).toMatchObject({
      options: { algorithm: 'gradient' },
      wait: 0,
    })
  })

  it('show on the hub when the policy has a name', () => {
    const hub = new Hub()
    const policy = adaptiveConcurrency({ name: 'search', hub, queue: 5 })
    expect(hub.component('adaptive-concurrency', 'search')?.snapshot()).toEqual({
      algorithm: 'aimd',
      limit: 20,
      min: 1,
      max: 200,
      active: 0,
      queue: 5,
      queued: 0,
      rejected: { full: 0, maxWait: 0, deadline: 0, aborted: 0 },
    })
    policy.dispose()
    expect(hub.components()).toEqual([])
  })
})
