import { failureClass, Hub, pipeline } from '@seaworthy/core'
import { timeout } from '@seaworthy/flow'
import { retry } from '@seaworthy/retry'
import { abortListeners, leaks, VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { callTarget, type Fault, injectFault, isInjected } from '../src/index.ts'
import { broken, outcome, stage } from './helpers.ts'

describe('error', () => {
  it('rejects without a call, and looks like an error of Node', async () => {
    const { target } = await broken({ kind: 'error', error: { code: 'ECONNREFUSED' } })
    let calls = 0
    const call = target.wrap(async () => ++calls)
    const error = await call().catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'ECONNREFUSED',
      syscall: 'connect',
      errno: -111,
      message: 'connect ECONNREFUSED',
    })
    expect(error).toBeInstanceOf(Error)
    expect(calls).toBe(0)
  })

  it('cannot be told from a real one but by isInjected', async () => {
    const { target } = await broken({
      kind: 'error',
      error: {
        name: 'TypeError',
        message: 'fetch failed',
        cause: { code: 'ECONNRESET' },
        properties: { host: 'a' },
      },
    })
    const error = (await target
      .wrap(() => 1)()
      .catch((reason: unknown) => reason)) as Error
    expect(error).toBeInstanceOf(TypeError)
    expect(Reflect.ownKeys(error).sort()).toEqual(['cause', 'host', 'message', 'stack'])
    expect(failureClass(error)).toBe('transient')
    expect(isInjected(error)).toBe(true)
    expect(isInjected(error.cause)).toBe(true)
    expect(isInjected(new TypeError('fetch failed'))).toBe(false)
    expect(isInjected('text')).toBe(false)
  })

  it('draws one of several by weight, and never one of weight 0', async () => {
    const { target } = await broken({
      kind: 'error',
      error: [
        { weight: 3, error: { code: 'A' } },
        { weight: 1, error: { code: 'B' } },
        { weight: 0, error: { code: 'C' } },
      ],
    })
    const counts: Record<string, number> = {}
    for (let call = 0; call < 2000; call++) {
      const { code } = (await target
        .wrap(() => 1)()
        .catch((reason: unknown) => reason)) as { code: string }
      counts[code] = (counts[code] ?? 0) + 1
    }
    expect(counts['C']).toBeUndefined()
    expect((counts['A'] as number) / 2000).toBeCloseTo(0.75, 1)
  })

  it('a generator that makes nothing lets the call pass, and that is told', async () => {
    const { target, events } = await broken({ kind: 'error', generate: () => undefined })
    expect(await target.wrap(() => 'real')()).toBe('real')
    expect(events.find(({ type }) => type === 'skipped')?.payload).toMatchObject({
      reason: 'generator-empty',
    })
  })
})

describe('latency', () => {
  it('lets the function run after the delay', async () => {
    const { target, clock } = await broken({ kind: 'latency', delay: '2s' })
    let ran = -1
    const call = target.wrap(async () => {
      ran = clock.now()
    })()
    await clock.advance(1999)
    expect(ran).toBe(-1)
    await clock.advance(1)
    await call
    expect(ran).toBe(2000)
  })

  it('ends with the reason of the caller, who gives up; the function never runs', async () => {
    const { target, clock } = await broken({ kind: 'latency', delay: '2s' })
    const caller = new AbortController()
    let ran = false
    const call = target.policy.execute(
      () => {
        ran = true
      },
      { signal: caller.signal },
    )
    await clock.advance(100)
    caller.abort('enough')
    await expect(call).rejects.toBe('enough')
    expect(ran).toBe(false)
    expect(abortListeners(caller.signal)).toBe(0)
  })

  it('of 0 ms is no injection', async () => {
    const { target, events } = await broken({ kind: 'latency', delay: 0 })
    expect(await target.wrap(() => 'real')()).toBe('real')
    expect(events.find(({ type }) => type === 'skipped')?.payload).toMatchObject({ reason: 'no-delay' })
  })
})

describe('outcome', () => {
  it('answers without a call', async () => {
    const { target } = await broken({ kind: 'outcome', value: { stock: 0 } })
    let ran = false
    const call = target.wrap(async (): Promise<object> => {
      ran = true
      return {}
    })
    expect(await call()).toEqual({ stock: 0 })
    expect(ran).toBe(false)
  })

  it('undefined and null are values; a generator that makes nothing lets the call pass', async () => {
    const { target } = await broken({ kind: 'outcome', value: null })
    expect(await target.wrap((): unknown => 1)()).toBeNull()
    const other = await broken({ kind: 'outcome', generate: () => undefined })
    expect(await other.target.wrap(() => 1)()).toBe(1)
  })
})

describe('behavior', () => {
  it('happens before the function, whose call goes on as it was', async () => {
    const order: string[] = []
    const { target } = await broken({ kind: 'behavior', run: async () => order.push('side effect') })
    await target.wrap(() => order.push('function'))()
    expect(order).toEqual(['side effect', 'function'])
  })

  it('that fails is told, and the call goes on', async () => {
    const { target, events } = await broken({
      kind: 'behavior',
      run: () => {
        throw new Error('no')
      },
    })
    expect(await target.wrap(() => 'real')()).toBe('real')
    expect(events.map(({ type }) => type)).toContain('effectFailed')
  })

  it('that does not end is left behind after its time, and told so', async () => {
    let told = false
    const run = (signal: AbortSignal): Promise<never> => {
      signal.addEventListener('abort', () => {
        told = true
      })
      return new Promise(() => {})
    }
    const { target, clock } = await broken({ kind: 'behavior', run, timeout: '1s' })
    const call = target.wrap(() => clock.now())()
    await clock.advance('1s')
    expect(await call).toBe(1000)
    expect(told).toBe(true)
  })
})

describe('abort', () => {
  it('aborts the signal of the function after a while, with the reason', async () => {
    const { target, clock } = await broken({ kind: 'abort', after: '1s' })
    const call = outcome(() =>
      target.policy.execute(
        ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason), { once: true })
          }),
      ),
    )
    await clock.advance('1s')
    const { error } = (await call) as { error: Error }
    expect(error.name).toBe('AbortError')
    expect(isInjected(error)).toBe(true)
  })

  it('does nothing to a function that is faster', async () => {
    const { target, clock, chaos } = await broken({ kind: 'abort', after: '1s' })
    expect(await target.policy.execute(({ signal }) => signal.aborted)).toBe(false)
    chaos.kill()
    expect(clock.pendingTimers).toBe(0)
  })

  it('at once, reaches a function that has begun', async () => {
    const { target } = await broken({ kind: 'abort' })
    let began = false
    const aborted = await target.policy.execute(async ({ signal }) => {
      began = true
      await Promise.resolve()
      return signal.aborted
    })
    expect([began, aborted]).toEqual([true, true])
  })
})

describe('hang', () => {
  it('ends with the timeout outside, which takes it for a slow function', async () => {
    const { target, clock } = await broken({ kind: 'hang' })
    const policy = pipeline(timeout('1s', { clock }), target.policy)
    const call = policy.settle(() => 'never')
    await clock.advance('2s')
    expect(await call).toMatchObject({ status: 'rejected', reason: { code: 'ERR_TIMEOUT' } })
    expect(target.policy.debugStats()['held']).toBe(0)
  })

  it('goes on with the function when the fault ends', async () => {
    const { target, chaos } = await broken({ kind: 'hang' })
    const call = target.wrap(() => 'late')()
    expect(target.policy.debugStats()['held']).toBe(1)
    chaos.kill()
    expect(await call).toBe('late')
  })

  it('or rejects then, if that was asked for', async () => {
    const { target, chaos } = await broken({ kind: 'hang', onRecover: 'reject' })
    const call = outcome(target.wrap(() => 'late'))
    chaos.kill()
    expect(await call).toMatchObject({ error: { code: 'ECONNRESET' } })
  })
})

describe('throttle', () => {
  it('turns calls away like a rate limit, each time with the next of its hints', async () => {
    const { target } = await broken({ kind: 'throttle', retryAfter: ['200ms', '2s', 'missing', 'garbage'] })
    const errors = []
    for (let call = 0; call < 4; call++)
      errors.push(
        await target
          .wrap(() => 1)()
          .catch((error: unknown) => error),
      )
    expect(errors).toMatchObject([
      { status: 429, retryAfter: 200, headers: { 'retry-after': '1' } },
      { status: 429, retryAfter: 2000, headers: { 'retry-after': '2' } },
      { status: 429, headers: {} },
      { status: 429, headers: { 'retry-after': 'soon' } },
    ])
    expect(errors.map(failureClass)).toEqual(['degraded', 'degraded', 'degraded', 'degraded'])
    expect((errors[2] as object) && 'retryAfter' in (errors[2] as object)).toBe(false)
  })

  it('makes a retry wait as long as it says', async () => {
    const { target, clock } = await broken({ kind: 'throttle', retryAfter: '2s', limit: 1, per: '1m' })
    await target.wrap(() => 1)()
    const call = pipeline(retry({ clock, attempts: 2, random: () => 0 }), target.policy).settle(() =>
      clock.now(),
    )
    await clock.advance('2s')
    expect(await call).toMatchObject({ status: 'rejected', reason: { status: 429 } })
    expect(clock.now()).toBe(2000)
  })

  it('lets so many calls through in each window', async () => {
    const { target, clock } = await broken({ kind: 'throttle', limit: 2, per: '1s' })
    const call = target.wrap(() => 1)
    const through = async (): Promise<number> => {
      const results = await Promise.allSettled([call(), call(), call(), call()])
      return results.filter(({ status }) => status === 'fulfilled').length
    }
    expect(await through()).toBe(2)
    await clock.advance('1s')
    expect(await through()).toBe(2)
  })
})

describe('corrupt', () => {
  it.each<[string, unknown]>([
    ['text', 'abc'],
    ['a number', 41],
    ['a fraction', 0.5],
    ['bytes', new Uint8Array([1, 2, 3])],
    ['an object', { a: { b: [1, 2] } }],
    ['a list', [1, 2]],
    ['true', true],
    ['nothing', null],
    ['no text', ''],
    ['a date', new Date(0)],
  ])('damages %s, and leaves the original as it is', async (_, value) => {
    const { target } = await broken({ kind: 'corrupt' })
    const before = structuredClone(value)
    const damaged = await target.wrap((): unknown => value)()
    expect(damaged).not.toEqual(before)
    expect(value).toEqual(before)
  })

  it('changes exactly one bit of bytes', async () => {
    const { target } = await broken({ kind: 'corrupt' })
    const bytes = new Uint8Array(64)
    for (let call = 0; call < 50; call++) {
      const damaged = (await target.wrap((): unknown => bytes)()) as Uint8Array
      const bits = damaged.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
      expect(bits).toBe(1)
    }
  })

  it('takes a way of its own to damage', async () => {
    const { target } = await broken({ kind: 'corrupt', mutate: (value) => `${value}!` })
    expect(await target.wrap(() => 'a')()).toBe('a!')
  })
})

describe('dropResponse', () => {
  it('runs the function to its end and loses the result', async () => {
    const { target } = await broken({ kind: 'dropResponse' })
    let charged = 0
    const result = await outcome(target.wrap(async () => ++charged))
    expect(result).toMatchObject({ error: { code: 'ECONNRESET' } })
    expect(charged).toBe(1)
  })
})

describe('duplicate', () => {
  it.each(['serial', 'parallel'] as const)(
    'runs the function twice, %s, and returns the first result',
    async (mode) => {
      const { target } = await broken({ kind: 'duplicate', mode })
      let calls = 0
      let together = 0
      let most = 0
      const call = target.wrap(async () => {
        most = Math.max(most, ++together)
        const number = ++calls
        await Promise.resolve()
        together--
        return number
      })
      expect(await call()).toBe(1)
      expect(calls).toBe(2)
      expect(most).toBe(mode === 'parallel' ? 2 : 1)
    },
  )

  it('does not mind when the second run fails', async () => {
    const { target } = await broken({ kind: 'duplicate' })
    let calls = 0
    const call = target.wrap(async () => {
      if (++calls === 2) throw new Error('second')
      return calls
    })
    expect(await call()).toBe(1)
  })
})

describe('slowDrip', () => {
  const chunks = async (stream: AsyncIterable<unknown>): Promise<unknown[]> => {
    const all: unknown[] = []
    for await (const chunk of stream) all.push(chunk)
    return all
  }

  async function* letters(): AsyncGenerator<string> {
    yield 'a'
    yield 'b'
  }

  it('pauses before each chunk of an iterable', async () => {
    const { target, clock } = await broken({ kind: 'slowDrip', every: '1s' })
    const slow = await target.wrap(async () => letters())()
    const read = chunks(slow)
    await clock.advance('2s')
    expect(await read).toEqual(['a', 'b'])
    expect(clock.now()).toBe(2000)
  })

  it('slows a web stream and the body of a response down, and they stay what they are', async () => {
    const { target, clock } = await broken({ kind: 'slowDrip', every: '1s' })
    const response = await target.wrap(async () => new Response('hello', { status: 203 }))()
    expect(response.status).toBe(203)
    const body = response.text()
    await clock.advance('3s')
    expect(await body).toBe('hello')
    const stream = await target.wrap(async () => new Blob(['x']).stream())()
    expect(stream).toBeInstanceOf(ReadableStream)
    await stream.cancel()
  })

  it('goes on at full speed when the fault ends', async () => {
    const { target, chaos, clock } = await broken({ kind: 'slowDrip', every: '1h' })
    const read = chunks(await target.wrap(async () => letters())())
    await clock.settle()
    chaos.kill()
    expect(await read).toEqual(['a', 'b'])
  })

  it('leaves everything else alone, and says so', async () => {
    const { target, events } = await broken({ kind: 'slowDrip' })
    expect(await target.wrap(async () => 'text')()).toBe('text')
    expect(events.find(({ type }) => type === 'skipped')?.payload).toMatchObject({ reason: 'not-a-stream' })
  })
})

describe('crash', () => {
  it.each(['before', 'after'] as const)(
    '%s the function, ends the process, and the call with it',
    async (phase) => {
      const clock = new VirtualClock()
      let crashes = 0
      const api = callTarget('api', { clock, crash: () => crashes++ })
      const { chaos } = stage({ targets: [api], clock, hub: new Hub() })
      await chaos.inject({ fault: { kind: 'crash', phase }, on: 'api', for: '1m' })
      let effects = 0
      const call = outcome(api.wrap(async () => ++effects))
      await clock.settle()
      expect([crashes, effects]).toEqual([1, phase === 'after' ? 1 : 0])
      await clock.advance('1m')
      expect(await call).toMatchObject({ error: { code: 'ECONNRESET' } })
    },
  )

  it('is not supported without a way to end the process', () => {
    expect(callTarget('a').supports).not.toContain('crash')
    expect(callTarget('a', { crash: () => {} }).supports).toContain('crash')
  })
})

describe('rules of all faults', () => {
  it('rule (b): arguments and `this` are the same objects', async () => {
    const { target } = await broken({ kind: 'latency', delay: '1ms', rate: 0.5 })
    const argument = {}
    const self = {
      async method(given: object): Promise<boolean> {
        return this === self && given === argument
      },
    }
    const wrapped = target.wrap(self.method)
    expect([wrapped.name, wrapped.length]).toEqual(['method', 1])
  })

  it.each<Fault>([
    { kind: 'corrupt' },
    { kind: 'dropResponse' },
    { kind: 'duplicate', mode: 'serial' },
    { kind: 'slowDrip' },
  ])(
    'rule (c): $kind hands a real error on, the same object, and says that it was skipped',
    async (fault) => {
      const { target, events } = await broken(fault)
      const real = new Error('real')
      const result = await outcome(target.wrap(async () => Promise.reject(real)))
      expect(result).toEqual({ error: real })
      expect(events.find(({ type }) => type === 'skipped')?.payload).toMatchObject({ reason: 'inner-failed' })
    },
  )

  it('rule (d): several faults act one after the other, and their rates are conditional', async () => {
    const { target, chaos, clock } = stage({ sampling: 1 })
    await chaos.inject({
      fault: [
        { kind: 'error', rate: 0.2 },
        { kind: 'latency', delay: '1s', rate: 0.5 },
      ],
      on: 'api',
      for: '10m',
    })
    const calls = Array.from({ length: 2000 }, () => target.wrap(() => clock.now())())
    const settled = Promise.allSettled(calls)
    await clock.advance('1s')
    const results = await settled
    const failed = results.filter(({ status }) => status === 'rejected').length
    const slow = results.filter((result) => result.status === 'fulfilled' && result.value === 1000).length
    expect(failed / 2000).toBeCloseTo(0.2, 1)
    expect(slow / 2000).toBeCloseTo(0.8 * 0.5, 1)
  })

  it('a rate of 0 never hits, a rate of 1 always does', async () => {
    const never = await broken({ kind: 'error', rate: 0 })
    const always = await broken({ kind: 'error', rate: 1 })
    for (let call = 0; call < 200; call++) {
      expect(await never.target.wrap(() => 1)()).toBe(1)
      await expect(always.target.wrap(() => 1)()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    }
  })

  it('leave nothing behind: no timer, no listener, no held call', async () => {
    const { target, chaos, clock } = await broken({ kind: 'latency', delay: '1s', rate: 0.7 })
    const caller = new AbortController()
    const calls = Array.from({ length: 20 }, () => target.policy.settle(() => 1, { signal: caller.signal }))
    await clock.advance('500ms')
    caller.abort(new Error('gone'))
    await Promise.all(calls)
    chaos.kill()
    await clock.settle()
    expect(leaks({ policies: [target.policy], clock, signals: [caller.signal] })).toEqual([])
    expect(chaos.debugStats()).toMatchObject({ active: 0, faults: 0, timers: 0, tracking: 0, schedules: 0 })
  })
})

describe('injectFault', () => {
  it('injects while it is enabled, and is asked at every call', async () => {
    let enabled = false
    const policy = injectFault({ kind: 'error' }, { enabled: () => enabled })
    expect(await policy.execute(() => 1)).toBe(1)
    enabled = true
    await expect(policy.execute(() => 1)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('has no default for enabled, and one that throws says no', async () => {
    // @ts-expect-error the option is missing
    expect(() => injectFault({ kind: 'error' }, {})).toThrow('enabled must be')
    const broken = injectFault(
      { kind: 'error' },
      {
        enabled: () => {
          throw new Error('no idea')
        },
      },
    )
    expect(await broken.execute(() => 1)).toBe(1)
  })

  it('shows itself on the hub, and lets go of its calls when it is disposed of', async () => {
    const hub = new Hub()
    const policy = injectFault({ kind: 'hang' }, { enabled: true, name: 'stuck', hub })
    const seen: number[] = []
    policy.on('injected', ({ ordinal }) => seen.push(ordinal))
    const call = policy.execute(() => 'late')
    expect(hub.component('chaos', 'stuck')?.snapshot()).toMatchObject({
      fault: 'hang',
      affected: 1,
      enabled: true,
    })
    policy.dispose()
    expect(await call).toBe('late')
    expect(seen).toEqual([1])
    expect(hub.components()).toEqual([])
  })
})
