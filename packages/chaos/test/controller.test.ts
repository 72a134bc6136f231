import { Hub } from '@seaworthy/core'
import { abortListeners, expectNoLeaks, VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import {
  type AppliedFault,
  type ChaosControllerOptions,
  type ChaosRefusedError,
  type ChaosTarget,
  callTarget,
  chaosController,
  extensionScenarios,
  intensities,
  memoryLease,
  processTarget,
  scenarioIds,
  scenarios,
} from '../src/index.ts'
import { outcome, stage } from './helpers.ts'

const outage = { scenario: 'provider_outage', on: 'api', for: '10s' } as const

async function refusal(options: Partial<ChaosControllerOptions>, request = {}): Promise<[string, number]> {
  const { chaos, events } = stage(options)
  const { error } = (await outcome(() => chaos.inject({ ...outage, ...request }))) as {
    error: ChaosRefusedError
  }
  expect(error.code).toBe('ERR_CHAOS_REFUSED')
  expect(events.at(-1)).toMatchObject({
    type: 'refused',
    payload: { reason: error.reason, gate: error.gate },
  })
  expect(chaos.debugStats()).toMatchObject({ active: 0, faults: 0, timers: 0 })
  expect(chaos.injection(error.injection)?.status().phase).toBe('refused')
  return [error.reason, error.gate]
}

describe('gates', () => {
  it('1: nothing after the kill switch', async () => {
    const { chaos } = stage()
    chaos.kill()
    await expect(chaos.inject(outage)).rejects.toMatchObject({ reason: 'killSwitch', gate: 1 })
    chaos.reset()
    expect((await chaos.inject(outage)).status().phase).toBe('active')
  })

  it('2: disarmed by default; armed only where it is allowed; what cannot be judged says no', async () => {
    const clock = new VirtualClock()
    const chaos = chaosController({ targets: [callTarget('api')], hub: new Hub(), clock })
    expect(chaos.armed).toBe(false)
    await expect(chaos.inject(outage)).rejects.toMatchObject({ reason: 'disarmed', gate: 2 })
    expect(await refusal({ armed: true, environments: ['staging'], environment: 'production' })).toEqual([
      'disarmed',
      2,
    ])
    expect(await refusal({ armed: true, environments: ['staging'] })).toEqual(['disarmed', 2])
    const throws = (): boolean => {
      throw new Error('no idea')
    }
    expect(await refusal({ armed: throws })).toEqual(['disarmed', 2])
    const { chaos: allowed } = stage({ environments: ['staging'], environment: 'staging' })
    expect((await allowed.inject(outage)).status().phase).toBe('active')
  })

  it('3: a dry run tells what it would do, and does nothing', async () => {
    const { chaos, events, target } = stage({ dryRun: true })
    await expect(chaos.inject(outage)).rejects.toMatchObject({ reason: 'dryRun', gate: 3 })
    expect(events.map(({ type }) => type)).toEqual(['planned', 'wouldInject', 'refused'])
    expect(events[1]?.payload).toMatchObject({
      scenario: 'provider_outage',
      targets: ['api'],
      duration: 10_000,
    })
    expect(await target.wrap(() => 1)()).toBe(1)
  })

  it('4: only targets that the controller was given', async () => {
    expect(await refusal({}, { on: 'database' })).toEqual(['notOptedIn', 4])
  })

  it('5: not while the service is unwell, or nobody can say, or nobody says', async () => {
    expect(await refusal({ steadyState: () => false })).toEqual(['notSteady', 5])
    expect(await refusal({ steadyState: () => Promise.reject(new Error('down')) })).toEqual(['notSteady', 5])
    const { chaos, clock } = stage({ steadyState: () => new Promise(() => {}) })
    const request = outcome(() => chaos.inject(outage))
    await clock.advance('30s')
    expect(await request).toMatchObject({ error: { reason: 'notSteady' } })
    expect(clock.pendingTimers).toBe(0)
  })

  it('6: verify 59: never more than maxConcurrentChaos', async () => {
    const targets = ['a', 'b', 'c', 'd'].map((id) => callTarget(id))
    const { chaos } = stage({ targets })
    for (const on of ['a', 'b', 'c']) await chaos.inject({ ...outage, on })
    await expect(chaos.inject({ ...outage, on: 'd' })).rejects.toMatchObject({
      reason: 'maxConcurrentChaos',
      gate: 6,
    })
    expect(chaos.debugStats()['active']).toBe(3)
  })

  it('7: no second fault of a kind on a target, while another kind may join it', async () => {
    const { chaos } = stage()
    await chaos.inject(outage)
    await expect(chaos.inject(outage)).rejects.toMatchObject({ reason: 'overlap', gate: 7 })
    const slow = await chaos.inject({ scenario: 'latency_spike', on: 'api', for: '1s' })
    expect(slow.status().phase).toBe('active')
  })

  it('8: a gap between injections', async () => {
    const { chaos, clock } = stage({ minGap: '1s' })
    const first = await chaos.inject(outage)
    await first.recover()
    await clock.advance(999)
    await expect(chaos.inject(outage)).rejects.toMatchObject({ reason: 'minGap', gate: 8 })
    await clock.advance(1)
    expect((await chaos.inject(outage)).status().phase).toBe('active')
  })

  it('9: not beyond the blast radius', async () => {
    const targets = ['a', 'b'].map((id) => callTarget(id))
    expect(await refusal({ targets, blastRadius: { maxTargets: 1 } }, { on: ['a', 'b'] })).toEqual([
      'blastRadius',
      9,
    ])
    const budget = { measure: () => 5, limit: 1 }
    expect(await refusal({ blastRadius: { errorBudget: budget } })).toEqual(['blastRadius', 9])
    const broken = { measure: () => Promise.reject(new Error('no metrics')), limit: 1 }
    expect(await refusal({ blastRadius: { errorBudget: broken } })).toEqual(['blastRadius', 9])
    const silent = { measure: () => Number.NaN, limit: 1 }
    expect(await refusal({ blastRadius: { errorBudget: silent } })).toEqual(['blastRadius', 9])
  })

  it('10: not without a duration, and not for longer than maxDuration', async () => {
    expect(await refusal({}, { for: undefined })).toEqual(['duration', 10])
    expect(await refusal({}, { for: '11m' })).toEqual(['duration', 10])
    expect(await refusal({ maxDuration: '5s' }, { for: '6s' })).toEqual(['duration', 10])
  })

  it('11: not before it is recorded, and not if that fails', async () => {
    expect(await refusal({ record: () => Promise.reject(new Error('disk full')) })).toEqual([
      'notRecorded',
      11,
    ])
    const order: string[] = []
    const { chaos, target } = stage({
      record: async ({ scenario }) => {
        order.push(`recorded ${scenario}`, await target.wrap(() => 'a call still passes')())
      },
    })
    chaos.on('injected', () => order.push('injected'))
    await chaos.inject(outage)
    expect(order).toEqual(['recorded provider_outage', 'a call still passes', 'injected'])
  })

  it('12: a fault that cannot be put in place takes those before it back', async () => {
    const good = callTarget('good')
    const bad: ChaosTarget = {
      id: 'bad',
      supports: ['error'],
      apply: () => {
        throw new Error('no way')
      },
    }
    const { chaos, events } = stage({ targets: [good, bad] })
    const request = chaos.inject({ ...outage, on: ['good', 'bad'] })
    await expect(request).rejects.toMatchObject({
      reason: 'notApplied',
      gate: 12,
      cause: new Error('no way'),
    })
    expect(await good.wrap(() => 1)()).toBe(1)
    expect(chaos.debugStats()).toMatchObject({ active: 0, faults: 0, timers: 0 })
    expect(events.map(({ type }) => type)).toEqual([
      'planned',
      'injecting',
      'recovering',
      'removed',
      'recovered',
    ])
  })

  it('are passed again when what they looked at has changed meanwhile', async () => {
    let release = (_: boolean): void => {}
    const { chaos, clock } = stage({
      steadyState: () => new Promise<boolean>((resolve) => (release = resolve)),
    })
    const request = outcome(() => chaos.inject(outage))
    await clock.settle()
    chaos.kill()
    release(true)
    expect(await request).toMatchObject({ error: { reason: 'killSwitch' } })
  })

  it('let one in, of two that ask for the last place at the same time', async () => {
    const targets = ['a', 'b'].map((id) => callTarget(id))
    const { chaos } = stage({ targets, maxConcurrentChaos: 1, steadyState: () => Promise.resolve(true) })
    const both = await Promise.allSettled([
      chaos.inject({ ...outage, on: 'a' }),
      chaos.inject({ ...outage, on: 'b' }),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})

describe('requests', () => {
  it('that make no sense are no refusals: the message names the field and the nearest name', async () => {
    const { chaos } = stage()
    await expect(chaos.inject({ ...outage, scenario: 'provider_outrage' })).rejects.toThrow(
      'did you mean "provider_outage"?',
    )
    await expect(chaos.inject({ on: 'api', for: '1s' })).rejects.toThrow('either a scenario or a fault')
    await expect(chaos.inject({ fault: { kind: 'kill' }, on: 'api', for: '1s' })).rejects.toThrow(
      'supports one of: kill',
    )
    await expect(chaos.inject({ fault: { kind: 'error', rate: 2 }, on: 'api', for: '1s' })).rejects.toThrow(
      'fault.rate must be a number from 0 to 1; got 2',
    )
    expect(chaos.snapshot().counters.planned).toBe(0)
  })

  it('pick targets by the seed: one, some, a percentage', async () => {
    const targets = Array.from({ length: 10 }, (_, index) => callTarget(`t${index}`))
    const chosen = async (pick: never, seed = 1): Promise<readonly string[]> => {
      const { chaos } = stage({ targets, seed })
      return (await chaos.inject({ ...outage, on: { pick } })).status().targets
    }
    expect(await chosen('one' as never)).toHaveLength(1)
    expect(await chosen('all' as never)).toHaveLength(10)
    expect(await chosen({ count: 3 } as never)).toHaveLength(3)
    expect(await chosen({ percent: 25 } as never)).toHaveLength(3)
    expect((await chosen({ atMostPercent: 50 } as never)).length).toBeLessThanOrEqual(5)
    expect(new Set(await chosen({ count: 10 } as never)).size).toBe(10)
    expect(await chosen({ count: 3 } as never)).toEqual(await chosen({ count: 3 } as never))
    expect(await chosen({ count: 3 } as never, 2)).not.toEqual(await chosen({ count: 3 } as never))
  })
})

describe('the life of an injection', () => {
  it('takes effect before inject() resolves: the next call is hit', async () => {
    const { chaos, target } = stage()
    await chaos.inject(outage)
    await expect(target.wrap(() => 1)()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('ends by itself when its time is up, and not before', async () => {
    const { chaos, target, clock } = stage()
    const injection = await chaos.inject(outage)
    const call = target.wrap(() => 'well')
    await clock.advance(9999)
    await expect(call()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await clock.advance(1)
    expect(await call()).toBe('well')
    expect(await injection.settled).toMatchObject({
      phase: 'recovered',
      affected: 1,
      decided: 1,
      startedAt: 0,
      endsAt: 10_000,
    })
    expect(clock.pendingTimers).toBe(0)
  })

  it('without autoRecovery goes on until maxDuration, and says that it is overdue', async () => {
    const { chaos, clock, events } = stage({ autoRecovery: false, maxDuration: '1m' })
    const injection = await chaos.inject(outage)
    await clock.advance('10s')
    expect(events.at(-1)?.type).toBe('overdue')
    await clock.advance(49_999)
    expect(injection.status().phase).toBe('active')
    await clock.advance(1)
    expect(injection.status().phase).toBe('recovered')
  })

  it('ends by and by where that was asked for', async () => {
    const { chaos, target, clock } = stage()
    const injection = await chaos.inject({
      ...outage,
      recovery: { pattern: 'gradual', steps: 4, over: '4s' },
    })
    const share = async (): Promise<number> => {
      const calls = Array.from(
        { length: 1000 },
        target.wrap(() => 1),
      )
      const results = await Promise.allSettled(calls)
      return results.filter(({ status }) => status === 'rejected').length / 1000
    }
    expect(await share()).toBe(1)
    const seen: number[] = []
    await clock.advance('10s')
    for (let second = 0; second < 5; second++) {
      seen.push(await share())
      await clock.advance('1s')
    }
    expect(seen[0]).toBeCloseTo(0.75, 1)
    expect(seen[1]).toBeCloseTo(0.5, 1)
    expect(seen[2]).toBeCloseTo(0.25, 1)
    expect(seen.slice(3)).toEqual([0, 0])
    expect(injection.status().phase).toBe('recovered')
    expect(clock.pendingTimers).toBe(0)
  })

  it('ends in part for a time, and at once if it is stopped meanwhile', async () => {
    const { chaos, target, clock, events } = stage()
    const recovery = { pattern: 'partial', remaining: 0.5, over: '10s' } as const
    const injection = await chaos.inject({ ...outage, recovery })
    await clock.advance('10s')
    expect(injection.status().phase).toBe('recovering')
    expect(chaos.debugStats()).toMatchObject({ active: 1, faults: 1 })
    const call = target.wrap(() => 1)
    const results = await Promise.allSettled(Array.from({ length: 400 }, () => call()))
    expect(results.filter(({ status }) => status === 'rejected').length / 400).toBeCloseTo(0.5, 1)
    await injection.recover()
    expect(await call()).toBe(1)
    expect(events.filter(({ type }) => type === 'recovering')).toHaveLength(1)
    expect(clock.pendingTimers).toBe(0)
  })

  it('cannot end by and by on a target that does not decide call by call', async () => {
    const worker = processTarget('worker', { kill: () => {}, restart: () => {} })
    const { chaos } = stage({ targets: [worker] })
    const request = { ...outage, on: 'worker', recovery: { pattern: 'gradual' } } as const
    await expect(chaos.inject(request)).rejects.toThrow("recovery must be immediate for 'worker'")
  })

  it('is recovered when the service has been well for three probes and 5 s', async () => {
    let well = true
    const { chaos, clock, events } = stage({ steadyState: () => well })
    const injection = await chaos.inject(outage)
    well = false
    await clock.advance('10s')
    expect(injection.status().phase).toBe('recovering')
    expect(chaos.debugStats()).toMatchObject({ active: 0, faults: 0, tracking: 1 })
    await clock.advance('6500ms')
    well = true
    await clock.advance('5s')
    expect(injection.status().phase).toBe('recovering')
    await clock.advance('1s')
    expect(await injection.settled).toMatchObject({
      phase: 'recovered',
      outcome: 'recovered',
      recoveryTook: 7000,
    })
    expect(events.at(-1)).toMatchObject({ type: 'recovered', payload: { took: 7000 } })
  })

  it('is not recovered when no good time begins within 30 s, and one bad probe starts the count again', async () => {
    let asked = 0
    const flapping = (): boolean => ++asked % 3 !== 0
    const { chaos, clock } = stage({ recovery: { check: flapping } })
    const injection = await chaos.inject(outage)
    await clock.advance('45s')
    expect(await injection.settled).toMatchObject({ phase: 'recoverFailed', outcome: 'notRecovered' })
    expect(chaos.snapshot().counters).toMatchObject({ recoverFailed: 1, recovered: 0 })
    expect(clock.pendingTimers).toBe(0)
  })

  it('tells its story in numbered events without gaps', async () => {
    const { chaos, target, clock, events } = stage({ sampling: 1 })
    const injection = await chaos.inject({ fault: { kind: 'hang' }, on: 'api', for: '10s' })
    const call = target.wrap(() => 1)()
    await clock.advance('10s')
    await call
    await injection.settled
    expect(events.map(({ type }) => type)).toEqual([
      'planned',
      'injecting',
      'injected',
      'affectedCall',
      'recovering',
      'removed',
      'recovered',
      'effectEnded',
    ])
    const numbers = events.map(({ payload }) => (payload as { sequence: number }).sequence)
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    expect(events[2]?.payload).toMatchObject({
      injection: injection.id,
      scenario: 'hang',
      targets: ['api'],
      faults: ['hang'],
      at: 0,
    })
  })

  it('counts exactly, although it tells only some', async () => {
    const { chaos, target, events } = stage({ sampling: 10 })
    const injection = await chaos.inject({ fault: { kind: 'error', rate: 0.5 }, on: 'api', for: '10s' })
    let failed = 0
    for (let call = 0; call < 500; call++)
      await target
        .wrap(() => 1)()
        .catch(() => failed++)
    expect(injection.status()).toMatchObject({ decided: 500, affected: failed })
    expect(failed).toBeGreaterThan(200)
    expect(events.filter(({ type }) => type === 'affectedCall')).toHaveLength(Math.ceil(failed / 10))
  })

  it('is remembered after its end, up to a hundred of them, and the counts for ever', async () => {
    const { chaos, target } = stage()
    const first = await chaos.inject(outage)
    await target
      .wrap(() => 1)()
      .catch(() => {})
    await first.recover()
    for (let turn = 0; turn < 120; turn++) await (await chaos.inject(outage)).recover()
    expect(chaos.snapshot().injections).toHaveLength(100)
    expect(chaos.injection(first.id)).toBeUndefined()
    expect(first.status()).toMatchObject({ phase: 'recovered', affected: 1 })
    expect(chaos.snapshot().counters).toMatchObject({
      planned: 121,
      injected: 121,
      recovered: 121,
      affected: 1,
    })
  })
})

describe('a target that cannot be mended', () => {
  function stubborn(): { target: ChaosTarget; mend: () => void; tries: () => number } {
    let broken = true
    let tries = 0
    const recover = (): void => {
      tries++
      if (broken) throw new Error('no')
    }
    const target: ChaosTarget = { id: 'api', supports: ['refuse'], apply: (): AppliedFault => ({ recover }) }
    return { target, mend: () => (broken = false), tries: () => tries }
  }

  it('verify 58: is tried again at every reconcile(), and counts as in place until it is', async () => {
    const { target, mend, tries } = stubborn()
    const { chaos, clock } = stage({ targets: [target] })
    const injection = await chaos.inject(outage)
    await clock.advance('10s')
    expect(await injection.settled).toMatchObject({ phase: 'recoverFailed', outcome: 'cleanupFailed' })
    expect(chaos.debugStats()).toMatchObject({ active: 1, faults: 1 })
    await expect(chaos.inject(outage)).rejects.toMatchObject({ reason: 'overlap' })
    chaos.reconcile()
    chaos.kill()
    expect(() => chaos.reset()).toThrow('still in place')
    mend()
    chaos.reconcile()
    chaos.reconcile()
    expect(tries()).toBe(4)
    expect(chaos.debugStats()).toMatchObject({ active: 0, faults: 0 })
    chaos.reset()
    expect(chaos.killed).toBe(false)
  })

  it('does not keep the others from being mended', async () => {
    const { target } = stubborn()
    const other = callTarget('other')
    const { chaos } = stage({ targets: [target, other] })
    await chaos.inject({ ...outage, on: 'other' })
    await chaos.inject(outage)
    chaos.kill()
    expect(await other.wrap(() => 1)()).toBe(1)
  })
})

describe('the kill switch', () => {
  it('verify 62: takes everything away before it returns, in reverse order, and lets go of calls within one macrotask', async () => {
    const order: string[] = []
    const spy = (id: string): ChaosTarget => ({
      id,
      supports: ['refuse'],
      apply: () => ({ recover: () => void order.push(id) }),
    })
    const api = callTarget('api')
    const { chaos } = stage({ targets: [spy('a'), spy('b'), api] })
    await chaos.inject({ ...outage, on: 'a' })
    await chaos.inject({ ...outage, on: 'b' })
    await chaos.inject({ fault: { kind: 'hang' }, on: 'api', for: '1m' })
    const calls = Array.from({ length: 100 }, () => api.wrap(async () => 'through')())
    let released = 0
    for (const call of calls) void call.then(() => released++)
    chaos.kill()
    expect(order).toEqual(['b', 'a'])
    expect(chaos.debugStats()).toMatchObject({ active: 0, faults: 0, timers: 0 })
    expect(await api.wrap(() => 'inert')()).toBe('inert')
    await new Promise((resolve) => setImmediate(resolve))
    expect(released).toBe(100)
  })

  it('may be pulled any number of times, also from within its own events and from a target', async () => {
    let chaos: ReturnType<typeof stage>['chaos'] | undefined
    const target: ChaosTarget = {
      id: 'api',
      supports: ['refuse', 'cut'],
      apply: () => {
        chaos?.kill()
        return { recover: () => chaos?.kill() }
      },
    }
    const set = stage({ targets: [target] })
    chaos = set.chaos
    chaos.on('killSwitch', () => chaos?.kill())
    const injection = await chaos.inject(outage)
    expect(injection.status()).toMatchObject({ phase: 'recovered' })
    chaos.kill()
    expect(chaos.debugStats()).toMatchObject({ active: 0, faults: 0, timers: 0 })
    expect(set.events.filter(({ type }) => type === 'killSwitch')).toHaveLength(1)
  })

  it('is an action on the hub, like stop', async () => {
    const { chaos, hub, clock } = stage()
    await chaos.inject(outage)
    const component = hub.component('chaos', 'chaos')
    expect(component?.snapshot()).toMatchObject({ armed: true, killed: false, counters: { injected: 1 } })
    await component?.actions['stop']?.()
    expect(chaos.debugStats()['active']).toBe(0)
    component?.actions['kill']?.()
    expect(component?.snapshot()).toMatchObject({ killed: true })
    chaos.dispose()
    expect(hub.components()).toEqual([])
    expectNoLeaks({ clock })
  })
})

describe('stop', () => {
  it('ends all injections and schedules, waits for recovery, and lets new ones follow', async () => {
    const { chaos, clock } = stage()
    await chaos.inject(outage)
    chaos.schedule({ scenario: 'latency_spike', on: 'api', for: '1s' }, { kind: 'fixed', every: '1m' })
    await chaos.stop()
    expect(chaos.debugStats()).toMatchObject({ active: 0, faults: 0, timers: 0, schedules: 0 })
    expect(clock.pendingTimers).toBe(0)
    expect((await chaos.inject(outage)).status().phase).toBe('active')
  })

  it('also ends those that still wait at a gate', async () => {
    let release = (_: boolean): void => {}
    const { chaos, events, clock } = stage({
      steadyState: () => new Promise<boolean>((resolve) => (release = resolve)),
    })
    const request = outcome(() => chaos.inject(outage))
    await clock.settle()
    const stopped = chaos.stop()
    release(true)
    expect(await request).toMatchObject({ error: { code: 'ERR_CHAOS_REFUSED' } })
    await stopped
    expect(events.at(-1)?.type).toBe('expired')
  })
})

describe('the blast radius', () => {
  it('maxCallFraction holds exactly, at every moment', async () => {
    const { chaos, target } = stage({ blastRadius: { maxCallFraction: 0.3 } })
    const injection = await chaos.inject(outage)
    for (let call = 0; call < 200; call++) {
      await target
        .wrap(() => 1)()
        .catch(() => {})
      const { affected, decided } = injection.status()
      expect(affected).toBeLessThanOrEqual(0.3 * decided)
    }
    expect(injection.status().affected).toBe(60)
  })

  it('maxAffectedCalls ends everything with the last call, and hits none after it', async () => {
    const { chaos, target, clock, events } = stage({ blastRadius: { maxAffectedCalls: 5 } })
    const injection = await chaos.inject(outage)
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => target.wrap(() => 1)()))
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(5)
    await clock.settle()
    expect(injection.status()).toMatchObject({ phase: 'recovered', affected: 5 })
    expect(events.map(({ type }) => type)).toContain('budgetExceeded')
    await expect(chaos.inject(outage)).rejects.toMatchObject({ reason: 'blastRadius' })
  })

  it('tenants: calls of others, and calls of nobody, are never looked at', async () => {
    const { chaos, target } = stage({ blastRadius: { tenants: ['test'] } })
    const injection = await chaos.inject(outage)
    expect(await target.policy.execute(() => 1)).toBe(1)
    expect(await target.policy.execute(() => 1, { key: 'real customer' })).toBe(1)
    await expect(target.policy.execute(() => 1, { key: 'test' })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
    expect(injection.status()).toMatchObject({ decided: 1, affected: 1 })
  })

  it('the error budget is measured while faults are in place, and ends them when it is exceeded or cannot be measured', async () => {
    for (const bad of [() => 0.2, () => Promise.reject(new Error('no metrics')), () => Number.NaN]) {
      let measure: () => number | Promise<number> = () => 0
      let measured = 0
      const errorBudget = {
        measure: (window: number) => {
          measured++
          expect(window).toBe(10_000)
          return measure()
        },
        limit: 0.1,
      }
      const { chaos, clock, events } = stage({ blastRadius: { errorBudget } })
      const injection = await chaos.inject({ ...outage, for: '1m' })
      await clock.advance('5s')
      expect(injection.status().phase).toBe('active')
      measure = bad
      await clock.advance('1s')
      expect(injection.status().phase).toBe('recovered')
      expect(events.find(({ type }) => type === 'budgetExceeded')?.payload).toMatchObject({
        budget: 'errorBudget',
        limit: 0.1,
      })
      const before = measured
      await clock.advance('10s')
      expect(measured).toBe(before)
    }
  })
})

describe('a lease', () => {
  it('is renewed by its holder while faults are in place', async () => {
    const clock = new VirtualClock()
    const lease = memoryLease({ ttl: '10s', clock })
    const { chaos } = stage({ lease, clock })
    await chaos.inject({ ...outage, for: '1m' })
    for (let second = 0; second < 59; second++) {
      await clock.advance('1s')
      expect(lease.remaining()).toBeGreaterThan(0)
    }
    await clock.advance('1s')
    await clock.advance('10s')
    expect(lease.remaining()).toBe(0)
    expect(clock.pendingTimers).toBe(0)
  })

  it('that the holder no longer renews ends the faults of the followers, within its time', async () => {
    const clock = new VirtualClock()
    const lease = memoryLease({ ttl: '10s', clock })
    const { chaos, target } = stage({ lease, clock, leaseRole: 'follower' })
    await expect(chaos.inject(outage)).rejects.toMatchObject({ reason: 'disarmed' })
    lease.renew() // and then the holder dies
    const injection = await chaos.inject({ ...outage, for: '5m' })
    await clock.advance(9999)
    await expect(target.wrap(() => 1)()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await clock.advance(1)
    expect(await target.wrap(() => 1)()).toBe(1)
    expect(injection.status().phase).toBe('recovered')
  })

  it('that cannot be read is lost', async () => {
    const clock = new VirtualClock()
    let broken = false
    const lease = {
      ttl: 3000,
      renew: () => Promise.reject(new Error('disk full')),
      remaining: () => (broken ? Promise.reject(new Error('gone')) : 3000),
    }
    const { chaos } = stage({ lease, clock })
    const injection = await chaos.inject(outage)
    broken = true
    await clock.advance('1s')
    expect(injection.status().phase).toBe('recovered')
  })
})

describe('probabilities', () => {
  it.each([
    ['provider_timeout', 'timeoutProbability', 0.1],
    ['valuation_exception', 'valuationExceptionRate', 0.5],
    ['latency_spike', 'latencySpikeProbability', 0.05],
  ] as const)('%s hits as many calls as %s says, %d by default', async (scenario, option, usual) => {
    const share = async (options: Partial<ChaosControllerOptions>): Promise<number> => {
      const { chaos, target } = stage(options)
      const injection = await chaos.inject({ scenario, on: 'api', for: '1m' })
      for (let call = 0; call < 1500; call++)
        target
          .wrap(() => 1)()
          .catch(() => {})
      chaos.kill()
      return injection.status().affected / 1500
    }
    expect(Math.abs((await share({})) - usual)).toBeLessThan(0.03)
    expect(Math.abs((await share({ [option]: 0.8 })) - 0.8)).toBeLessThan(0.04)
  })

  it('of any other scenario can be set as well, and for one injection', async () => {
    const { chaos, target } = stage({ probabilities: { provider_outage: 0 } })
    const injection = await chaos.inject(outage)
    expect(await target.wrap(() => 1)()).toBe(1)
    await injection.recover()
    await chaos.inject({ ...outage, probability: 1 })
    await expect(target.wrap(() => 1)()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('scenarios', () => {
  it('are the ten, each with what a reader needs, and a pack of more', () => {
    expect(scenarioIds).toHaveLength(10)
    expect(Object.keys(extensionScenarios)).toHaveLength(8)
    for (const [id, scenario] of Object.entries({ ...scenarios, ...extensionScenarios })) {
      expect(scenario.id).toBe(id)
      for (const text of [scenario.covers, scenario.defence, scenario.passes])
        expect(text.length).toBeGreaterThan(15)
      expect(Object.isFrozen(scenario.faults[0])).toBe(true)
    }
  })

  it.each([...scenarioIds, ...Object.keys(extensionScenarios)])(
    '%s can be injected, hits something, and leaves nothing behind',
    async (scenario) => {
      const clock = new VirtualClock()
      const log: string[] = []
      const all = { ...scenarios, ...extensionScenarios }
      const wanted = all[scenario as keyof typeof all].faults
      // A target for each kind of fault: the first that fits is taken.
      const fits = callTarget('api', { clock }).supports.includes(wanted[0]?.kind as never)
      const other: ChaosTarget = {
        id: 'other',
        supports: wanted.map(({ kind }) => kind),
        apply: (fault, injection) => {
          log.push(fault.kind)
          injection.note()
          return { recover: () => void log.push(`end of ${fault.kind}`) }
        },
      }
      const target = fits ? callTarget('api', { clock }) : other
      const { chaos } = stage({ targets: [target], clock, probabilities: { [scenario]: 1 } })
      const injection = await chaos.inject({ scenario, on: target.id, for: '5s' })
      if ('wrap' in target)
        void (target as ReturnType<typeof callTarget>)
          .wrap(async () => 'x')()
          .catch(() => {})
      await clock.advance('20s')
      expect(await injection.settled).toMatchObject({ phase: 'recovered' })
      expect(injection.status().affected).toBeGreaterThan(0)
      expect(log.length % 2).toBe(0)
      expect(chaos.debugStats()).toMatchObject({ active: 0, faults: 0, timers: 0 })
      expect(clock.pendingTimers).toBe(0)
    },
  )

  it('of your own take the place of ours', async () => {
    const own = { ...scenarios.provider_outage, faults: [{ kind: 'outcome', value: 'own' }] } as const
    const { chaos, target } = stage({ scenarios: [own] })
    await chaos.inject(outage)
    expect(await target.wrap(() => 'real')()).toBe('own')
    expect(() => stage({ scenarios: [{ ...own, faults: [{ kind: 'nonsense' } as never] }] })).toThrow(
      'scenarios.provider_outage.faults[0].kind must be one of',
    )
  })
})

describe('options', () => {
  it('an intensity sets what runs at once', () => {
    const { chaos } = stage({ intensity: 'high' })
    expect(chaos.snapshot().maxConcurrentChaos).toBe(intensities.high.maxConcurrentChaos)
    expect(stage({ intensity: 'high', maxConcurrentChaos: 2 }).chaos.snapshot().maxConcurrentChaos).toBe(2)
  })

  it.each<[string, object]>([
    ['maxConcurrentChaos', { maxConcurrentChaos: 0 }],
    ['timeoutProbability', { timeoutProbability: 1.5 }],
    ['maxCallFraction', { blastRadius: { maxCallFraction: Number.NaN } }],
    ['targets', { targets: [callTarget('a'), callTarget('a')] }],
    ['intensity', { intensity: 'extreme' }],
    ["option 'armd'", { armd: true }],
    ['sampling', { sampling: 0 }],
  ])('%s is checked', (name, options) => {
    expect(() => stage(options)).toThrow(name)
  })

  it('leave no listener on a signal of a caller whose call was held', async () => {
    const { chaos, target } = stage()
    await chaos.inject({ fault: { kind: 'hang' }, on: 'api', for: '1m' })
    const caller = new AbortController()
    const call = target.policy.execute(() => 1, { signal: caller.signal })
    chaos.kill()
    await call
    expect(abortListeners(caller.signal)).toBe(0)
  })
})
