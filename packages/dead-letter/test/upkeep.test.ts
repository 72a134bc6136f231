/** What a started queue does by itself. */
import { expectNoLeaks } from '@seaworthy/testing'
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
    await clock.advance('65m')
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
    await clock.advance('4m')
    expect(sent).toEqual([])
    await clock.advance('91s')
    expect(sent).toEqual([0, 1, 2, 3, 4])
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
    await clock.advance('330s')
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

  it('goes on when the store is back', async () => {
    let down = true
    const fail = () => (down ? Promise.reject(new Error('down')) : undefined)
    const { queue, clock, types } = toy({ replay: () => {} }, {}, (store) =>
      withHooks(store, { trim: fail, claim: fail }),
    )
    await queue.add(1, new Error('x'))
    queue.start()
    await clock.advance('8d')
    expect(new Set(types())).toEqual(new Set(['added', 'storeFailed']))
    down = false
    await clock.advance('2m')
    expect(types()).toContain('expired')
    await queue.close()
  })

  it('waits for what runs when it is closed', async () => {
    const { queue, clock } = toy({
      replay: () => clock.sleep(10_000),
      recovery: { strategies: { '*': () => 'replay' } },
    })
    await queue.add(1, new Error('x'))
    queue.start()
    await clock.advance('331s')
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
