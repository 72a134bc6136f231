import { seededRandom, VirtualClock } from '@seaworthy/testing'
import { aiProvider, database, Hub, InvalidOptionError, messaging, type PresetOptions } from 'seaworthy'
import { describe, expect, it } from 'vitest'

const down = (): never => {
  throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' })
}

/** A pipeline on a virtual clock. */
function make(factory: typeof messaging, options: PresetOptions = {}) {
  const clock = new VirtualClock()
  const hub = new Hub()
  const policy = factory({ profile: 'production', clock, hub, random: seededRandom(1), ...options })
  /** Calls it until it has settled. */
  const call = (operation: () => unknown): Promise<unknown> =>
    clock
      .runUntilSettled(policy.settle(operation))
      .then((settled) =>
        settled.status === 'fulfilled' ? settled.value : (settled.reason as { code?: string }).code,
      )
  return { clock, hub, policy, call }
}

describe('the factories', () => {
  it('put retry outside the circuit breaker and the timeout nearest to the function', () => {
    const kinds = messaging()
      .describe()
      .map(({ kind }) => kind)
    expect(kinds).toEqual(['retry', 'circuit-breaker', 'timeout'])
  })

  it('retry four times, and stop when the circuit opens', async () => {
    const { policy, call } = make(messaging)
    let calls = 0
    const flaky = (): string => (++calls < 5 ? down() : 'sent')
    expect(await call(flaky)).toBe('sent')
    expect(calls).toBe(5)
    expect(await call(down)).toBe('ECONNREFUSED')
    expect(policy.breaker.state).toBe('open')
    expect(await call(() => 'never asked')).toBe('ERR_CIRCUIT_OPEN')
  })

  it.each([
    ['messaging', messaging, 60_000, 5],
    ['aiProvider', aiProvider, 120_000, 3],
    ['database', database, 30_000, 10],
  ] as const)(
    '%s: open for its recovery time, closed after three trials',
    async (_, factory, recovery, threshold) => {
      const { clock, policy, call } = make(factory, { attempts: 1, failureRate: 1, minimumRequests: 100 })
      for (let failure = 1; failure <= threshold; failure++) {
        expect(policy.breaker.state).toBe('closed')
        expect(await call(down)).toBe('ECONNREFUSED')
      }
      await clock.advance(recovery - 1)
      expect(await call(() => 'too early')).toBe('ERR_CIRCUIT_OPEN')
      await clock.advance(1)
      for (const trial of [1, 2, 3]) expect(await call(() => trial)).toBe(trial)
      expect(policy.breaker.state).toBe('closed')
    },
  )

  it('give an attempt 30 seconds', async () => {
    const { clock, call } = make(messaging, { attempts: 1 })
    expect(await call(() => new Promise(() => {}))).toBe('ERR_TIMEOUT')
    expect(clock.now()).toBe(30_000)
  })

  it('give a dependency that sheds load five times the room', () => {
    const delays = messaging({ profile: 'production' }).describe()[0]?.delays
    expect(delays).toBeCloseTo(5000 + 10_000 + 20_000 + 30_000)
  })

  it('take numbers of your own, an environment by name, or one of your own', () => {
    expect(messaging({ profile: 'production', timeout: '5s' }).options.timeout).toBe('5s')
    expect(messaging({ profile: 'development' }).options.attempts).toBe(3)
    const staging = { name: 'staging', timeouts: 2, thresholds: 1, recoveries: 1, delays: 1 }
    expect(messaging({ profile: staging }).options).toMatchObject({ timeout: 60_000, attempts: 5 })
    expect(messaging().options).toEqual(messaging({ profile: 'testing' }).options)
  })

  it('show all three policies under their name, until disposed', () => {
    const { hub, policy } = make(database, { name: 'orders' })
    const components = hub.components().map(({ kind, name }) => `${kind} ${name}`)
    expect(components.sort()).toEqual(['circuit-breaker orders', 'retry orders', 'timeout orders'])
    policy.dispose()
    expect(hub.components()).toEqual([])
  })

  it('leave nothing on the hub when an option makes no sense', () => {
    const hub = new Hub()
    for (const wrong of [
      { attempts: 0 },
      { timeout: 0 },
      { failureRate: 2 },
      { atempts: 3 },
    ] as PresetOptions[]) {
      expect(() => messaging({ name: 'chat', hub, ...wrong })).toThrow(InvalidOptionError)
    }
    expect(hub.components()).toEqual([])
    expect(messaging({ name: 'chat', hub }).name).toBeUndefined()
  })

  it('leave nothing behind after an outage', async () => {
    const { clock, policy, call } = make(messaging)
    const outcomes = Promise.all([1, 2, 3].map(() => call(() => clock.sleep(40_000))))
    expect(await outcomes).toHaveLength(3)
    await clock.advance('5m')
    expect(clock.pendingTimers).toBe(0)
    expect(Object.values(policy.debugStats()).every((value) => value === 0)).toBe(true)
  })
})
