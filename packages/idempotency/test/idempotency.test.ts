import { AsyncLocalStorage } from 'node:async_hooks'
import { Hub, InvalidOptionError, isSeaworthyError, pipeline } from '@seaworthy/core'
import {
  type FailureMeaning,
  idempotency,
  idempotencyOf,
  memoryIdempotencyStore,
} from '@seaworthy/idempotency'
import { VirtualClock } from '@seaworthy/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { key, processOn, setUp } from './policies.ts'

const declined = Object.assign(new Error('card declined'), {
  code: 'card_declined',
  status: 402,
  retryable: false,
})

describe('a first call', () => {
  it('runs its function once, and its result answers all later calls', async () => {
    const { policy, runs, clock, store, events, expectNothingLeft } = setUp()
    const first = policy.execute(runs.start, { key })
    await clock.settle()
    const value = { total: 12n, at: new Date(5) }
    runs.run().succeed(value)
    expect(await first).toBe(value)
    for (let i = 0; i < 3; i++) expect(await policy.execute(runs.start, { key })).toEqual(value)
    expect(runs.count).toBe(1)
    expect(store.asked).toMatchObject({ claim: 4, complete: 1, renew: 0 })
    expect(events).toEqual([
      ['claimed', { grant: 'acquired', attempt: 1 }],
      ['finished', { outcome: 'completed', attempt: 1, duration: 0 }],
      ...Array.from({ length: 3 }, () => ['duplicate', { outcome: 'completed', source: 'record' }]),
    ])
    expectNothingLeft()
  })

  it('tells its function about the claim, through other policies and pipelines', async () => {
    const { policy } = setUp({ scope: 'charge' })
    const seen = await pipeline(policy).execute(
      (context) =>
        pipeline().execute((inner) => [idempotencyOf(inner), inner.key, inner.values?.['mine']], context),
      { key: 'a{b}', values: { mine: 1 } },
    )
    expect(seen).toEqual([{ key: 'charge|a%7Bb%7D', fence: 1, attempt: 1, grant: 'acquired' }, 'a{b}', 1])
    expect(idempotencyOf({ values: undefined })).toBeUndefined()
  })

  it('keeps its result type', () => {
    const { policy } = setUp()
    expectTypeOf(policy.execute(() => 5, { key })).resolves.toEqualTypeOf<number>()
  })

  it('runs its function in the async context of its caller, wherever the work was waited for', async () => {
    const { policy, clock, runs, store } = setUp({ whenInFlight: 'wait' })
    const other = processOn(clock, store)
    const owner = other.policy.settle(runs.start, { key })
    await clock.settle()
    const caller = new AsyncLocalStorage<string>()
    const read = () => caller.getStore()
    const calls = ['ann', 'bob'].map((name) => caller.run(name, () => policy.execute(read, { key })))
    await clock.settle()
    runs.run().fail(new Error('reset'))
    await owner
    expect(await clock.runUntilSettled(Promise.all(calls))).toEqual(['ann', 'ann'])
    expect(await caller.run('cy', () => policy.execute(read, { key: 'other' }))).toBe('cy')
  })

  it('is forgotten after its ttl, and keys and scopes are apart', async () => {
    const { clock, store } = setUp()
    const one = processOn(clock, store, { scope: 'one', ttl: '1h' }).policy
    const two = processOn(clock, store, {
      scope: ({ values }) => String(values?.['tenant']),
      ttl: '1h',
    }).policy
    expect(await one.execute(() => 1, { key })).toBe(1)
    expect(await one.execute(() => 2, { key: 'task-2' })).toBe(2)
    expect(await two.execute(() => 3, { key, values: { tenant: 'two' } })).toBe(3)
    expect(await two.execute(() => 4, { key, values: { tenant: 'one' } })).toBe(1)
    await clock.advance('1h')
    expect(await one.execute(() => 5, { key })).toBe(5)
  })

  it('needs a key, unless a function of the user says that it needs none', async () => {
    const { policy, runs, clock, store } = setUp()
    for (const options of [undefined, { key: '' }, { key: 'x'.repeat(257) }]) {
      await expect(policy.execute(runs.start, options)).rejects.toMatchObject({
        code: 'ERR_INVALID_KEY',
        failureClass: 'fatal',
      })
    }
    await expect(policy.wrap(() => 1)()).rejects.toMatchObject({ code: 'ERR_INVALID_KEY' })
    const keyed = processOn(clock, store, {
      key: ({ values }) => values?.['id'] as string | undefined,
    }).policy
    expect(await keyed.execute(({ values }) => [values?.['id'], idempotencyOf({ values })])).toEqual([
      undefined,
      undefined,
    ])
    expect(await keyed.execute(() => 2, { values: { id: 'a' } })).toBe(2)
    expect(await keyed.execute(() => 3, { values: { id: 'a' } })).toBe(2)
    expect(runs.count).toBe(0)
    const key = (): never => {
      throw declined
    }
    const broken = processOn(clock, store, { key }).policy
    await expect(broken.execute(runs.start)).rejects.toBe(declined)
  })
})

describe('a failure', () => {
  it('that is fatal answers all later calls, as an error that programs can tell apart', async () => {
    const { policy, runs, clock, events } = setUp({ name: 'charges', hub: new Hub() })
    const first = policy.settle(runs.start, { key })
    await clock.settle()
    runs.run().fail(declined)
    expect(await first).toEqual({ status: 'rejected', reason: declined })
    const again = await policy.settle(runs.start, { key })
    if (again.status === 'fulfilled') throw new Error()
    const { reason } = again
    expect(reason).toBeInstanceOf(Error)
    expect(reason).not.toBe(declined)
    expect(reason).toMatchObject({
      name: 'Error',
      message: 'card declined',
      code: 'card_declined',
      status: 402,
      failureClass: 'fatal',
    })
    expect(runs.count).toBe(1)
    expect(events.at(-1)).toEqual(['duplicate', { outcome: 'failed', source: 'record' }])
  })

  it('that another try may mend lets the next call try, which learns of it', async () => {
    const { policy, events } = setUp()
    const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' })
    await expect(policy.execute(() => Promise.reject(reset), { key })).rejects.toBe(reset)
    const claim = await policy.execute(idempotencyOf, { key })
    expect(claim).toMatchObject({ attempt: 2, grant: 'retried' })
    expect(events.map(([type]) => type)).toEqual(['claimed', 'finished', 'claimed', 'finished'])
    expect(events[1]).toEqual(['finished', { outcome: 'retryable', attempt: 1, duration: 0 }])
  })

  it.each([
    ['a bug', () => Object(undefined).x.y, 'retryable'],
    ['a wrong request', () => Promise.reject(Object.assign(new Error(), { status: 400 })), 'failed'],
    ['wrong credentials', () => Promise.reject(Object.assign(new Error(), { status: 401 })), 'retryable'],
    ['a text', () => Promise.reject('no'), 'retryable'],
    ['another policy', () => idempotency({ store: memoryIdempotencyStore() }).execute(() => 1), 'retryable'],
  ] as const)('from %s is judged', async (_what, fn, outcome) => {
    const { policy, events } = setUp()
    await policy.settle(fn, { key })
    expect(events.at(-1)).toMatchObject(['finished', { outcome }])
  })

  it.each<[FailureMeaning | undefined | 'nonsense' | 'throw', string]>([
    ['terminal', 'failed'],
    ['retryable', 'retryable'],
    ['unknown', 'unknown'],
    [undefined, 'failed'],
    ['nonsense', 'failed'],
    ['throw', 'failed'],
  ])('is judged by the user: %s', async (meaning, outcome) => {
    const classify = () => {
      if (meaning === 'throw') throw new Error('in classify')
      return meaning as FailureMeaning
    }
    const { policy, events, expectNothingLeft } = setUp({ classify })
    await expect(policy.execute(() => Promise.reject(declined), { key })).rejects.toBe(declined)
    expect(events.at(-1)).toMatchObject(['finished', { outcome }])
    expectNothingLeft()
  })

  it('that is no error at all is kept as it is', async () => {
    const { policy } = setUp({ classify: () => 'terminal' })
    for (const thrown of [undefined, 'no', 7n, null]) {
      const options = { key: `throws ${thrown}` }
      await expect(policy.execute(() => Promise.reject(thrown), options)).rejects.toBe(thrown)
      expect(await policy.settle(() => 1, options)).toEqual({ status: 'rejected', reason: thrown })
    }
  })
})

describe('a fingerprint', () => {
  it('verify 46: refuses another payload under the same key, in every state', async () => {
    const fingerprint = ({ values }: { values?: object | undefined }) => (values as { body: unknown }).body
    const { policy, runs, clock, events, expectNothingLeft } = setUp({ fingerprint, whenInFlight: 'wait' })
    const five = { key, values: { body: { amount: 5, to: 'ada' } } }
    const six = { key, values: { body: { to: 'ada', amount: 6 } } }
    const conflict = { code: 'ERR_FINGERPRINT_MISMATCH', failureClass: 'fatal' }
    const first = policy.execute(runs.start, five)
    await expect(policy.execute(runs.start, six)).rejects.toMatchObject(conflict)
    runs.run().fail(new Error('reset'))
    await expect(first).rejects.toThrow('reset')
    await expect(policy.execute(runs.start, six)).rejects.toMatchObject(conflict)
    await clock.runUntilSettled(policy.execute(() => 'paid', five))
    await expect(policy.execute(runs.start, six)).rejects.toMatchObject(conflict)
    expect(await policy.execute(runs.start, { key, values: { body: { to: 'ada', amount: 5 } } })).toBe('paid')
    expect(await policy.execute(runs.start, { key, values: { body: undefined } })).toBe('paid')
    expect(events.filter(([type]) => type === 'mismatch')).toEqual(
      Array.from({ length: 3 }, () => ['mismatch', {}]),
    )
    expectNothingLeft()
  })

  it('that cannot be made fails the call before anything runs', async () => {
    const { policy, runs, store } = setUp({ fingerprint: ({ values }) => values })
    await expect(policy.execute(runs.start, { key, values: { fn: () => 1 } })).rejects.toThrow(
      'has no fingerprint',
    )
    expect(store.asked.claim + runs.count).toBe(0)
  })
})

describe('a result', () => {
  it('that is too large is omitted: the caller gets it, duplicates learn that it is done, nothing runs twice', async () => {
    const { policy, runs, events } = setUp({ maxResultSize: 10 })
    expect(await policy.execute(() => 'ü'.repeat(5), { key })).toBe('üüüüü')
    for (let i = 0; i < 2; i++) {
      await expect(policy.execute(runs.start, { key })).rejects.toMatchObject({
        code: 'ERR_RESULT_OMITTED',
        failureClass: 'fatal',
      })
    }
    expect(runs.count).toBe(0)
    expect(events).toContainEqual(['omitted', { reason: 'size', size: 12 }])
    expect(events.at(-1)).toEqual(['duplicate', { outcome: 'completed', source: 'record' }])
    expect(await policy.execute(() => 'xxxxxxxx', { key: 'fits' })).toBe('xxxxxxxx')
    expect(await policy.execute(runs.start, { key: 'fits' })).toBe('xxxxxxxx')
  })

  it('that cannot be encoded is omitted, too', async () => {
    const { policy, runs, events } = setUp()
    const value = new Map([[1, () => 1]])
    expect(await policy.execute(() => value, { key })).toBe(value)
    await expect(policy.execute(runs.start, { key })).rejects.toMatchObject({ code: 'ERR_RESULT_OMITTED' })
    expect(events).toContainEqual(['omitted', { reason: 'encoding', size: undefined }])
  })

  it('goes through the codec of the user; one that cannot be decoded is not done again', async () => {
    const cause = new Error('another key')
    const codec = {
      encode: (value: unknown) => `secret ${JSON.stringify(value)}`,
      decode: (text: string): unknown => {
        if (text.includes('lost')) throw cause
        return JSON.parse(text.slice(7))
      },
    }
    const { policy, runs, store } = setUp({ codec, classify: () => 'terminal' })
    await policy.execute(() => 'kept', { key })
    const claim = await store.memory.claim(key, {
      owner: '',
      fingerprint: '',
      lease: 1,
      retain: 1,
      takeover: true,
    })
    expect(claim).toEqual({ kind: 'completed', result: 'secret "kept"' })
    expect(await policy.execute(runs.start, { key })).toBe('kept')
    await policy.execute(() => 'lost', { key: 'lost' })
    await expect(policy.execute(runs.start, { key: 'lost' })).rejects.toMatchObject({
      code: 'ERR_RESULT_OMITTED',
      cause,
    })
    await policy.settle(() => Promise.reject(new RangeError('lost')), { key: 'fails' })
    await expect(policy.execute(runs.start, { key: 'fails' })).rejects.toMatchObject({
      message: 'The work has failed before, and its error was not kept',
      failureClass: 'fatal',
    })
    await policy.settle(() => Promise.reject(new RangeError('kept')), { key: 'fails 2' })
    await expect(policy.execute(runs.start, { key: 'fails 2' })).rejects.toMatchObject({
      name: 'RangeError',
      message: 'kept',
    })
  })
})

describe('an operator', () => {
  it('looks at records and drops them', async () => {
    const hub = new Hub()
    const { policy, events } = setUp({ name: 'charges', hub, scope: 'charge' })
    await policy.execute(() => 1, { key })
    const view = await policy.peek({ key })
    expect(view).toMatchObject({ state: 'completed', attempt: 1 })
    expect(await policy.forget({ key }, { fence: 999_999 })).toBe('stale')
    expect(await policy.forget({ key, scope: 'other' })).toBe('gone')
    const component = hub.component('idempotency', 'charges')
    expect(
      await component?.actions['forget']?.({ key } as never, { actor: 'ada', fence: view?.fence } as never),
    ).toBe('forgotten')
    expect(events.at(-1)).toEqual(['forgotten', { actor: 'ada' }])
    expect(await policy.peek({ key })).toBeUndefined()
    expect(await policy.execute(() => 2, { key })).toBe(2)
    expect(component?.snapshot()).toMatchObject({
      claimed: 2,
      finished: 2,
      forgotten: 1,
      flights: 0,
      leases: 0,
    })
    policy.dispose()
    expect(hub.components()).toEqual([])
  })

  it('must say the scope where it depends on the call, and gets the errors of the store', async () => {
    const { policy, store } = setUp({ scope: () => 'a' })
    await expect(policy.peek({ key })).rejects.toMatchObject({ code: 'ERR_INVALID_KEY' })
    await expect(policy.forget({ key: '', scope: '' })).rejects.toMatchObject({ code: 'ERR_INVALID_KEY' })
    store.will('peek', 'fail')
    await expect(policy.peek({ key, scope: 'a' })).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  })

  it('reads the story of a piece of work under its key, if it has no other journey', async () => {
    const hub = new Hub()
    const stories: unknown[] = []
    hub.recordJourneys({ record: (journey, { type }) => stories.push([journey, type]) })
    const { policy } = setUp({ name: 'charges', hub })
    expect(await policy.execute(({ journey }) => journey, { key })).toBe(key)
    await policy.execute(() => 1, { key, journey: 'trip' })
    expect(stories).toEqual([
      [key, 'claimed'],
      [key, 'finished'],
      ['trip', 'duplicate'],
    ])
  })
})

describe('options', () => {
  const store = memoryIdempotencyStore({ clock: new VirtualClock() })

  it.each([
    [{ store: undefined }, 'store must be'],
    [{ lease: 99 }, 'lease must be'],
    [{ ttl: 0 }, 'ttl must be'],
    [{ ttl: { complete: 1 } }, "'complete'"],
    [{ ttl: { failed: '1x' } }, 'ttl.failed'],
    [{ whenInFlight: 'queue' }, 'whenInFlight'],
    [{ onAbandoned: 'retry' }, 'onAbandoned'],
    [{ onStoreError: 'throw' }, 'onStoreError'],
    [{ onCompletionFailure: 'open' }, 'onCompletionFailure'],
    [{ storeTimeout: 0 }, 'storeTimeout'],
    [{ maxResultSize: -1 }, 'maxResultSize'],
    [{ codec: JSON }, 'codec'],
    [{ scope: 5 }, 'scope'],
    [{ fingerprintSecret: 'abc' }, 'fingerprintSecret'],
    [{ fingerprint: () => 1, fingerprintSecret: '' }, 'fingerprintSecret'],
    [{ classify: 'fatal' }, 'classify'],
    [{ key: 'task' }, 'key must be'],
    [{ leese: 1 }, "'leese'"],
  ])('that make no sense are refused: %j', (options, message) => {
    const build = () => idempotency({ store, ...options } as never)
    expect(build).toThrow(InvalidOptionError)
    expect(build).toThrow(message)
  })

  it('that are secret do not show in the error', () => {
    const build = () => idempotency({ store, fingerprintSecret: 'hunter2' })
    expect(build).not.toThrow('hunter2')
    expect(build).toThrow('fingerprintSecret')
  })

  it('are described with their defaults', () => {
    expect(idempotency({ store }).describe()).toEqual([
      {
        kind: 'idempotency',
        name: undefined,
        options: {
          ttl: '1d',
          lease: '30s',
          whenInFlight: 'reject',
          onAbandoned: 'reexecute',
          onCompletionFailure: 'return',
          onStoreError: 'closed',
          storeTimeout: '1s',
        },
        wait: 1000,
      },
    ])
    const [waiting] = idempotency({ store, whenInFlight: 'wait', onAbandoned: () => 'unknown' }).describe()
    expect(waiting).toMatchObject({ options: { maxWait: '5s', onAbandoned: 'reconcile' }, wait: 6000 })
  })
})

it('errors of this package are of the family', async () => {
  const { policy } = setUp()
  const result = await policy.settle(() => 1)
  expect(result.status === 'rejected' && isSeaworthyError(result.reason)).toBe(true)
})
