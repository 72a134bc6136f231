/** Recovery: strategies by kind of failure, at a pace, under leases that crashes and zombies cannot break. */
import {
  type BatchStatistics,
  type DeadLetterStore,
  type DeadLettersOptions,
  deadLetters,
  discard,
  manual,
  type RecoveryStrategy,
  reconcile,
  replayAfter,
  replayWhen,
  standardRecovery,
  whenClosed,
} from '@seaworthy/dead-letter'
import { expectNoLeaks, seededRandom, sometimes } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runs } from './runs.ts'
import { ada, failure, origin, toy, withHooks } from './toys.ts'

const minute = 60_000

/** A queue that replays into a list. */
function recovering(recovery: DeadLettersOptions['recovery'], more: Partial<DeadLettersOptions> = {}) {
  const sent: unknown[] = []
  const all = toy({ replay: ({ message }) => sent.push(message), recovery: recovery ?? {}, ...more })
  return { ...all, sent }
}

function sumOf({ claimed: _claimed, duration: _duration, ...outcomes }: BatchStatistics): number {
  return Object.values(outcomes).reduce((sum, count) => sum + count, 0)
}

describe('strategies', () => {
  const tools = { open: () => Promise.reject(new Error('not needed')), signal: new AbortController().signal }
  const progress = (replays: number, attempts = 0) => ({
    replays,
    attempts,
    failureClass: 'transient' as const,
  })
  const delays = (strategy: RecoveryStrategy, replays: number[]) =>
    replays.map((count) => strategy.delay(progress(count), seededRandom(1)))

  it('replayAfter waits as it is told, and stops at its limit over all deaths and attempts', () => {
    expect(delays(replayAfter('5s', { max: 2 }), [0, 1, 2])).toEqual([5000, 5000, undefined])
    expect(replayAfter('5s').delay(progress(1, 2), seededRandom(1))).toBeUndefined()
    expect(delays(standardRecovery()['timeout'] ?? manual(), [0, 1, 2, 3])).toEqual([
      minute,
      2 * minute,
      4 * minute,
      undefined,
    ])
  })

  it('replayAfter takes functions of the shape that the delay strategies of retry have', () => {
    const doubling: {
      (input: { readonly retry: number; readonly previous: number }): number
      readonly random?: boolean
    } = ({ retry, previous }) => previous + Math.min(1000 * 2 ** (retry - 1), 3000)
    expect(delays(replayAfter(doubling, { max: 4 }), [0, 1, 2, 3])).toEqual([1000, 2000, 3000, 3000])
  })

  it('replayWhen waits for its condition; one that throws does not hold', async () => {
    const breaker = { state: 'open' }
    const strategy = replayWhen(whenClosed(breaker), { every: '10s' })
    const letter = { replays: 0, attempts: 0 } as never
    expect(await strategy.decide(letter, tools)).toEqual({ wait: 10_000 })
    breaker.state = 'closed'
    expect(await strategy.decide(letter, tools)).toBe('replay')
    const broken = replayWhen(() => {
      throw new Error('broken')
    })
    expect(await broken.decide(letter, tools)).toEqual({ wait: 30_000 })
  })

  it.each([
    [() => replayAfter('soon' as never), 'backoff must be a duration'],
    [() => replayAfter('1s', { max: 0 }), 'max must be'],
    [() => replayWhen(true as never), 'condition must be a function'],
    [() => reconcile(undefined as never), 'reconcile must be a function'],
    [() => discard(-1), 'after must be a duration'],
    [() => whenClosed({} as never), 'whenClosed must be a circuit breaker'],
  ])('refuses nonsense: %s', (build, message) => {
    expect(build).toThrow(message)
  })
})

describe('a batch', () => {
  it('treats each letter as its type, its kind of failure or its class says', async () => {
    const { queue, sent, types } = recovering({
      strategies: {
        mail: () => 'replay',
        timeout: discard(),
        persistent: reconcile(async ({ message }) => (message === 'done' ? 'resolve' : { wait: '1m' })),
      },
    })
    const mail = await queue.add('mail', failure('', { status: 504 }), { type: 'mail' })
    const old = await queue.add('old', failure('', { status: 504 }))
    const done = await queue.add('done', failure('', { status: 404 }))
    const open = await queue.add('open', failure('', { status: 404 }))
    const unknown = await queue.add('?', new Error('?'))
    const statistics = await queue.processBatch(10)
    expect(statistics).toMatchObject({
      claimed: 4,
      replayed: 1,
      discarded: 1,
      resolved: 1,
      waiting: 1,
      left: 0,
    })
    expect(sent).toEqual(['mail'])
    const states: unknown[] = []
    for (const id of [mail, old, done, open, unknown]) states.push((await queue.get(id))?.state)
    expect(states).toEqual(['replayed', 'discarded', 'resolved', 'dead', 'dead'])
    expect(types().slice(5)).toEqual(['replayed', 'discarded', 'resolved', 'recovered'])
  })

  it('waits before it tries again after a replay that failed, and leaves it to a person at last', async () => {
    const { queue, clock, events } = toy({
      replay: () => Promise.reject(failure('', { status: 503 })),
      recovery: { strategies: { '*': replayAfter(({ retry }) => retry * 1000, { max: 3 }) } },
    })
    const id = await queue.add(1, new Error('x'))
    for (const wait of [1000, 2000, 3000]) {
      expect(await queue.processBatch()).toMatchObject({ claimed: 0 })
      await clock.advance(wait)
      expect(await queue.processBatch()).toMatchObject({ claimed: 1, failed: 1 })
    }
    expect(await queue.get(id)).toMatchObject({ state: 'dead', attempts: 3, due: undefined })
    expect(await queue.processBatch(5, { all: true })).toMatchObject({ claimed: 1, left: 1 })
    const failed = events.filter(({ type }) => type === 'replayFailed').map(({ payload }) => payload)
    expect(failed).toMatchObject([
      { attempts: 1 },
      { attempts: 2 },
      { attempts: 3, failureClass: 'transient' },
    ])
  })

  it('replays at its pace, over all batches of the process', async () => {
    const { queue, clock, sent } = recovering({ strategies: { '*': () => 'replay' }, perSecond: 4 })
    for (let i = 0; i < 6; i++) await queue.add(i, new Error('x'))
    const batches = Promise.all([queue.processBatch(3), queue.processBatch(3)])
    const seen: number[] = []
    for (let i = 0; i < 6; i++) {
      await clock.settle()
      seen.push(sent.length)
      await clock.advance(250)
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6])
    const [first, second] = await batches
    expect(first.replayed + second.replayed).toBe(6)
    expectNoLeaks({ policies: [queue as never], clock })
  })

  it('stops while a breaker is open, and spends no attempt', async () => {
    const breaker = { state: 'open' }
    const { queue, clock, sent } = recovering({
      strategies: { telemetry: discard(), '*': () => 'replay' },
      when: whenClosed(breaker),
      every: '1m',
    })
    const id = await queue.add(1, new Error('x'))
    await queue.add(2, new Error('x'), { type: 'telemetry' })
    expect(await queue.processBatch()).toMatchObject({ claimed: 2, paused: 1, discarded: 1 })
    expect(await queue.get(id)).toMatchObject({ state: 'dead', attempts: 0 })
    breaker.state = 'closed'
    expect(await queue.processBatch()).toMatchObject({ claimed: 0 })
    await clock.advance('1m')
    expect(await queue.processBatch()).toMatchObject({ replayed: 1 })
    expect(sent).toEqual([1])
  })

  it('looks again later when a strategy throws or answers nonsense', async () => {
    const { queue, clock, types } = recovering({
      strategies: {
        throws: () => {
          throw new Error('broken')
        },
        nonsense: () => 'reply' as never,
        forever: () => ({ wait: 'soon' as never }),
      },
    })
    for (const type of ['throws', 'nonsense', 'forever']) await queue.add(1, new Error('x'), { type })
    expect(await queue.processBatch()).toMatchObject({ claimed: 3, waiting: 3 })
    expect(types().filter((type) => type === 'strategyFailed')).toHaveLength(3)
    await clock.advance('5m')
    expect(await queue.processBatch()).toMatchObject({ claimed: 3 })
  })

  it('leaves to a person what a strategy cannot time', async () => {
    const broken = (delay: () => number): RecoveryStrategy => ({ ...manual(), delay })
    const { queue } = recovering({
      strategies: {
        throws: broken(() => {
          throw new Error('broken')
        }),
        nan: broken(() => Number.NaN),
        never: broken(() => Number.POSITIVE_INFINITY),
      },
    })
    for (const type of ['throws', 'nan', 'never']) {
      const id = await queue.add(1, new Error('x'), { type })
      expect((await queue.get(id))?.due).toBeUndefined()
    }
  })

  it('makes a letter dead again that it cannot read, once', async () => {
    const { queue, store } = recovering({ strategies: { '*': replayAfter(0) } })
    const other = deadLetters({ store, codec: { encode: () => 'not json', decode: () => 0 } })
    const id = await other.add(1, new Error('x'), { type: 'timeout' })
    const { letters, fence } = await store.claim({ limit: 1, leaseFor: 10, owner: 'x', dueOnly: false })
    const back = { outcome: 'returned', dueIn: 0, actor: 'x', reason: undefined } as const
    await store.settle(letters[0]?.id ?? '', fence, back)
    expect(await queue.processBatch()).toMatchObject({ claimed: 1, failed: 1 })
    expect(await queue.get(id)).toMatchObject({ state: 'dead', attempts: 1, due: undefined })
    await expect(queue.view(id, ada)).rejects.toMatchObject({ code: 'ERR_DEAD_LETTER_UNREADABLE', id })
  })

  it('keeps its leases while it works, as long as that takes', async () => {
    const { queue, clock, store } = toy({
      lease: '3s',
      replay: () => clock.sleep(20_000),
      recovery: { strategies: { '*': () => 'replay' } },
    })
    for (let i = 0; i < 2; i++) await queue.add(i, new Error('x'))
    const batch = queue.processBatch()
    for (let second = 0; second < 39; second++) {
      await clock.advance('1s')
      const rival = await store.claim({ limit: 5, leaseFor: 10, owner: 'rival', dueOnly: false })
      expect(rival.letters).toEqual([])
    }
    expect(await clock.runUntilSettled(batch)).toMatchObject({ claimed: 2, replayed: 2, lost: 0 })
    expectNoLeaks({ policies: [queue as never], clock })
  })

  it('tells a replay that its lease is lost, before another can take over, however slow the store is', async () => {
    let reachable = true
    let lostAt: number | undefined
    let asked = 0
    const slowly: (inner: DeadLetterStore) => DeadLetterStore = (inner) =>
      withHooks(
        inner,
        { claim: () => clock.sleep(200) },
        {
          async renew(...args) {
            if (!reachable) throw new Error('unreachable')
            const kept = await inner.renew(...args)
            await clock.sleep(300)
            return kept
          },
        },
      )
    const { queue, clock, store } = toy(
      {
        lease: '3s',
        recovery: {
          strategies: {
            '*': () => {
              asked++
              return 'replay'
            },
          },
        },
        replay: (_letter, { signal }) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              lostAt = clock.now()
              resolve(undefined)
            })
          }),
      },
      {},
      slowly,
    )
    const id = await queue.add(1, new Error('x'))
    await queue.add(2, new Error('x'))
    const batch = queue.processBatch()
    // Leased at 200 ms; renewed at 1200 ms, and never again.
    await clock.advance('2s')
    reachable = false
    await clock.advance(2199)
    expect(lostAt).toBeUndefined()
    expect(((await store.get(id))?.leasedUntil ?? 0) - origin).toBe(4200)
    await clock.advance(1)
    expect(lostAt).toBe(4200)
    // The first is out, so it is settled; nobody has taken it over. The second is not begun.
    expect(await clock.runUntilSettled(batch)).toMatchObject({ claimed: 2, replayed: 1, lost: 1 })
    expect(asked).toBe(1)
    expectNoLeaks({ policies: [queue as never], clock })
  })

  it('measures a lease from when it was asked for', async () => {
    let lostAt: number | undefined
    const { queue, clock } = toy(
      {
        lease: '3s',
        recovery: { strategies: { '*': () => 'replay' } },
        replay: (_letter, { signal }) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              lostAt = clock.now()
              resolve(undefined)
            })
          }),
      },
      {},
      (inner) =>
        withHooks(inner, { claim: () => clock.sleep(200), renew: () => Promise.reject(new Error('down')) }),
    )
    await queue.add(1, new Error('x'))
    await clock.runUntilSettled(queue.processBatch())
    expect(lostAt).toBe(3000)
  })

  it('publishes nothing whose lease was lost while it waited for its turn', async () => {
    for (const reachable of [true, false]) {
      const sent: unknown[] = []
      const renew = () => (reachable ? undefined : Promise.reject(new Error('unreachable')))
      const { queue, clock } = toy(
        {
          lease: '3s',
          replay: ({ message }) => sent.push(message),
          recovery: { strategies: { '*': () => 'replay' }, perSecond: 0.2 },
        },
        {},
        (store) => withHooks(store, { renew }),
      )
      for (let i = 0; i < 2; i++) await queue.add(i, new Error('x'))
      const statistics = await clock.runUntilSettled(queue.processBatch())
      expect(statistics).toMatchObject(reachable ? { replayed: 2, lost: 0 } : { replayed: 1, lost: 1 })
      expect(sent).toEqual(reachable ? [0, 1] : [0])
    }
  })

  it('does not take back what another has taken over when its own replay fails at last', async () => {
    const { queue, clock, store, types } = toy(
      {
        lease: '3s',
        replay: async () => {
          await clock.sleep(5000)
          throw new Error('too late')
        },
        recovery: { strategies: { '*': () => 'replay' } },
      },
      {},
      (inner) => withHooks(inner, { renew: () => Promise.reject(new Error('unreachable')) }),
    )
    const id = await queue.add(1, new Error('x'))
    const batch = queue.processBatch()
    await clock.advance('3s')
    const rival = await store.claim({ limit: 1, leaseFor: 60_000, owner: 'rival', dueOnly: false })
    expect(rival.letters).toMatchObject([{ id, state: 'replaying' }])
    expect(await clock.runUntilSettled(batch)).toMatchObject({ claimed: 1, lost: 1, failed: 0 })
    expect(types()).not.toContain('replayFailed')
    expect(await store.get(id)).toMatchObject({ state: 'replaying', owner: 'rival', attempts: 0 })
  })

  it('gives back what it has not begun when the queue is closed', async () => {
    const { queue, clock, sent } = recovering({ strategies: { '*': () => 'replay' }, perSecond: 1 })
    for (let i = 0; i < 3; i++) await queue.add(i, new Error('x'))
    const batch = queue.processBatch()
    let ended = false
    void batch.then(() => {
      ended = true
    })
    await clock.settle()
    await queue.close()
    expect(ended).toBe(true)
    expect(await batch).toMatchObject({ claimed: 3, replayed: 1, paused: 2 })
    expect(sent).toEqual([0])
    expect(await queue.stats()).toMatchObject({ dead: 2, leased: 0 })
    expectNoLeaks({ policies: [queue as never], clock })
  })

  it('leaves the rest to lapse when the store fails in the middle', async () => {
    let calls = 0
    const { queue, clock } = toy({ recovery: { strategies: { '*': discard() } } }, {}, (store) =>
      withHooks(store, { settle: () => (++calls === 2 ? Promise.reject(new Error('down')) : undefined) }),
    )
    for (let i = 0; i < 3; i++) await queue.add(i, new Error('x'))
    await expect(queue.processBatch()).rejects.toThrow('down')
    expectNoLeaks({ policies: [queue as never], clock })
    await clock.advance('30s')
    expect(await queue.processBatch()).toMatchObject({ claimed: 2, discarded: 2 })
  })

  it('verify 47: accounts for every letter, with rivals, crashes and failures at any point', async () => {
    const seen = sometimes(['replayed', 'failed', 'lost', 'replayed again under the same id', 'store failed'])
    const plan = fc.record({
      letters: fc.integer({ min: 1, max: 6 }),
      slow: fc.array(fc.constantFrom(0, 500, 4000), { minLength: 6, maxLength: 6 }),
      fails: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
      outages: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
    })
    await fc.assert(
      fc.asyncProperty(plan, async ({ letters, slow, fails, outages }) => {
        const effects = new Map<number, Set<string>>()
        let begun = 0
        let operation = 0
        const outage = (): unknown =>
          outages[operation++ % outages.length] && operation < 40
            ? Promise.reject(new Error('down'))
            : undefined
        const { queue, clock, store } = toy(
          {
            lease: '1s',
            recovery: { strategies: { '*': replayAfter(100, { max: 100 }) }, perSecond: 1000 },
            replay: async ({ message }, { replayId }) => {
              const at = begun++ % slow.length
              await clock.sleep(slow[at] ?? 0)
              if (fails[at] && begun < 20) {
                seen.mark('failed')
                throw new Error('failed')
              }
              const ids = effects.get(message as number) ?? new Set()
              if (ids.has(replayId)) seen.mark('replayed again under the same id')
              effects.set(message as number, ids.add(replayId))
            },
          },
          {},
          (inner) => withHooks(inner, { settle: outage, renew: outage }),
        )
        for (let i = 0; i < letters; i++) await queue.add(i, new Error('x'))
        for (let round = 0; round < 30; round++) {
          await clock.advance(1100)
          const run = () =>
            queue.processBatch(4).then(
              (statistics) => {
                expect(sumOf(statistics)).toBe(statistics.claimed)
                if (statistics.lost > 0) seen.mark('lost')
              },
              () => seen.mark('store failed'),
            )
          await clock.runUntilSettled(Promise.all([run(), run()]))
        }
        // All are out, each under one id, and the consumer's idempotency key makes that one effect.
        expect(await store.counts()).toMatchObject({ dead: 0, leased: 0, replaying: 0, replayed: letters })
        expect([...effects.values()].every((ids) => ids.size === 1)).toBe(true)
        expect(effects.size).toBe(letters)
        seen.mark('replayed')
        expectNoLeaks({ policies: [queue as never], clock })
      }),
      runs(60),
    )
    seen.verify()
  })
})
