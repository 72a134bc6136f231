import {
  InvalidOptionError,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  pipeline,
} from '@seaworthy/core'
import { guarded } from '@seaworthy/core/decorators'
import { trackUnhandledRejections, VirtualClock } from '@seaworthy/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { answerer, observer, refuser, repeater, ToyPolicy } from './toy-layers.ts'

const log = Object.assign(() => {}, { here: () => () => {} })

describe('a passage', () => {
  const client = new ToyPolicy(observer(new VirtualClock()).layer(log))

  it('is for calls of which nothing but options is known', async () => {
    expect(client.passage({ key: 'a' })).toBe(client.passage({ key: 'b' }))
    expect(client.passage({ journey: 'order 7' })).toBeUndefined()
    expect(client.passage({ signal: AbortSignal.abort() })).toBeUndefined()
    await client.execute((context) => expect(client.passage(context)).toBeUndefined())
  })

  it('is not for layers that look at more than their token', () => {
    const sees = new ToyPolicy({ kind: 'reporter', success: () => {} })
    const waits = new ToyPolicy({ kind: 'waiter', enter: () => Promise.resolve() })
    const surrounds = new ToyPolicy({
      kind: 'general',
      around: (context, inner) => inner.run(context.child()),
    })
    const limits = new ToyPolicy({ kind: 'limiter', deadline: 'settles' })
    for (const policy of [sees, waits, surrounds, limits]) expect(policy.passage({})).toBeUndefined()
  })

  it('is refused in the ordinary way when a layer throws', async () => {
    const throwing = new ToyPolicy({
      kind: 'payer',
      enter: () => {
        throw new Error('no money')
      },
      passFor: () => true,
      passed: () => {
        throw new Error('no money')
      },
    })
    expect(throwing.passage({})).toBeUndefined()
    await expect(throwing.execute(() => 1, {})).rejects.toThrow('no money')
  })
})

describe('pipeline', () => {
  it('refuses what is no policy', () => {
    expect(() => pipeline(new ToyPolicy(repeater(2).layer(log)), {} as never)).toThrow(InvalidOptionError)
    expect(() => pipeline({} as never)).toThrow(/pipeline argument 1 must be a policy/)
  })

  it('runs functions that return values, promises and thenables, and that throw', async () => {
    const policy = pipeline(new ToyPolicy(observer(new VirtualClock()).layer(log)))
    // biome-ignore lint/suspicious/noThenProperty: a thenable that settles twice must not be believed twice.
    const thenable = { then: (resolve: (value: number) => void) => [3, 4].forEach(resolve) }
    expect(await policy.execute(() => 1)).toBe(1)
    expect(await policy.execute(async () => 2)).toBe(2)
    expect(await policy.execute(() => thenable as unknown as Promise<number>)).toBe(3)
    const error = new Error('mine')
    await expect(policy.execute(() => Promise.reject(error))).rejects.toBe(error)
    await expect(
      policy.execute(() => {
        throw error
      }),
    ).rejects.toBe(error)
  })

  it('adopts promises that are not native, which may react more than once', async () => {
    class Twice<T> extends Promise<T> {
      // biome-ignore lint/suspicious/noThenProperty: see the name of the test.
      override then<A, B>(
        ok?: ((value: T) => A | PromiseLike<A>) | null,
        no?: ((reason: unknown) => B | PromiseLike<B>) | null,
      ) {
        super.then(ok, no)
        return super.then(ok, no)
      }
    }
    const counts: string[] = []
    const counting = Object.assign((line: string) => void counts.push(line), { here: () => () => {} })
    const policy = pipeline(new ToyPolicy(observer(new VirtualClock()).layer(counting)))
    expect(await policy.execute(() => new Twice<number>((resolve) => resolve(1)))).toBe(1)
    expect(counts).toEqual(['enter @0', 'success 1 @0'])
  })

  it('keeps name, length, parameters and this of a wrapped function', async () => {
    class Shop {
      readonly stock = 5
      async has(item: string, count: number): Promise<boolean> {
        return item.length > 0 && this.stock >= count
      }
    }
    const has = pipeline().wrap(Shop.prototype.has)
    expect([has.name, has.length]).toEqual(['has', 2])
    expect(await has.call(new Shop(), 'lamp', 4)).toBe(true)
    expectTypeOf(has).parameters.toEqualTypeOf<[string, number]>()
    expectTypeOf(has).returns.toEqualTypeOf<Promise<boolean>>()
  })

  it('decorates methods', async () => {
    class Shop {
      readonly stock = 5
      @guarded(pipeline(new ToyPolicy(repeater(3).layer(log))))
      async take(count: number): Promise<number> {
        return this.stock - count
      }
    }
    expect(await new Shop().take(2)).toBe(3)
  })

  it('asks about a value only layers that say it concerns them, and rejects when one cannot say', async () => {
    const asked: unknown[] = []
    const policy = new ToyPolicy({
      kind: 'reader',
      revises: (value) => {
        if (value === undefined) throw new Error('cannot be read')
        return value === 'mine'
      },
      revise: (_call, _slot, value) => {
        asked.push(value)
        return undefined
      },
    })
    expect(await policy.execute(() => 'yours')).toBe('yours')
    expect(await policy.execute(() => 'mine')).toBe('mine')
    expect(asked).toEqual(['mine'])
    await expect(policy.execute(() => undefined)).rejects.toThrow('cannot be read')
  })

  it('settles without a throw', async () => {
    const policy = pipeline()
    expect(await policy.settle(() => 1)).toEqual({ status: 'fulfilled', value: 1 })
    expect(await policy.settle(() => Promise.reject('no'))).toEqual({ status: 'rejected', reason: 'no' })
  })

  it('infers what its policies may answer', () => {
    class Answers extends PolicyBase<'cached'> {
      constructor() {
        super('answers', undefined)
      }
      layers() {
        return []
      }
      describe(): PolicyDescription[] {
        return []
      }
    }
    const policy = pipeline(new Answers(), new ToyPolicy(repeater(2).layer(log)))
    expectTypeOf(policy).toMatchTypeOf<Policy<'cached'>>()
    expectTypeOf(policy.execute(() => 1)).toEqualTypeOf<Promise<number | 'cached'>>()
    expectTypeOf(pipeline().execute(async () => 1)).toEqualTypeOf<Promise<number>>()
  })

  it('contains pipelines', async () => {
    const inner = pipeline(new ToyPolicy(repeater(3).layer(log)))
    const outer = pipeline(new ToyPolicy(answerer().layer(log)), inner)
    expect(outer.layers().map(({ kind }) => kind)).toEqual(['answerer', 'repeater'])
    let runs = 0
    const value = await outer.execute(() => {
      runs++
      throw new Error('always')
    })
    expect([value, runs]).toEqual(['instead of always', 3])
  })

  it('I16: leaves no rejection unhandled that the caller handles, and reports one that nobody does', async () => {
    const tracker = trackUnhandledRejections()
    const clock = new VirtualClock()
    const open = pipeline(new ToyPolicy(refuser(clock, 'refuse').layer(log)))
    const failing = pipeline(new ToyPolicy(observer(clock).layer(log)))
    await open.execute(() => 1).catch(() => {})
    await failing.execute(() => Promise.reject(new Error('x'))).catch(() => {})
    await clock.settle()
    expect(tracker.reasons).toHaveLength(0)
    void open.execute(() => 1)
    await clock.settle()
    await clock.settle()
    expect(tracker.reasons).toHaveLength(1)
    await tracker.stop()
  })
})
