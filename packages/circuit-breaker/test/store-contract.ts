/** What every store of circuits has to do, on whatever it is built. */
import { type BreakerStore, type FleetExchangeRequest, memoryBreakerStore } from '@seaworthy/circuit-breaker'
import { VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

/** A store that nobody else uses, and its time. */
export interface CircuitsUnderTest {
  readonly store: BreakerStore
  /** Lets this time pass on the clock of the store. */
  advance(milliseconds: number): Promise<void>
  close(): Promise<void>
}

const minute = 60_000

/** Requests of an instance, numbered by themselves. */
function says(instance: string, ttl: number = minute) {
  let sequence = 0
  return (key?: string, epoch = 0, openFor: number | undefined = minute): FleetExchangeRequest => ({
    instance,
    sequence: ++sequence,
    ttl,
    reports: key === undefined ? [] : [{ key, epoch, openFor }],
  })
}

type Check = (under: CircuitsUnderTest) => Promise<void>

/** Registers the tests. Real stores have to wait, so times are short, and generous in between. */
export function breakerStoreContract(name: string, create: () => Promise<CircuitsUnderTest>): void {
  describe(name, () => {
    for (const [title, check] of breakerStoreChecks) {
      it(title, async () => {
        const under = await create()
        await check(under).finally(() => under.close())
      })
    }
  })
}

const trial = { key: '', lease: minute, limit: 1 }

/** What is checked, by title. */
export const breakerStoreChecks: (readonly [title: string, check: Check])[] = []

const on = (title: string, check: Check): void => void breakerStoreChecks.push([title, check])

on('tells each instance what the others report, and not what it has said itself', async ({ store }) => {
  const [a, b] = [says('a'), says('b')]
  expect(await store.exchange('x', a('k{1} ü'))).toMatchObject({
    others: 0,
    circuits: [{ key: 'k{1} ü', epoch: 0, reports: [], departed: 0, command: undefined }],
  })
  const { others, circuits } = await store.exchange('x', b())
  expect(others).toBe(1)
  expect(circuits).toMatchObject([{ key: 'k{1} ü', departed: 0 }])
  expect(circuits[0]?.reports[0]).toBeGreaterThan(minute - 10_000)
  expect(circuits[0]?.reports[0]).toBeLessThanOrEqual(minute)
  expect(await store.exchange('another', says('c')())).toEqual({ others: 0, circuits: [] })
})

on('keeps the last word of an instance, and takes what is missing for well', async ({ store }) => {
  const [a, b] = [says('a'), says('b')]
  await store.exchange('x', a('k'))
  await store.exchange('x', a('k', 0, 0))
  expect((await store.exchange('x', b())).circuits).toMatchObject([{ reports: [0] }])
  await store.exchange('x', a())
  expect((await store.exchange('x', b())).circuits).toMatchObject([{ reports: [] }])
})

on('takes nothing from a request that comes late', async ({ store }) => {
  const [a, b] = [says('a'), says('b')]
  const early = a('k')
  await store.exchange('x', a())
  await store.exchange('x', early)
  expect((await store.exchange('x', b())).circuits.flatMap(({ reports }) => reports)).toEqual([])
})

on('counts an instance for its ttl, and its report until the opening is over', async ({ store, advance }) => {
  const me = says('me')
  await store.exchange('x', says('a', 300)('k', 0, 900))
  await store.exchange('x', says('b', 300)('k', 0, 0))
  expect(await store.exchange('x', me())).toMatchObject({ others: 2, circuits: [{ departed: 0 }] })
  await advance(350)
  const later = await store.exchange('x', me())
  expect(later).toMatchObject({ others: 0, circuits: [{ departed: 1 }] })
  expect(later.circuits[0]?.reports).toHaveLength(1)
  await advance(700)
  expect(await store.exchange('x', me())).toMatchObject({ circuits: [{ departed: 0, reports: [] }] })
})

on('forgets an instance that leaves, but not its opening', async ({ store }) => {
  const [a, me] = [says('a'), says('me')]
  await store.exchange('x', a('k'))
  await store.leave('x', 'a')
  await store.leave('x', 'unknown')
  expect(await store.exchange('x', me())).toMatchObject({ others: 0, circuits: [{ departed: 1 }] })
})

on('drops reports of older epochs, and is told of newer ones', async ({ store }) => {
  const [a, b, c] = [says('a'), says('b'), says('c')]
  await store.exchange('x', a('k', 3))
  expect((await store.exchange('x', b('k', 2))).circuits).toMatchObject([{ epoch: 3 }])
  expect((await store.exchange('x', c())).circuits[0]?.reports).toHaveLength(1)
  // Somebody who is well knows more.
  await store.exchange('x', { ...b(), reports: [{ key: 'k', epoch: 5, openFor: undefined }] })
  expect((await store.exchange('x', c())).circuits).toMatchObject([{ epoch: 5, reports: [] }])
})

on(
  'grants so many trials as may run, again to who has one, and takes them back',
  async ({ store, advance }) => {
    const start = (id: string, lease = minute, limit = 2) =>
      store.startTrial('x', { key: 'k', id, lease, limit }).then(({ granted }) => granted)
    expect([await start('1'), await start('2', 300), await start('3'), await start('1')]).toEqual([
      true,
      true,
      false,
      true,
    ])
    expect(await store.startTrial('x', { ...trial, key: 'other', id: '3' })).toEqual({
      granted: true,
      epoch: 0,
    })
    await advance(350) // the lease of the second is over
    expect([await start('3'), await start('4')]).toEqual([true, false])
    await store.endTrial('x', { key: 'k', id: '1', epoch: 0, outcome: 'neutral', needed: 0 })
    expect(await start('4')).toBe(true)
  },
)

on('begins a new epoch when enough trials in a row have succeeded', async ({ store }) => {
  const me = says('me')
  await store.exchange('x', says('a')('', 4))
  const run = async (id: string, outcome: 'success' | 'failure' | 'neutral', epoch = 4, needed = 2) => {
    await store.startTrial('x', { ...trial, id })
    return store.endTrial('x', { key: '', id, epoch, outcome, needed })
  }
  expect(await run('1', 'success')).toBe(4)
  expect(await run('2', 'failure')).toBe(4)
  expect(await run('3', 'success')).toBe(4)
  expect(await run('4', 'success', 3)).toBe(4) // of another epoch
  expect(await run('5', 'success', 4, 0)).toBe(4) // for its own instance
  expect(await run('6', 'neutral')).toBe(4)
  const again = { key: '', id: '3', epoch: 4, outcome: 'success', needed: 2 } as const
  expect(await store.endTrial('x', again)).toBe(4) // it has ended before
  expect((await store.exchange('x', me())).circuits[0]?.reports).toHaveLength(1)
  expect(await run('7', 'success')).toBe(5)
  expect((await store.exchange('x', me())).circuits).toMatchObject([{ epoch: 5, reports: [] }])
})

on('does what operators say, in a new epoch', async ({ store, advance }) => {
  const me = says('me')
  const view = async () => (await store.exchange('x', me())).circuits[0]
  await store.exchange('x', says('a')('k'))
  expect(await store.command('x', 'k', { kind: 'isolate', reason: 'deploy — über' })).toBe(1)
  expect(await view()).toMatchObject({
    epoch: 1,
    reports: [],
    command: { kind: 'isolate', reason: 'deploy — über' },
  })
  expect(await store.command('x', 'k', { kind: 'reset' })).toBe(2)
  expect(await view()).toMatchObject({ epoch: 2, command: { kind: 'reset' } })
  expect(await store.command('x', 'k', { kind: 'trip', openFor: 500 })).toBe(3)
  const tripped = await view()
  expect(tripped).toMatchObject({ epoch: 3, command: { kind: 'trip' } })
  await advance(550)
  expect(await view()).toMatchObject({ epoch: 3, command: undefined })
})

on('ends what an operator has opened when trials succeed, but not what is isolated', async ({ store }) => {
  const me = says('me')
  const recover = async (key: string) => {
    await store.startTrial('x', { ...trial, key, id: '1' })
    await store.endTrial('x', { key, id: '1', epoch: 1, outcome: 'success', needed: 1 })
    return (await store.exchange('x', me())).circuits.find((view) => view.key === key)
  }
  await store.command('x', 'tripped', { kind: 'trip', openFor: minute })
  await store.command('x', 'isolated', { kind: 'isolate', reason: 'deploy' })
  expect(await recover('tripped')).toMatchObject({ epoch: 2, command: undefined })
  expect(await recover('isolated')).toMatchObject({
    epoch: 2,
    command: { kind: 'isolate', reason: 'deploy' },
  })
})

on('tells those who watch what has changed', async ({ store, advance }) => {
  if (store.watch === undefined) return
  let told = 0
  const end = store.watch('x', () => {
    told++
  })
  // It may take a moment until it listens.
  for (let tries = 0; told === 0 && tries < 200; tries++) {
    await store.command('x', 'k', { kind: 'reset' })
    await advance(20)
  }
  expect(told).toBeGreaterThan(0)
  end()
  const before = told
  await store.command('x', 'k', { kind: 'reset' })
  await advance(100)
  expect(told).toBe(before)
})

on('does the same as the store in memory, whatever is asked of it', async ({ store }) => {
  const key = fc.constantFrom('', 'k')
  const id = fc.constantFrom('1', '2', '3')
  const who = fc.constantFrom('a', 'b', 'c')
  const epoch = fc.nat(3)
  const report = fc.record({ key, epoch, openFor: fc.constantFrom(undefined, minute, 2 * minute) })
  const reports = fc.uniqueArray(report, { selector: (each) => each.key, maxLength: 2 })
  type Ask = (on: BreakerStore, breaker: string) => Promise<unknown>
  const ask: fc.Arbitrary<Ask> = fc.oneof(
    fc
      .record({ instance: who, sequence: fc.integer({ min: 1, max: 6 }), reports })
      .map((request) => (on: BreakerStore, at: string) => on.exchange(at, { ...request, ttl: minute })),
    fc
      .record({ key, id, limit: fc.integer({ min: 1, max: 2 }) })
      .map((request) => (on: BreakerStore, at: string) => on.startTrial(at, { ...request, lease: minute })),
    fc
      .record({
        key,
        id,
        epoch,
        outcome: fc.constantFrom('success', 'success', 'failure', 'neutral'),
        needed: fc.integer({ min: 0, max: 2 }),
      })
      .map((end) => (on: BreakerStore, at: string) => on.endTrial(at, end)),
    fc
      .tuple(
        key,
        fc.constantFrom(
          { kind: 'reset' } as const,
          { kind: 'isolate', reason: 'r' } as const,
          { kind: 'trip', openFor: minute } as const,
        ),
      )
      .map(
        ([each, said]) =>
          (on: BreakerStore, at: string) =>
            on.command(at, each, said),
      ),
    who.map((instance) => (on: BreakerStore, at: string) => on.leave(at, instance)),
  )
  let runs = 0
  await fc.assert(
    fc.asyncProperty(fc.array(ask, { minLength: 5, maxLength: 25 }), async (asks) => {
      const breaker = `run ${++runs}`
      const memory = memoryBreakerStore({ clock: new VirtualClock() })
      for (const each of asks)
        expect(rounded(await each(store, breaker))).toEqual(rounded(await each(memory, breaker)))
    }),
    { numRuns: 60, seed: 7 },
  )
})

/** Answers without the milliseconds that a server took, and in one order. */
function rounded(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer ?? null), (_key, value) => {
    if (typeof value === 'number' && value > 30_000) return Math.ceil(value / 30_000)
    if (!Array.isArray(value)) return value
    return [...value].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  })
}
