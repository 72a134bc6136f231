import { AsyncLocalStorage } from 'node:async_hooks'
import { type Context, pipeline } from '@seaworthy/core'
import { AbortError, retry, retryInfo } from '@seaworthy/retry'
import { VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { failing, listen, reset, setup, timeoutToy } from './toys.ts'

/** An outer and an inner policy on one clock. */
function pair(nested: 'collapse' | 'multiply', outerAttempts = 3, innerAttempts = 4) {
  const clock = new VirtualClock()
  const outer = retry({ clock, attempts: outerAttempts, delay: 10 })
  const inner = retry({ clock, attempts: innerAttempts, delay: 10, nested })
  return {
    clock,
    outer,
    inner,
    told: listen(inner),
    run: failing(clock, ...Array.from({ length: 50 }, reset)),
  }
}

describe('a retry inside a retry (verify 26)', () => {
  it('leaves retrying to the outer one of its pipeline', async () => {
    const { clock, outer, inner, told, run } = pair('collapse')
    const settled = (await clock.runUntilSettled(pipeline(outer, inner).settle(run))) as { reason: Error }
    expect(run.runs).toHaveLength(3)
    expect(told.filter(({ type }) => type === 'gaveUp')).toHaveLength(3)
    expect(told.at(-1)).toMatchObject({ reason: 'nested', attempts: 1 })
    expect(retryInfo(settled.reason)).toEqual({ attempts: 3, reason: 'attempts' })
    expect(run.failures.slice(0, 2).map(retryInfo)).toEqual([undefined, undefined])
  })

  it('leaves it to one further out, with other layers in between', async () => {
    const { clock, outer, inner, run } = pair('collapse')
    const composed = pipeline(
      outer,
      timeoutToy(clock, 1000, 'settles'),
      pipeline(timeoutToy(clock, 500, 'settles'), inner),
    )
    await clock.runUntilSettled(composed.settle(run))
    expect(run.runs).toHaveLength(3)
  })

  it('leaves it to one in another pipeline whose context is passed on', async () => {
    const { clock, outer, inner, run } = pair('collapse')
    await clock.runUntilSettled(outer.settle((context) => inner.execute(run, context)))
    expect(run.runs).toHaveLength(3)
    const through = pair('collapse')
    const middle = pipeline()
    const call = (context: Context) =>
      middle.execute((between) => through.inner.execute(through.run, between), context)
    await through.clock.runUntilSettled(through.outer.settle(call))
    expect(through.run.runs).toHaveLength(3)
  })

  it('multiplies when asked to, or when nothing was passed on', async () => {
    const asked = pair('multiply')
    await asked.clock.runUntilSettled(pipeline(asked.outer, asked.inner).settle(asked.run))
    expect(asked.run.runs).toHaveLength(12)
    const unknown = pair('collapse')
    await unknown.clock.runUntilSettled(unknown.outer.settle(() => unknown.inner.execute(unknown.run)))
    expect(unknown.run.runs).toHaveLength(12)
  })

  it('retries if the outer one is switched off', async () => {
    const { clock, outer, inner, run } = pair('collapse', 1)
    await clock.runUntilSettled(pipeline(outer, inner).settle(run))
    expect(run.runs).toHaveLength(4)
  })

  it('lets an AbortError pass, which is meant for the outer one', async () => {
    const { clock, outer, inner } = pair('collapse')
    const inside = new Error('gone')
    const run = failing(clock, reset(), new AbortError(inside))
    await expect(clock.runUntilSettled(pipeline(outer, inner).execute(run))).rejects.toBe(inside)
    expect(run.runs).toHaveLength(2)
  })

  it('lets a value pass that it would refuse', async () => {
    const clock = new VirtualClock()
    const outer = retry({ clock, delay: 10 })
    const inner = retry({ clock, delay: 10, retryResult: () => true })
    let calls = 0
    expect(await clock.runUntilSettled(pipeline(outer, inner).execute(() => ++calls))).toBe(1)
  })

  it('beside another is not inside it', async () => {
    const { clock, outer, run } = pair('collapse')
    const call = outer.execute(async () => 'done')
    await call
    await clock.runUntilSettled(outer.settle(run))
    expect(run.runs).toHaveLength(3)
  })
})

describe('AsyncLocalStorage', () => {
  it('holds the store of the caller in every attempt and every listener', async () => {
    const { clock, policy } = setup({ delay: 10, attempts: 4 })
    const storage = new AsyncLocalStorage<string>()
    const seen: [string, string | undefined][] = []
    policy.on('attemptFailed', () => seen.push(['event', storage.getStore()]))
    const run = async ({ attempt }: Context): Promise<string | undefined> => {
      seen.push(['before', storage.getStore()])
      await clock.sleep(5)
      seen.push(['after', storage.getStore()])
      if (attempt < 3) throw reset()
      return storage.getStore()
    }
    const calls = ['blue', 'red'].map((store) => storage.run(store, () => policy.execute(run)))
    expect(await storage.run('the clock', () => clock.runUntilSettled(Promise.all(calls)))).toEqual([
      'blue',
      'red',
    ])
    for (const store of ['blue', 'red']) {
      expect(seen.filter(([, each]) => each === store)).toHaveLength(3 + 3 + 2)
    }
    expect(seen).toHaveLength(16)
  })

  it('holds it behind a timeout that settled the first attempt', async () => {
    const { clock, policy } = setup({ delay: 10 })
    const storage = new AsyncLocalStorage<string>()
    const limited = pipeline(policy, timeoutToy(clock, 50, 'settles'))
    const run = async ({ attempt }: Context): Promise<string | undefined> => {
      const store = storage.getStore()
      if (attempt === 1) await clock.sleep(100)
      return store
    }
    const answer = storage.run('mine', () => limited.execute(run))
    expect(await storage.run('the clock', () => clock.runUntilSettled(answer))).toBe('mine')
  })
})
