import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub, InvalidOptionError } from '@seaworthy/core'
import { describe, expect, it, vi } from 'vitest'
import { createDegradation } from '../src/manager.ts'
import { standardRules } from '../src/rule.ts'
import { ada, calendar, setUp } from './toys.ts'

const feature = {
  recommendations: { maxLevel: 'minor', label: 'Suggestions' },
  search: { maxLevel: 'severe' },
} as const

describe('the manager', () => {
  it('begins at normal, with everything on and nothing to tell', () => {
    const { degradation } = setUp({ features: feature })
    expect(degradation.snapshot()).toEqual({
      level: 'normal',
      value: 0,
      serviceLevel: 'full',
      readOnly: false,
      since: calendar,
      source: 'rules',
      reason: '',
      override: undefined,
      target: 'normal',
      activeRules: [],
      rules: expect.any(Array),
      features: [
        { name: 'recommendations', on: true, maxLevel: 'minor', killed: undefined },
        { name: 'search', on: true, maxLevel: 'severe', killed: undefined },
      ],
      notice: undefined,
      recentEvents: [],
      timeAt: { normal: 0, minor: 0, moderate: 0, severe: 0, critical: 0 },
      instances: 0,
    })
    expect(degradation.retryAfter).toBe(0)
  })

  it('rises as soon as a circuit opens, and sinks one level a minute after it has closed for a minute', async () => {
    const { degradation, clock, hub } = setUp({ criticalCircuitBreakers: ['ledger'] })
    const ledger = circuitBreaker({ name: 'ledger', hub, clock })
    ledger.trip()
    expect([degradation.level, degradation.serviceLevel, degradation.readOnly]).toEqual([
      'severe',
      'limited',
      true,
    ])
    expect(degradation.snapshot()).toMatchObject({ source: 'rules', reason: 'critical-dependency-down' })
    await clock.advance('10m')
    expect(degradation.level).toBe('severe')
    ledger.reset()
    const changes: [string, number][] = []
    const began = clock.now()
    degradation.on('changed', ({ to }) => changes.push([to, clock.now() - began]))
    await clock.advance('10m')
    expect(changes.map(([to]) => to)).toEqual(['moderate', 'minor', 'normal'])
    // One minute for the rule, and then one for each step.
    for (const [i, [, at]] of changes.entries()) {
      expect(at).toBeGreaterThanOrEqual((i + 2) * 60_000)
      expect(at).toBeLessThanOrEqual((i + 2) * 60_000 + 1000)
    }
    expect(degradation.snapshot().timeAt).toMatchObject({ minor: 60_000, critical: 0 })
  })

  it('shows what each rule reads, from when on it holds, and until when it counts', async () => {
    const { degradation, clock, hub } = setUp({ criticalCircuitBreakers: ['ledger'] })
    const rule = (id: string) => degradation.snapshot().rules.find((each) => each.id === id)
    expect(degradation.snapshot().rules.map(({ id }) => id)).toEqual(standardRules().map(({ id }) => id))
    expect(rule('critical-dependency-down')).toEqual({
      id: 'critical-dependency-down',
      level: 'severe',
      active: false,
      since: undefined,
      until: undefined,
      reading: { value: 0, limit: 1, about: [] },
    })
    const ledger = circuitBreaker({ name: 'ledger', hub, clock })
    ledger.trip()
    expect(rule('critical-dependency-down')).toMatchObject({
      active: true,
      since: calendar,
      until: undefined,
      reading: { value: 1, limit: 1, about: ['ledger'] },
    })
    // What is not measured is not 0.
    expect([rule('heap'), rule('event-loop')]).toMatchObject([{ reading: undefined }, { reading: undefined }])
    // Of two, one is not enough; and a circuit that is not there cannot be down.
    expect(rule('several-circuits-open')).toMatchObject({ active: false, reading: { value: 1, limit: 2 } })
    expect(rule('nothing-critical-works')?.reading).toMatchObject({ value: 1, limit: 2 })
    await clock.advance('10m')
    const closedAt = clock.now()
    ledger.reset()
    await clock.advance('10s')
    const after = rule('critical-dependency-down')
    expect(after).toMatchObject({ active: true, reading: { value: 0, about: [] } })
    expect(Math.abs((after?.until ?? 0) - calendar - closedAt - 60_000)).toBeLessThan(1000)
  })

  it('shows a rule without figures, and one whose figures cannot be read, without any', () => {
    const { degradation } = setUp({
      rules: [
        { id: 'plain', level: 'minor', when: () => true },
        {
          id: 'broken',
          level: 'minor',
          when: () => false,
          reads: () => {
            throw new Error('no figures')
          },
        },
      ],
    })
    expect(degradation.snapshot().rules).toMatchObject([
      { id: 'plain', active: true, reading: undefined },
      { id: 'broken', active: false, reading: undefined },
    ])
    const reads = 'no function' as unknown as () => never
    expect(() => setUp({ rules: [{ id: 'a', level: 'minor', when: () => true, reads }] })).toThrow(
      InvalidOptionError,
    )
  })

  it('never swings while a cause persists, for a whole day', async () => {
    const { degradation, clock, hub } = setUp({ criticalCircuitBreakers: ['ledger'] })
    const changed = vi.fn()
    degradation.on('changed', changed)
    circuitBreaker({ name: 'ledger', hub, clock }).isolate('test')
    await clock.advance('24h')
    expect(changed).toHaveBeenCalledTimes(1)
  })

  it('asks its rules at most so often when much happens, and always once after the last thing', async () => {
    const asked = vi.fn(() => false)
    const { clock, hub } = setUp({ rules: [{ id: 'a', level: 'minor', when: asked }] })
    const breaker = circuitBreaker({ name: 'b', hub, clock })
    await clock.advance('1s')
    asked.mockClear()
    for (let i = 0; i < 100; i++) {
      breaker.trip()
      breaker.reset()
    }
    expect(asked).toHaveBeenCalledTimes(1)
    await clock.advance(250)
    expect(asked).toHaveBeenCalledTimes(2)
    await clock.advance('30s')
    expect(asked).toHaveBeenCalledTimes(3)
  })

  it('reads health, dead letters, bulkheads and circuits by key', () => {
    const hub = new Hub()
    const add = (kind: string, snapshot: object): void =>
      void hub.register({ kind, name: 'main', snapshot: () => snapshot, actions: {} })
    add('health', {
      checks: [
        { name: 'a', status: 'fail', criticality: 'critical' },
        { name: 'b', status: 'unknown', criticality: 'important', code: 'stale' },
        { name: 'c', status: 'unknown', criticality: 'important', code: 'pending' },
      ],
    })
    add('dead-letters', { counts: { dead: 3, oldest: 1000, now: 5000 } })
    add('bulkhead', { active: 3, concurrency: 4 })
    add('circuit-breaker-per-key', {
      circuits: { 'api.example': { state: 'open', failureRate: 0.7, calls: 20 } },
    })
    const broken = () => {
      throw new Error('no')
    }
    hub.register({ kind: 'circuit-breaker', name: 'broken', snapshot: broken, actions: {} })
    const when = vi.fn(() => false)
    setUp({ hub, rules: [{ id: 'a', level: 'minor', when }], criticalCircuitBreakers: ['main'] })
    expect(when).toHaveBeenCalledWith({
      circuits: [{ name: 'main/api.example', state: 'open', failureRate: 0.7, calls: 20, critical: true }],
      checks: [
        { name: 'a', status: 'fail', criticality: 'critical' },
        { name: 'b', status: 'fail', criticality: 'important' },
        { name: 'c', status: 'unknown', criticality: 'important' },
      ],
      deadLetters: [{ name: 'main', dead: 3, oldestAge: 4000 }],
      bulkheads: [{ name: 'main', saturation: 0.75 }],
      heap: 0,
      eventLoopDelay: 0,
    })
  })

  it('visits every level and leaves it again', async () => {
    let wanted = 0
    const names = ['normal', 'minor', 'moderate', 'severe', 'critical'] as const
    const { degradation, clock } = setUp({
      rules: [{ id: 'load', level: 'minor', when: () => names[wanted] as 'minor', exitAfter: 0 }],
    })
    const seen: string[] = []
    degradation.on('changed', ({ to, serviceLevel }) => seen.push(`${to} ${serviceLevel}`))
    for (wanted = 1; wanted < 5; wanted++) degradation.evaluate()
    wanted = 0
    await clock.advance('10m')
    expect(seen).toEqual([
      'minor degraded',
      'moderate degraded',
      'severe limited',
      'critical cache-only',
      'severe limited',
      'moderate degraded',
      'minor degraded',
      'normal full',
    ])
    const { recentEvents, timeAt } = degradation.snapshot()
    expect(recentEvents.map(({ trigger }) => trigger)).toEqual([
      ...Array(4).fill('rule'),
      ...Array(4).fill('recovery'),
    ])
    expect(Object.values(timeAt).reduce((a, b) => a + b)).toBe(600_000)
  })

  it('measures heap and event loop, does not keep the process running, and leaves nothing behind', () => {
    const hub = new Hub()
    const when = vi.fn(() => false)
    const degradation = createDegradation({ hub, rules: [{ id: 'a', level: 'minor', when }] })
    expect(when.mock.lastCall).toMatchObject([
      { heap: expect.any(Number), eventLoopDelay: expect.any(Number) },
    ])
    degradation.on('changed', () => {})
    expect(degradation.debugStats()).toEqual({ timers: 1, calls: 0, listeners: 1 })
    degradation.close()
    degradation.close()
    degradation.evaluate()
    expect(when).toHaveBeenCalledTimes(1)
    expect(degradation.debugStats()).toEqual({ timers: 0, calls: 0, listeners: 0 })
    expect(hub.components()).toEqual([])
    expect(hub.silent).toBe(true)
  })

  it('goes on when a rule or a listener throws', () => {
    const { degradation } = setUp({
      rules: [
        {
          id: 'bug',
          level: 'critical',
          when: () => {
            throw new Error('bug')
          },
        },
        { id: 'load', level: 'minor', when: () => true },
      ],
    })
    const failed = vi.fn(() => {
      throw new Error('listener')
    })
    degradation.on('ruleFailed', failed)
    degradation.evaluate()
    expect(failed).toHaveBeenCalledWith({ rule: 'bug' })
    expect(degradation.level).toBe('minor')
  })

  it('refuses options that make no sense', () => {
    const hub = new Hub()
    const create = (options: object) => () => createDegradation({ hub, ...options })
    expect(create({ serviceLevels: { severe: 'full' } })).toThrow(/serviceLevels.severe must be no better/)
    expect(create({ serviceLevels: { minor: 'fine' } })).toThrow(/serviceLevels.minor must be one of/)
    expect(create({ shedding: { minor: { sheddable: 2 } } })).toThrow(/a share from 0 to 1/)
    expect(create({ shedding: { minor: { critical: 1 } } })).toThrow(/at least that of critical/)
    expect(create({ shedding: { minor: { sheddable: 1 } } })).toThrow(/at least that of minor/)
    expect(create({ features: { a: { maxLevel: 'awful' } } })).toThrow(/features.a.maxLevel/)
    expect(create({ quorum: 0 })).toThrow(/quorum/)
    expect(create({ intervall: 1 })).toThrow(/intervall/)
    expect(hub.components()).toEqual([])
  })
})

describe('an override', () => {
  it('holds for an hour unless told otherwise, and says until when', async () => {
    const { degradation, clock, hub } = setUp()
    const events: unknown[] = []
    hub.on('*', ({ kind, type, payload }) => events.push([kind, type, payload]))
    const { override } = degradation.set('severe', ada)
    expect(override).toEqual({ level: 'severe', mode: 'pin', ...ada, expiresAt: calendar + 3_600_000 })
    await clock.advance(3_599_999)
    expect(degradation.level).toBe('severe')
    await clock.advance(1)
    expect(degradation.level).toBe('normal')
    expect(events).toEqual([
      [
        'degradation',
        'changed',
        { from: 'normal', to: 'severe', trigger: 'manual', rules: [], serviceLevel: 'limited' },
      ],
      ['degradation', 'overrideSet', { level: 'severe', mode: 'pin', actor: 'ada', endsIn: 3_600_000 }],
      [
        'degradation',
        'changed',
        { from: 'severe', to: 'normal', trigger: 'expiry', rules: [], serviceLevel: 'full' },
      ],
      ['degradation', 'overrideExpired', { level: 'severe' }],
    ])
  })

  it('holds for ever on request, until it is cleared', async () => {
    const { degradation, clock } = setUp()
    expect(degradation.set('minor', { ...ada, ttl: null, mode: 'floor' }).override?.expiresAt).toBeUndefined()
    await clock.advance('30d')
    expect(degradation.snapshot()).toMatchObject({ level: 'minor', source: 'override', reason: 'rehearsal' })
    expect(degradation.clear({ actor: 'grace' })).toMatchObject({ level: 'normal', override: undefined })
  })

  it('begins anew when it is set again', async () => {
    const { degradation, clock } = setUp()
    degradation.set('minor', { ...ada, ttl: '10m' })
    await clock.advance('9m')
    degradation.set('minor', { ...ada, ttl: '10m' })
    await clock.advance('9m')
    expect(degradation.level).toBe('minor')
  })

  it('can be set through the hub, in whatever case, and needs a reason and an actor of one line', () => {
    const { degradation, hub } = setUp()
    const act = (name: string, ...given: unknown[]): unknown =>
      hub.component('degradation', 'default')?.actions[name]?.(...(given as never[])) // as an operator's tool does
    act('set', 'SEVERE', { ...ada, reason: 'line\r\nbreak\u2028x' })
    expect(degradation.snapshot()).toMatchObject({ level: 'severe', reason: 'line break x' })
    act('clear', { actor: 'ada' })
    expect(degradation.level).toBe('normal')
    const set = (options: object) => () => degradation.set('minor', { ...ada, ...options })
    expect(set({ reason: '' })).toThrow(/reason must be a text of 1 to 200/)
    expect(set({ reason: 'x'.repeat(201) })).toThrow(/reason/)
    expect(set({ actor: undefined })).toThrow(/actor/)
    expect(set({ ttl: 0 })).toThrow(/ttl/)
    expect(set({ mode: 'nail' })).toThrow(/mode/)
    expect(() => degradation.set('awful' as never, ada)).toThrow(/level must be one of normal, minor/)
    expect(degradation.level).toBe('normal')
  })
})

describe('features', () => {
  it('go off and on with the level', () => {
    const { degradation } = setUp({ features: feature })
    const changed = vi.fn()
    degradation.on('featureChanged', changed)
    degradation.set('moderate', ada)
    expect([degradation.isOn('recommendations'), degradation.isOn('search')]).toEqual([false, true])
    expect(degradation.feature('search', () => 42)).toBe(42)
    expect(() => degradation.feature('recommendations', () => 42)).toThrow(
      "The feature 'recommendations' is off",
    )
    degradation.clear(ada)
    expect(changed.mock.calls).toEqual([
      [{ feature: 'recommendations', on: false, cause: 'level' }],
      [{ feature: 'recommendations', on: true, cause: 'level' }],
    ])
  })

  it('can be killed at any level, for a time, and be brought back', async () => {
    const { degradation, clock } = setUp({ features: feature })
    const changed = vi.fn()
    degradation.on('featureChanged', changed)
    degradation.killFeature('search', { ...ada, ttl: '5m' })
    expect(degradation.isOn('search')).toBe(false)
    expect(degradation.snapshot().features[1]).toMatchObject({
      on: false,
      killed: { ...ada, expiresAt: calendar + 300_000 },
    })
    await clock.advance('5m')
    expect(degradation.isOn('search')).toBe(true)
    degradation.killFeature('search', { ...ada, ttl: null })
    degradation.restoreFeature('search', ada)
    degradation.restoreFeature('search', ada)
    expect(changed.mock.calls.map(([{ cause }]) => cause)).toEqual([
      'killed',
      'expired',
      'killed',
      'restored',
    ])
  })

  it('that do not exist are an error, not an answer', () => {
    const { degradation } = setUp({ features: feature })
    expect(() => degradation.isOn('serach')).toThrow(
      "No feature 'serach'; declared are recommendations, search",
    )
    expect(() => setUp().degradation.killFeature('x', ada)).toThrow('none is declared')
  })
})

describe('the notice', () => {
  it('tells users plainly, in their language, and nothing about the inside', () => {
    const { degradation, hub, clock } = setUp({
      criticalCircuitBreakers: ['ledger-db'],
      features: feature,
      notices: { de: { severe: { title: 'Nur das Wichtigste', message: 'Wir sind dran.' } } },
    })
    circuitBreaker({ name: 'ledger-db', hub, clock }).trip()
    const notice = degradation.notice({ locale: 'de-CH' })
    expect(notice).toEqual({
      id: `severe-${calendar}`,
      level: 'severe',
      title: 'Nur das Wichtigste',
      message: 'Wir sind dran.',
      affected: ['Suggestions'],
      since: calendar,
      retryAfterSeconds: 60,
    })
    const english = degradation.notice()
    expect(english?.title).toBe('We can offer only the most important functions')
    expect(JSON.stringify([notice, english])).not.toMatch(/ledger|critical-dependency/)
  })

  it('keeps its id while it says the same', async () => {
    const { degradation, clock } = setUp()
    degradation.set('minor', ada)
    const { id } = degradation.notice() ?? {}
    await clock.advance('5m')
    expect(degradation.notice()?.id).toBe(id)
    degradation.set('severe', ada)
    expect(degradation.notice()?.id).not.toBe(id)
  })
})
