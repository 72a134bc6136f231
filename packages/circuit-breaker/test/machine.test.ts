/** The state machine by itself, state by state. */
import { circuitMachine } from '@seaworthy/circuit-breaker'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

type Rules = circuitMachine.Rules
type State = circuitMachine.State
type Input = circuitMachine.Input
type Output = circuitMachine.Output

const off = Number.POSITIVE_INFINITY

function rulesWith(rules: Partial<Rules> = {}): Rules {
  return {
    mode: 'enabled',
    failureThreshold: 3,
    failureRate: off,
    slowCallDuration: off,
    slowCallRate: 0.5,
    window: { calls: 10 },
    minimumRequests: 4,
    successThreshold: 2,
    halfOpen: { concurrency: 1, failures: 0, lease: 500 },
    resetOn: 'close',
    recovery: (opening) => 100 * 2 ** (opening - 1),
    ...rules,
  }
}

/** A machine with a memory for its state. */
function machine(rules: Partial<Rules> = {}) {
  let all = rulesWith(rules)
  let state: State = circuitMachine.initial(all, 0)
  const take = (input: Input, now: number): Output => {
    const step = circuitMachine.next(state, input, now, all)
    state = step.state
    if (input.type === 'reconfigure') all = input.rules
    return step.output
  }
  const call = (now: number): circuitMachine.Token | undefined => {
    const output = take({ type: 'call' }, now)
    return output.type === 'admitted' ? output.token : undefined
  }
  const admitted = (now: number): circuitMachine.Token => {
    const token = call(now)
    if (token === undefined) throw new Error(`turned away at ${now} by ${state.name}`)
    return token
  }
  const settle = (
    token: circuitMachine.Token,
    outcome: 'success' | 'failure' | 'neutral',
    now: number,
    retryAfter?: number,
  ): Output => take({ type: 'settle', token, outcome, retryAfter }, now)
  const run = (outcomes: string, now: number): void => {
    for (const outcome of outcomes) settle(admitted(now), outcome === 'x' ? 'failure' : 'success', now)
  }
  return { take, call, admitted, settle, run, state: () => state, rules: () => all }
}

describe('closed', () => {
  it('opens at the failure that makes the row long enough, and no sooner', () => {
    const { run, state } = machine()
    run('xx.xx', 0)
    expect(state().name).toBe('closed')
    run('x', 5)
    expect(state()).toMatchObject({
      name: 'open',
      epoch: 2,
      since: 5,
      openings: 1,
      openFor: 100,
      cause: { reason: 'failureThreshold', consecutiveFailures: 3 },
    })
  })

  it('I10: opens by the rate at exactly minimumRequests when everything fails, reached means exceeded', () => {
    const all = machine({ failureThreshold: off, failureRate: 1 })
    all.run('xxx', 0)
    expect(all.state().name).toBe('closed')
    all.run('x', 0)
    expect(all.state()).toMatchObject({
      name: 'open',
      cause: { reason: 'failureRate', calls: 4, failures: 4 },
    })

    const half = machine({ failureThreshold: off, failureRate: 0.5 })
    half.run('...x.x', 0)
    expect(half.state().name).toBe('closed')
    half.run('x', 0)
    expect(half.state().name).toBe('closed')
    half.run('x', 0)
    expect(half.state().name).toBe('open')
  })

  it('judges shares exactly, whatever their binary fractions', () => {
    for (const percent of [1, 7, 29, 57, 58, 70]) {
      const { run, state } = machine({
        failureThreshold: off,
        failureRate: percent / 100,
        minimumRequests: 100,
        window: { calls: 100 },
      })
      run(`${'.'.repeat(100 - percent)}${'x'.repeat(percent - 1)}`, 0)
      expect(state().name).toBe('closed')
      run('x', 0)
      expect(state().name).toBe('open')
    }
  })

  it('is not opened by a success that fills the window', () => {
    const { run, state } = machine({ failureThreshold: off, failureRate: 0.5 })
    run('xxx.', 0)
    expect(state().name).toBe('closed')
    run('x', 0)
    expect(state().name).toBe('open')
  })

  it('counts a call as slow when it crosses the line, still under way, and lets nobody else in', () => {
    const { admitted, call, state } = machine({ slowCallDuration: 50, minimumRequests: 2 })
    admitted(0)
    admitted(10)
    admitted(49)
    expect(state().name).toBe('closed')
    expect(call(60)).toBeUndefined()
    expect(state()).toMatchObject({
      name: 'open',
      cause: { reason: 'slowCallRate', timedCalls: 2, slowCalls: 2, calls: 0 },
    })
  })

  it('counts a slow call once, as slow when it was, and as a failure when it fails', () => {
    const { admitted, settle, state } = machine({
      slowCallDuration: 50,
      slowCallRate: 1,
      failureThreshold: off,
    })
    const slow = admitted(0)
    settle(admitted(0), 'success', 10)
    admitted(60)
    expect(state()).toMatchObject({ slow: { calls: 2, hits: 1 }, failures: { calls: 1, hits: 0 } })
    settle(slow, 'failure', 80)
    expect(state()).toMatchObject({ slow: { calls: 2, hits: 1 }, failures: { calls: 2, hits: 1 } })
  })

  it('counts what settles exactly at the line as slow', () => {
    const { admitted, settle, state } = machine({ slowCallDuration: 50, slowCallRate: 1 })
    settle(admitted(0), 'success', 50)
    settle(admitted(50), 'success', 99.9)
    expect(state()).toMatchObject({ slow: { calls: 2, hits: 1 } })
  })

  it('verify 12: is left by a neutral outcome as if the call had never been', () => {
    const { admitted, settle, run, state } = machine()
    run('x.x', 0)
    const before = structuredClone({ ...state(), failures: undefined })
    settle(admitted(1), 'neutral', 2)
    expect({ ...state(), failures: undefined }).toEqual(before)
    expect(state()).toMatchObject({ failures: { calls: 3, hits: 2 } })
    run('xx', 3)
    expect(state().name).toBe('open')
  })

  it('judges a neutral outcome that took too long as slow', () => {
    const { admitted, settle, state } = machine({ slowCallDuration: 50, minimumRequests: 1 })
    settle(admitted(0), 'neutral', 60)
    expect(state().name).toBe('open')
  })

  it('only notes that it would open in mode observe, until the rule no longer holds', () => {
    const { run, state } = machine({ mode: 'observe' })
    run('xxx', 0)
    expect(state()).toMatchObject({ name: 'closed', wouldOpen: { reason: 'failureThreshold' } })
    const first = (state() as circuitMachine.Closed).wouldOpen
    run('x', 0)
    expect((state() as circuitMachine.Closed).wouldOpen).toBe(first)
    run('.x', 0)
    expect((state() as circuitMachine.Closed).wouldOpen).toBeUndefined()
  })
})

describe('open', () => {
  it('turns calls away until the wait is over, to the millisecond', () => {
    const { run, take, call, state } = machine()
    run('xxx', 7)
    expect(take({ type: 'call' }, 7)).toEqual({ type: 'rejected', retryAfter: 100 })
    expect(take({ type: 'call' }, 106)).toEqual({ type: 'rejected', retryAfter: 1 })
    expect(call(107)).toMatchObject({ epoch: 3, startedAt: 107 })
    expect(state()).toMatchObject({ name: 'halfOpen', epoch: 3, since: 107 })
  })

  it('I6: is not made longer by outcomes of calls from before', () => {
    const { admitted, settle, run, state } = machine()
    const late = [admitted(0), admitted(0)]
    run('xxx', 0)
    const opened = state()
    for (const token of late) expect(settle(token, 'failure', 50)).toEqual({ type: 'stale' })
    expect(state()).toBe(opened)
  })

  it('lasts as long as the rules say for its number and cause', () => {
    const asked: unknown[] = []
    const { run, admitted, settle } = machine({
      recovery: (opening, { reason, retryAfter }) => {
        asked.push([opening, reason, retryAfter])
        return 10
      },
    })
    run('xx', 0)
    settle(admitted(0), 'failure', 0, 77)
    settle(admitted(10), 'failure', 10)
    expect(asked).toEqual([
      [1, 'failureThreshold', 77],
      [2, 'trial', undefined],
    ])
  })
})

describe('half-open', () => {
  const openedAt0 = (rules: Partial<Rules> = {}) => {
    const all = machine({ halfOpen: { concurrency: 2, failures: 1, lease: 500 }, ...rules })
    all.run('xxx', 0)
    return all
  }

  it('I3: lets in as many trials as it needs, so many at once', () => {
    const { admitted, call, settle } = openedAt0()
    const first = admitted(100)
    const second = admitted(100)
    expect(call(100)).toBeUndefined()
    settle(first, 'success', 110)
    const third = admitted(110)
    expect(call(110)).toBeUndefined()
    settle(second, 'failure', 120)
    expect(call(120)).toBeUndefined() // two decided, one held: all three that can be needed
    expect(settle(third, 'success', 130)).toEqual({ type: 'settled' })
  })

  it('closes as soon as enough trials succeeded, with nothing remembered', () => {
    const { admitted, settle, state } = openedAt0()
    const [first, second] = [admitted(100), admitted(100)]
    settle(first, 'success', 101)
    expect(state().name).toBe('halfOpen')
    settle(second, 'success', 102)
    expect(state()).toMatchObject({
      name: 'closed',
      epoch: 4,
      openings: 0,
      consecutiveFailures: 0,
      failures: { calls: 0, hits: 0 },
    })
  })

  it('opens as soon as one more failed than may, and other trials count no more', () => {
    const { admitted, settle, state } = openedAt0()
    const [first, second] = [admitted(100), admitted(100)]
    settle(first, 'failure', 101)
    expect(state().name).toBe('halfOpen')
    const third = admitted(101)
    settle(second, 'failure', 102)
    expect(state()).toMatchObject({
      name: 'open',
      openings: 2,
      openFor: 200,
      cause: { reason: 'trial', calls: 2, failures: 2 },
    })
    expect(settle(third, 'success', 103)).toEqual({ type: 'stale' })
  })

  it('frees the place of a neutral trial and decides nothing', () => {
    const { admitted, settle, call, state } = openedAt0({
      halfOpen: { concurrency: 1, failures: 0, lease: 500 },
    })
    settle(admitted(100), 'neutral', 110)
    expect(state()).toMatchObject({ name: 'halfOpen', successes: 0, failures: 0 })
    expect(call(110)).toBeDefined()
  })

  it('I7: frees the place of a lost trial when its lease is over; its outcome counts no more', () => {
    const { admitted, call, settle, state } = openedAt0({
      halfOpen: { concurrency: 1, failures: 0, lease: 500 },
    })
    const lost = admitted(100)
    expect(call(599)).toBeUndefined()
    const next = admitted(600)
    expect(settle(lost, 'failure', 601)).toEqual({ type: 'stale' })
    expect(state()).toMatchObject({ name: 'halfOpen', failures: 0 })
    expect(settle(next, 'success', 602)).toEqual({ type: 'settled' })
  })

  it('takes the outcome of a trial after its lease while nobody has its place', () => {
    const { admitted, settle, state } = openedAt0({ successThreshold: 1 })
    settle(admitted(100), 'success', 10_000)
    expect(state().name).toBe('closed')
  })

  it('counts a slow trial as failed, also one still under way', () => {
    const { admitted, call, settle, state } = openedAt0({
      slowCallDuration: 50,
      halfOpen: { concurrency: 1, failures: 0, lease: 500 },
    })
    const slow = admitted(100)
    expect(call(149)).toBeUndefined()
    expect(state().name).toBe('halfOpen')
    expect(call(150)).toBeUndefined()
    expect(state()).toMatchObject({ name: 'open', openings: 2, cause: { reason: 'trial' } })
    expect(settle(slow, 'success', 160)).toEqual({ type: 'stale' })
  })

  it('counts a trial as failed that succeeds too slowly', () => {
    const { admitted, settle, state } = openedAt0({
      slowCallDuration: 50,
      halfOpen: { concurrency: 1, failures: 0, lease: 500 },
    })
    settle(admitted(100), 'success', 150)
    expect(state().name).toBe('open')
  })

  it('I18: never gets stuck by rules that ask for less than it has', () => {
    const { admitted, settle, take, rules, call, state } = openedAt0({ successThreshold: 3 })
    settle(admitted(100), 'success', 100)
    settle(admitted(100), 'success', 100)
    take({ type: 'reconfigure', rules: { ...rules(), successThreshold: 1 } }, 100)
    expect(call(100)).toBeDefined()
    expect(state().name).toBe('closed')
  })
})

describe('the growth of waits', () => {
  const openings = (resetOn: 'close' | 'stable', closedFor: number): number => {
    const { run, admitted, settle, state } = machine({ resetOn, successThreshold: 1 })
    run('xxx', 0)
    settle(admitted(100), 'failure', 100)
    settle(admitted(300), 'success', 300)
    run('xxx', 300 + closedFor)
    return (state() as circuitMachine.Open).openings
  }

  it('verify 13: starts over when it closes', () => {
    expect(openings('close', 0)).toBe(1)
  })

  it('starts over when it has been closed for as long as it was open, if asked to', () => {
    expect(openings('stable', 0)).toBe(3)
    expect(openings('stable', 199)).toBe(3)
    expect(openings('stable', 200)).toBe(1)
  })
})

describe('by hand', () => {
  it('trips for a time or for as long as its next opening', () => {
    const { take, state } = machine()
    take({ type: 'trip' }, 0)
    expect(state()).toMatchObject({ name: 'open', openFor: 100, cause: { reason: 'trip' } })
    take({ type: 'trip', openFor: 5 }, 1)
    expect(state()).toMatchObject({ name: 'open', epoch: 3, since: 1, openFor: 5, openings: 2 })
  })

  it.each(['disabled', 'observe'] as const)('does not trip in mode %s', (mode) => {
    const { take, state } = machine({ mode })
    take({ type: 'trip' }, 0)
    expect(state().name).toBe('closed')
  })

  it('isolates until the last handle is released, then closes with nothing remembered', () => {
    const { run, take, call, state } = machine()
    run('xx', 0)
    take({ type: 'isolate', reason: 'deploy' }, 1)
    take({ type: 'isolate', reason: 'other' }, 2)
    expect(state()).toMatchObject({ name: 'isolated', reason: 'deploy', handles: 2, epoch: 2 })
    for (const type of ['trip', 'reset'] as const) take({ type }, 3)
    expect(call(1e9)).toBeUndefined()
    take({ type: 'release' }, 4)
    expect(state().name).toBe('isolated')
    take({ type: 'release' }, 5)
    expect(state()).toMatchObject({ name: 'closed', epoch: 3, consecutiveFailures: 0, openings: 0 })
    const closed = state()
    take({ type: 'release' }, 6)
    expect(state()).toBe(closed)
  })

  it('is disposed for good', () => {
    const { take, call, state } = machine()
    take({ type: 'dispose' }, 0)
    const disposed = state()
    for (const type of ['trip', 'reset', 'release', 'dispose'] as const) take({ type }, 1)
    take({ type: 'isolate', reason: '' }, 1)
    expect(call(1e9)).toBeUndefined()
    expect(state()).toBe(disposed)
  })

  it('lets everything pass uncounted in mode disabled', () => {
    const { run, admitted, settle, state } = machine({ mode: 'disabled' })
    const fresh = structuredClone({ ...state(), failures: undefined })
    expect(admitted(0)).toBe(0)
    expect(settle(0, 'failure', 1)).toEqual({ type: 'stale' })
    run('xxxxxxxxxx', 1)
    expect({ ...state(), failures: undefined }).toEqual(fresh)
  })
})

describe('all of it', () => {
  const inputs = fc.array(
    fc.record({
      what: fc.constantFrom('call', 'call', 'call', 'ok', 'ok', 'fail', 'fail', 'fail', 'neutral', 'hand'),
      hand: fc.constantFrom<Input>(
        { type: 'trip' },
        { type: 'reset' },
        { type: 'isolate', reason: '' },
        { type: 'isolate', reason: '' },
        { type: 'release' },
        { type: 'release' },
        { type: 'release' },
      ),
      which: fc.nat(5),
      by: fc.constantFrom(0, 0, 1, 49, 50, 99, 100, 101, 500, 5000),
    }),
    { minLength: 60, maxLength: 120 },
  )

  const legal = new Set([
    'closed>open',
    'open>halfOpen',
    'open>open',
    'halfOpen>closed',
    'halfOpen>open',
    'open>closed',
    'closed>closed',
    'closed>isolated',
    'open>isolated',
    'halfOpen>isolated',
    'isolated>closed',
  ])

  it('I4, I5, verify 10: takes all legal transitions and no other, each with the next epoch', () => {
    const taken = new Set<string>()
    fc.assert(
      fc.property(inputs, (steps) => {
        const rules = rulesWith({ slowCallDuration: 50, failureRate: 0.5, failureThreshold: 2 })
        let state: State = circuitMachine.initial(rules, 0)
        let now = 0
        const tokens: circuitMachine.Token[] = []
        for (const { what, hand, which, by } of steps) {
          now += by
          let input: Input = { type: 'call' }
          if (what === 'hand') input = hand
          else if (what !== 'call') {
            const [token] = tokens.splice(which % (tokens.length || 1), 1)
            if (token === undefined) continue
            const outcome = what === 'ok' ? 'success' : what === 'fail' ? 'failure' : 'neutral'
            input = { type: 'settle', token, outcome }
          }
          const before = state
          const frozen = circuitMachine.key(state, now, rules)
          const { state: after, output } = circuitMachine.next(state, input, now, rules)
          if (output.type === 'admitted') tokens.push(output.token)
          if (output.type === 'stale') expect(circuitMachine.key(after, now, rules)).toBe(frozen)
          state = after
          if (after === before) continue
          taken.add(`${before.name}>${after.name}`)
          // An arrival may notice that trials were slow, or be the first trial: one change for one input.
          expect(after.epoch).toBe(before.epoch + 1)
        }
      }),
      { numRuns: 500 },
    )
    expect(new Set([...taken].filter((each) => !legal.has(each)))).toEqual(new Set())
    expect([...legal].filter((each) => !taken.has(each))).toEqual([])
  })

  it('I11: never opens sooner when a failure of its history was a success', () => {
    const opensAfter = (outcomes: readonly boolean[], rules: Partial<Rules>): number => {
      const { run, state } = machine(rules)
      for (const [index, failed] of outcomes.entries()) {
        run(failed ? 'x' : '.', index)
        if (state().name === 'open') return index
      }
      return off
    }
    let opened = 0
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
        fc.nat(),
        fc.constantFrom<Partial<Rules>>(
          { failureThreshold: 4 },
          { failureThreshold: off, failureRate: 0.5 },
          { failureThreshold: 6, failureRate: 0.6, window: { time: 10, buckets: 5 } },
        ),
        (outcomes, place, rules) => {
          const index = place % outcomes.length
          const better = outcomes.map((failed, i) => (i === index ? false : failed))
          const before = opensAfter(outcomes, rules)
          if (before < off) opened++
          expect(opensAfter(better, rules)).toBeGreaterThanOrEqual(before)
        },
      ),
      { numRuns: 1000 },
    )
    expect(opened).toBeGreaterThan(100)
  })

  it('has a clone that shares nothing that moves, and equal keys for equal futures', () => {
    const { run, admitted, state, rules } = machine({ slowCallDuration: 50 })
    run('x.x', 0)
    const token = admitted(10)
    const copy = circuitMachine.clone(state(), 20, rules())
    expect(circuitMachine.key(copy, 20, rules())).toBe(circuitMachine.key(state(), 20, rules()))
    const { state: after } = circuitMachine.next(
      copy,
      { type: 'settle', token, outcome: 'failure' },
      30,
      rules(),
    )
    expect(circuitMachine.key(after, 30, rules())).not.toBe(circuitMachine.key(state(), 30, rules()))
    expect(state()).toMatchObject({ failures: { calls: 3 }, underway: new Set([token]) })
    const names = new Set<string>()
    for (const input of [{ type: 'trip' }, { type: 'isolate', reason: '' }, { type: 'dispose' }] as const) {
      const { state: other } = circuitMachine.next(copy, input, 30, rules())
      expect(circuitMachine.key(circuitMachine.clone(other, 31, rules()), 31, rules())).toBe(
        circuitMachine.key(other, 31, rules()),
      )
      names.add(other.name)
    }
    expect(names).toEqual(new Set(['open', 'isolated', 'disposed']))
  })
})
