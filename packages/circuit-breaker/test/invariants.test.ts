import { AsyncLocalStorage } from 'node:async_hooks'
import {
  breakerPerKey,
  type CircuitBreaker,
  type CircuitState,
  circuitBreaker,
} from '@seaworthy/circuit-breaker'
import { Hub, PolicyBase, pipeline, SeaworthyError } from '@seaworthy/core'
import { expectNoLeaks, seededRandom, trackUnhandledRejections, VirtualClock } from '@seaworthy/testing'
import { describe, expect, it, vi } from 'vitest'
import { down, ok, pending, setUp, times } from './breakers.ts'

describe('invariants of the breaker', () => {
  it('I1, verify 1, 11: a rejected call never runs the function, an admitted one runs it once', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 2 })
    const fn = vi.fn(down)
    await times(breaker, 50, fn)
    expect(fn).toHaveBeenCalledTimes(2)
    await clock.advance('5s')
    await times(breaker, 10, fn)
    expect(fn).toHaveBeenCalledTimes(3)
  })

  it("I2: a call settles with its function's own value or error, the same object", async () => {
    const { breaker } = setUp()
    const value = {}
    const error = new Error('mine')
    expect(await breaker.execute(() => value)).toBe(value)
    await expect(breaker.execute(() => Promise.reject(error))).rejects.toBe(error)
  })

  it('I3, verify 2: half-open, no more trials run than are needed, and the others are turned away at once', async () => {
    const { breaker, clock } = setUp({
      failureThreshold: 1,
      successThreshold: 3,
      halfOpen: { concurrency: 2, failures: 1 },
    })
    await times(breaker, 1, down)
    await clock.advance('5s')
    const trials = Array.from({ length: 20 }, () => pending(breaker))
    await clock.settle()
    expect(breaker.debugStats()).toMatchObject({ underway: 2 })
    expect(breaker.snapshot().totals.rejected).toBe(18)
    trials[0]?.resolve()
    trials[1]?.resolve()
    await clock.settle()
    const more = Array.from({ length: 20 }, () => pending(breaker))
    await clock.settle()
    expect(breaker.debugStats()).toMatchObject({ underway: 2 }) // one success and one failure are still possible
    more[0]?.resolve()
    await clock.settle()
    expect(breaker.state).toBe('closed')
    more[1]?.reject()
    await clock.settle()
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', failures: 0, totals: { stale: 1 } })
  })

  it('I4, verify 7: an outcome from another epoch changes nothing but the count of stale ones', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 2, successThreshold: 1 })
    const old = [pending(breaker), pending(breaker), pending(breaker)]
    await times(breaker, 2, down)
    expect(breaker.state).toBe('open')
    old[0]?.resolve() // while open
    await clock.advance('5s')
    const trial = pending(breaker)
    await clock.settle()
    expect(breaker.state).toBe('halfOpen')
    old[1]?.resolve() // while half-open: must not close it
    await clock.settle()
    expect(breaker.state).toBe('halfOpen')
    trial.resolve()
    await clock.settle()
    expect(breaker.state).toBe('closed')
    old[2]?.reject() // while closed again: must not count
    await clock.settle()
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', failures: 0, totals: { stale: 3 } })
  })

  it('I5, verify 10: every change is one event, in order, from where the last one led, with a higher epoch', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1, successThreshold: 1 })
    const changes: [CircuitState, CircuitState, number][] = []
    breaker.on('stateChange', ({ from, to, epoch }) => void changes.push([from, to, epoch]))
    await times(breaker, 1, down)
    await clock.advance('5s')
    await times(breaker, 1, down)
    await clock.advance('10s')
    await times(breaker, 1, ok)
    breaker.trip()
    breaker.reset()
    const handle = breaker.isolate('deploy')
    handle.release()
    breaker.dispose()
    expect(changes.map(([from, to]) => `${from}-${to}`)).toEqual([
      'closed-open',
      'open-halfOpen',
      'halfOpen-open',
      'open-halfOpen',
      'halfOpen-closed',
      'closed-open',
      'open-closed',
      'closed-isolated',
      'isolated-closed',
      'closed-disposed',
    ])
    const epochs = changes.map(([, , epoch]) => epoch)
    expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b))
    expect(breaker.state).toBe('disposed')
  })

  it('I6: nothing that happens meanwhile makes an opening longer or shorter', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1 })
    const late = [pending(breaker), pending(breaker)]
    await times(breaker, 1, down)
    late[0]?.reject(Object.assign(new Error('slow down'), { retryAfter: 60_000 }))
    late[1]?.resolve()
    await clock.advance(4999)
    expect((await breaker.settle(ok)).status).toBe('rejected')
    await clock.advance(1)
    expect((await breaker.settle(ok)).status).toBe('fulfilled')
  })

  it('I7, verify 9: a trial that never settles loses its lease, and the breaker can still close', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1, successThreshold: 1, halfOpen: { lease: '30s' } })
    await times(breaker, 1, down)
    await clock.advance('5s')
    const lost = pending(breaker)
    await clock.advance(29_999)
    expect((await breaker.settle(ok)).status).toBe('rejected')
    await clock.advance(1)
    expect((await breaker.settle(ok)).status).toBe('fulfilled')
    expect(breaker.state).toBe('closed')
    lost.reject()
    await clock.settle()
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', totals: { stale: 1 } })
  })

  it('I7: a neutral trial frees its place and decides nothing', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1, successThreshold: 1 })
    await times(breaker, 1, down)
    await clock.advance('5s')
    const controller = new AbortController()
    const trial = breaker.settle(({ signal }) => clock.sleep(1000, signal), { signal: controller.signal })
    await clock.settle()
    controller.abort('left')
    expect(await trial).toEqual({ status: 'rejected', reason: 'left' })
    expect(breaker.state).toBe('halfOpen')
    expect((await breaker.settle(ok)).status).toBe('fulfilled')
    expect(breaker.state).toBe('closed')
  })

  it('I9: every call is counted once: success, failure, neutral, stale or rejected', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 3, successThreshold: 2 })
    const random = seededRandom(9)
    const calls = 2000
    const all = Array.from({ length: calls }, async (_, index) => {
      await clock.sleep(index * 10)
      return breaker.settle(async () => {
        await clock.sleep(random() * 200)
        if (random() < 0.4)
          throw random() < 0.8 ? new Error('down') : Object.assign(new Error('busy'), { status: 429 })
      })
    })
    await clock.advance('1h')
    await Promise.all(all)
    const { success, failure, neutral, stale, rejected } = breaker.snapshot().totals
    expect(success + failure + neutral + stale + rejected).toBe(calls)
    for (const count of [success, failure, neutral, stale, rejected]) expect(count).toBeGreaterThan(0)
    expectNoLeaks({ policies: [breaker], clock })
  })

  it('I10, verify 3, 4: no rate trips below the minimum, and at the minimum it trips at exactly the rate', async () => {
    const rate = { failureThreshold: false, failureRate: 0.5, minimumRequests: 10 } as const
    const all = setUp(rate)
    await times(all.breaker, 9, down)
    expect(all.breaker.state).toBe('closed')
    await times(all.breaker, 1, down)
    expect(all.breaker.state).toBe('open')

    const half = setUp(rate)
    await times(half.breaker, 5, ok)
    await times(half.breaker, 4, down)
    expect(half.breaker.state).toBe('closed')
    await times(half.breaker, 1, down)
    expect(half.breaker.state).toBe('open')

    const less = setUp(rate)
    await times(less.breaker, 51, ok)
    await times(less.breaker, 49, down)
    expect(less.breaker.state).toBe('closed')
  })

  it('CB1: a success between them keeps failures from being in a row', async () => {
    const { breaker } = setUp({ failureThreshold: 5, failureRate: false })
    await times(breaker, 4, down)
    await times(breaker, 1, ok)
    await times(breaker, 4, down)
    expect(breaker.state).toBe('closed')
    await times(breaker, 1, down)
    expect(breaker.state).toBe('open')
  })

  it('I12: observe and disabled never reject; observe says when it would have opened', async () => {
    for (const mode of ['observe', 'disabled'] as const) {
      const { breaker } = setUp({ mode, failureThreshold: 2 })
      const would = vi.fn()
      breaker.on('wouldOpen', would)
      const fn = vi.fn(down)
      await times(breaker, 20, fn)
      expect(fn).toHaveBeenCalledTimes(20)
      expect(breaker.state).toBe('closed')
      expect(would).toHaveBeenCalledTimes(mode === 'observe' ? 1 : 0)
    }
  })

  it('I13, verify 16: a snapshot that went through JSON continues as the original does', async () => {
    const play = async (breaker: CircuitBreaker, clock: VirtualClock, seed: number): Promise<string[]> => {
      const random = seededRandom(seed)
      const seen: string[] = []
      for (let i = 0; i < 200; i++) {
        await clock.advance(Math.floor(random() * 2000))
        const { status } = await breaker.settle(random() < 0.5 ? ok : down)
        seen.push(`${status} ${breaker.state} ${breaker.snapshot().retryAfter}`)
      }
      return seen
    }
    let open = 0
    for (let seed = 0; seed < 20; seed++) {
      const original = setUp({ failureThreshold: 3, successThreshold: 2 })
      await play(original.breaker, original.clock, seed)
      // A half-open breaker restores to open with no wait left: its trials are lost. All other states continue as they are.
      if (original.breaker.state === 'halfOpen') continue
      if (original.breaker.state === 'open') open++
      const restored = setUp({ failureThreshold: 3, successThreshold: 2 })
      restored.breaker.restore(JSON.parse(JSON.stringify(original.breaker.snapshot())))
      expect(await play(restored.breaker, restored.clock, seed + 100)).toEqual(
        await play(original.breaker, original.clock, seed + 100),
      )
    }
    expect(open).toBeGreaterThan(0)
  })

  it('verify 16: what is no snapshot is refused whole', async () => {
    const { breaker } = setUp({ failureThreshold: 1 })
    await times(breaker, 1, down)
    const good = breaker.snapshot()
    const before = JSON.stringify(good)
    for (const bad of [
      undefined,
      null,
      'text',
      {},
      { ...good, version: 2 },
      { ...good, state: 'ajar' },
      { ...good, age: -1 },
      { ...good, openFor: Number.NaN },
      { ...good, openings: 1.5 },
      { ...good, window: undefined },
      { ...good, window: { outcomes: [1, 2], durations: [] } },
      { ...good, window: { outcomes: ['a', 1, 1], durations: [] } },
    ]) {
      expect(() => breaker.restore(bad)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_SNAPSHOT' }))
    }
    expect(JSON.stringify(breaker.snapshot())).toBe(before)
  })

  it('I14: listeners that throw, call, trip, reset and unsubscribe change no result and no count of calls', async () => {
    const hub = new Hub()
    const { breaker, clock } = setUp({ failureThreshold: 2, successThreshold: 1, hub })
    const order: string[] = []
    const stop = breaker.on('stateChange', ({ from, to }) => {
      order.push(`${from}-${to}`)
      stop()
      throw new Error('listener')
    })
    breaker.on('failure', () => Promise.reject(new Error('listener')))
    breaker.on('open', () => void breaker.settle(ok)) // re-enters while it is being told
    breaker.on('halfOpen', () => void breaker.settle(ok)) // must not take the place of the trial
    breaker.on('stateChange', ({ from, to }) => void order.push(`second ${from}-${to}`))
    await times(breaker, 2, down)
    await clock.advance('5s')
    expect(await breaker.settle(() => 'the trial')).toEqual({ status: 'fulfilled', value: 'the trial' })
    await clock.settle()
    expect(order).toEqual([
      'closed-open',
      'second closed-open',
      'second open-halfOpen',
      'second halfOpen-closed',
    ])
    expect(hub.listenerErrors).toBe(3)
    expect(breaker.snapshot().totals).toMatchObject({ success: 1, failure: 2, rejected: 2 })
  })

  it('I15, verify 17: no timer ever, nothing held after settling, and disposal turns calls away', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1, slowCallDuration: '1s' })
    await times(breaker, 1, down)
    expect(clock.pendingTimers).toBe(0)
    await clock.advance('5s')
    await times(breaker, 1, ok)
    expectNoLeaks({ policies: [breaker], clock })
    breaker.dispose()
    expect(await breaker.settle(ok)).toMatchObject({ status: 'rejected', reason: { code: 'ERR_DISPOSED' } })
  })

  it('I16: no rejection goes unhandled, however calls end', async () => {
    const tracker = trackUnhandledRejections()
    const { breaker, clock } = setUp({ failureThreshold: 2 })
    const calls = Array.from({ length: 10 }, () => pending(breaker))
    for (const call of calls) call.reject()
    await Promise.all(calls.map(({ result }) => result))
    await times(breaker, 5, down)
    await clock.settle()
    expect(await tracker.stop()).toEqual([])
  })

  it('I17: keys are independent, and one that is open or on trial is never forgotten', async () => {
    const clock = new VirtualClock()
    const breakers = breakerPerKey({ clock, failureThreshold: 1 }, { max: 3, idle: '1m' })
    await breakers.settle(down, { key: 'bad' })
    for (let i = 0; i < 50; i++) await breakers.settle(ok, { key: `good ${i}` })
    expect(breakers.circuit('bad').state).toBe('open')
    expect(breakers.size).toBeLessThanOrEqual(3)
    expect(await breakers.settle(ok, { key: 'bad' })).toMatchObject({
      reason: { code: 'ERR_CIRCUIT_OPEN', key: 'bad' },
    })
    expect((await breakers.settle(ok, { key: 'other' })).status).toBe('fulfilled')
  })

  it('I18: new rules lose no count and move no running deadline', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 3 })
    await times(breaker, 2, down)
    breaker.reconfigure({ failureThreshold: 10, window: { calls: 20 } })
    expect(breaker.snapshot()).toMatchObject({ consecutiveFailures: 2, calls: 2, failures: 2 })
    breaker.reconfigure({ failureThreshold: 3 })
    await times(breaker, 1, down)
    expect(breaker.state).toBe('open')
    await clock.advance('2s')
    breaker.reconfigure({ recoveryTimeout: '1h' })
    expect(breaker.snapshot().retryAfter).toBe(3000)
    await clock.advance('3s')
    expect((await breaker.settle(ok)).status).toBe('fulfilled')
    expect(() => breaker.reconfigure({ failureRate: 2 })).toThrow('failureRate')
  })

  it('I19, verify 15: retryAfter is the exact rest of the wait', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1 })
    await times(breaker, 1, down)
    for (const rest of [5000, 4000, 2500, 1]) {
      await clock.advance(clock.now() === 0 && rest === 5000 ? 0 : 5000 - rest - clock.now())
      expect(await breaker.settle(ok)).toMatchObject({
        reason: { retryAfter: rest, code: 'ERR_CIRCUIT_OPEN' },
      })
    }
  })

  it("I22: the function runs in its caller's AsyncLocalStorage", async () => {
    const storage = new AsyncLocalStorage<number>()
    const { breaker, clock } = setUp({ failureThreshold: 1, successThreshold: 1 })
    await storage.run(1, () => times(breaker, 1, down))
    await clock.advance('5s')
    expect(await storage.run(2, () => breaker.execute(() => storage.getStore()))).toBe(2)
  })

  it('verify 5, 6: only enough successes of one epoch close it, and one failure opens it again', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1, successThreshold: 3 })
    await times(breaker, 1, down)
    await clock.advance('5s')
    await times(breaker, 2, ok)
    expect(breaker.state).toBe('halfOpen')
    await times(breaker, 1, down)
    expect(breaker.state).toBe('open')
    await clock.advance('10s')
    await times(breaker, 2, ok)
    expect(breaker.state).toBe('halfOpen')
    await times(breaker, 1, ok)
    expect(breaker.state).toBe('closed')
  })

  it('verify 8: a permit settles once', () => {
    const { breaker } = setUp({ failureThreshold: 2 })
    const permit = breaker.acquire()
    permit.failure()
    permit.failure()
    permit.success()
    permit[Symbol.dispose]()
    expect(breaker.snapshot().totals).toMatchObject({ failure: 1, success: 0, neutral: 0 })
    breaker.acquire().failure()
    expect(() => breaker.acquire()).toThrow(expect.objectContaining({ code: 'ERR_CIRCUIT_OPEN' }))
  })

  it('verify 12: what is neutral leaves no trace: aborts, rejections of other policies, ignored classes, a broken classifier', async () => {
    const refusing = new (class extends PolicyBase {
      constructor() {
        super('refusing', undefined)
      }
      layers() {
        return [
          {
            kind: 'refusing',
            enter: (call: { refuse(error: unknown): never }) =>
              call.refuse(new SeaworthyError('ERR_BULKHEAD_FULL', 'full')),
          } as never,
        ]
      }
      describe() {
        return []
      }
    })()
    const { breaker } = setUp({ failureThreshold: 1 })
    await pipeline(breaker, refusing).settle(ok)
    for (const error of [{ status: 429 }, { status: 404 }, new TypeError('bug')]) {
      await breaker.settle(() => Promise.reject(error))
    }
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 0, totals: { neutral: 4 } })

    const broken = setUp({
      failureThreshold: 1,
      classify: () => {
        throw new Error('broken')
      },
    })
    await times(broken.breaker, 3, down)
    expect(broken.breaker.snapshot()).toMatchObject({ state: 'closed', totals: { neutral: 3 } })
  })

  it('verify 13, CB4: the wait doubles up to its cap and starts over after closing', async () => {
    const { breaker, clock } = setUp({
      failureThreshold: 1,
      successThreshold: 1,
      recoveryTimeout: { initial: '1s', factor: 2, max: '30s', jitter: 0 },
    })
    const waits: number[] = []
    breaker.on('open', ({ openFor }) => void waits.push(openFor))
    await times(breaker, 1, down)
    for (let i = 0; i < 7; i++) {
      await clock.advance(waits.at(-1) as number)
      await times(breaker, 1, down)
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    await clock.advance('30s')
    await times(breaker, 1, ok)
    await times(breaker, 1, down)
    expect(waits.at(-1)).toBe(1000)
  })

  it('verify 14, CB6: a time window forgets what is older, also after a long idle time', async () => {
    const { breaker, clock } = setUp({
      failureThreshold: false,
      window: { time: '10s', buckets: 10 },
      minimumRequests: 4,
      failureRate: 0.5,
    })
    await times(breaker, 3, down)
    await clock.advance('1d')
    await times(breaker, 1, down)
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', calls: 1 })
    await times(breaker, 3, down)
    expect(breaker.state).toBe('open')
  })

  it('CB3: half-opens at the deadline, not before', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1, recoveryTimeout: '60s' })
    await times(breaker, 1, down)
    await clock.advance(59_999)
    expect((await breaker.settle(ok)).status).toBe('rejected')
    await clock.advance(1)
    expect(breaker.state).toBe('open') // reading it changes nothing
    expect((await breaker.settle(ok)).status).toBe('fulfilled')
  })

  it('CB6: slow calls count when they cross the line, while they still run', async () => {
    const { breaker, clock } = setUp({
      failureThreshold: false,
      slowCallDuration: '1s',
      slowCallRate: 0.5,
      minimumRequests: 4,
      window: { calls: 10 },
    })
    const hanging = Array.from({ length: 4 }, () => pending(breaker))
    await clock.advance(999)
    await times(breaker, 1, ok)
    expect(breaker.state).toBe('closed')
    await clock.advance(1)
    expect(await breaker.settle(ok)).toMatchObject({ reason: { code: 'ERR_CIRCUIT_OPEN' } })
    for (const call of hanging) call.resolve()
    await clock.settle()
    expect(breaker.snapshot()).toMatchObject({ state: 'open', totals: { slow: 4, stale: 4 } })
  })

  it('CB7: isolation is counted by handle, outlasts the wait, and ends with nothing remembered', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 2 })
    await times(breaker, 1, down)
    const first = breaker.isolate('deploy')
    {
      const second = breaker.isolate('migration')
      first.release()
      first.release()
      await clock.advance('1h')
      expect(await breaker.settle(ok)).toMatchObject({
        reason: { code: 'ERR_CIRCUIT_ISOLATED', message: 'Circuit is isolated: deploy' },
      })
      expect(breaker.trip()).toBe(false)
      expect(breaker.reset()).toBe(false)
      second[Symbol.dispose]()
    }
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', failures: 0, consecutiveFailures: 0 })
  })

  it("lengthens the wait by the server's hint, up to the cap", async () => {
    const asks = (retryAfter: number) => () =>
      Promise.reject(Object.assign(new Error('later'), { status: 503, retryAfter }))
    const { breaker } = setUp({
      failureThreshold: 1,
      recoveryTimeout: { initial: '5s', max: '60s', jitter: 0 },
    })
    await times(breaker, 1, asks(20_000))
    expect(breaker.snapshot().retryAfter).toBe(20_000)
    breaker.reset()
    await times(breaker, 1, asks(3_600_000))
    expect(breaker.snapshot().retryAfter).toBe(60_000)
  })

  it('draws its jitter once an opening, upward and below the cap', async () => {
    const waits = new Set<number>()
    for (let seed = 0; seed < 50; seed++) {
      const { breaker } = setUp({
        failureThreshold: 1,
        random: seededRandom(seed),
        recoveryTimeout: { initial: '10s', jitter: 0.2 },
      })
      await times(breaker, 1, down)
      waits.add(breaker.snapshot().retryAfter as number)
    }
    expect(waits.size).toBe(50)
    for (const wait of waits) {
      expect(wait).toBeGreaterThanOrEqual(10_000)
      expect(wait).toBeLessThanOrEqual(12_000)
    }
  })
})

describe('options of the breaker', () => {
  it.each([
    [{ failureThreshold: 0 }, 'failureThreshold'],
    [{ failureRate: 1.5 }, 'failureRate'],
    [{ minimumRequests: 200 }, 'minimumRequests'],
    [{ window: { calls: 0 } }, 'window.calls'],
    [{ window: { calls: 1e9 } }, 'window.calls must be at most 10000000'],
    [{ window: { time: '1s', buckets: 2000 } }, 'window.time'],
    [{ window: { time: '1s', bucket: 3 } }, 'bucket'],
    [{ slowCallRate: 0.5 }, 'slowCallRate'],
    [{ recoveryTimeout: 'soon' }, 'recoveryTimeout'],
    [{ recoveryTimeout: { initial: '2m', max: '1m' } }, 'recoveryTimeout.max'],
    [{ successThreshold: 0 }, 'successThreshold'],
    [{ halfOpen: { lease: 0 } }, 'halfOpen.lease'],
    [{ mode: 'off' }, 'mode'],
    [{ treshold: 5 }, 'treshold'],
    [{ classify: 'all' }, 'classify'],
  ])('refuses %j and names what is wrong', (options, named) => {
    expect(() => circuitBreaker(options as never)).toThrow(named)
  })

  it('puts a breaker with a name on the hub, with actions', async () => {
    const hub = new Hub()
    const breaker = circuitBreaker({ name: 'inventory', hub, failureThreshold: 1, clock: new VirtualClock() })
    await times(breaker, 1, down)
    const component = hub.component('circuit-breaker', 'inventory')
    expect(component?.snapshot()).toMatchObject({ state: 'open', openings: 1 })
    component?.actions['reset']?.()
    expect(breaker.state).toBe('closed')
    breaker.dispose()
    expect(hub.components()).toEqual([])
  })
})
