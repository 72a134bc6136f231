import { InvalidOptionError } from '@seaworthy/core'
import { type ClaimRequest, memoryIdempotencyStore } from '@seaworthy/idempotency'
import { abortListeners, VirtualClock } from '@seaworthy/testing'
import { idempotencyStoreConformance, registerConformance } from '@seaworthy/testing/conformance'
import { describe, expect, it } from 'vitest'

const kit = idempotencyStoreConformance({
  name: 'memory store',
  clock: 'controlled',
  histories: 200,
  async create() {
    const clock = new VirtualClock()
    const store = memoryIdempotencyStore({ clock })
    return { store, advance: (milliseconds) => clock.advance(milliseconds) }
  },
})
registerConformance(kit, { describe, it }, { levels: ['L0', 'L1', 'L2'] })

const request: ClaimRequest = { owner: 'ann', fingerprint: '', lease: 100, retain: 1000, takeover: true }

function setUp(max: number) {
  const clock = new VirtualClock()
  const store = memoryIdempotencyStore({ max, clock })
  const settle = async (key: string, ttl = 10_000): Promise<void> => {
    const claim = await store.claim(key, request)
    if (claim.kind !== 'acquired') throw new Error(claim.kind)
    await store.complete(key, { ...request, fence: claim.fence, state: 'completed', payload: key, ttl })
  }
  return { clock, store, settle }
}

describe('the memory store', () => {
  it('drops what was settled longest ago when it is full', async () => {
    const { store, settle } = setUp(3)
    await store.claim('running', request)
    await settle('a')
    await settle('b')
    await settle('c')
    expect(store.size).toBe(3)
    expect(await store.peek('running')).toMatchObject({ state: 'inFlight' })
    expect(await store.peek('a')).toBeUndefined()
    expect(await store.peek('b')).toMatchObject({ state: 'completed' })
  })

  it('refuses a claim when all records are in flight, also abandoned ones, until one expires', async () => {
    const { store, clock } = setUp(2)
    await store.claim('a', request)
    await store.claim('b', request)
    await clock.advance(999)
    await expect(store.claim('c', request)).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      reason: 'full',
      failureClass: 'degraded',
    })
    expect(await store.claim('a', { ...request, owner: 'bob' })).toMatchObject({ kind: 'recovered' })
    await clock.advance(1)
    expect(await store.claim('c', request)).toMatchObject({ kind: 'acquired' })
    expect(store.debugStats()).toEqual({ inFlight: 2, settled: 0, waiting: 0 })
  })

  it('loses expired records while others come and go, without a timer', async () => {
    const { store, clock, settle } = setUp(10_000)
    for (let i = 0; i < 100; i++) await settle(`old ${i}`, 100)
    await clock.advance(100)
    expect(store.size).toBe(100)
    for (let i = 0; i < 150; i++) await settle(`new ${i}`)
    expect(store.size).toBe(150)
    expect(clock.pendingTimers).toBe(0)
  })

  it('leaves nothing behind of a wait that ended', async () => {
    const { store } = setUp(10)
    const controller = new AbortController()
    const claim = await store.claim('a', request)
    const waits = [store.waitFor('a', controller.signal), store.waitFor('a', controller.signal)]
    expect(store.debugStats()).toMatchObject({ waiting: 2 })
    if (!('fence' in claim)) throw new Error()
    await store.complete('a', { ...request, fence: claim.fence, state: 'failed', payload: '', ttl: 1 })
    await Promise.all(waits)
    expect(store.debugStats()).toMatchObject({ waiting: 0 })
    expect(abortListeners(controller.signal)).toBe(0)
  })

  it('refuses options that make no sense', () => {
    expect(() => memoryIdempotencyStore({ max: 0 })).toThrow(InvalidOptionError)
    expect(() => memoryIdempotencyStore({ clock: {} as never })).toThrow('clock must be a Clock')
    expect(() => memoryIdempotencyStore({ size: 1 } as never)).toThrow("'size'")
  })
})
