/** What a started queue does by itself. */
import { Hub } from '@seaworthy/core'
import { deadLetters } from '@seaworthy/dead-letter'
import { expectNoLeaks, seededRandom } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { ada, toy, withHooks } from './toys.ts'

describe('a started queue', () => {
  it('removes letters a week after their death, each audited and told', async () => {
    const { queue, clock, events, store } = toy()
    const id = await queue.add(1, new Error('x'), { type: 'mail', journey: 'j' })
    queue.start()
    queue.start()
    await clock.advance('6d')
    const young = await queue.add(2, new Error('x'))
    await clock.advance('23h')
    expect((await queue.stats()).dead).toBe(2)
    // It looks once a day.
    await clock.advance('27h')
    expect(await queue.get(id)).toBeUndefined()
    expect(await queue.get(young)).toMatchObject({ id: young, state: 'dead' })
    const [expired, purged] = events.filter(({ type }) => type === 'expired' || type === 'purged')
    expect(expired).toMatchObject({ journey: 'j', payload: { id, type: 'mail', cause: 'age' } })
    expect(purged).toMatchObject({ payload: { byAge: 1, byCount: 0, settled: 0 } })
    expect((await queue.audit({ id })).entries.at(-1)).toMatchObject({ event: 'expired', actor: 'retention' })
    expect(store.debugStats()).toMatchObject({ letters: 1 })
    await queue.close()
    expectNoLeaks({ policies: [queue as never], clock })
  })

  it('keeps so many, in bounded steps, and forgets settled letters', async () => {
    let steps = 0
    const { queue, clock } = toy(
      { retention: { keep: 3, age: false, settled: '1h', every: '1m', batch: 2 } },
      {},
      (store) => withHooks(store, { trim: () => steps++ }),
    )
    const ids: string[] = []
    for (let i = 0; i < 10; i++) ids.push(await queue.add(i, new Error('x')))
    await queue.discard(ids[9] ?? '', ada)
    queue.start()
    await clock.advance('66s')
    expect(steps).toBe(4)
    expect((await queue.list({ order: 'oldest' })).items.map(({ id }) => id)).toEqual(ids.slice(6, 9))
    await clock.advance('1h')
    expect(await queue.get(ids[9] ?? '')).toBeUndefined()
    await queue.close()
  })

  it('recovers what is due, batch after batch', async () => {
    const sent: unknown[] = []
    const { queue, clock } = toy({
      replay: ({ message }) => sent.push(message),
      recovery: { strategies: { '*': () => 'replay' }, every: '5m', batch: 2, perSecond: 1000 },
    })
    for (let i = 0; i < 5; i++) await queue.add(i, new Error('x'))
    queue.start()
    await clock.advance('50s')
    expect(sent).toEqual([])
    // The first look comes soon after the start, for processes that do not live long; then it is every 5 minutes.
    await clock.advance('20s')
    expect(sent).toEqual([0, 1, 2, 3, 4])
    const [recovery] = queue.upkeep.status()
    expect(recovery?.last?.result).toMatchObject({ claimed: 5, replayed: 5, failed: 0 })
    await queue.add(5, new Error('x'))
    await clock.advance('4m')
    expect(sent).toHaveLength(5)
    await clock.advance('91s')
    expect(sent).toHaveLength(6)
    await queue.close()
    expectNoLeaks({ policies: [queue as never], clock })
  })

  it('is not kept going for ever by letters that fall due at once', async () => {
    let asked = 0
    const strategy = () => {
      asked++
      return { wait: 0 }
    }
    const { queue, clock } = toy({ replay: () => {}, recovery: { strategies: { '*': strategy }, batch: 1 } })
    await queue.add(1, new Error('x'))
    queue.start()
    await clock.advance('67s')
    expect(asked).toBe(50)
    await queue.close()
  })

  it('starts no recovery when nothing can replay, and its timers come with a spread', async () => {
    const { queue, clock } = toy()
    queue.start()
    expect(clock.pendingTimers).toBe(1)
    const [due] = clock.timers()
    expect(due).toBeGreaterThanOrEqual(54_000)
    expect(due).toBeLessThanOrEqual(66_000)
    expect(queue.debugStats()).toMatchObject({ timers: 1 })
    await queue.close()
    queue.start()
    expect(clock.pendingTimers).toBe(0)
  })

  it('goes on when the store is back, and comes less and less often until then', async () => {
    let down = true
    const tries: number[] = []
    const fail = () => {
      tries.push(clock.now())
      return down ? Promise.reject(new Error('down')) : undefined
    }
    const { queue, clock, types, events } = toy({ replay: () => {} }, {}, (store) =>
      withHooks(store, { trim: fail }),
    )
    await queue.add(1, new Error('x'))
    queue.start()
    await clock.advance('8d')
    const waits = tries.slice(1).map((at, index) => at - (tries[index] as number))
    expect(waits[0]).toBeGreaterThanOrEqual(2500)
    expect(waits[0]).toBeLessThanOrEqual(5000)
    expect(waits.length).toBeLessThan(35)
    expect(Math.max(...waits)).toBeLessThanOrEqual(86_400_000)
    expect(Math.max(...waits)).toBeGreaterThan(43_200_000)
    const [retention] = queue.upkeep.status().filter(({ job }) => job === 'retention')
    expect(retention).toMatchObject({ state: 'waiting', runs: tries.length, failures: tries.length })
    expect(retention?.last).toMatchObject({
      outcome: 'failed',
      failureClass: 'transient',
      result: undefined,
    })
    const failed = events.filter(({ type, payload }) => {
      const { job, outcome } = payload as { job?: string; outcome?: string }
      return type === 'upkeep' && job === 'retention' && outcome === 'failed'
    })
    expect(failed).toHaveLength(tries.length)
    expect(failed[2]?.payload).toMatchObject({ failures: 3, letters: 0, nextIn: waits[2] })
    down = false
    await clock.advance('1d')
    expect(types()).toContain('expired')
    expect(queue.upkeep.status().map(({ failures }) => failures)).toEqual([0, 0])
    await queue.close()
    expectNoLeaks({ policies: [queue as never], clock })
  })

  it('waits for what runs when it is closed', async () => {
    const { queue, clock } = toy({
      replay: () => clock.sleep(10_000),
      recovery: { strategies: { '*': () => 'replay' } },
    })
    await queue.add(1, new Error('x'))
    queue.start()
    await clock.advance('67s')
    expect(queue.debugStats()).toMatchObject({ upkeep: 1, batches: 1, replaying: 1 })
    let closed = false
    const closing = queue.close().then(() => {
      closed = true
    })
    await clock.settle()
    expect(closed).toBe(false)
    await clock.runUntilSettled(closing)
    expect(await queue.stats()).toMatchObject({ replayed: 1 })
    expectNoLeaks({ policies: [queue as never], clock })
  })

  it('waits for a step of retention that is under way when it is closed', async () => {
    let finish = (): void => {}
    const slow = new Promise<void>((resolve) => {
      finish = resolve
    })
    const { queue, clock } = toy({}, {}, (store) => withHooks(store, { trim: () => slow }))
    queue.start()
    await clock.advance('67s')
    let closed = false
    const closing = queue.close().then(() => {
      closed = true
    })
    await clock.settle()
    expect([closed, queue.debugStats()['upkeep']]).toEqual([false, 1])
    finish()
    await closing
    expectNoLeaks({ policies: [queue as never], clock })
  })
})

describe('upkeep', () => {
  const recovering = { strategies: { '*': () => 'replay' as const }, perSecond: 1000 }

  it('says how it does: last run, duration, result, next run', async () => {
    const { queue, clock, events } = toy({
      replay: () => clock.sleep(100),
      recovery: { ...recovering, every: '5m' },
    })
    expect(queue.upkeep.status()).toMatchObject([
      { job: 'recovery', every: 300_000, state: 'stopped', runs: 0, last: undefined, nextIn: undefined },
      { job: 'retention', every: 86_400_000, state: 'stopped', runs: 0, last: undefined, nextIn: undefined },
    ])
    for (let i = 0; i < 3; i++) await queue.add(i, new Error('x'))
    queue.start()
    const [before] = queue.upkeep.status()
    expect(before?.state).toBe('waiting')
    await clock.advance((before?.nextIn as number) + 1)
    expect(queue.upkeep.status()[0]).toMatchObject({ state: 'running', nextIn: undefined })
    await clock.advance('1m')
    const [recovery, retention] = queue.upkeep.status()
    expect(recovery).toMatchObject({
      state: 'waiting',
      runs: 1,
      failed: 0,
      failures: 0,
      last: { outcome: 'done', duration: 300, result: { claimed: 3, replayed: 3 } },
    })
    expect(recovery?.last?.ago).toBe(60_001 - 300)
    const next = (recovery?.nextIn as number) + (recovery?.last?.ago as number)
    expect(next).toBeGreaterThanOrEqual(270_000)
    expect(next).toBeLessThanOrEqual(330_000)
    expect(retention).toMatchObject({ runs: 1, last: { result: { byAge: 0, byCount: 0, settled: 0 } } })
    const told = events.filter(({ type }) => type === 'upkeep').map(({ payload }) => payload)
    expect(told).toContainEqual(
      expect.objectContaining({ job: 'recovery', outcome: 'done', duration: 300, letters: 3, nextIn: next }),
    )
    expect(queue.debugStats()).toMatchObject({ timers: 2 })
    await queue.close()
    expect(queue.upkeep.status().map(({ state }) => state)).toEqual(['stopped', 'stopped'])
    expectNoLeaks({ policies: [queue as never], clock })
  })

  it('runs now when asked, once for all who ask, and then goes on as usual', async () => {
    const sent: unknown[] = []
    const { queue, clock, hub } = toy({
      replay: async ({ message }) => {
        sent.push(message)
        await clock.sleep(100)
      },
      recovery: recovering,
    })
    await queue.add('a', new Error('x'))
    // Without a start: only this once.
    const [run] = await clock.runUntilSettled(queue.upkeep.runNow('recovery'))
    expect(run).toMatchObject({ job: 'recovery', outcome: 'done', duration: 100, result: { replayed: 1 } })
    expect(clock.pendingTimers).toBe(0)
    await queue.add('b', new Error('x'))
    queue.start()
    const both = Promise.all([queue.upkeep.runNow(), queue.upkeep.runNow('recovery')])
    const [[recovery, retention], [joined]] = await clock.runUntilSettled(both)
    expect([recovery, retention?.job]).toEqual([joined, 'retention'])
    expect(sent).toEqual(['a', 'b'])
    expect(clock.pendingTimers).toBe(2)
    const [component] = hub.components()
    await clock.runUntilSettled(component?.actions?.['runUpkeep']?.() as Promise<unknown>)
    expect(queue.upkeep.status().map(({ runs }) => runs)).toEqual([3, 2])
    await expect(queue.upkeep.runNow('repair' as never)).rejects.toThrow(
      "job must be one of 'recovery', 'retention'",
    )
    await queue.close()
    await expect(queue.upkeep.runNow()).rejects.toMatchObject({ code: 'ERR_DISPOSED' })
    expectNoLeaks({ policies: [queue as never], clock })
  })

  it('is done once by all processes on one store, and by another one when the one at it falls silent', async () => {
    const first = toy({ replay: () => {}, recovery: recovering, owner: 'one' })
    const { clock, store, queue } = first
    const second = deadLetters({
      store,
      clock,
      hub: new Hub(),
      owner: 'two',
      random: seededRandom(2),
      replay: () => {},
      recovery: recovering,
    })
    let runs = 0
    const stops = [queue, second].map((each) =>
      each.on('upkeep', ({ job }) => {
        if (job === 'recovery') runs++
      }),
    )
    queue.start()
    second.start()
    await clock.advance('1h')
    // Every 5 minutes, from the first minute on, give or take a tenth and the time it takes the other to notice.
    expect(runs).toBeGreaterThanOrEqual(9)
    expect(runs).toBeLessThanOrEqual(14)
    await queue.close()
    const before = runs
    await clock.advance('1h')
    expect(runs - before).toBeGreaterThanOrEqual(9)
    await second.close()
    for (const stop of stops) stop()
    expectNoLeaks({ policies: [queue as never, second as never], clock })
  })

  it('keeps its turn while it works, however long that takes, and others are told', async () => {
    const { clock, store, queue } = toy({
      replay: () => clock.sleep(100_000),
      recovery: recovering,
      owner: 'one',
    })
    const second = deadLetters({ store, clock, hub: new Hub(), owner: 'two', replay: () => {} })
    await queue.add(1, new Error('x'))
    const working = queue.upkeep.runNow('recovery')
    await clock.advance('90s')
    const [run] = await second.upkeep.runNow('recovery')
    expect(run).toMatchObject({ outcome: 'elsewhere', result: undefined })
    expect(second.upkeep.status()[0]).toMatchObject({ runs: 0, last: undefined })
    expect((await clock.runUntilSettled(working))[0]).toMatchObject({ outcome: 'done', duration: 100_000 })
    expect((await second.upkeep.runNow('recovery'))[0]).toMatchObject({ outcome: 'done' })
    await queue.close()
    await second.close()
    expectNoLeaks({ policies: [queue as never, second as never], clock })
  })

  it('does its own where the store gives no turns', async () => {
    const { queue, clock } = toy({ replay: () => {} }, {}, (store) =>
      withHooks(store, {}, { beginTurn: undefined, endTurn: undefined } as never),
    )
    expect((await queue.upkeep.runNow()).map(({ outcome }) => outcome)).toEqual(['done', 'done'])
    expect((await queue.upkeep.runNow()).map(({ outcome }) => outcome)).toEqual(['done', 'done'])
    await queue.close()
    expectNoLeaks({ policies: [queue as never], clock })
  })
})

describe('purge', () => {
  it('removes by age, by count, or both, over as many steps as it takes', async () => {
    const { queue, clock } = toy({ retention: { batch: 2 } })
    for (let i = 0; i < 7; i++) await queue.add(i, new Error('x'))
    await clock.advance('1d')
    for (let i = 0; i < 7; i++) await queue.add(i, new Error('x'))
    expect(await queue.purge({ olderThan: '1d', keep: 5, ...ada })).toMatchObject({ byAge: 7, byCount: 2 })
    expect((await queue.stats()).dead).toBe(5)
    const { entries } = await queue.audit({ limit: 1000 })
    expect(entries.filter(({ event, actor }) => event === 'expired' && actor === 'ada')).toHaveLength(9)
    await expect(queue.purge(ada)).rejects.toThrow('purge must be limited by olderThan, keep, or both')
    await expect(queue.purge({ keep: 1, actor: '' })).rejects.toThrow('actor must be')
  })
})
