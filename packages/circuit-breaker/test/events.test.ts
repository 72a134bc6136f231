/** What listeners hear, in which order, and what it costs when there are none. */
import { breakerPerKey, circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub, type HubEvent } from '@seaworthy/core'
import { describe, expect, it } from 'vitest'
import { down, HandClock, listen, ok, pending, setUp, times } from './breakers.ts'

describe('events', () => {
  it('tell the story of an outage with its numbers', async () => {
    const { breaker, clock } = setUp({
      name: 'inventory',
      hub: new Hub(),
      failureThreshold: 2,
      successThreshold: 1,
    })
    const events = listen(breaker)
    await times(breaker, 1, ok)
    await times(breaker, 2, down)
    await times(breaker, 1, ok)
    await clock.advance('5s')
    await times(breaker, 1, ok)
    const about = { name: 'inventory', key: undefined }
    const counts = { consecutiveFailures: 0, timedCalls: 0, slowCalls: 0 }
    const open = { ...about, state: 'open', epoch: 2 }
    const cause = {
      reason: 'failureThreshold',
      retryAfter: undefined,
      ...counts,
      consecutiveFailures: 2,
      calls: 3,
      failures: 2,
    }
    expect(events).toEqual([
      { type: 'success', ...about, state: 'closed', epoch: 1, ...counts, calls: 1, failures: 0 },
      {
        type: 'failure',
        ...about,
        state: 'closed',
        epoch: 1,
        ...counts,
        consecutiveFailures: 1,
        calls: 2,
        failures: 1,
        failureClass: 'transient',
      },
      {
        type: 'failure',
        ...open,
        ...counts,
        consecutiveFailures: 2,
        calls: 3,
        failures: 2,
        failureClass: 'transient',
      },
      { type: 'stateChange', ...open, from: 'closed', to: 'open', reason: 'failureThreshold' },
      { type: 'open', ...open, cause, openFor: 5000, openings: 1 },
      { type: 'rejected', ...open, retryAfter: 5000 },
      {
        type: 'stateChange',
        ...about,
        state: 'halfOpen',
        epoch: 3,
        from: 'open',
        to: 'halfOpen',
        reason: 'recoveryTimeout',
      },
      { type: 'halfOpen', ...about, state: 'halfOpen', epoch: 3, openFor: 5000, openings: 1 },
      { type: 'success', ...about, state: 'closed', epoch: 4, ...counts, calls: 1, failures: 0 },
      {
        type: 'stateChange',
        ...about,
        state: 'closed',
        epoch: 4,
        from: 'halfOpen',
        to: 'closed',
        reason: 'successThreshold',
      },
      { type: 'close', ...about, state: 'closed', epoch: 4, reason: 'successThreshold' },
    ])
  })

  it('never carry an error, its text, an argument or a result', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1, slowCallDuration: 10 })
    const events = listen(breaker)
    listen(breaker, ['call'])
    const secret = 'swordfish'
    await breaker.settle(() => secret)
    await breaker.settle(() => Promise.reject(new Error(secret)))
    await clock.advance('5s')
    await breaker.settle(() => Promise.reject(new Error(secret)))
    expect(events.length).toBeGreaterThan(5)
    expect(JSON.stringify(events)).not.toContain(secret)
  })

  it('tell why the state changed when somebody did it', async () => {
    const { breaker } = setUp()
    const events = listen(breaker, ['stateChange', 'open', 'close'])
    breaker.trip(1000)
    const saved = breaker.snapshot()
    breaker.trip(2000) // a new opening, not a new state
    breaker.reset()
    breaker.reset() // nothing to tell
    breaker.restore(saved)
    breaker.setMode('observe')
    const isolation = breaker.isolate('deploy')
    breaker.isolate('again')
    isolation.release()
    breaker.dispose()
    expect(events.map(({ type, to, reason, openFor }) => [type, to ?? openFor, reason])).toEqual([
      ['stateChange', 'open', 'trip'],
      ['open', 1000, undefined],
      ['open', 2000, undefined],
      ['stateChange', 'closed', 'reset'],
      ['close', undefined, 'reset'],
      ['stateChange', 'open', 'restore'],
      ['open', 1000, undefined],
      ['stateChange', 'closed', 'setMode'],
      ['close', undefined, 'setMode'],
      ['stateChange', 'isolated', 'isolate'],
      ['stateChange', 'disposed', 'dispose'],
    ])
  })

  it('count slow calls when they are noticed, each once', async () => {
    const { breaker, clock } = setUp({ slowCallDuration: '1s', slowCallRate: 1 })
    const events = listen(breaker, ['slow'])
    const calls = [pending(breaker), pending(breaker), pending(breaker)]
    await clock.advance('2s')
    await times(breaker, 1, ok)
    expect(events).toMatchObject([{ count: 3, slowCalls: 3, timedCalls: 3, state: 'closed' }])
    for (const call of calls) call.resolve()
    await clock.settle()
    expect(events).toHaveLength(1)
    expect(breaker.snapshot().totals).toMatchObject({ slow: 3, success: 4 })
  })

  it('time calls only for those who listen to them', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1 })
    await times(breaker, 1, ok)
    const calls: object[] = []
    const stop = breaker.on('call', (event) => calls.push(event))
    for (const end of ['resolve', 'reject'] as const) {
      const call = pending(breaker)
      await clock.advance(250)
      call[end]()
      await clock.settle()
    }
    stop()
    expect(calls).toMatchObject([
      { outcome: 'success', duration: 250, state: 'closed' },
      { outcome: 'failure', duration: 250, state: 'open' },
    ])
  })

  it('say would-open once for as long as the rule holds', async () => {
    const { breaker } = setUp({ mode: 'observe', failureThreshold: 2 })
    const events = listen(breaker, ['wouldOpen'])
    await times(breaker, 5, down)
    expect(events).toMatchObject([{ cause: { reason: 'failureThreshold', consecutiveFailures: 2 } }])
    await times(breaker, 1, ok)
    await times(breaker, 2, down)
    expect(events).toHaveLength(2)
  })

  it('I14: come in the order of the changes, though a listener changes the state again', async () => {
    const { breaker } = setUp({ failureThreshold: 1 })
    const seen: string[] = []
    breaker.on('failure', () => {
      seen.push('failure')
      breaker.reset()
      breaker.trip()
    })
    breaker.on('stateChange', ({ from, to }) => seen.push(`${from}-${to}`))
    breaker.on('open', ({ cause }) => seen.push(`open by ${cause.reason}`))
    breaker.on('close', () => seen.push('close'))
    await times(breaker, 1, down)
    expect(seen).toEqual([
      'failure',
      'closed-open',
      'open by failureThreshold',
      'open-closed',
      'close',
      'closed-open',
      'open by trip',
    ])
    expect(breaker.state).toBe('open')
  })

  it('I14: reach all circuits of a keyed breaker in one order, with their key', async () => {
    const breakers = breakerPerKey({ clock: new HandClock(), failureThreshold: 1 })
    const seen: string[] = []
    breakers.on('stateChange', ({ key, to }) => {
      if (key === 'a') breakers.circuit('b').trip()
      seen.push(`${key} ${to}`)
    })
    breakers.on('open', ({ key }) => seen.push(`${key} for good`))
    await breakers.settle(down, { key: 'a' })
    expect(seen).toEqual(['a open', 'a for good', 'b open', 'b for good'])
  })

  it('of a named breaker reach the hub, and those of a journey its recorder', async () => {
    const hub = new Hub()
    const journey: HubEvent[] = []
    hub.recordJourneys({ record: (id, event) => journey.push({ ...event, journey: id }) })
    const breaker = circuitBreaker({ name: 'inventory', hub, clock: new HandClock(), failureThreshold: 1 })
    await breaker.settle(ok)
    await breaker.settle(down, { journey: 'order 7' })
    await breaker.settle(ok, { journey: 'order 8' })
    expect(journey.map(({ journey: id, type }) => `${id} ${type}`)).toEqual([
      'order 7 failure',
      'order 7 call',
      'order 7 stateChange',
      'order 7 open',
      'order 8 rejected',
    ])
  })
})

describe('without listeners', () => {
  it('calls of a closed breaker read no clock', async () => {
    const clock = new HandClock()
    const breaker = circuitBreaker({ clock })
    clock.reads = 0
    await times(breaker, 200, ok)
    expect(clock.reads).toBe(0)
    await times(breaker, 1, down)
    await times(breaker, 200, ok)
    expect(clock.reads).toBeLessThanOrEqual(1)
  })

  it('nothing ever starts a timer, in any state', async () => {
    const clock = new HandClock() // throws when asked for one
    const breaker = circuitBreaker({
      clock,
      failureThreshold: 1,
      successThreshold: 1,
      slowCallDuration: '1s',
    })
    await times(breaker, 2, down)
    clock.move(60_000)
    await times(breaker, 2, ok)
    expect(breaker.state).toBe('closed')
  })

  it('a clock that goes back neither opens, closes nor lengthens anything (I8)', async () => {
    const clock = new HandClock(100_000)
    const breaker = circuitBreaker({ clock, failureThreshold: 1, successThreshold: 1, recoveryTimeout: 1000 })
    await times(breaker, 1, down)
    clock.move(600)
    expect(breaker.snapshot().retryAfter).toBe(400)
    clock.move(-3_600_000)
    expect(breaker.snapshot().retryAfter).toBe(400)
    clock.move(3_600_000 + 400)
    await times(breaker, 1, ok)
    expect(breaker.state).toBe('closed')
  })
})
