import { seededRandom } from '@seaworthy/testing'
import { describe, expect, it, vi } from 'vitest'
import { FallbacksFailedError, ReadOnlyModeError } from '../src/errors.ts'
import { cannedReply, enqueue, readOnly } from '../src/fallback-link.ts'
import { fallbackRegistry } from '../src/fallback-registry.ts'
import { memoryCache } from '../src/memory-cache.ts'
import { ada, setUp } from './toys.ts'

const down = () => Promise.reject(Object.assign(new Error('down'), { code: 'ECONNREFUSED' }))
const work = () => Promise.resolve('fresh')

function services() {
  const all = setUp()
  const registry = fallbackRegistry({ degradation: all.degradation, hub: all.hub })
  const used: unknown[] = []
  registry.on('used', ({ service, fallback, result }) => used.push(`${service} ${fallback} ${result}`))
  return { ...all, registry, used }
}

describe('the registry of fallbacks', () => {
  it('asks the service, and its fallbacks in order when it fails', async () => {
    const { registry, used } = services()
    const broken = { id: 'broken', run: () => Promise.reject(new Error('also')) }
    registry.register('assistant', [broken, cannedReply('later')])
    expect(await registry.serve('assistant', work)).toEqual({
      value: 'fresh',
      source: 'primary',
      fallback: undefined,
      stale: false,
      age: undefined,
      level: 'normal',
    })
    expect(await registry.serve('assistant', down)).toMatchObject({
      value: 'later',
      source: 'fallback',
      fallback: 'canned-reply',
    })
    expect(used).toEqual(['assistant broken failure', 'assistant canned-reply success'])
  })

  it('says what all of them failed with, and the error of the service first', async () => {
    const { registry } = services()
    const broken = { id: 'broken', run: () => Promise.reject(new Error('also')) }
    registry.register('assistant', [broken])
    const error = await registry.serve('assistant', down).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FallbacksFailedError)
    expect(error).toMatchObject({
      cause: { message: 'down' },
      errors: [{ message: 'also' }],
      failureClass: 'transient',
    })
  })

  it('leaves errors alone that no fallback accepts, and services it does not know', async () => {
    const { registry, used } = services()
    registry.register('assistant', [
      cannedReply('later'),
      { id: 'never', accepts: () => false, run: work },
      {
        id: 'buggy',
        accepts() {
          throw new Error('bug')
        },
        run: work,
      },
    ])
    const wrong = Object.assign(new Error('bad request'), { failureClass: 'fatal' })
    await expect(registry.serve('assistant', () => Promise.reject(wrong))).rejects.toBe(wrong)
    await expect(registry.serve('unknown', down)).rejects.toThrow('down')
    expect(used).toEqual([])
  })

  it('does not answer for a caller who has given up', async () => {
    const { registry } = services()
    registry.register('assistant', [cannedReply('later')])
    const controller = new AbortController()
    const reason = new Error('gone')
    const call = registry.serve(
      'assistant',
      () => {
        controller.abort(reason)
        return down()
      },
      { signal: controller.signal },
    )
    await expect(call).rejects.toThrow('down')
    await expect(registry.serve('assistant', work, { signal: controller.signal })).rejects.toBe(reason)
  })

  it('does not ask services at cache-only, unless they are always to be asked', async () => {
    const { registry, degradation } = services()
    const asked = vi.fn(work)
    registry.register('assistant', [cannedReply('later')])
    registry.register('login', [cannedReply('no')], { alwaysAsk: true })
    degradation.set('critical', ada)
    expect(await registry.serve('assistant', asked)).toMatchObject({ value: 'later', level: 'critical' })
    expect(asked).not.toHaveBeenCalled()
    expect(await registry.serve('login', asked)).toMatchObject({ value: 'fresh', source: 'primary' })
  })

  it('puts work off only when it is stored', async () => {
    const { registry } = services()
    const stored: unknown[] = []
    const add = async (input: string) => `id ${stored.push(input)}`
    registry.register('mail', [enqueue({ add, durable: true }) as never])
    const { value } = await registry.serve('mail', down as () => Promise<unknown>, { input: 'hello' })
    expect(value).toEqual({ queued: true, id: 'id 1', durable: true })
    expect(stored).toEqual(['hello'])
    registry.register('post', [
      enqueue({ add: () => Promise.reject(new Error('queue full')), durable: true }) as never,
    ])
    await expect(registry.serve('post', down)).rejects.toThrow(FallbacksFailedError)
  })

  it('never says that something was written when nothing was', async () => {
    const { registry } = services()
    registry.register('orders', [readOnly()])
    const error = await registry.serve('orders', down).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ errors: [expect.any(ReadOnlyModeError)], cause: { message: 'down' } })
  })

  it('refuses to have two lists for a service, and two fallbacks with one id', () => {
    const { registry } = services()
    const remove = registry.register('a', [readOnly()])
    expect(() => registry.register('a', [])).toThrow(/service must be one without fallbacks/)
    remove()
    expect(() => registry.register('a', [readOnly(), readOnly()])).toThrow(
      /fallbacks must be with an id each/,
    )
  })

  it('is a component of the hub', async () => {
    const { registry, hub } = services()
    registry.register('a', [cannedReply(1)])
    await registry.serve('a', down)
    expect(hub.component('fallback-registry', 'default')?.snapshot()).toEqual({
      a: { fallbacks: ['canned-reply'], asked: 1, answeredOtherwise: 1 },
    })
    registry.close()
    expect(hub.component('fallback-registry', 'default')).toBeUndefined()
  })
})

describe('a memory', () => {
  it('sees every answer, and gives it again when the service fails or is not asked', async () => {
    const { registry, clock, degradation, used } = services()
    registry.register('prices', [memoryCache({ ttl: '1s', clock })])
    const serve = (call: () => Promise<unknown>) => registry.serve('prices', call, { key: 'lamp' })
    expect(await serve(work)).toMatchObject({ source: 'primary', stale: false })
    await clock.advance('5s')
    expect(await serve(down)).toMatchObject({ value: 'fresh', source: 'stale-cache', stale: true, age: 5000 })
    degradation.set('critical', ada)
    expect(await serve(work)).toMatchObject({ value: 'fresh', source: 'stale-cache', age: 5000 })
    await expect(registry.serve('prices', work, { key: 'chair' })).rejects.toThrow(FallbacksFailedError)
    await expect(registry.serve('prices', work)).rejects.toThrow(FallbacksFailedError)
    degradation.clear(ada)
    // Nothing stale after the recovery.
    expect(await serve(async () => 'new')).toMatchObject({ value: 'new', source: 'primary' })
    expect(used).toEqual([
      'prices memory-cache hit',
      'prices memory-cache hit',
      'prices memory-cache miss',
      'prices memory-cache miss',
    ])
  })

  it('answers over 80 % of Zipf(1.0) reads in an outage with room for half of the keys, and nothing stale after it', async () => {
    const { registry, clock } = services()
    const keys = 1000
    const cache = memoryCache<number>({ ttl: '1s', max: keys / 2, clock })
    registry.register('prices', [cache])
    const draw = zipf(keys, seededRandom(11))
    let version = 1
    const ask = (key: string, call: () => Promise<number>) => registry.serve('prices', call, { key })
    for (let i = 0; i < 5000; i++) await ask(String(draw()), async () => version)
    await clock.advance('10s')
    let hits = 0
    const outage = 2000
    for (let i = 0; i < outage; i++) {
      const answer = await ask(String(draw()), down).catch(() => undefined)
      if (answer?.value === 1) hits++
    }
    expect(hits / outage).toBeGreaterThan(0.8)
    expect(cache.size).toBeLessThanOrEqual(keys / 2)
    version = 2
    for (let i = 0; i < 2000; i++) {
      expect((await ask(String(draw()), async () => version)).value).toBe(2)
    }
  })
})

/** Draws ranks of a Zipf distribution with exponent 1. */
function zipf(size: number, random: () => number): () => number {
  const sums: number[] = []
  let sum = 0
  for (let rank = 1; rank <= size; rank++) {
    sum += 1 / rank
    sums.push(sum)
  }
  return () => {
    const wanted = random() * sum
    let [low, high] = [0, size - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] as number) < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}
