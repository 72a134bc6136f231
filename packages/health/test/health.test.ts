import { breakerPerKey, circuitBreaker } from '@seaworthy/circuit-breaker'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createHealth } from '../src/health.ts'
import type { HealthReport } from '../src/report.ts'
import { calendar, scripted, setUp } from './toys.ts'

const statusOf = async (report: Promise<HealthReport>): Promise<string> => (await report).status

describe('the whole', () => {
  it('passes without checks', async () => {
    const { health } = setUp()
    for (const kind of [undefined, 'liveness', 'startup', 'readiness'] as const)
      expect(await health.report(kind)).toEqual({ status: 'pass', time: calendar, notes: [], checks: [] })
  })

  it.each([
    ['critical', 'fail', 'fail'],
    ['critical', 'warn', 'warn'],
    ['important', 'fail', 'warn'],
    ['important', 'warn', 'warn'],
    ['optional', 'fail', 'pass'],
    ['optional', 'warn', 'pass'],
  ] as const)('with something %s that answers %s: %s', async (criticality, answer, expected) => {
    const { health, clock } = setUp()
    health.register('sound', { check: () => true })
    health.register('sick', { criticality, check: () => ({ status: answer }) })
    await clock.advance(0)
    expect(await statusOf(health.report())).toBe(expected)
    expect(await statusOf(health.report('readiness'))).toBe(expected)
    expect((await health.report()).checks).toHaveLength(2)
  })

  it('before the first answers is alive, not ready and not started', async () => {
    const { health, clock } = setUp()
    health.register('loop', { kinds: ['liveness'], check: () => clock.sleep(10) })
    health.register('database', { kinds: ['readiness'], check: () => clock.sleep(10) })
    health.register('migrations', { kinds: ['startup'], check: () => clock.sleep(10) })
    expect(await statusOf(health.report('liveness'))).toBe('pass')
    expect(await statusOf(health.report('startup'))).toBe('fail')
    expect(await health.report('readiness')).toMatchObject({ status: 'fail', notes: ['starting'] })
    await clock.advance(10)
    for (const kind of ['liveness', 'startup', 'readiness'] as const)
      expect(await statusOf(health.report(kind))).toBe('pass')
  })

  it('counts a check that may begin as sound', async () => {
    const { health, clock } = setUp()
    health.register('database', { initial: 'pass', check: () => clock.sleep(10) })
    expect(await statusOf(health.report('readiness'))).toBe('pass')
  })

  it('has started for good once it has', async () => {
    const { health, clock } = setUp()
    health.register('migrations', { ...scripted(true, false), kinds: ['startup'] })
    await clock.advance(0)
    expect(await statusOf(health.report('startup'))).toBe('pass')
    await clock.advance('40s')
    expect(health.snapshot().checks[0]?.status).toBe('fail')
    expect(await statusOf(health.report('startup'))).toBe('pass')
  })

  it('asks dependencies nothing for liveness', async () => {
    const { health, clock } = setUp()
    health.register('database', { check: () => false })
    await clock.advance(0)
    expect(await health.report('liveness')).toMatchObject({ status: 'pass', checks: [] })
    expect(await statusOf(health.report('readiness'))).toBe('fail')
  })

  it('that drains is not ready and lives on, whatever is asked of it meanwhile', async () => {
    const { health, clock, hub } = setUp()
    const draining = vi.fn()
    hub.on('draining', draining)
    health.register('database', scripted(true))
    await clock.advance(0)
    const probes: string[] = []
    for (let i = 0; i < 20; i++) {
      if (i === 10) health.drain('deploy')
      probes.push(await statusOf(health.report('readiness')), await statusOf(health.report('liveness')))
    }
    expect(probes).toEqual([...Array(20).fill('pass'), ...Array(10).fill(['fail', 'pass']).flat()])
    expect((await health.report('readiness')).notes).toEqual(['draining: deploy'])
    health.drain('again')
    expect(draining).toHaveBeenCalledTimes(1)
  })

  it('answers within its deadline, however checks hang, with the status made anew each time', async () => {
    const { health, clock } = setUp({ mode: 'on-demand' })
    health.register('hangs', scripted('hang'))
    health.register('fails', { ...scripted(false), criticality: 'critical' })
    const asked = clock.now()
    const first = health.report('readiness')
    await clock.advance(800)
    expect(await first).toMatchObject({ status: 'fail', checks: [{ code: 'pending' }, { code: 'error' }] })
    expect(clock.now() - asked).toBe(800)
    // Answers from what is kept are failures, too.
    const second = health.report('readiness')
    await clock.advance(800)
    expect(await statusOf(second)).toBe('fail')
  })

  it('takes a check out again', async () => {
    const { health, clock } = setUp()
    const close = vi.fn()
    const remove = health.register('database', { check: () => false, close })
    await clock.advance(0)
    expect(health.snapshot().status).toBe('fail')
    remove()
    remove()
    expect(close).toHaveBeenCalledTimes(1)
    expect(health.snapshot()).toMatchObject({ status: 'pass', checks: [] })
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('what policies contribute', () => {
  it('warns while a circuit is not closed, and fails only for one that was named', async () => {
    const { health, hub, clock } = setUp({ contributions: { criticalCircuitBreakers: ['ledger'] } })
    const mail = circuitBreaker({ name: 'mail', hub, clock })
    const ledger = circuitBreaker({ name: 'ledger', hub, clock })
    expect(await statusOf(health.report('readiness'))).toBe('pass')
    mail.trip()
    expect(await health.report('readiness')).toMatchObject({
      status: 'warn',
      checks: [{ name: 'circuit-breaker:mail', status: 'warn' }, { status: 'pass' }],
    })
    expect(await statusOf(health.report('liveness'))).toBe('pass')
    ledger.trip()
    expect(await statusOf(health.report('readiness'))).toBe('fail')
    ledger.reset()
    mail.reset()
    expect(await statusOf(health.report('readiness'))).toBe('pass')
  })

  it('warns of Redis that is down and of many dead letters, and survives a component that cannot be read', async () => {
    const { health, hub } = setUp()
    let state = 'up'
    let dead = 99
    const component = (kind: string, snapshot: () => object) =>
      hub.register({ kind, name: 'main', snapshot, actions: {} })
    component('redis', () => ({ state }))
    component('dead-letters', () => ({ counts: { dead } }))
    component('circuit-breaker', () => {
      throw new Error('no')
    })
    expect(await statusOf(health.report())).toBe('pass')
    dead = 100
    expect(await health.report()).toMatchObject({ status: 'warn', checks: [{}, { observedValue: 100 }] })
    dead = 0
    state = 'down'
    expect(await statusOf(health.report())).toBe('warn')
  })

  it('warns while one of the circuits by key is not closed', async () => {
    const { health, hub, clock } = setUp()
    const hosts = breakerPerKey({ name: 'hosts', hub, clock }, { key: () => 'api.example' })
    await hosts.execute(() => 1)
    expect(await statusOf(health.report('readiness'))).toBe('pass')
    hosts.circuit('api.example').trip()
    expect(await statusOf(health.report('readiness'))).toBe('warn')
  })

  it('is left out on request', async () => {
    const { health, hub } = setUp({ contributions: false })
    circuitBreaker({ name: 'mail', hub }).trip()
    expect(await health.report()).toMatchObject({ status: 'pass', checks: [] })
  })
})

describe('events', () => {
  it('tell every answer, changes of a check and changes of the whole', async () => {
    const { health, clock, hub } = setUp()
    const events: unknown[] = []
    hub.on('*', ({ kind, type, payload }) => events.push([kind, type, payload]))
    const check = scripted(true, new Error('password=hunter2'), true)
    health.register('database', check)
    await clock.advance(0)
    expect(events).toEqual([
      ['health', 'checked', { check: 'database', status: 'pass', duration: 0, code: undefined }],
      ['health', 'changed', { check: 'database', from: undefined, to: 'pass', code: undefined }],
    ])
    events.length = 0
    await clock.advance('34s')
    expect(events).toEqual([
      ['health', 'checked', { check: 'database', status: 'fail', duration: 0, code: 'error' }],
      ['health', 'changed', { check: 'database', from: 'pass', to: 'fail', code: 'error' }],
      ['health', 'overallChanged', { from: 'pass', to: 'fail' }],
    ])
  })

  it('tell that the whole has changed when a circuit opens', () => {
    const { health, hub, clock } = setUp()
    const changed = vi.fn()
    health.on('overallChanged', changed)
    const breaker = circuitBreaker({ name: 'mail', hub, clock })
    breaker.trip()
    expect(changed).toHaveBeenCalledWith({ from: 'pass', to: 'warn' })
  })

  it('harm nothing when a listener throws', async () => {
    const { health, clock } = setUp()
    for (const event of ['checked', 'changed', 'overallChanged', 'draining'] as const)
      health.on(event, () => {
        throw new Error('listener')
      })
    const check = scripted(true, false)
    health.register('database', check)
    await clock.advance('34s')
    health.drain()
    expect(check.asked).toBe(2)
    expect(health.snapshot().status).toBe('fail')
  })
})

describe('secrets', () => {
  it('are taken out of what checks say, and the hub gets no words at all', async () => {
    const { health, clock, hub } = setUp()
    const planted = 'postgres://ann:hunter2@db.internal:5432/orders?sslpassword=geheim'
    health.register(
      'database',
      scripted(new Error(`cannot reach ${planted}, token: abcdef0123456789abcdef0123456789`)),
    )
    health.register('queue', {
      check: () => ({ status: 'fail', output: 'Authorization: Bearer eyJhbGciOi.eyJzdWIi\napi_key=k3y' }),
    })
    await clock.advance(0)
    const told = JSON.stringify(health.snapshot())
    expect(told).toContain('postgres://db.internal:5432')
    for (const secret of ['hunter2', 'geheim', 'abcdef0123', 'eyJ', 'k3y', 'ann:'])
      expect(told).not.toContain(secret)
    expect(JSON.stringify(hub.component('health', 'default')?.snapshot())).not.toContain('output')
  })
})

describe('a registry', () => {
  it('is a component of the hub that can be drained from there', () => {
    const { health, hub } = setUp({ name: 'main' })
    hub.component('health', 'main')?.actions['drain']?.(...(['by hand'] as never[]))
    expect(health.draining).toBe(true)
    expect(hub.component('health', 'main')?.snapshot()).toMatchObject({ draining: true, status: 'fail' })
  })

  it('leaves nothing behind when it is closed in the middle of a check', async () => {
    const { health, clock, hub } = setUp()
    let aborted = false
    health.register('hangs', {
      check: ({ signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            aborted = true
          })
        }),
    })
    health.register('sound', scripted(true))
    health.on('checked', () => {})
    await clock.advance('1s')
    await health.close()
    await clock.settle()
    expect(aborted).toBe(true)
    expect(clock.pendingTimers).toBe(0)
    expect(health.debugStats()).toEqual({ timers: 0, running: 0, listeners: 0 })
    expect(hub.components()).toEqual([])
    expect((await health.report()).checks).toHaveLength(2)
    expect(() => health.register('late', { check: () => true })).toThrow(/closed/)
  })

  it('does not keep the process running, and refuses options that make no sense', async () => {
    const health = createHealth({ name: 'real time' })
    onTestFinished(() => health.close())
    health.register('sound', { check: () => true })
    await vi.waitFor(() => expect(health.snapshot().status).toBe('pass'))
    expect(() => createHealth({ mode: 'always' as never })).toThrow(/mode must be one of/)
    expect(() => createHealth({ deadline: -1 })).toThrow(/deadline/)
    expect(() => createHealth({ chekcs: 1 } as never)).toThrow(/chekcs/)
    expect(() => createHealth({ contributions: { breakers: true } as never })).toThrow(/breakers/)
  })
})
