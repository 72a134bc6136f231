import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Context,
  Hub,
  InvalidOptionError,
  type PolicyDescription,
  pipeline,
  SeaworthyError,
} from '@seaworthy/core'
import { abortListeners, expectNoLeaks } from '@seaworthy/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { fallback, fallbackChain, noAnswer } from '../src/index.ts'
import { policyOf } from './policy-of.ts'

const down = new Error('down')
const fail = (): never => {
  throw down
}
const failWith = (error: unknown) => (): Promise<never> => Promise.reject(error)

describe('a fallback', () => {
  it('leaves the result of a call that succeeds alone', async () => {
    const answer = fallback(() => expect.unreachable('nothing failed'))
    expect(await answer.execute(() => 1)).toBe(1)
  })

  it('answers with a value', async () => {
    const empty: string[] = []
    expect(await fallback(empty).execute(fail)).toBe(empty)
    expect(await fallback(undefined).execute(fail)).toBeUndefined()
  })

  it('answers with what a function returns, at once or later', async () => {
    expect(await fallback(() => 'canned').execute(fail)).toBe('canned')
    expect(await fallback(async () => 'cached').execute(fail)).toBe('cached')
  })

  it('hands the error and the context to the function', async () => {
    const seen: unknown[] = []
    const answer = fallback((error, { key, values, signal }) => {
      seen.push(error, key, values, signal.aborted)
    })
    await answer.execute(fail, { key: 'lamp', values: { tenant: 7 } })
    expect(seen).toEqual([down, 'lamp', { tenant: 7 }, false])
    expect(seen[0]).toBe(down)
  })

  it('answers for a call that an inner policy has turned away', async () => {
    const open = new SeaworthyError('ERR_CIRCUIT_OPEN', 'open')
    const seen: unknown[] = []
    const guarded = pipeline(
      fallback((error) => seen.push(error)),
      policyOf({ kind: 'breaker', enter: (call) => call.refuse(open) }),
    )
    expect(await guarded.execute(() => expect.unreachable('the circuit is open'))).toBe(1)
    expect(seen[0]).toBe(open)
  })

  it('answers for a wrapped function and keeps its `this`', async () => {
    const shop = {
      stock: 3,
      read: fallback(0).wrap(function (this: { stock: number }, fine: boolean): number {
        return fine ? this.stock : fail()
      }),
    }
    expect([await shop.read(true), await shop.read(false)]).toEqual([3, 0])
  })

  it('runs its function in the async context of the caller', async () => {
    const storage = new AsyncLocalStorage<string>()
    const answer = fallback(async () => storage.getStore())
    const ask = (id: string) => storage.run(id, () => answer.execute(() => Promise.reject(down)))
    expect(await Promise.all([ask('a'), ask('b')])).toEqual(['a', 'b'])
  })
})

describe('verify 30: a fallback runs only for handled outcomes', () => {
  it('by default not for a programming error', async () => {
    const bug = new TypeError('x is not a function')
    await expect(fallback(0).execute(failWith(bug))).rejects.toBe(bug)
  })

  it('but for a TypeError with a network code behind it, as fetch throws it', async () => {
    const network = new TypeError('fetch failed', {
      cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }),
    })
    expect(await fallback(0).execute(failWith(network))).toBe(0)
  })

  it('with `when`, for the errors it accepts', async () => {
    const answer = fallback(0, { when: (error) => error === down })
    const other = new Error('other')
    expect(await answer.execute(fail)).toBe(0)
    await expect(answer.execute(failWith(other))).rejects.toBe(other)
  })

  it('and with a `when` that throws for none', async () => {
    await expect(fallback(0, { when: fail }).execute(failWith('reason'))).rejects.toBe('reason')
  })

  it('never for a call that its caller gave up', async () => {
    const caller = new AbortController()
    const reason = new Error('gone')
    const answer = fallback(() => expect.unreachable('nobody waits'), { when: () => true })
    const call = answer.execute(
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      { signal: caller.signal },
    )
    caller.abort(reason)
    await expect(call).rejects.toBe(reason)
  })

  it('nor for one that a policy outside gave up', async () => {
    const outside = new AbortController()
    const inner = fallback(() => expect.unreachable('nobody waits'), { when: () => true })
    const outer = pipeline()
    const call = outer.execute(
      (context) =>
        inner.execute(() => {
          outside.abort()
          throw down
        }, context),
      { signal: outside.signal },
    )
    await expect(call).rejects.toBe(down)
  })
})

describe('verify 30: a fallback that fails as well surfaces both errors', () => {
  it('the error of the call first, also as the cause', async () => {
    const second = new Error('cache down')
    const result = await fallback(failWith(second)).settle(fail)
    const reason = result.status === 'rejected' ? result.reason : undefined
    expect(reason).toBeInstanceOf(AggregateError)
    expect((reason as AggregateError).errors).toEqual([down, second])
    expect((reason as AggregateError).errors[0]).toBe(down)
    expect((reason as AggregateError).cause).toBe(down)
  })

  it('also when it throws at once', async () => {
    const result = await fallback(() => fail()).settle(failWith('first'))
    expect(result.status === 'rejected' && (result.reason as AggregateError).errors).toEqual(['first', down])
  })

  it('but one that has no answer lets the error pass, the same object', async () => {
    await expect(fallback(() => noAnswer).execute(fail)).rejects.toBe(down)
    await expect(fallback(async () => noAnswer).execute(fail)).rejects.toBe(down)
  })
})

describe('a refused result', () => {
  const unfit = fallback('canned', { whenResult: (result) => result === undefined })

  it('is replaced', async () => {
    expect(await unfit.execute(() => undefined)).toBe('canned')
    expect(await unfit.execute(() => 'fine')).toBe('fine')
  })

  it('counts as a failure without an error', async () => {
    const seen: unknown[] = []
    const answer = fallback((...args) => seen.push(args[0], args[2]), {
      whenResult: (result) => result === 503,
    })
    await answer.execute(() => 503)
    expect(seen).toEqual([undefined, 503])
  })

  it('is still better than no answer', async () => {
    const response = { status: 503 }
    const answer = fallback(() => noAnswer, { whenResult: () => true })
    expect(await answer.execute(() => response)).toBe(response)
  })

  it('is gone when the fallback fails', async () => {
    const result = await fallback(fail, { whenResult: () => true }).settle(() => 1)
    expect(result.status === 'rejected' && (result.reason as AggregateError).errors).toEqual([down])
  })

  it('is not refused by a predicate that throws', async () => {
    expect(await fallback('canned', { whenResult: fail }).execute(() => 1)).toBe(1)
  })

  it('is replaced also if it came after a timeout further in, with a signal that is not aborted', async () => {
    let expire = (): void => {}
    const patient = policyOf({
      kind: 'cooperative timeout',
      deadline: 'signals',
      enter(call) {
        expire = () => call.expire()
        return undefined
      },
      expire: (call) => call.context.abort('time is up'),
    })
    const caller = new AbortController()
    const answer = fallback((_error, { signal }) => signal.aborted, { whenResult: () => true })
    const seen = await pipeline(answer, patient).execute(
      ({ signal }) => {
        expire()
        return signal.reason
      },
      { signal: caller.signal },
    )
    expect(seen).toBe(false)
    expect(abortListeners(caller.signal)).toBe(0)
  })

  it('is left alone once its caller has given up', async () => {
    const caller = new AbortController()
    const answer = fallback(() => expect.unreachable('nobody waits'), { whenResult: () => true })
    const call = answer.execute(
      () => {
        caller.abort()
        return 1
      },
      { signal: caller.signal },
    )
    expect(await call).toBe(1)
  })
})

describe('a chain', () => {
  it('asks one link after the other, each with the error of the call', async () => {
    const asked: unknown[] = []
    const chain = fallbackChain([
      {
        name: 'replica',
        answer: (error) => asked.push('replica', error) && Promise.reject(new Error('too')),
      },
      { name: 'cache', answer: async (error) => asked.push('cache', error) && noAnswer },
      { name: 'canned', answer: 'later' },
      { name: 'unused', answer: () => expect.unreachable('canned has answered') },
    ])
    expect(await chain.execute(fail)).toBe('later')
    expect(asked).toEqual(['replica', down, 'cache', down])
  })

  it('leaves out links that have no answer for such an error', async () => {
    const quota = new Error('quota')
    const chain = fallbackChain([
      { name: 'broken', when: () => fail(), answer: 0 },
      { name: 'quota', when: (error) => error === quota, answer: 1 },
      { name: 'rest', when: (error) => error !== quota, answer: 2 },
    ])
    expect([await chain.execute(failWith(quota)), await chain.execute(fail)]).toEqual([1, 2])
  })

  it('lets an error pass that no link is for', async () => {
    const chain = fallbackChain([{ name: 'never', when: () => false, answer: 0 }])
    const asked: unknown[] = []
    chain.on('unanswered', (event) => asked.push(event))
    await expect(chain.execute(fail)).rejects.toBe(down)
    expect(asked).toEqual([])
  })

  it('says which link has answered, and why it was asked', async () => {
    const hub = new Hub()
    const seen: unknown[] = []
    const chain = fallbackChain(
      [
        { name: 'cache', answer: failWith(Object.assign(new Error(), { code: 'ETIMEDOUT' })) },
        { name: 'canned', when: (error) => error !== 'hopeless', answer: 'later' },
      ],
      { name: 'ai', hub, whenResult: (result) => result === '' },
    )
    hub.on('*', ({ kind, name, type, payload, journey }) => seen.push({ kind, name, type, payload, journey }))
    await chain.execute(failWith({ status: 401 }), { journey: 'j1' })
    await chain.execute(() => '')
    await chain.settle(failWith('hopeless'))
    const from = { kind: 'fallback', name: 'ai' }
    const failed = { name: 'ai', link: 'cache', position: 1, failureClass: 'transient' }
    const answered = { name: 'ai', link: 'canned', position: 2 }
    expect(seen).toEqual([
      { ...from, type: 'linkFailed', payload: failed, journey: 'j1' },
      { ...from, type: 'answered', payload: { ...answered, failureClass: 'persistent' }, journey: 'j1' },
      { ...from, type: 'linkFailed', payload: failed, journey: undefined },
      { ...from, type: 'answered', payload: { ...answered, failureClass: undefined }, journey: undefined },
      { ...from, type: 'linkFailed', payload: failed, journey: undefined },
      {
        ...from,
        type: 'unanswered',
        payload: { name: 'ai', failed: 1, failureClass: 'transient' },
        journey: undefined,
      },
    ])
    expect(hub.component('fallback', 'ai')?.snapshot()).toEqual({
      links: [
        { link: 'cache', answered: 0, declined: 0, failed: 3 },
        { link: 'canned', answered: 2, declined: 0, failed: 0 },
      ],
      unanswered: 1,
    })
    chain.dispose()
    expect(hub.components()).toEqual([])
  })

  it('asks no further link after the caller gave up, and rejects with its reason', async () => {
    const reason = { why: 'closed' }
    const obedient = ({ signal }: Context): Promise<never> =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('told to stop'))))
    for (const answer of [
      (_error: unknown, context: Context) => obedient(context),
      (_error: unknown, context: Context) => obedient(context).catch(() => noAnswer),
    ]) {
      const caller = new AbortController()
      const chain = fallbackChain([
        { name: 'slow', answer },
        { name: 'next', answer: () => expect.unreachable('nobody waits') },
      ])
      const call = chain.execute(fail, { signal: caller.signal })
      setImmediate(() => caller.abort(reason))
      await expect(call).rejects.toBe(reason)
    }
  })

  it('leaves nothing behind', async () => {
    const { signal } = new AbortController()
    const chain = fallbackChain([
      { name: 'reads the signal', answer: (_error, context) => Promise.reject(context.signal.aborted) },
      { name: 'answers', answer: (_error, context) => context.signal.aborted },
    ])
    expect(await chain.execute(fail, { signal })).toBe(false)
    expect(abortListeners(signal)).toBe(0)
    expectNoLeaks({ policies: [chain], signals: [signal] })
  })
})

describe('types', () => {
  it('add the answer to the result of the pipeline', () => {
    expectTypeOf(fallback(0).execute(() => 'x')).resolves.toEqualTypeOf<string | number>()
    expectTypeOf(fallback(() => ({ stock: 1 })).wrap((id: string) => id)).toEqualTypeOf<
      (this: unknown, id: string) => Promise<string | { stock: number }>
    >()
    expectTypeOf(fallback(async () => true).settle(() => 1)).resolves.toMatchTypeOf<
      { status: 'fulfilled'; value: number | boolean } | { status: 'rejected' }
    >()
    const composed = pipeline(fallback(null), pipeline(fallback((_error, { key }) => key ?? noAnswer)))
    expectTypeOf(composed.execute(async () => 1)).resolves.toEqualTypeOf<number | string | null>()
  })

  it('leave out what is no answer', () => {
    expectTypeOf(fallback(() => noAnswer).execute(() => 1)).resolves.toEqualTypeOf<number>()
    const never = fallback((): never => fail())
    expectTypeOf(never.execute(() => 1)).resolves.toEqualTypeOf<number>()
  })

  it('join those of all links of a chain', () => {
    const chain = fallbackChain([
      { name: 'cache', answer: async (_error, { key }) => (key === undefined ? noAnswer : { key }) },
      { name: 'canned', answer: 'later' },
    ])
    expectTypeOf(chain.execute(() => 1)).resolves.toEqualTypeOf<number | string | { key: string }>()
  })
})

describe('options', () => {
  it.each([
    ['fallback option', () => fallback(0, { wenn: () => true } as object)],
    ['fallback options', () => fallback(0, null as never)],
    ['when', () => fallback(0, { when: 'always' as never })],
    ['whenResult', () => fallback(0, { whenResult: true as never })],
    ['fallbackChain option', () => fallbackChain([{ name: 'a', answer: 0 }], { delay: 1 } as object)],
    ['links', () => fallbackChain([])],
    ['links', () => fallbackChain('cache' as never)],
    ['links[0] option', () => fallbackChain([{ name: 'a', answer: 0, value: 1 } as never])],
    ['links[0] options', () => fallbackChain([null as never])],
    ['links[0].name', () => fallbackChain([{ name: '', answer: 0 }])],
    ['links[0].answer', () => fallbackChain([{ name: 'a' } as never])],
    ['links[0].when', () => fallbackChain([{ name: 'a', answer: 0, when: 1 as never }])],
    [
      'links[1].name',
      () =>
        fallbackChain([
          { name: 'a', answer: 0 },
          { name: 'a', answer: 1 },
        ]),
    ],
  ])('that make no sense are refused by name: %s', (option, build) => {
    expect(build).toThrow(InvalidOptionError)
    expect(build).toThrow(option)
  })

  it('that hide programming errors are told to `explain`', () => {
    const answersOf = (policy: { describe(): PolicyDescription[] }) => policy.describe()[0]?.answers
    expect(answersOf(fallback(0))).toEqual({ programmerErrors: false })
    expect(answersOf(fallback(0, { when: () => true }))).toEqual({ programmerErrors: true })
    expect(
      answersOf(fallbackChain([{ name: 'a', answer: 0, when: () => false }], { when: () => true })),
    ).toEqual({ programmerErrors: false })
    expect(fallbackChain([{ name: 'a', answer: 0 }], { name: 'x', hub: new Hub() }).describe()).toEqual([
      { kind: 'fallback', name: 'x', options: { links: ['a'] }, answers: { programmerErrors: false } },
    ])
  })
})
