import { AsyncLocalStorage } from 'node:async_hooks'
import { Hub, InvalidOptionError, pipeline, SeaworthyError } from '@seaworthy/core'
import { abortListeners, expectNoLeaks, trackUnhandledRejections, VirtualClock } from '@seaworthy/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { CacheMissError, type StaleCacheOptions, staleCache } from '../src/index.ts'
import { aborting, policyOf } from './policy-of.ts'
import { Upstream } from './upstream.ts'

const down = new Error('down')
const key = 'lamp'

function setUp(options: Partial<StaleCacheOptions> = {}) {
  const clock = new VirtualClock()
  const cache = staleCache({ ttl: '1s', staleFor: '10s', clock, ...options })
  const upstream = new Upstream()
  const events: unknown[] = []
  for (const type of ['hit', 'stale', 'miss', 'refresh', 'evicted'] as const)
    cache.on(type, ({ name: _name, ...payload }) => events.push([type, payload]))
  return { clock, cache, upstream, events }
}

describe('a stale cache', () => {
  it('answers from memory while the answer is fresh, counted from the start of the call', async () => {
    const { clock, cache, upstream, events } = setUp()
    const first = cache.execute(upstream.run, { key })
    await clock.advance(400)
    upstream.call().succeed('old')
    expect(await first).toBe('old')
    await clock.advance(599)
    expect(await cache.execute(upstream.run, { key })).toBe('old')
    await clock.advance(1)
    const second = cache.execute(upstream.run, { key })
    upstream.call().succeed('new')
    expect(await second).toBe('new')
    expect(upstream.calls).toHaveLength(2)
    expect(events).toEqual([
      ['refresh', { outcome: 'stored', background: false, duration: 400, failureClass: undefined }],
      ['miss', { source: 'own' }],
      ['hit', { age: 999 }],
      ['refresh', { outcome: 'stored', background: false, duration: 0, failureClass: undefined }],
      ['miss', { source: 'own' }],
    ])
  })

  it('serves a stale answer when the call fails, and a dead one never', async () => {
    const { clock, cache, events } = setUp()
    const error = Object.assign(new Error(), { status: 503 })
    const fail = () => Promise.reject(error)
    await cache.execute(() => 'old', { key })
    await clock.advance(10_999)
    expect(await cache.execute(fail, { key })).toBe('old')
    expect(events.at(-1)).toEqual(['stale', { age: 10_999, reason: 'failure', failureClass: 'transient' }])
    await clock.advance(1)
    await expect(cache.execute(fail, { key })).rejects.toBe(error)
    expect(events.at(-1)).toEqual(['miss', { source: 'own' }])
    expect(cache.size).toBe(0)
  })

  it('serves nothing after a long idle time, however long', async () => {
    const { clock, cache } = setUp()
    await cache.execute(() => 'old', { key })
    await clock.advance('365d')
    expect(await cache.execute(() => 'new', { key })).toBe('new')
    await clock.advance('365d')
    await expect(cache.execute(() => Promise.reject(down), { key })).rejects.toBe(down)
  })

  it('judges the age when the call has failed, not when it began', async () => {
    const { clock, cache, upstream } = setUp()
    await cache.execute(() => 'old', { key })
    await clock.advance('10s')
    const call = cache.execute(upstream.run, { key })
    await clock.advance('1s')
    upstream.call().fail(down)
    await expect(call).rejects.toBe(down)
  })

  it('serves stale answers while an inner policy turns calls away', async () => {
    const { clock, cache } = setUp({ ttl: 0 })
    let open = false
    const error = new SeaworthyError('ERR_CIRCUIT_OPEN', 'open', { failureClass: 'persistent' })
    const breaker = policyOf({
      kind: 'breaker',
      enter: (call) => (open ? call.refuse(error) : undefined),
    })
    const guarded = pipeline(cache, breaker)
    expect(await guarded.execute(() => 'old', { key })).toBe('old')
    open = true
    await clock.advance('9s')
    expect(await guarded.execute(() => 'new', { key })).toBe('old')
  })

  it('hides no programming error, unless it is told to', async () => {
    const bug = new TypeError('x is not a function')
    for (const [options, expected] of [
      [{}, bug],
      [{ when: () => true }, 'old'],
      [
        {
          when: () => {
            throw down
          },
        },
        bug,
      ],
    ] as const) {
      const { cache } = setUp({ ttl: 0, ...options })
      await cache.execute(() => 'old', { key })
      const result = await cache.execute(() => Promise.reject(bug), { key }).catch((error) => error)
      expect(result).toBe(expected)
    }
  })

  it('remembers values that look like none', async () => {
    const { cache } = setUp()
    for (const value of [undefined, null, 0, '', false]) {
      const id = String(value)
      await cache.execute(() => value, { key: id })
      expect(await cache.execute(() => 'another', { key: id })).toBe(value)
    }
  })

  it('lets calls without a key pass by', async () => {
    const { cache, upstream, events } = setUp()
    const calls = [cache.execute(upstream.run), cache.wrap((id: string) => `stock of ${id}`)('lamp')]
    upstream.call().succeed(1)
    expect(await Promise.all(calls)).toEqual([1, 'stock of lamp'])
    await expect(cache.execute(() => Promise.reject(down))).rejects.toBe(down)
    expect([events, cache.size]).toEqual([[], 0])
  })

  it('takes the key from the context in a way of your own', async () => {
    const { cache } = setUp({ key: ({ values }) => values?.['id'] as string | undefined })
    await cache.execute(() => 1, { values: { id: 'a' } })
    expect(await cache.execute(() => 2, { values: { id: 'a' } })).toBe(1)
    expect(await cache.execute(() => 3, { values: { id: 'b' } })).toBe(3)
  })

  it('rejects the call when the key function throws', async () => {
    const { cache } = setUp({
      key: () => {
        throw down
      },
    })
    await expect(cache.execute(() => expect.unreachable())).rejects.toBe(down)
  })

  it('drops the answer not used for longest when it is full', async () => {
    const { cache, events } = setUp({ max: 2 })
    for (const id of ['a', 'b', 'a', 'c']) await cache.execute(() => id, { key: id })
    expect(events.filter((event) => (event as string[])[0] === 'evicted')).toHaveLength(1)
    expect(await cache.execute(() => 'again', { key: 'a' })).toBe('a')
    expect(await cache.execute(() => 'again', { key: 'b' })).toBe('again')
    expect(cache.size).toBe(2)
  })

  it('takes the result type of the function', () => {
    const { cache } = setUp()
    expectTypeOf(cache.execute(() => 1, { key })).resolves.toEqualTypeOf<number>()
  })
})

describe('calls with one key', () => {
  it('share the outcome of the one that runs', async () => {
    const { cache, upstream, events } = setUp()
    const calls = [1, 2, 3].map(() => cache.execute(upstream.run, { key }))
    const other = cache.execute(() => 'other', { key: 'chair' })
    expect([upstream.calls.length, cache.debugStats()]).toMatchObject([1, { running: 2, waiting: 4 }])
    upstream.call().succeed('value')
    expect(await Promise.all([...calls, other])).toEqual(['value', 'value', 'value', 'other'])
    const misses = events.filter((event) => (event as string[])[0] === 'miss')
    expect(misses.map((event) => (event as [string, { source: string }])[1].source).sort()).toEqual([
      'joined',
      'joined',
      'own',
      'own',
    ])
  })

  it('share its failure, too, as the same object', async () => {
    const { cache, upstream } = setUp()
    const calls = [cache.settle(upstream.run, { key }), cache.settle(upstream.run, { key })]
    upstream.call().fail(down)
    for (const result of await Promise.all(calls)) {
      expect(result).toEqual({ status: 'rejected', reason: down })
    }
    await cache.execute(() => 'next', { key })
    expect(upstream.calls).toHaveLength(1)
  })

  it('go on when the caller who began gives up', async () => {
    const { cache, upstream } = setUp()
    const [first, second] = [new AbortController(), new AbortController()]
    const one = cache.execute(upstream.run, { key, signal: first.signal })
    const two = cache.execute(upstream.run, { key, signal: second.signal })
    const reason = { because: 'of this' }
    first.abort(reason)
    await expect(one).rejects.toBe(reason)
    expect(upstream.call().context.signal.aborted).toBe(false)
    upstream.call().succeed('value')
    expect(await two).toBe('value')
    expect([abortListeners(first.signal), abortListeners(second.signal)]).toEqual([0, 0])
  })

  it('end when all who wait have given up, with the last reason; what comes then is not stored', async () => {
    const { cache, upstream, events } = setUp()
    const controllers = [new AbortController(), new AbortController()]
    const calls = controllers.map(({ signal }) => cache.settle(upstream.run, { key, signal }))
    for (const [index, controller] of controllers.entries()) controller.abort(index)
    expect(await Promise.all(calls)).toEqual([
      { status: 'rejected', reason: 0 },
      { status: 'rejected', reason: 1 },
    ])
    const { signal } = upstream.call().context
    expect([signal.aborted, signal.reason]).toEqual([true, 1])
    const next = cache.execute(upstream.run, { key })
    upstream.call(0).succeed('late')
    upstream.call(1).succeed('next')
    expect(await next).toBe('next')
    expect(events[0]).toMatchObject(['refresh', { outcome: 'discarded' }])
    expect(await cache.execute(upstream.run, { key })).toBe('next')
  })

  it('are not even begun for a caller who has given up already', async () => {
    const { clock, cache, upstream } = setUp()
    const call = pipeline(aborting('too late'), cache).execute(upstream.run, { key })
    await expect(call).rejects.toBe('too late')
    expect(upstream.calls).toEqual([])
    expectNoLeaks({ policies: [cache], except: ['listeners'], clock })
  })

  it('have as much time as the one with the latest deadline', async () => {
    const { cache, upstream } = setUp()
    const until = (deadline?: number) => cache.execute(upstream.run, { key, deadline })
    const calls = [until(1000)]
    const { context } = upstream.call()
    const seen = [context.deadline]
    for (const deadline of [500, 2000, undefined, 1000]) {
      calls.push(until(deadline))
      seen.push(context.deadline)
    }
    expect(seen).toEqual([1000, 1000, 2000, undefined, undefined])
    upstream.call().succeed(1)
    await Promise.all(calls)
  })

  it('run in a context that shows what the first caller said, except the signal', async () => {
    const { cache, upstream } = setUp()
    const { signal } = new AbortController()
    const call = cache.execute(upstream.run, { key, signal, values: { a: 1 }, journey: 'j' })
    const { context } = upstream.call()
    expect(context).toMatchObject({ key, values: { a: 1 }, journey: 'j', attempt: 1 })
    expect(context.signal).not.toBe(signal)
    upstream.call().succeed(1)
    await call
  })

  it('know that a retry outside owns the retrying', async () => {
    const { cache } = setUp()
    const seen: boolean[] = []
    const spy = policyOf({
      kind: 'spy',
      around(context, inner) {
        seen.push(inner.retriedOutside)
        return inner.run(context.child())
      },
    })
    const again = policyOf({ kind: 'retry' })
    await pipeline(again, cache, spy).execute(() => 1, { key: 'a' })
    await again.execute((context) => pipeline(cache, spy).execute(() => 1, { ...context, key: 'b' }))
    await again.execute((context) => pipeline(cache, spy).execute(() => 1, context), { key: 'c' })
    await pipeline(cache, again).execute((context) => spy.execute(() => 1, context), { key: 'd' })
    expect(seen).toEqual([true, false, true, true])
  })

  it('leave a function that hangs behind after a while', async () => {
    const { clock, cache, upstream, events } = setUp({ joinFor: '5s' })
    const first = cache.execute(upstream.run, { key })
    await clock.advance(4999)
    const joined = cache.execute(upstream.run, { key })
    await clock.advance(1)
    const next = cache.execute(upstream.run, { key })
    expect(upstream.calls).toHaveLength(2)
    upstream.call(1).succeed('new')
    expect(await next).toBe('new')
    upstream.call(0).succeed('old')
    expect(await Promise.all([first, joined])).toEqual(['old', 'old'])
    expect(events).toContainEqual([
      'refresh',
      expect.objectContaining({ outcome: 'discarded', duration: 5000 }),
    ])
    expect(await cache.execute(upstream.run, { key })).toBe('new')
  })

  it('continue each in the async context of its caller', async () => {
    const storage = new AsyncLocalStorage<string>()
    const upstream = new Upstream()
    const seen: unknown[] = []
    const { clock, cache } = setUp({ when: () => seen.push(storage.getStore()) > 0 })
    await cache.execute(() => 'old', { key })
    await clock.advance('2s')
    const call = (id: string) =>
      storage.run(id, async () => {
        const value = await cache.execute(upstream.run, { key })
        return [value, storage.getStore()]
      })
    const calls = [call('a'), call('b')]
    upstream.call().fail(down)
    expect(await Promise.all(calls)).toEqual([
      ['old', 'a'],
      ['old', 'b'],
    ])
    expect(seen).toEqual(['a', 'b'])
  })
})

describe('an invalidated key', () => {
  it('is asked anew, and a call that ran meanwhile stores nothing', async () => {
    const { cache, upstream, events } = setUp()
    await cache.execute(() => 'old', { key })
    cache.invalidate(key)
    const before = cache.execute(upstream.run, { key })
    cache.invalidate(key)
    cache.invalidate('unknown')
    const after = cache.execute(upstream.run, { key })
    expect(upstream.calls).toHaveLength(2)
    upstream.call(1).succeed('new')
    expect(await after).toBe('new')
    upstream.call(0).succeed('outdated')
    expect(await before).toBe('outdated')
    expect(events).toContainEqual(['refresh', expect.objectContaining({ outcome: 'discarded' })])
    expect(await cache.execute(upstream.run, { key })).toBe('new')
  })

  it('leaves no stale answer behind', async () => {
    const { cache, upstream } = setUp({ ttl: 0 })
    await cache.execute(() => 'old', { key })
    const call = cache.execute(upstream.run, { key })
    cache.invalidate(key)
    upstream.call().fail(down)
    await expect(call).rejects.toBe(down)
  })

  it('still ends the function of a call that all have given up later', async () => {
    const { cache, upstream } = setUp()
    const caller = new AbortController()
    const call = cache.execute(upstream.run, { key, signal: caller.signal })
    cache.clear()
    expect(upstream.call().context.signal.aborted).toBe(false)
    caller.abort('gone')
    await expect(call).rejects.toBe('gone')
    expect(upstream.call().context.signal.reason).toBe('gone')
  })

  it('is every key after clear(), which operators reach on the hub', async () => {
    const hub = new Hub()
    const { cache, upstream } = setUp({ name: 'stock', hub })
    await cache.execute(() => 'a', { key: 'a' })
    const call = cache.execute(upstream.run, { key })
    const component = hub.component('stale-cache', 'stock')
    expect(component?.snapshot()).toEqual({
      entries: 1,
      max: 1000,
      running: 1,
      waiting: 1,
      hits: 0,
      stale: 0,
      misses: 1,
    })
    component?.actions['clear']?.()
    upstream.call().succeed('outdated')
    await call
    expect(cache.size).toBe(0)
    cache.dispose()
    expect(hub.components()).toEqual([])
  })
})

describe('only from memory', () => {
  it('serves what there is, fresh or stale, and leaves the function alone', async () => {
    let only = false
    const { clock, cache, events } = setUp({ cacheOnly: () => only })
    await cache.execute(() => 'old', { key })
    only = true
    let runs = 0
    const untouched = () => runs++
    expect(await cache.execute(untouched, { key })).toBe('old')
    await clock.advance('5s')
    expect(await cache.execute(untouched, { key })).toBe('old')
    expect(events.at(-1)).toEqual(['stale', { age: 5000, reason: 'cacheOnly', failureClass: undefined }])
    expect(runs).toBe(0)
  })

  it('rejects what it does not know', async () => {
    const { cache, events } = setUp({ cacheOnly: () => true, name: 'stock', hub: new Hub() })
    const result = await cache.settle(() => expect.unreachable(), { key })
    expect(result.status === 'rejected' && result.reason).toBeInstanceOf(CacheMissError)
    expect(result).toMatchObject({
      reason: { code: 'ERR_CACHE_MISS', policy: 'stock', failureClass: 'degraded', name: 'CacheMissError' },
    })
    expect(events).toEqual([['miss', { source: 'none' }]])
    expect(new CacheMissError(undefined).message).toMatch(/^stale-cache: only/)
  })

  it('means nothing if the option throws', async () => {
    const { cache } = setUp({
      cacheOnly: () => {
        throw down
      },
    })
    expect(await cache.execute(() => 1, { key })).toBe(1)
  })
})

describe('a refresh in the background', () => {
  const background = { refresh: 'background' } as const

  it('serves the stale answer at once and renews it, one call at a time', async () => {
    const { clock, cache, upstream, events } = setUp(background)
    await cache.execute(() => 'old', { key })
    await clock.advance('2s')
    const caller = new AbortController()
    const calls = [1, 2].map(() =>
      cache.execute(upstream.run, { key, signal: caller.signal, deadline: 2001 }),
    )
    expect(await Promise.all(calls)).toEqual(['old', 'old'])
    caller.abort()
    expect(upstream.calls).toHaveLength(1)
    const { context } = upstream.call()
    expect([context.signal.aborted, context.deadline]).toEqual([false, undefined])
    upstream.call().succeed('new')
    await clock.settle()
    expect(await cache.execute(upstream.run, { key })).toBe('new')
    expect(events.slice(2)).toEqual([
      ['stale', { age: 2000, reason: 'refresh', failureClass: undefined }],
      ['stale', { age: 2000, reason: 'refresh', failureClass: undefined }],
      ['refresh', { outcome: 'stored', background: true, duration: 0, failureClass: undefined }],
      ['hit', { age: 0 }],
    ])
  })

  it('may fail without harm; the next call tries again', async () => {
    const rejections = trackUnhandledRejections()
    const { clock, cache, upstream, events } = setUp(background)
    await cache.execute(() => 'old', { key })
    await clock.advance('2s')
    expect(await cache.execute(upstream.run, { key })).toBe('old')
    upstream.call().fail(down)
    await clock.settle()
    expect(events.at(-1)).toMatchObject(['refresh', { outcome: 'failed', failureClass: 'transient' }])
    expect(await cache.execute(upstream.run, { key })).toBe('old')
    expect(upstream.calls).toHaveLength(2)
    expect(await rejections.stop()).toEqual([])
  })

  it('is joined by calls that find nothing else, and goes on without them', async () => {
    const { clock, cache, upstream } = setUp(background)
    await cache.execute(() => 'old', { key })
    await clock.advance('2s')
    await cache.execute(upstream.run, { key })
    await clock.advance('9s')
    const caller = new AbortController()
    const joined = cache.execute(upstream.run, { key, signal: caller.signal })
    caller.abort('gone')
    await expect(joined).rejects.toBe('gone')
    expect([upstream.calls.length, upstream.call().context.signal.aborted]).toEqual([1, false])
    upstream.call().succeed('new')
    await clock.settle()
    expect(cache.size).toBe(1)
  })

  it('is given up when it hangs or nobody needs it any more', async () => {
    const { clock, cache, upstream } = setUp({ ...background, joinFor: '5s' })
    await cache.execute(() => 'old', { key })
    await clock.advance('2s')
    await cache.execute(upstream.run, { key })
    await clock.advance('5s')
    await cache.execute(upstream.run, { key })
    expect(upstream.calls.map(({ context }) => context.signal.aborted)).toEqual([true, false])
    expect(upstream.call(0).context.signal.reason).toMatchObject({ name: 'AbortError' })
    cache.invalidate(key)
    expect(upstream.call(1).context.signal.aborted).toBe(true)
  })
})

it('leaves nothing behind but its answers', async () => {
  const rejections = trackUnhandledRejections()
  const { clock, cache } = setUp({ ttl: 0, refresh: 'background' })
  const upstream = new Upstream({ obedient: true })
  const callers = [new AbortController(), new AbortController(), new AbortController()]
  const signals = callers.map(({ signal }) => signal)
  const settled = signals.map((signal, index) => cache.settle(upstream.run, { key: `${index % 2}`, signal }))
  callers[1]?.abort('gone')
  callers[2]?.abort('gone')
  upstream.call(0).succeed(1)
  await Promise.all(settled)
  await cache.execute(upstream.run, { key: '0', signal: signals[0] })
  upstream.call().fail(down)
  await clock.settle()
  expect(await rejections.stop()).toEqual([])
  const { listeners } = cache.debugStats()
  expect(cache.debugStats()).toEqual({ listeners, entries: 1, running: 0, waiting: 0 })
  cache.dispose()
  expectNoLeaks({ policies: [cache], except: ['entries'], clock, signals })
})

describe('options', () => {
  it.each([
    ["option 'ttll'", { ttl: 1, ttll: 1 }],
    ['options', null],
    ['ttl', {}],
    ['ttl', { ttl: -1 }],
    ['staleFor', { ttl: 1, staleFor: 'long' }],
    ['max', { ttl: 1, max: 0 }],
    ['refresh', { ttl: 1, refresh: 'later' }],
    ['joinFor', { ttl: 1, joinFor: 0 }],
    ['key', { ttl: 1, key: 'id' }],
    ['when', { ttl: 1, when: true }],
    ['cacheOnly', { ttl: 1, cacheOnly: true }],
  ])('that make no sense are refused by name: %s', (option, options) => {
    const build = () => staleCache(options as never)
    expect(build).toThrow(InvalidOptionError)
    expect(build).toThrow(option)
  })

  it('are told to `explain`', () => {
    expect(staleCache({ ttl: '30s' }).describe()).toEqual([
      {
        kind: 'stale-cache',
        name: undefined,
        options: { ttl: '30s', staleFor: '1d', max: 1000, refresh: 'inline' },
        answers: { programmerErrors: false },
      },
    ])
    const hiding = staleCache({ ttl: 1, refresh: 'background', when: () => true }).describe()[0]
    expect(hiding).toMatchObject({ options: { refresh: 'background' }, answers: { programmerErrors: true } })
  })
})
