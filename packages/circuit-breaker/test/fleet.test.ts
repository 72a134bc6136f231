/** Circuits that several instances share. */
import {
  breakerPerKey,
  CircuitOpenError,
  circuitBreaker,
  memoryBreakerStore,
  shareBreakers,
} from '@seaworthy/circuit-breaker'
import { Hub } from '@seaworthy/core'
import { VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { breakDown, fleet, type Instance } from './fleets.ts'

/** All instances have made a call, and have heard of each other. */
async function meet(all: ReturnType<typeof fleet>): Promise<void> {
  for (const instance of all.instances) await instance.call()
  await all.clock.advance('6s')
}

const pick = (all: { instances: Instance[] }, index: number): Instance => all.instances[index] as Instance

describe('a circuit that is shared', () => {
  it('opens everywhere once enough instances have opened it, and not before', async () => {
    const all = fleet(4)
    await meet(all)
    await breakDown(pick(all, 0))
    await all.clock.advance('1s')
    expect(all.states()).toEqual(['open', 'closed', 'closed', 'closed'])
    await breakDown(pick(all, 1))
    await all.clock.advance('1s')
    expect(all.states()).toEqual(['open', 'open', 'open', 'open'])
    expect(pick(all, 2).breaker.snapshot()).toMatchObject({ cause: { reason: 'fleet' } })
  })

  it('is not opened by one bad host, however long and with few instances', async () => {
    for (const size of [2, 3, 10]) {
      const all = fleet(size, {}, { quorum: 0.01 })
      await meet(all)
      await breakDown(pick(all, 0))
      for (let i = 0; i < 20; i++) {
        await all.clock.advance('3s')
        for (const instance of all.instances) await instance.call()
        expect(all.states().slice(1)).toEqual(Array(size - 1).fill('closed'))
      }
      expect(pick(all, 0).breaker.state).not.toBe('closed')
    }
  })

  it('closes everywhere as soon as enough trials have succeeded, by whomever', async () => {
    const all = fleet(6)
    await meet(all)
    for (let i = 0; i < 4; i++) await breakDown(pick(all, i))
    await all.clock.advance('1s')
    expect(new Set(all.states())).toEqual(new Set(['open']))
    for (const instance of all.instances) instance.broken = false
    await all.clock.advance('10s')
    expect(await pick(all, 0).call()).toBe('fine')
    expect(await pick(all, 5).call()).toBe('fine')
    await all.clock.advance('200ms')
    expect(new Set(all.states())).toEqual(new Set(['closed']))
  })

  it('is not held open by one instance for longer than its own opening', async () => {
    const all = fleet(3)
    await meet(all)
    await breakDown(pick(all, 0))
    await breakDown(pick(all, 1))
    await all.clock.advance('500ms')
    expect(all.states()).toEqual(['open', 'open', 'open'])
    // Both go on failing for ever; the third may try all the same when their first opening is over.
    await all.clock.advance('9600ms')
    expect(await pick(all, 2).call()).toBe('fine')
  })

  it('is not kept open by those that only follow', async () => {
    const all = fleet(4, { recoveryTimeout: '1m' })
    await meet(all)
    for (const i of [0, 1]) await breakDown(pick(all, i))
    await all.clock.advance('6s')
    expect(all.states()).toEqual(['open', 'open', 'open', 'open'])
    for (const i of [0, 1]) pick(all, i).breaker.reset()
    await all.clock.advance('6s')
    expect(all.states()).toEqual(['closed', 'closed', 'closed', 'closed'])
  })

  it('stays closed where somebody has closed it, while the others are open', async () => {
    const all = fleet(4, { recoveryTimeout: '1m' })
    await meet(all)
    for (const i of [0, 1]) await breakDown(pick(all, i))
    await all.clock.advance('6s')
    pick(all, 2).breaker.reset()
    await all.clock.advance('20s')
    expect(all.states()).toEqual(['open', 'open', 'closed', 'open'])
  })

  it('waits longer when it opens again soon after the fleet has closed it', async () => {
    const all = fleet(2, { recoveryTimeout: { initial: '10s', factor: 2, jitter: 0 } })
    await meet(all)
    for (const instance of all.instances) await breakDown(instance)
    await all.clock.advance('10s')
    pick(all, 0).broken = false
    await pick(all, 0).call()
    await pick(all, 0).call()
    await all.clock.advance('200ms')
    expect(all.states()).toEqual(['closed', 'closed'])
    await breakDown(pick(all, 1))
    expect(pick(all, 1).breaker.snapshot()).toMatchObject({ state: 'open', openings: 2, openFor: 20_000 })
  })

  it('goes on after a restart of any and of all, one by one', async () => {
    for (const size of [1, 4]) {
      const all = fleet(size, { recoveryTimeout: '60s' })
      await meet(all)
      for (const instance of all.instances) await breakDown(instance)
      await all.clock.advance('1s')
      for (let i = 0; i < size; i++) {
        pick(all, i).breaker.dispose()
        all.instances[i] = all.start()
        await all.clock.advance('6s')
      }
      expect(new Set(all.states())).toEqual(new Set(['open']))
      await all.clock.advance('60s')
      for (let i = 0; i < 2; i++) expect(await pick(all, 0).call()).toBe('fine')
      await all.clock.advance('200ms')
      expect(new Set(all.states())).toEqual(new Set(['closed']))
    }
  })

  it('takes the words of operators in all instances, also in those that start later', async () => {
    const all = fleet(3)
    await meet(all)
    expect(await pick(all, 0).breaker.everywhere?.isolate('deploy')).toBe(true)
    await all.clock.advance('200ms')
    expect(all.states()).toEqual(['isolated', 'isolated', 'isolated'])
    all.instances.push(all.start())
    await all.clock.advance('200ms')
    expect(pick(all, 3).breaker.snapshot()).toMatchObject({ state: 'isolated', isolation: 'deploy' })
    await pick(all, 1).breaker.everywhere?.release()
    await all.clock.advance('200ms')
    expect(all.states()).toEqual(Array(4).fill('closed'))

    await pick(all, 2).breaker.everywhere?.trip('30s')
    await all.clock.advance('20s')
    expect(all.states()).toEqual(Array(4).fill('open'))
    await pick(all, 0).breaker.everywhere?.reset()
    await all.clock.advance('200ms')
    expect(all.states()).toEqual(Array(4).fill('closed'))
    await pick(all, 2).breaker.everywhere?.trip('30s')
    await all.clock.advance('31s')
    expect(await pick(all, 3).call()).toBe('fine')
    expect(pick(all, 3).breaker.state).toBe('halfOpen')
  })

  it('does what an operator says at once, and tells the store as soon as it is back', async () => {
    const all = fleet(2)
    await meet(all)
    pick(all, 0).way.mode = 'rejects'
    expect(await pick(all, 0).breaker.everywhere?.isolate('deploy')).toBe(false)
    await all.clock.advance('30s')
    expect(all.states()).toEqual(['isolated', 'closed'])
    pick(all, 0).way.mode = 'up'
    await all.clock.advance('10s')
    expect(all.states()).toEqual(['isolated', 'isolated'])
  })

  it('does not undo what an operator said since when an answer comes late', async () => {
    const all = fleet(2)
    await meet(all)
    const one = pick(all, 0)
    one.way.delay = () => 100
    await breakDown(one) // tells the store: 100 ms there, and 100 back
    await all.clock.advance('150ms')
    one.way.delay = () => 0
    expect(await one.breaker.everywhere?.isolate('deploy')).toBe(true)
    const changes: string[] = []
    one.breaker.on('stateChange', ({ to }) => void changes.push(to))
    await all.clock.advance('10s')
    expect([one.breaker.state, changes]).toEqual(['isolated', []])
  })

  it('offers the same to operators on the hub', async () => {
    const clock = new VirtualClock()
    const hub = new Hub()
    const store = shareBreakers(memoryBreakerStore({ clock }))
    const one = circuitBreaker({ name: 'one', hub, clock, store })
    const many = breakerPerKey({ name: 'many', hub, clock, store })
    const act = (kind: string, name: string, action: string, ...args: string[]): unknown =>
      hub.component(kind, name)?.actions[action]?.(...(args as never[]))
    act('circuit-breaker', 'one', 'isolateEverywhere', 'deploy')
    act('circuit-breaker-per-key', 'many', 'isolateEverywhere', 'a', 'deploy')
    expect([one.state, many.circuit('a').state, many.circuit('b').state]).toEqual([
      'isolated',
      'isolated',
      'closed',
    ])
    act('circuit-breaker', 'one', 'releaseEverywhere')
    expect(one.state).toBe('closed')
    one.dispose()
    many.dispose()
  })

  it('has one circuit for each key', async () => {
    const clock = new VirtualClock()
    const store = memoryBreakerStore({ clock })
    const make = () =>
      breakerPerKey({
        name: 'hosts',
        hub: new Hub(),
        clock,
        failureThreshold: 1,
        store: shareBreakers(store),
      })
    const [one, two, three] = [make(), make(), make()]
    const fail = (breakers: typeof one, key: string) =>
      breakers.settle(() => Promise.reject(new Error('down')), { key })
    await fail(one, 'a')
    await fail(two, 'a')
    await clock.advance('1s')
    // A circuit that is made later starts from what was heard.
    expect([three.circuit('a').state, three.circuit('b').state]).toEqual(['open', 'closed'])
    await clock.advance('10s')
    expect(await three.execute(() => 'fine', { key: 'a' })).toBe('fine')
    for (const each of [one, two, three]) each.dispose()
    await clock.settle()
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('trials', () => {
  it('I21: run in one instance only at a time, and the others are turned away at once', async () => {
    const all = fleet(3)
    await meet(all)
    for (const instance of all.instances) await breakDown(instance)
    await all.clock.advance('10s')
    let finish = (): void => {}
    const trial = pick(all, 0).breaker.execute(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve
        }),
    )
    await all.clock.settle()
    const refused = await pick(all, 1).breaker.settle(() => 'ran')
    expect(refused).toMatchObject({
      status: 'rejected',
      reason: { code: 'ERR_CIRCUIT_OPEN', retryAfter: 250 },
    })
    finish()
    await trial
    await all.clock.advance('400ms')
    pick(all, 1).broken = false
    expect(await pick(all, 1).call()).toBe('fine')
  })

  it('are lost with their instance: when the lease is over, others try', async () => {
    const all = fleet(2, { halfOpen: { lease: '20s' } })
    await meet(all)
    for (const instance of all.instances) await breakDown(instance)
    await all.clock.advance('10s')
    void pick(all, 0).breaker.settle(() => new Promise(() => {}))
    await all.clock.settle()
    pick(all, 0).way.mode = 'lost'
    pick(all, 1).broken = false
    await all.clock.advance('19s')
    expect(await pick(all, 1).call()).toBe('rejected')
    await all.clock.advance('1500ms')
    expect(await pick(all, 1).call()).toBe('fine')
  })

  it('wait for the store no longer than the budget, once, and are decided here then', async () => {
    const all = fleet(1, {}, { timeout: '100ms' })
    const [only] = all.instances as [Instance]
    const events: unknown[] = []
    only.breaker.on('storeDown', (event) => void events.push(event))
    only.breaker.on('storeUp', (event) => void events.push(event))
    await meet(all)
    await breakDown(only)
    await all.clock.advance('10s')
    only.way.mode = 'lost'
    only.broken = false
    const call = only.call()
    await all.clock.advance('99ms')
    expect(only.breaker.state).toBe('open')
    await all.clock.advance('1ms')
    expect(await call).toBe('fine')
    expect(events).toEqual([{ name: 'stock', operation: 'startTrial' }])
    const before = all.clock.now()
    expect(await only.call()).toBe('fine')
    expect([only.breaker.state, all.clock.now()]).toEqual(['closed', before])
    only.way.mode = 'up'
    await all.clock.advance('10s')
    expect(events).toHaveLength(2)
    expect(events[1]).toMatchObject({ name: 'stock', downFor: expect.any(Number) })
  })

  it('of a call that has no time are decided here, and the store is not blamed', async () => {
    const all = fleet(1, {}, { timeout: '100ms' })
    const [only] = all.instances as [Instance]
    let blamed = 0
    only.breaker.on('storeDown', () => {
      blamed++
    })
    await meet(all)
    await breakDown(only)
    await all.clock.advance('10s')
    only.way.delay = () => 40
    const call = only.breaker.execute(() => 'fine', { deadline: all.clock.now() + 50 })
    await all.clock.advance('50ms')
    expect(await call).toBe('fine')
    await all.clock.advance('1s')
    expect(blamed).toBe(0)
    expect(only.breaker.debugStats()).toMatchObject({ asking: 0, leases: 0 })
  })

  it('give a leave back that came too late, or whose caller has gone', async () => {
    const all = fleet(2, {}, { timeout: '100ms' })
    await meet(all)
    for (const instance of all.instances) await breakDown(instance)
    await all.clock.advance('10s')
    const controller = new AbortController()
    const [one, two] = all.instances as [Instance, Instance]
    one.way.delay = () => 40
    const given = one.breaker.settle(() => 'ran', { signal: controller.signal })
    await all.clock.advance('50ms')
    controller.abort(new Error('gone'))
    expect(await given).toMatchObject({ status: 'rejected', reason: { message: 'gone' } })
    await all.clock.advance('200ms')
    two.broken = false
    expect(await two.call()).toBe('fine')

    one.broken = false
    one.way.delay = () => 80
    const late = one.call()
    await all.clock.advance('100ms')
    expect(await late).toBe('fine') // decided here
    await all.clock.advance('1s')
    expect(await two.call()).toBe('fine')
    expect([one, two].map(({ breaker }) => breaker.debugStats())).toMatchObject([
      { asking: 0, leases: 0 },
      { asking: 0, leases: 0 },
    ])
  })

  it('are not asked for while the store refuses them: no storm of requests', async () => {
    const all = fleet(2)
    await meet(all)
    for (const instance of all.instances) await breakDown(instance)
    await all.clock.advance('10s')
    void pick(all, 0).breaker.settle(() => new Promise(() => {}))
    await all.clock.settle()
    let asked = 0
    pick(all, 1).way.delay = () => {
      asked++
      return 0
    }
    await Promise.all(Array.from({ length: 100 }, () => pick(all, 1).call()))
    for (let i = 0; i < 1000; i++) await pick(all, 1).call()
    expect(asked).toBeLessThanOrEqual(2) // there and back
  })
})

describe('a store that is away', () => {
  it.each(['rejects', 'lost', 'deaf'] as const)(
    'leaves every breaker as it would be alone (%s)',
    async (mode) => {
      const all = fleet(2)
      for (const instance of all.instances) instance.way.mode = mode
      await meet(all)
      await breakDown(pick(all, 0))
      await all.clock.advance('5s')
      expect(all.states()).toEqual(['open', 'closed'])
      await all.clock.advance('6s')
      pick(all, 0).broken = false
      for (let i = 0; i < 2; i++) expect(await pick(all, 0).call()).toBe('fine')
      expect(all.states()).toEqual(['closed', 'closed'])
    },
  )

  it('does no harm when it throws at once, or cannot be watched', async () => {
    const clock = new VirtualClock()
    const boom = (): never => {
      throw new Error('boom')
    }
    const store = shareBreakers({
      exchange: boom,
      startTrial: boom,
      endTrial: boom,
      command: boom,
      leave: boom,
      watch: boom,
    })
    const breaker = circuitBreaker({ name: 'a', hub: new Hub(), clock, store })
    await clock.advance('1m')
    expect(await breaker.execute(() => 'fine')).toBe('fine')
    breaker.dispose()
    await clock.settle()
    expect(clock.pendingTimers).toBe(0)
  })
})

it('leaves nothing behind when it is disposed of, whatever is under way', async () => {
  const all = fleet(3, {}, { timeout: '100ms' })
  await meet(all)
  for (const instance of all.instances) await breakDown(instance)
  await all.clock.advance('10s')
  for (const instance of all.instances) instance.way.delay = () => 50
  const waiting = pick(all, 0).breaker.settle(() => 'ran')
  await all.clock.advance('10ms')
  for (const { breaker } of all.instances) breaker.dispose()
  expect(await waiting).toMatchObject({ status: 'rejected', reason: { code: 'ERR_DISPOSED' } })
  await all.clock.advance('1s') // the network of the test
  expect(all.clock.pendingTimers).toBe(0)
  for (const { breaker } of all.instances)
    expect(breaker.debugStats()).toMatchObject({ timers: 0, asking: 0, leases: 0, storeCalls: 0 })
})

it('refuses options that make no sense', () => {
  const store = memoryBreakerStore()
  const shared = shareBreakers(store)
  expect(() => circuitBreaker({ store: shared })).toThrow(/name/)
  expect(() => circuitBreaker({ name: 'a', store: store as never })).toThrow(/store/)
  expect(() => shareBreakers(store, { quorum: 0 })).toThrow(/quorum/)
  expect(() => shareBreakers(store, { quorum: 1.1 })).toThrow(/quorum/)
  expect(() => shareBreakers(store, { often: 1 } as never)).toThrow(/often/)
  expect(circuitBreaker().everywhere).toBeUndefined()
  expect(CircuitOpenError.name).toBe('CircuitOpenError')
})
