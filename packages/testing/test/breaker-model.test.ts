/** The model itself: what DESIGN says a breaker does, spelled out, so that machine and model cannot be wrong together. */
import { type BreakerModel, breakerDifferences, breakerModel } from '@seaworthy/testing/models'
import { describe, expect, test } from 'vitest'

/** Settles calls one after the other, all at the same time. */
function after(model: BreakerModel, outcomes: string, now = 0): BreakerModel {
  for (const letter of outcomes) {
    const { model: running, call } = model.call(now)
    if (call === undefined) throw new Error(`rejected while ${running.state}`)
    model = running.settle(
      call,
      letter === 's' ? 'success' : letter === 'f' ? 'failure' : 'neutral',
      now,
    ).model
  }
  return model
}

describe('a closed circuit', () => {
  test('opens at five failures in a row, by default', () => {
    expect(after(breakerModel(), 'ffff').state).toBe('closed')
    expect(after(breakerModel(), 'fffff').state).toBe('open')
    expect(after(breakerModel(), 'ffffsffff').state).toBe('closed')
    expect(after(breakerModel(), 'ffffnf').state).toBe('open')
  })

  test('I10: opens at half of ten calls, by default, and no sooner', () => {
    expect(after(breakerModel(), 'fsfsfsfsf').state).toBe('closed')
    expect(after(breakerModel(), 'sfsfsfsfsf').state).toBe('open')
    expect(after(breakerModel(), 'nsfsfsfsfs').state).toBe('closed')
  })

  test('is never opened by a success', () => {
    const model = after(breakerModel({ minimumRequests: 4, failureThreshold: Infinity }), 'fff')
    expect(after(model, 's').state).toBe('closed')
    expect(after(model, 'sf').state).toBe('open')
  })

  test('forgets the oldest call of a full window, and those whose bucket is too old', () => {
    const rules = { failureThreshold: Infinity, failureRate: 1, minimumRequests: 2 }
    expect(after(breakerModel({ ...rules, window: { calls: 3 } }), 'sfff').state).toBe('open')
    const timed = after(breakerModel({ ...rules, window: { time: 100, buckets: 4 } }), 's', 24)
    expect(after(timed, 'ff', 99).state).toBe('closed')
    expect(after(timed, 'ff', 100).state).toBe('open')
  })

  test('opens by slow calls that have not even ended', () => {
    const rules = { slowCallDuration: 50, slowCallRate: 0.8, minimumRequests: 2 }
    const waiting = breakerModel(rules).call(0).model.call(0).model
    expect(waiting.call(49).model.state).toBe('closed')
    const { model, call, retryAfter } = waiting.call(50)
    expect([model.state, call, retryAfter]).toEqual(['open', undefined, 5000])
    expect(model.view(50).opening?.cause).toMatchObject({
      reason: 'slowCallRate',
      timedCalls: 2,
      slowCalls: 2,
      calls: 0,
    })
  })
})

describe('an open circuit', () => {
  const open = breakerModel().trip(0)

  test('turns calls away until its time has passed, and says how long', () => {
    expect(open.call(1).retryAfter).toBe(4999)
    expect(open.call(4999)).toMatchObject({ call: undefined, retryAfter: 1 })
    expect(open.call(5000).model.state).toBe('halfOpen')
  })

  test('lasts longer each time it opens in a row, up to a limit', () => {
    let model = open
    let now = 0
    const lengths: number[] = []
    for (let i = 0; i < 6; i++) {
      lengths.push(model.view(now).retryAfter ?? 0)
      now += model.view(now).retryAfter ?? 0
      model = after(model, 'f', now)
    }
    expect(lengths).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000])
    expect(
      after(model, 'sss', now + 60_000)
        .trip(now + 60_000)
        .view(now).opening?.number,
    ).toBe(1)
  })

  test('counts the openings of an unstable circuit on when it is told to', () => {
    const reopened = after(breakerModel({ resetOn: 'stable' }).trip(0), 'sss', 5000)
    expect(reopened.trip(9999).view(0).opening?.number).toBe(2)
    expect(reopened.trip(10_000).view(0).opening?.number).toBe(1)
  })

  test('ignores what its calls of before say', () => {
    const { model, call } = breakerModel().call(0)
    expect(model.trip(1).settle(call as number, 'success', 2)).toMatchObject({ counted: false })
  })
})

describe('a half-open circuit', () => {
  const rules = { successThreshold: 2, halfOpen: { concurrency: 2, failures: 1, lease: 100 } }
  const halfOpen = breakerModel(rules).trip(0, 0)

  test('lets in as many at once as it may, and no more in all than can matter', () => {
    const two = halfOpen.call(0).model.call(0).model
    expect(two.call(0).call).toBeUndefined()
    // One succeeded, so one more success decides: with one under way only its failure makes room for another.
    const oneLeft = after(halfOpen, 'sf')
    expect(oneLeft.call(0).model.call(0).call).toBeUndefined()
  })

  test('verify 5 and 6: closes with enough successes, opens with too many failures', () => {
    expect(after(halfOpen, 'ss').state).toBe('closed')
    expect(after(halfOpen, 'sfs').state).toBe('closed')
    expect(after(halfOpen, 'ff').view(0).opening?.cause).toMatchObject({
      reason: 'trial',
      calls: 2,
      failures: 2,
    })
  })

  test('frees the place of a neutral trial and of one whose lease has run out', () => {
    expect(after(halfOpen, 'nnnnss').state).toBe('closed')
    const held = halfOpen.call(0).model.call(0).model
    expect(held.call(99).call).toBeUndefined()
    const { model, call } = held.call(100)
    expect(call).toBeDefined()
    expect(model.view(100).trials).toBe(1)
  })
})

describe('people', () => {
  test('isolate: nothing passes until the last handle is released, and nothing is remembered', () => {
    const isolated = after(breakerModel(), 'ffff').isolate(0).isolate(0)
    expect(isolated.call(1e9)).toMatchObject({ call: undefined, retryAfter: undefined })
    expect(isolated.trip(0).reset(0).state).toBe('isolated')
    const released = isolated.release(0).release(0)
    expect(released.view(0)).toMatchObject({ state: 'closed', consecutiveFailures: 0, handles: 0 })
    expect(released.release(0)).toBe(released)
  })

  test('dispose: for good', () => {
    const disposed = breakerModel().dispose(0)
    expect(disposed.reset(0).isolate(0).release(0).dispose(0)).toBe(disposed)
    expect(disposed.call(0).call).toBeUndefined()
  })

  test('reconfigure: counts stay, but a change of mode starts anew', () => {
    const failing = after(breakerModel(), 'fff')
    expect(after(failing.reconfigure({ failureThreshold: 4 }, 0), 'f').state).toBe('open')
    expect(failing.reconfigure({ mode: 'observe' }, 0).view(0)).toMatchObject({
      epoch: 2,
      consecutiveFailures: 0,
    })
    expect(after(failing.reconfigure({ mode: 'observe' }, 0), 'fffff').view(0)).toMatchObject({
      state: 'closed',
      wouldOpen: true,
    })
    expect(after(failing.reconfigure({ mode: 'disabled' }, 0), 'fffff').view(0)).toMatchObject({ calls: 0 })
  })
})

test('differences are told field by field', () => {
  const view = breakerModel().view(0)
  expect(breakerDifferences(view, view)).toEqual([])
  expect(breakerDifferences({ state: 'open', epoch: 1, calls: 2 }, view)).toEqual([
    "state: the breaker says 'open', the model 'closed'",
    'calls: the breaker says 2, the model 0',
  ])
})
