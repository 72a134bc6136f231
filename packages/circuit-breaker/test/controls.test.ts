/** What people and programs can do with a breaker by hand. */
import {
  type CircuitBreaker,
  CircuitOpenError,
  circuitBreaker,
  type Permit,
} from '@seaworthy/circuit-breaker'
import { Hub, isSeaworthyError, pipeline } from '@seaworthy/core'
import { interleavings } from '@seaworthy/testing/models'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { down, HandClock, listen, ok, pending, setUp, times } from './breakers.ts'

const caught = (act: () => unknown): unknown => {
  try {
    act()
    return undefined
  } catch (error) {
    return error
  }
}

describe('the scenarios of a breaker test', () => {
  it('CB1: opens on exactly the call that satisfies a rule, with one event', async () => {
    const { breaker } = setUp({ failureThreshold: 5, failureRate: false })
    const opened = listen(breaker, ['open'])
    await times(breaker, 4, down)
    expect(opened).toHaveLength(0)
    await times(breaker, 1, down)
    expect(opened).toHaveLength(1)
  })

  it('CB2: open, a thousand calls at fifty a time reach nothing and know how long to wait', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1 })
    await times(breaker, 1, down)
    await clock.advance('2s')
    const fn = vi.fn(ok)
    for (let i = 0; i < 20; i++) {
      const results = await Promise.all(Array.from({ length: 50 }, () => breaker.settle(fn)))
      for (const result of results) expect(result).toMatchObject({ reason: { retryAfter: 3000 } })
    }
    expect(fn).not.toHaveBeenCalled()
    expect(breaker.snapshot().totals.rejected).toBe(1000)
  })

  it('CB3: closes after exactly three trials, with an empty window', async () => {
    const { breaker, clock } = setUp({
      failureThreshold: 3,
      recoveryTimeout: '60s',
      halfOpen: { concurrency: 3 },
    })
    await times(breaker, 3, down)
    await clock.advance('60s')
    await times(breaker, 2, ok)
    expect(breaker.state).toBe('halfOpen')
    await times(breaker, 1, ok)
    expect(breaker.snapshot()).toMatchObject({
      state: 'closed',
      calls: 0,
      failures: 0,
      consecutiveFailures: 0,
    })
  })

  it('CB5: two trials at once, one given up, one lost: never more than two, and it closes in the end', async () => {
    const { breaker, clock } = setUp({
      failureThreshold: 1,
      successThreshold: 2,
      halfOpen: { concurrency: 2, lease: '10s' },
    })
    await times(breaker, 1, down)
    await clock.advance('5s')
    const controller = new AbortController()
    let running = 0
    const hang = (): Promise<void> => {
      running++
      return new Promise(() => {})
    }
    const aborted = breaker.settle(({ signal }) => clock.sleep(1e6, signal), { signal: controller.signal })
    void breaker.settle(hang)
    for (let i = 0; i < 18; i++) void breaker.settle(hang)
    await clock.settle()
    expect([running, breaker.debugStats()['underway']]).toEqual([1, 2])
    controller.abort()
    await aborted
    await times(breaker, 1, ok)
    expect(breaker.state).toBe('halfOpen')
    expect((await breaker.settle(ok)).status).toBe('rejected') // the lost one may still be the second success
    await clock.advance('10s')
    await times(breaker, 1, ok)
    expect(breaker.state).toBe('closed')
    expect(breaker.debugStats()).toEqual({ listeners: 0, underway: 0 })
  })

  it('CB7: results of an older epoch change nothing, whatever happened in between', async () => {
    for (const between of ['trip', 'reset', 'isolate', 'setMode', 'restore'] as const) {
      const { breaker, clock } = setUp({ failureThreshold: 1 })
      const late = pending(breaker)
      if (between === 'isolate') breaker.isolate('deploy').release()
      else if (between === 'setMode') breaker.setMode('observe')
      else if (between === 'restore') breaker.restore(breaker.snapshot())
      else breaker[between]()
      const { state, epoch } = breaker
      late.reject()
      await clock.settle()
      expect([between, breaker.state, breaker.epoch]).toEqual([between, state, epoch])
      expect(breaker.snapshot().totals).toMatchObject({ stale: 1, failure: 0 })
    }
  })
})

describe('I3, I5: many outcomes at once', () => {
  it('every order of three trial outcomes leads to the same decision, once', async () => {
    const outcomes = ['success', 'success', 'failure'] as const
    const ends = new Set<string>()
    for (const order of interleavings([[0], [1], [2]])) {
      const clock = new HandClock()
      const breaker = circuitBreaker({
        clock,
        failureThreshold: 1,
        successThreshold: 2,
        recoveryTimeout: 10,
        halfOpen: { concurrency: 5, failures: 1 },
      })
      breaker.acquire().failure()
      clock.move(10)
      const events = listen(breaker, ['stateChange'])
      const trials: Permit[] = []
      for (let i = 0; i < 5; i++) caught(() => trials.push(breaker.acquire()))
      expect(trials).toHaveLength(3) // two successes and one failure are all that can be needed
      for (const index of order) trials[index]?.[outcomes[index] as 'success']()
      const changes = events.map(({ to }) => to)
      expect(changes.filter((to) => to !== 'halfOpen')).toHaveLength(1)
      ends.add(breaker.state)
    }
    expect(ends).toEqual(new Set(['closed']))
  })

  it('I3: never lets in more trials than can be needed, for any settings and order', () => {
    let decided = 0
    fc.assert(
      fc.property(
        fc.record({
          successThreshold: fc.integer({ min: 1, max: 4 }),
          concurrency: fc.integer({ min: 1, max: 5 }),
          failures: fc.nat(3),
        }),
        fc.array(fc.tuple(fc.constantFrom('enter', 'success', 'failure', 'neutral'), fc.nat(4)), {
          maxLength: 60,
        }),
        ({ successThreshold, ...halfOpen }, steps) => {
          const clock = new HandClock()
          const breaker = circuitBreaker({
            clock,
            failureThreshold: 1,
            successThreshold,
            recoveryTimeout: 0,
            halfOpen,
          })
          breaker.acquire().failure()
          const running: Permit[] = [breaker.acquire()]
          const { epoch } = breaker
          let admitted = 1
          let neutral = 0
          for (const [what, which] of steps) {
            if (breaker.epoch !== epoch) {
              decided++
              break
            }
            if (what === 'enter') {
              const permit = caught(() => running.push(breaker.acquire()))
              if (permit === undefined) admitted++
            } else {
              const [permit] = running.splice(which % (running.length || 1), 1)
              permit?.[what as 'success']()
              if (permit !== undefined && what === 'neutral') neutral++
            }
            expect(running.length).toBeLessThanOrEqual(halfOpen.concurrency)
            expect(admitted).toBeLessThanOrEqual(successThreshold + halfOpen.failures + neutral)
          }
        },
      ),
      { numRuns: 500 },
    )
    expect(decided).toBeGreaterThan(50)
  })
})

describe('acquire', () => {
  it('gives a permit whose first word counts', () => {
    const { breaker } = setUp()
    const permit = breaker.acquire()
    permit.neutral()
    permit.failure()
    breaker.acquire().success()
    breaker.acquire()[Symbol.dispose]()
    breaker.acquire().failure()
    expect(breaker.snapshot().totals).toMatchObject({ success: 1, failure: 1, neutral: 2 })
  })

  it('takes the hint of the error', () => {
    const { breaker } = setUp({ failureThreshold: 1 })
    breaker.acquire().failure({ retryAfter: 12_000 })
    expect(breaker.snapshot().retryAfter).toBe(12_000)
  })

  it('takes an error that cannot be read', () => {
    const trap = new Proxy(new Error(), {
      get() {
        throw new Error('trap')
      },
    })
    const { breaker } = setUp()
    const events = listen(breaker, ['failure'])
    breaker.acquire().failure(trap)
    breaker.acquire().failure()
    expect(events).toMatchObject([{ failureClass: 'transient' }, { failureClass: undefined }])
  })

  it('throws what calls reject with', () => {
    const { breaker } = setUp()
    breaker.trip()
    const error = caught(() => breaker.acquire())
    expect(error).toBeInstanceOf(CircuitOpenError)
    expect(error).toMatchObject({
      code: 'ERR_CIRCUIT_OPEN',
      state: 'open',
      retryAfter: 5000,
      failureClass: 'persistent',
    })
    expect(isSeaworthyError(error)).toBe(true)
    expect(String(error)).toBe('CircuitOpenError: Circuit is open (trip); next trial in 5000 ms')
  })

  it('means nothing in mode disabled', () => {
    const { breaker } = setUp({ mode: 'disabled', failureThreshold: 1 })
    for (let i = 0; i < 3; i++) breaker.acquire().failure()
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', totals: { failure: 0, stale: 0 } })
  })
})

describe('errors say why', () => {
  it('while trials run, and knows no time', async () => {
    const { breaker, clock } = setUp({ name: 'inventory', hub: new Hub(), failureThreshold: 1 })
    await times(breaker, 1, down)
    await clock.advance('5s')
    breaker.acquire()
    expect(await breaker.settle(ok)).toMatchObject({
      reason: {
        code: 'ERR_CIRCUIT_OPEN',
        state: 'halfOpen',
        retryAfter: undefined,
        policy: 'inventory',
        message: "Circuit 'inventory' is half-open; its trials are under way",
      },
    })
  })

  it('after disposal', async () => {
    const { breaker } = setUp()
    breaker.dispose()
    expect(await breaker.settle(ok)).toMatchObject({
      reason: { code: 'ERR_DISPOSED', state: 'disposed', message: 'Circuit is disposed' },
    })
    expect(breaker.isolate('x').release()).toBeUndefined()
    expect([breaker.trip(), breaker.reset(), breaker.restore(setUp().breaker.snapshot())]).toEqual([
      false,
      false,
      false,
    ])
  })
})

describe('modes', () => {
  it('start anew, closed and with nothing remembered', async () => {
    const { breaker } = setUp({ failureThreshold: 3 })
    await times(breaker, 2, down)
    breaker.setMode('enabled') // no change
    expect(breaker.snapshot().consecutiveFailures).toBe(2)
    await times(breaker, 1, down)
    expect(breaker.state).toBe('open')
    breaker.setMode('observe')
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', mode: 'observe', calls: 0, openings: 0 })
    breaker.setMode('enabled')
    await times(breaker, 3, down)
    expect(breaker.state).toBe('open')
  })

  it('count no outcome of a call from before, nor of one that entered disabled', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1 })
    const counted = pending(breaker)
    breaker.setMode('disabled')
    const uncounted = pending(breaker)
    breaker.setMode('enabled')
    counted.reject()
    uncounted.reject()
    await clock.settle()
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', totals: { stale: 1, failure: 0 } })
  })

  it('keep it isolated', () => {
    const { breaker } = setUp()
    const isolation = breaker.isolate('deploy')
    breaker.setMode('disabled')
    expect(breaker.state).toBe('isolated')
    isolation.release()
    expect(breaker).toMatchObject({ state: 'closed', mode: 'disabled' })
  })

  it('refuse a word that is none and change nothing', () => {
    const { breaker } = setUp()
    expect(() => breaker.setMode('off' as never)).toThrow(
      "mode must be one of 'enabled', 'disabled', 'observe'",
    )
    expect(breaker.mode).toBe('enabled')
  })
})

describe('reconfigure', () => {
  it('I18: keeps the counts when the window gets another shape', async () => {
    const { breaker } = setUp({ failureThreshold: false })
    await times(breaker, 4, ok)
    await times(breaker, 3, down)
    breaker.reconfigure({ window: { time: '10s' } })
    expect(breaker.snapshot()).toMatchObject({ calls: 7, failures: 3, consecutiveFailures: 3 })
    breaker.reconfigure({ window: { calls: 5 } })
    expect(breaker.snapshot()).toMatchObject({ calls: 5, failures: 3 })
    expect(breaker.epoch).toBe(1)
  })

  it('begins and ends to measure calls, also those under way', async () => {
    const { breaker, clock } = setUp({ failureThreshold: false, minimumRequests: 1 })
    const before = pending(breaker)
    breaker.reconfigure({ slowCallDuration: '1s' })
    const slow = pending(breaker)
    await clock.advance('1s')
    before.resolve()
    await clock.settle()
    expect(breaker.snapshot()).toMatchObject({
      state: 'open',
      timedCalls: 0,
      totals: { slow: 1, success: 1 },
    })
    breaker.reset()
    const measured = pending(breaker)
    breaker.reconfigure({ slowCallDuration: false })
    slow.resolve()
    measured.resolve()
    await clock.settle()
    expect(breaker.snapshot()).toMatchObject({
      state: 'closed',
      calls: 1,
      timedCalls: 0,
      totals: { stale: 1 },
    })
    expect(breaker.debugStats()['underway']).toBe(0)
  })

  it('changes nothing when it makes no sense', () => {
    const { breaker } = setUp()
    const before = breaker.describe()
    for (const patch of [{ failureRate: 2 }, { minimumRequests: 1000 }, { clock: {} }, { window: 5 }])
      expect(() => breaker.reconfigure(patch as never)).toThrow(/must be/)
    expect(breaker.describe()).toEqual(before)
  })

  it('does not see what happens to the options later', () => {
    const options = { failureThreshold: 3 }
    const breaker = circuitBreaker(options)
    options.failureThreshold = 7
    breaker.reconfigure({ successThreshold: 1 })
    expect(breaker.describe()[0]?.circuit?.consecutive).toBe(3)
  })
})

describe('snapshot and restore', () => {
  const moved = (breaker: CircuitBreaker, options = {}): ReturnType<typeof setUp> => {
    const next = setUp({ failureThreshold: 2, ...options })
    expect(next.breaker.restore(JSON.parse(JSON.stringify(breaker.snapshot())))).toBe(true)
    return next
  }

  it('I13: an opening goes on for the rest of its time', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 2 })
    await times(breaker, 2, down)
    await clock.advance('2s')
    const next = moved(breaker)
    expect(next.breaker.snapshot()).toMatchObject({ state: 'open', retryAfter: 3000, openings: 1 })
    await next.clock.advance(2999)
    expect((await next.breaker.settle(ok)).status).toBe('rejected')
    await next.clock.advance(1)
    await times(next.breaker, 1, down)
    expect(next.breaker.snapshot()).toMatchObject({ state: 'open', openFor: 10_000, openings: 2 })
  })

  it('half-open comes back open with no wait left', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 2 })
    await times(breaker, 2, down)
    await clock.advance('5s')
    await times(breaker, 1, ok)
    expect(breaker.state).toBe('halfOpen')
    const next = moved(breaker)
    expect(next.breaker.snapshot()).toMatchObject({ state: 'open', retryAfter: 0 })
    await times(next.breaker, 2, ok)
    expect(next.breaker.state).toBe('halfOpen')
    await times(next.breaker, 1, ok)
    expect(next.breaker.state).toBe('closed')
  })

  it.each(['observe', 'disabled'] as const)('I12: open comes back closed in mode %s', async (mode) => {
    const { breaker } = setUp({ failureThreshold: 2 })
    await times(breaker, 2, down)
    const next = moved(breaker, { mode })
    expect(next.breaker).toMatchObject({ state: 'closed', mode })
    expect((await next.breaker.settle(ok)).status).toBe('fulfilled')
  })

  it('isolated comes back closed; and while it is isolated nothing can be restored', async () => {
    const { breaker } = setUp()
    const isolation = breaker.isolate('deploy')
    expect(moved(breaker).breaker.state).toBe('closed')
    expect(breaker.restore(setUp().breaker.snapshot())).toBe(false)
    expect(() => breaker.restore({})).toThrow('no snapshot')
    isolation.release()
  })

  it('I13: closed comes back with its windows, also the one of durations, to the bucket', async () => {
    const options = {
      failureThreshold: false,
      slowCallDuration: '1s',
      window: { time: '10s', buckets: 10 },
    } as const
    const { breaker, clock } = setUp(options)
    for (let i = 0; i < 6; i++) {
      const call = pending(breaker)
      await clock.advance(i % 2 === 0 ? 1700 : 333)
      if (i % 3 === 0) call.reject()
      else call.resolve()
      await clock.settle()
    }
    const next = moved(breaker, options)
    const numbers = (from: CircuitBreaker) => {
      const { calls, failures, timedCalls, slowCalls } = from.snapshot()
      return { calls, failures, timedCalls, slowCalls }
    }
    expect(numbers(next.breaker)).toEqual({ calls: 6, failures: 2, timedCalls: 6, slowCalls: 3 })
    for (let i = 0; i < 25; i++) {
      await clock.advance(457)
      await next.clock.advance(457)
      expect(numbers(next.breaker)).toEqual(numbers(breaker))
    }
    expect(numbers(breaker)).toMatchObject({ calls: 0 })
  })

  it('does not share anything with the breaker', async () => {
    const { breaker } = setUp()
    const saved = breaker.snapshot()
    await times(breaker, 1, down)
    expect(saved).toMatchObject({ calls: 0, totals: { failure: 0 }, window: { outcomes: [0, 0, 0] } })
  })
})

describe('the hub', () => {
  it('lists it with its numbers and lets operators act', () => {
    const hub = new Hub()
    const breaker = circuitBreaker({ name: 'inventory', hub, clock: new HandClock(), recoveryTimeout: 1000 })
    const { actions, snapshot } = hub.component('circuit-breaker', 'inventory') as NonNullable<
      ReturnType<Hub['component']>
    >
    const { trip, reset, isolate, release } = actions as unknown as Record<
      string,
      (argument?: unknown) => unknown
    >
    expect(trip?.('2s')).toBe(true)
    expect(snapshot()).toMatchObject({ state: 'open', retryAfter: 2000, cause: { reason: 'trip' } })
    expect(snapshot()).not.toHaveProperty('window')
    expect(reset?.()).toBe(true)
    isolate?.('deploy')
    isolate?.('twice')
    expect(snapshot()).toMatchObject({ state: 'isolated', isolation: 'deploy' })
    release?.()
    release?.()
    expect(breaker.state).toBe('closed')
    isolate?.()
    expect(snapshot()).toMatchObject({ isolation: 'by an operator' })
  })
})

describe('I20: in pipelines', () => {
  it('a breaker in two pipelines is one breaker', async () => {
    const { breaker } = setUp({ failureThreshold: 2 })
    await pipeline(breaker).settle(down)
    await pipeline(breaker, pipeline()).settle(down)
    expect(breaker.state).toBe('open')
    expect((await pipeline(breaker).settle(ok)).status).toBe('rejected')
  })

  it('two breakers nest as functions do, in either order', async () => {
    for (const swapped of [false, true]) {
      const inner = setUp({ failureThreshold: 1 }).breaker
      const outer = setUp({ failureThreshold: 2 }).breaker
      const policy = swapped ? pipeline(inner, outer) : pipeline(outer, inner)
      await policy.settle(down)
      await policy.settle(down)
      expect(inner.snapshot().totals).toMatchObject({ failure: 1, rejected: 1 })
      // Outside, it sees the rejection of the other, which says nothing; inside, it sees no second call.
      expect(outer.snapshot().totals).toMatchObject({ failure: 1, neutral: swapped ? 0 : 1, rejected: 0 })
    }
  })
})
