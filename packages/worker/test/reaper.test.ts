/** A reaper by itself. */
import { Hub, InvalidOptionError } from '@seaworthy/core'
import { expectNoLeaks } from '@seaworthy/testing'
import { type ReaperOptions, reaper } from '@seaworthy/worker'
import { describe, expect, it } from 'vitest'
import { scene, wire } from './toys.ts'

/** A reaper in a scene of its own. */
function watched(own: Partial<ReaperOptions> = {}) {
  const all = scene()
  const { clock, random, stream, deadLetters, hub } = all
  const watch = reaper({ stream, deadLetters, clock, random, hub, name: 'watch', ...own })
  return { ...all, watch }
}

describe('a reaper', () => {
  it('A5: lets tasks of the silent wait again, 25 s after their last sign of life, within a second or so', async () => {
    const { clock, stream, watch, add, said } = watched()
    await add('a', 'b')
    const [a] = await stream.fetch('dead', { count: 2, wait: 0 })
    watch.start()
    await clock.advance('10s')
    await stream.beat('dead', [a?.receipt as string], [])
    await clock.advance('14.9s')
    expect((await stream.stats()).waiting).toBe(0)
    await clock.advance('1.5s')
    expect((await stream.stats()).waiting).toBe(1)
    await clock.advance('10s')
    expect((await stream.stats()).waiting).toBe(2)
    expect(said('republished')).toEqual([
      { name: 'watch', count: 1 },
      { name: 'watch', count: 1 },
    ])
    await watch.close()
    expectNoLeaks({ policies: [watch], clock })
  })

  it('buries poison: letter first, and again after it died over that, with one letter', async () => {
    const { clock, stream, deadLetters, watch, add, said } = watched({ maxStarts: 1 })
    await add('poison', 'innocent')
    const [poison] = await stream.fetch('dead', { count: 1, wait: 0 })
    await stream.beat('dead', [poison?.receipt as string], [poison?.receipt as string])
    deadLetters.state.failing = true
    await clock.advance('25s')
    expect(await watch.reap()).toEqual({ republished: 0, buried: 0, vanished: 0 })
    expect(await stream.stats()).toMatchObject({ pending: 1, dead: 0 })
    expect(said('storeError')).toMatchObject([{ operation: 'deadLetters.add', failureClass: 'transient' }])
    deadLetters.state.failing = false
    expect(await watch.reap()).toMatchObject({ buried: 0 })
    await clock.advance('25s')
    expect(await watch.reap()).toEqual({ republished: 0, buried: 1, vanished: 0 })
    expect(deadLetters.letters.map(({ options }) => options)).toMatchObject([
      { taskId: 'poison', failure: 'worker_crash', maxRetries: undefined },
    ])
    expect(said('deadLettered')).toMatchObject([{ task: 'poison', starts: 1, letter: 'letter-1' }])
    expect(await stream.stats()).toMatchObject({ waiting: 1, dead: 1 })
    await watch.close()
  })

  it('reads the stream to its end, page by page', async () => {
    const { clock, stream, watch, add } = watched()
    await add(...Array.from({ length: 250 }, (_, index) => `t${index}`))
    await stream.fetch('dead', { count: 250, wait: 0 })
    await clock.advance('25s')
    let sum = 0
    while ((await stream.stats()).waiting < 250) sum += (await watch.reap()).republished
    expect(sum).toBe(250)
    await watch.close()
  })

  it('verify 51: two of them give every task back once', async () => {
    const { clock, random, stream, deadLetters, watch, add } = watched()
    const second = reaper({ stream, deadLetters, clock, random })
    await add(...Array.from({ length: 30 }, (_, index) => `t${index}`))
    await stream.fetch('dead', { count: 30, wait: 0 })
    watch.start()
    second.start()
    await clock.advance('40s')
    expect(await stream.stats()).toMatchObject({ waiting: 30, pending: 0 })
    const audits = await Promise.all(Array.from({ length: 30 }, (_, index) => stream.audit(`t${index}`)))
    for (const audit of audits) expect(audit.filter(({ event }) => event === 'republished')).toHaveLength(1)
    await watch.close()
    await second.close()
  })

  it('goes on when the stream fails, and says so', async () => {
    const { clock, stream, watch, hub, said } = watched({ stream: scene().stream })
    await watch.close()
    const line = wire(stream)
    const other = reaper({ stream: line.stream, deadLetters: 'discard', clock, hub, name: 'other' })
    line.fate = () => 'fail'
    other.start()
    await clock.advance('10s')
    expect(said('storeError').length).toBeGreaterThan(5)
    line.fate = () => 'ok'
    await stream.enqueue({ payload: '' })
    await stream.fetch('dead', { count: 1, wait: 0 })
    await clock.advance('30s')
    expect((await stream.stats()).waiting).toBe(1)
    await other.close()
  })

  it('says when the store has just started, and takes nothing over until it may', async () => {
    const { clock, stream, hub, said } = watched()
    const restarted = new Proxy(stream, {
      get: (target, property) => {
        const value = Reflect.get(target, property, target) as unknown
        if (property !== 'reap') return typeof value === 'function' ? value.bind(target) : value
        const held = { claimed: [], poison: [], republished: 0, vanished: 2, cursor: '', holdOff: 25_000 }
        return async () => held
      },
    })
    const careful = reaper({ stream: restarted, deadLetters: 'discard', clock, hub, name: 'careful' })
    expect(await careful.reap()).toEqual({ republished: 0, buried: 0, vanished: 2 })
    expect(said('heldOff')).toEqual([{ name: 'careful', holdOff: 25_000 }])
    expect(said('vanished')).toEqual([{ name: 'careful', count: 2 }])
    await careful.close()
  })

  it('forgets owners that are gone', async () => {
    const { clock, stream, watch, said } = watched()
    await stream.beat('gone', [], [])
    watch.start()
    await clock.advance('2m')
    expect(said('pruned')).toEqual([{ name: 'watch', count: 1 }])
    await watch.close()
    expect((await stream.stats()).owners).toBe(0)
  })

  it('is on the hub, looks when asked to, and cannot be started again', async () => {
    const { watch, hub } = watched()
    const component = hub.component('reaper', 'watch')
    expect(component?.snapshot()).toMatchObject({ stream: 'tasks', minIdle: 25_000 })
    expect(await component?.actions['reap']?.()).toEqual({ republished: 0, buried: 0, vanished: 0 })
    await watch.close()
    await watch.close()
    expect(hub.components()).toEqual([])
    expect(() => watch.start()).toThrow('closed')
  })

  it('refuses options that make no sense', () => {
    const { stream } = scene()
    const options = { stream, deadLetters: 'discard', hub: new Hub() } as const
    expect(() => reaper({ ...options, minIdle: '10s' })).toThrow(InvalidOptionError)
    expect(() => reaper({ ...options, minIdle: '10s' })).toThrow('minIdle must be at least three heartbeats')
    expect(() => reaper({ ...options, handler: 1 } as never)).toThrow("reaper option 'handler'")
  })
})
