import {
  type BreakerPerKey,
  breakerPerKey,
  type CircuitBreakerOptions,
  type PerKeyOptions,
} from '@seaworthy/circuit-breaker'
import { type Component, Hub, type Passage, type PolicyBase, pipeline } from '@seaworthy/core'
import { seededRandom } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { down, HandClock, listen, ok } from './breakers.ts'

function keyed(
  options: CircuitBreakerOptions = {},
  perKey: PerKeyOptions = {},
): { breakers: BreakerPerKey; clock: HandClock } {
  const clock = new HandClock()
  return {
    clock,
    breakers: breakerPerKey(
      { clock, failureThreshold: 1, successThreshold: 1, recoveryTimeout: 1000, ...options },
      perKey,
    ),
  }
}

const call = (breakers: BreakerPerKey, key: string, fn: () => unknown = ok): Promise<{ status: string }> =>
  breakers.settle(fn, { key })

/** What lets a call with this key pass. Every policy is a `PolicyBase`, of which the interface of breakers shows only a part: hence the cast. */
const passage = (breakers: BreakerPerKey, key: string): Passage | undefined =>
  (breakers as unknown as Pick<PolicyBase, 'passage'>).passage({ key })

describe('calls that pass', () => {
  const told = { key: 'a', operation: ok }

  it('do so while their circuit is closed, and count there', async () => {
    const { breakers } = keyed()
    expect(passage(breakers, 'a')).toBeUndefined() // no circuit yet
    await call(breakers, 'a')
    await call(breakers, 'b')
    const [first, second] = [passage(breakers, 'a'), passage(breakers, 'a')]
    expect(second).toBe(first)
    expect(passage(breakers, 'b')).not.toBe(first)
    expect(first?.succeed('well', told)).toBe('well')
    expect(() => second?.fail(new Error('down'), told)).toThrow('down')
    expect([breakers.circuit('a').state, breakers.circuit('b').state]).toEqual(['open', 'closed'])
    expect([passage(breakers, 'a'), passage(breakers, 'b')?.succeed(1, told)]).toEqual([undefined, 1])
  })

  it('count no more when their circuit has opened meanwhile', async () => {
    const { breakers, clock } = keyed()
    await call(breakers, 'a')
    const late = passage(breakers, 'a')
    await call(breakers, 'a', down)
    clock.move(1000)
    late?.succeed('late', told)
    expect([breakers.circuit('a').state, breakers.circuit('a').snapshot().totals.stale]).toEqual(['open', 1])
  })

  it('do not where a function chooses the circuit, or somebody wants to hear of them', async () => {
    const choosing = keyed({}, { key: ({ values }) => String(values?.['tenant']) }).breakers
    await choosing.execute(ok, { values: { tenant: 'a' } })
    expect(passage(choosing, 'a')).toBeUndefined()
    const { breakers } = keyed()
    await call(breakers, 'a')
    breakers.on('success', () => {})
    expect(passage(breakers, 'a')).toBeUndefined()
  })

  it('keep their circuit from being forgotten', async () => {
    const { breakers, clock } = keyed({}, { idle: '1m' })
    for (const key of ['a', 'b']) await call(breakers, key)
    clock.move(60_000)
    await call(breakers, 'c')
    passage(breakers, 'a')?.succeed(1, told)
    clock.move(60_000)
    await call(breakers, 'd')
    expect(breakers.keys()).toEqual(['a', 'c', 'd'])
  })
})

describe('breakerPerKey', () => {
  it('takes the key of the call, or asks for one', async () => {
    const { breakers } = keyed()
    await call(breakers, 'a', down)
    expect((await call(breakers, 'a')).status).toBe('rejected')
    expect((await call(breakers, 'b')).status).toBe('fulfilled')
    await breakers.settle(ok)
    expect(breakers.keys()).toEqual(['a', 'b', ''])

    const byTenant = keyed({}, { key: ({ values }) => values?.['tenant'] as string })
    await byTenant.breakers.settle(down, { key: 'x', values: { tenant: 't1' } })
    await byTenant.breakers.settle(ok, { key: 'x', values: { tenant: 7 } })
    expect(byTenant.breakers.keys()).toEqual(['t1', '7'])
    expect(byTenant.breakers.circuit('t1').state).toBe('open')
  })

  it('files calls under an empty key when the key cannot be told', async () => {
    const { breakers } = keyed(
      {},
      {
        key: () => {
          throw new Error('broken')
        },
      },
    )
    expect((await call(breakers, 'a')).status).toBe('fulfilled')
    expect(breakers.keys()).toEqual([''])
  })

  it('I17: does for each key what a breaker of its own would do', async () => {
    const random = seededRandom(17)
    const { breakers, clock } = keyed({ failureThreshold: 2 }, { max: 4 })
    const alone = new Map<string, BreakerPerKey>()
    for (let i = 0; i < 2000; i++) {
      clock.move(Math.floor(random() * 300))
      const key = `k${Math.floor(random() * 4)}`
      const single =
        alone.get(key) ??
        breakerPerKey({ clock, failureThreshold: 2, successThreshold: 1, recoveryTimeout: 1000 })
      alone.set(key, single)
      const fn = random() < 0.6 ? ok : down
      const [one, other] = [await call(breakers, key, fn), await call(single, key, fn)]
      expect(one.status).toBe(other.status)
      expect(breakers.circuit(key).snapshot()).toEqual(single.circuit(key).snapshot())
    }
  })

  it('keeps so many circuits and forgets those not used for longest first', async () => {
    const { breakers } = keyed({}, { max: 3 })
    for (const key of ['a', 'b', 'c']) await call(breakers, key)
    await call(breakers, 'd') // everybody was used: the first one goes
    expect(breakers.keys().sort()).toEqual(['b', 'c', 'd'])
    await call(breakers, 'b')
    await call(breakers, 'e')
    expect(breakers.keys()).toContain('b')
    expect(breakers.size).toBe(3)
  })

  it('I17: forgets no circuit that is open, on trial or isolated, even if there are too many', async () => {
    const { breakers, clock } = keyed({}, { max: 2 })
    await call(breakers, 'open', down)
    const trial = breakers.circuit('trial')
    trial.trip(0)
    const permit = trial.acquire()
    breakers.circuit('isolated').isolate('deploy')
    for (let i = 0; i < 20; i++) await call(breakers, `good ${i}`)
    expect(breakers.keys()).toEqual(expect.arrayContaining(['open', 'trial', 'isolated']))
    expect(breakers.size).toBe(4)
    expect(breakers.circuit('trial').state).toBe('halfOpen')
    permit.success()
    expect(breakers.circuit('trial').state).toBe('closed')
    clock.move(1000)
    for (let i = 0; i < 20; i++) await call(breakers, `more ${i}`)
    expect(breakers.keys()).toContain('isolated')
    expect(breakers.size).toBeLessThanOrEqual(3)
  })

  it('forgets circuits whose wait is over when closed ones are not to be had', async () => {
    const { breakers, clock } = keyed({}, { max: 3 })
    for (const key of ['a', 'b', 'c']) await call(breakers, key, down)
    clock.move(1000)
    await call(breakers, 'd')
    expect(breakers.size).toBe(3)
  })

  it('forgets idle circuits when a new key comes, and lost trials with them', async () => {
    const { breakers, clock } = keyed({ halfOpen: { lease: '1s' } }, { idle: '1m' })
    await call(breakers, 'idle', down)
    await call(breakers, 'idle and well')
    breakers.circuit('lost').trip(0)
    breakers.circuit('lost').acquire()
    breakers.circuit('held').isolate('deploy')
    await call(breakers, 'busy')
    clock.move(60_000)
    await call(breakers, 'new') // all were used in the last minute
    expect(breakers.size).toBe(6)
    clock.move(60_000)
    await call(breakers, 'busy')
    await call(breakers, 'newer')
    expect(breakers.keys().sort()).toEqual(['busy', 'held', 'new', 'newer']) // 'new' was new a minute ago
  })

  it('I4: counts no outcome of a forgotten circuit in the one that came after it', async () => {
    const { breakers } = keyed({}, { max: 1 })
    const old = breakers.circuit('a').acquire()
    await call(breakers, 'b')
    expect(breakers.keys()).toEqual(['b'])
    breakers.circuit('a')
    old.failure()
    expect(breakers.circuit('a').state).toBe('closed')
  })

  it('changes rules and mode of all circuits', async () => {
    const { breakers } = keyed({ failureThreshold: 3 })
    await call(breakers, 'a', down)
    breakers.reconfigure({ failureThreshold: 2 })
    await call(breakers, 'a', down)
    expect(breakers.circuit('a').state).toBe('open')
    breakers.setMode('disabled')
    expect(breakers.mode).toBe('disabled')
    for (let i = 0; i < 5; i++) await call(breakers, 'a', down)
    expect(breakers.circuit('a').state).toBe('closed')
    expect(() => breakers.reconfigure({ name: 'x' } as never)).toThrow("reconfigure option 'name'")
  })

  it('verify 16: saves and restores all circuits, or none', async () => {
    const { breakers, clock } = keyed()
    await call(breakers, 'a', down)
    await call(breakers, 'b')
    clock.move(400)
    const saved = JSON.parse(JSON.stringify(breakers.snapshot()))
    const after = keyed()
    expect(() => after.breakers.restore({ ...saved, c: { version: 9 } })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_SNAPSHOT' }),
    )
    expect(after.breakers.size).toBe(0)
    after.breakers.restore(saved)
    expect(after.breakers.circuit('a').snapshot()).toMatchObject({ state: 'open', retryAfter: 600 })
    expect(after.breakers.circuit('b').snapshot()).toMatchObject({ state: 'closed', calls: 1 })
  })

  it('is one component on the hub, with actions by key', async () => {
    const hub = new Hub()
    const { breakers } = keyed({ name: 'hosts', hub })
    const events = listen(breakers, ['stateChange'])
    await call(breakers, 'a', down)
    const component = hub.component('circuit-breaker-per-key', 'hosts') as Component
    expect(component.snapshot()).toMatchObject({ circuits: { a: { state: 'open', openings: 1 } } })
    const { reset, trip, isolate, release } = component.actions as unknown as Record<
      string,
      (...args: unknown[]) => unknown
    >
    reset?.('a')
    trip?.('b', 500)
    isolate?.('c', 'deploy')
    isolate?.('c', 'again')
    expect(breakers.circuit('b').snapshot().retryAfter).toBe(500)
    expect(breakers.circuit('c').state).toBe('isolated')
    release?.('c')
    release?.('c')
    expect(breakers.circuit('c').state).toBe('closed')
    expect(events.map(({ key, to }) => `${key} ${to}`)).toEqual([
      'a open',
      'a closed',
      'b open',
      'c isolated',
      'c closed',
    ])
    expect(breakers.circuit('a')).toBe(breakers.circuit('a'))
    breakers.dispose()
    expect(hub.components()).toEqual([])
  })

  it('verify 17: turns away known and unknown keys once it is disposed', async () => {
    const { breakers } = keyed()
    await call(breakers, 'a')
    breakers.dispose()
    for (const key of ['a', 'b'])
      expect(await call(breakers, key)).toMatchObject({ reason: { code: 'ERR_DISPOSED', key } })
    expect(breakers.debugStats()).toEqual({ listeners: 0, underway: 0, circuits: 0 })
  })

  it('works in a pipeline, and its errors say the key', async () => {
    const { breakers } = keyed({ name: 'hosts', hub: new Hub() })
    const policy = pipeline(breakers)
    await policy.settle(down, { key: 'a' })
    expect(await policy.settle(ok, { key: 'a' })).toMatchObject({
      reason: {
        message: "Circuit 'hosts' for 'a' is open (failureThreshold); next trial in 1000 ms",
        policy: 'hosts',
        key: 'a',
        name: 'CircuitOpenError',
        failureClass: 'persistent',
      },
    })
  })

  it.each([
    [{ max: 0 }, 'max'],
    [{ idle: 0 }, 'idle'],
    [{ key: 'host' }, 'key'],
    [{ size: 3 }, 'size'],
  ])('refuses %j', (perKey, named) => {
    expect(() => breakerPerKey({}, perKey as never)).toThrow(named)
  })
})
