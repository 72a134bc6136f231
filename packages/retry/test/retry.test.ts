import { Hub, pipeline, SeaworthyError } from '@seaworthy/core'
import { type RetryOptions, retry, retryInfo } from '@seaworthy/retry'
import { expectNoLeaks, VirtualClock } from '@seaworthy/testing'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { busy, failing, reset, setup, Toy } from './toys.ts'

describe('retry', () => {
  it('runs a function once when it succeeds', async () => {
    const { clock, policy, events, clean } = setup()
    const run = failing(clock)
    expect(await policy.execute(run)).toBe(1)
    expect(events).toEqual([])
    clean()
  })

  it('runs it again until it succeeds', async () => {
    const { clock, policy, clean } = setup({ delay: 100, jitter: 'none' })
    const run = failing(clock, reset(), reset())
    expect(await clock.runUntilSettled(policy.execute(run))).toBe(3)
    expect(run.runs).toEqual([0, 100, 200])
    clean()
  })

  it('makes four retries by default: after 1, 2, 4 and 8 s without jitter', async () => {
    const { clock, policy } = setup({ jitter: 'none' })
    const run = failing(clock, ...Array.from({ length: 9 }, reset))
    await clock.runUntilSettled(policy.settle(run))
    expect(run.runs).toEqual([0, 1000, 3000, 7000, 15_000])
  })

  it('spreads the default delays over all of their length', async () => {
    const { clock, policy } = setup({ random: () => 0.25 })
    const run = failing(clock, reset(), reset())
    await clock.runUntilSettled(policy.execute(run))
    expect(run.runs).toEqual([0, 250, 750])
  })

  it('gives each attempt a context of its own, with its number', async () => {
    const { clock, policy } = setup({ delay: 10 })
    const contexts = new Set<unknown>()
    const attempts: number[] = []
    const run = policy.execute(
      (context) => {
        contexts.add(context)
        attempts.push(context.attempt)
        if (attempts.length < 3) throw reset()
        return context.key
      },
      { key: 'tenant' },
    )
    expect(await clock.runUntilSettled(run)).toBe('tenant')
    expect(attempts).toEqual([1, 2, 3])
    expect(contexts.size).toBe(3)
  })

  it('takes a synchronous throw for a failure', async () => {
    const { clock, policy } = setup({ delay: 10 })
    let calls = 0
    const run = () => {
      if (++calls < 3) throw reset()
      return calls
    }
    expect(await clock.runUntilSettled(policy.execute(run))).toBe(3)
  })

  it('keeps parameters and `this` of a wrapped function', async () => {
    const { clock, policy } = setup({ delay: 10 })
    const counter = {
      calls: 0,
      add: policy.wrap(async function (this: { calls: number }, by: number) {
        this.calls++
        if (this.calls < 3) throw reset()
        return this.calls + by
      }),
    }
    expect(await clock.runUntilSettled(counter.add(10))).toBe(13)
  })

  it('adds nothing to the type of the result', () => {
    expectTypeOf(retry().execute(() => 1)).resolves.toEqualTypeOf<number>()
    expectTypeOf(retry({ retryResult: (value: Response) => value.status === 503 })).toExtend<
      ReturnType<typeof retry>
    >()
  })

  it('with one attempt is no part of a pipeline', async () => {
    const { clock, policy } = setup({ attempts: 1 })
    expect(policy.layers()).toEqual([])
    const run = failing(clock, reset())
    await expect(policy.execute(run)).rejects.toThrow('connection reset')
    expect(run.runs).toHaveLength(1)
  })

  it('serves calls side by side', async () => {
    const { clock, policy, clean } = setup({ delay: 100, jitter: 'none' })
    const runs = [failing(clock, reset()), failing(clock), failing(clock, reset(), reset(), reset())]
    const answers = Promise.all(runs.map((run) => policy.execute(run)))
    await clock.settle()
    expect(policy.debugStats()).toMatchObject({ retrying: 2 })
    expect(await clock.runUntilSettled(answers)).toEqual([2, 1, 4])
    clean()
  })
})

describe('the failure class decides (verify 22)', () => {
  it.each([
    ['a lost connection', reset(), true],
    ['status 503', Object.assign(new Error(), { status: 503 }), true],
    ['status 429', busy(), true],
    ['a full bulkhead', new SeaworthyError('ERR_BULKHEAD_FULL', 'full', { failureClass: 'degraded' }), true],
    ['an error that says nothing', new Error('?'), true],
    ['status 401', Object.assign(new Error(), { status: 401 }), false],
    ['an unknown host', Object.assign(new Error(), { code: 'ENOTFOUND' }), false],
    ['status 400', Object.assign(new Error(), { status: 400 }), false],
    ['a bug', new TypeError('undefined is not a function'), false],
    ['retryable: false', Object.assign(new Error(), { status: 503, retryable: false }), false],
    ['an abort inside the function', new DOMException('aborted', 'AbortError'), false],
  ])('%s', async (_, error, retried) => {
    const { clock, policy, events } = setup()
    const run = failing(clock, error)
    const settled = await clock.runUntilSettled(policy.settle(run))
    expect(run.runs).toHaveLength(retried ? 2 : 1)
    expect(settled).toEqual(
      retried ? { status: 'fulfilled', value: 2 } : { status: 'rejected', reason: error },
    )
    if (!retried) expect(events.at(-1)).toMatchObject({ type: 'gaveUp', reason: 'class', attempts: 1 })
  })

  it('an error that no retry mends ends the call in a later attempt, too', async () => {
    const { clock, policy, events } = setup()
    const fatal = Object.assign(new Error('bad request'), { status: 400 })
    const run = failing(clock, reset(), fatal, reset())
    await expect(clock.runUntilSettled(policy.execute(run))).rejects.toBe(fatal)
    expect(run.runs).toHaveLength(2)
    expect(events.at(-1)).toMatchObject({
      type: 'gaveUp',
      reason: 'class',
      failureClass: 'fatal',
      attempts: 2,
    })
  })

  it('classify judges first, and leaves the rest to the common judgement', async () => {
    const classify = (error: unknown) => (error instanceof RangeError ? ('transient' as const) : undefined)
    const { clock, policy } = setup({ classify })
    expect(await clock.runUntilSettled(policy.execute(failing(clock, new RangeError('odd'))))).toBe(2)
    await expect(policy.execute(failing(clock, new TypeError('bug')))).rejects.toThrow('bug')
  })

  it('retryIf has the last word, both ways, and learns class and attempt', async () => {
    const asked: unknown[] = []
    const { clock, policy } = setup({
      delay: 10,
      retryIf: (error, failureClass, attempt) => {
        asked.push([(error as Error).message, failureClass, attempt])
        return (error as Error).message === 'bug'
      },
    })
    const run = failing(clock, new TypeError('bug'), new TypeError('bug'), reset())
    await expect(clock.runUntilSettled(policy.execute(run))).rejects.toThrow('connection reset')
    expect(asked).toEqual([
      ['bug', 'fatal', 1],
      ['bug', 'fatal', 2],
      ['connection reset', 'transient', 3],
    ])
  })

  it('the answer of an asynchronous retryIf is not taken for a yes', async () => {
    const retryIf = (async () => true) as unknown as () => boolean
    const { clock, policy } = setup({ retryIf })
    const run = failing(clock, reset())
    await expect(policy.execute(run)).rejects.toThrow('connection reset')
    expect(run.runs).toHaveLength(1)
  })

  it('a degraded dependency gets five times the room', async () => {
    const { clock, policy } = setup({ jitter: 'none' })
    const run = failing(clock, busy(), busy(), busy(), busy())
    await clock.runUntilSettled(policy.execute(run))
    expect(run.runs).toEqual([0, 5000, 15_000, 35_000, 65_000])
  })
})

describe('the rejection of an open circuit', () => {
  const open = (retryAfter?: number): SeaworthyError =>
    new SeaworthyError('ERR_CIRCUIT_OPEN', 'open', { failureClass: 'persistent', retryAfter })

  it('is not retried, whatever retryIf says', async () => {
    const { clock, policy, events } = setup({ retryIf: () => true })
    const run = failing(clock, open(100))
    await expect(policy.execute(run)).rejects.toThrow('open')
    expect(run.runs).toHaveLength(1)
    expect(events.at(-1)).toMatchObject({ type: 'gaveUp', reason: 'class', failureClass: 'persistent' })
  })

  it('is retried after its retryAfter when asked for', async () => {
    const { clock, policy } = setup({ retryOpenCircuit: true, random: () => 0 })
    const run = failing(clock, open(5000))
    expect(await clock.runUntilSettled(policy.execute(run))).toBe(2)
    expect(run.runs).toEqual([0, 5000])
  })

  it('that somebody isolated is not retried either way', async () => {
    const isolated = new SeaworthyError('ERR_CIRCUIT_ISOLATED', 'isolated', { failureClass: 'persistent' })
    const { clock, policy } = setup({ retryOpenCircuit: true })
    await expect(policy.execute(failing(clock, isolated))).rejects.toBe(isolated)
  })
})

describe('the final error (verify 23)', () => {
  it('is the last one, the same object, and says how often it was tried and why no more', async () => {
    const { clock, policy } = setup({ attempts: 3, delay: 10 })
    const errors = [reset(), reset(), reset()]
    const { reason } = (await clock.runUntilSettled(policy.settle(failing(clock, ...errors)))) as {
      reason: Error & { attempts: number; retryReason: string }
    }
    expect(reason).toBe(errors[2])
    expect(reason.attempts).toBe(3)
    expect(reason.retryReason).toBe('attempts')
    expect(retryInfo(reason)).toEqual({ attempts: 3, reason: 'attempts' })
    expect(Object.keys(reason)).toEqual(['code'])
    expect(retryInfo(errors[0])).toBeUndefined()
  })

  it('says so as well when it was not retried at all', async () => {
    const { clock, policy } = setup()
    const error = new TypeError('bug')
    await expect(policy.execute(failing(clock, error))).rejects.toBe(error)
    expect(retryInfo(error)).toEqual({ attempts: 1, reason: 'class' })
  })

  it('is left alone when nothing can be written on it', async () => {
    const frozen = Object.freeze(reset())
    const own = Object.assign(reset(), { attempts: 'mine' })
    const proxy = new Proxy(reset(), {
      defineProperty() {
        throw new Error('no')
      },
    })
    for (const error of [frozen, own, proxy, 'text', 7, null, undefined]) {
      const { clock, policy } = setup({ attempts: 2, delay: 10 })
      const settled = await clock.runUntilSettled(policy.settle(failing(clock, error, error)))
      expect(settled).toStrictEqual({ status: 'rejected', reason: error })
      expect(retryInfo(error)).toBeUndefined()
    }
    expect(own.attempts).toBe('mine')
  })

  it('that several calls share carries the note of the last one', async () => {
    const { clock, policy } = setup({ attempts: 3, delay: 10 })
    const error = reset()
    await clock.runUntilSettled(policy.settle(failing(clock, error, error, error)))
    const other = setup({ attempts: 2, delay: 10 })
    await other.clock.runUntilSettled(other.policy.settle(failing(other.clock, error, error)))
    expect(retryInfo(error)).toEqual({ attempts: 2, reason: 'attempts' })
  })
})

describe('retryResult', () => {
  const pending = (value: unknown): boolean => value === 'pending'

  it('retries values it refuses', async () => {
    const { clock, policy, events, clean } = setup({ delay: 100, jitter: 'none', retryResult: pending })
    const answers = ['pending', 'pending', 'done']
    expect(await clock.runUntilSettled(policy.execute(() => answers.shift()))).toBe('done')
    expect(clock.now()).toBe(200)
    expect(events.map(({ type }) => type)).toEqual([
      'attemptFailed',
      'retryScheduled',
      'attemptFailed',
      'retryScheduled',
      'succeeded',
    ])
    clean()
  })

  it('hands out the last value when there are no more retries', async () => {
    const disposed: unknown[] = []
    const { clock, policy, events } = setup({
      attempts: 3,
      delay: 10,
      retryResult: ({ status }: { status: number }) => status === 503,
      disposeResult: (value) => disposed.push(value),
    })
    const responses = [1, 2, 3].map((id) => ({ id, status: 503 }))
    const queue = [...responses]
    const last = await clock.runUntilSettled(policy.execute(() => queue.shift()))
    expect(last).toBe(responses[2])
    expect(disposed).toEqual(responses.slice(0, 2))
    expect(retryInfo(last)).toBeUndefined()
    expect(events.at(-1)).toMatchObject({
      type: 'gaveUp',
      reason: 'attempts',
      attempts: 3,
      failureClass: 'transient',
    })
  })

  it('judges values like errors: a refused 429 waits for what the server asked', async () => {
    const { clock, policy, events } = setup({
      random: () => 0,
      retryResult: ({ status }: { status: number }) => status >= 400,
      delayFrom: (failure) => (failure as { headers: { after: number } }).headers.after * 1000,
    })
    const answers = [{ status: 429, headers: { after: 7 } }, { status: 200 }]
    await clock.runUntilSettled(policy.execute(() => answers.shift()))
    expect(clock.now()).toBe(7000)
    expect(events[0]).toMatchObject({ failureClass: 'degraded', delay: 7000, delaySource: 'server' })
  })

  it('is retried even if its class is not, since the predicate said so', async () => {
    const { clock, policy } = setup({ delay: 1, retryResult: () => true, attempts: 2 })
    let calls = 0
    await clock.runUntilSettled(policy.execute(() => ({ status: 400, calls: ++calls })))
    expect(calls).toBe(2)
  })

  it('takes turns with errors, and the last failure decides what comes out', async () => {
    const options: RetryOptions = { attempts: 2, delay: 10, retryResult: pending }
    const first = setup(options)
    let calls = 0
    const errorLast = first.policy.execute(() => {
      if (++calls === 2) throw reset()
      return 'pending'
    })
    await expect(first.clock.runUntilSettled(errorLast)).rejects.toThrow('connection reset')
    const second = setup(options)
    calls = 0
    const valueLast = second.policy.execute(() => {
      if (++calls === 1) throw reset()
      return 'pending'
    })
    expect(await second.clock.runUntilSettled(valueLast)).toBe('pending')
  })

  it('disposes a refused value that an abort cuts off, once', async () => {
    for (const abortIn of ['attempt', 'wait']) {
      const disposeResult = vi.fn()
      const { clock, policy, clean } = setup({
        delay: 100,
        jitter: 'none',
        retryResult: pending,
        disposeResult,
      })
      const controller = new AbortController()
      const run = async (): Promise<string> => {
        await clock.sleep(50)
        return 'pending'
      }
      const settled = policy.settle(run, { signal: controller.signal })
      await clock.advance(abortIn === 'attempt' ? 25 : 75)
      controller.abort('enough')
      expect(await clock.runUntilSettled(settled)).toEqual({ status: 'rejected', reason: 'enough' })
      expect(disposeResult).toHaveBeenCalledTimes(1)
      clean(controller.signal)
    }
  })

  it('whose answer is a promise is not taken to refuse everything', async () => {
    const { policy } = setup({ retryResult: (async () => true) as unknown as () => boolean })
    expect(await policy.execute(() => 'value')).toBe('value')
  })

  it('without it a policy asks nothing about values', () => {
    expect(retry().layers()[0]?.revise).toBeUndefined()
    expect(retry({ retryResult: () => false }).layers()[0]?.revise).toBeDefined()
  })
})

describe('functions of the user that throw', () => {
  const broken = (): never => {
    throw new Error('broken callback')
  }

  const table: [string, RetryOptions, number[]][] = [
    ['classify', { classify: broken }, [0, 1000]],
    ['retryIf', { retryIf: broken }, [0, 1000]],
    ['delayFrom', { delayFrom: broken }, [0, 1000]],
    ['delay', { delay: broken }, [0, 1000]],
    ['delay', { delay: () => Number.NaN }, [0, 1000]],
    ['delay', { delay: () => -1 }, [0, 1000]],
    ['delay', { delay: () => '5' as unknown as number }, [0, 1000]],
    ['jitter', { jitter: broken, random: () => 0.5 }, [0, 500]],
  ]
  it.each(table)('%s counts as not given, and the hub hears of it', async (option, options, runs) => {
    const hub = new Hub()
    const errors: unknown[] = []
    hub.onListenerError(({ kind, type, error }) => errors.push([kind, type, error instanceof Error]))
    const { clock, policy } = setup({ jitter: 'none', ...options, hub })
    const run = failing(clock, reset())
    expect(await clock.runUntilSettled(policy.execute(run))).toBe(2)
    expect(run.runs).toEqual(runs)
    expect(errors).toEqual([['retry', option, true]])
  })

  it('retryResult and disposeResult as well', async () => {
    const hub = new Hub()
    const { clock, policy } = setup({ hub, retryResult: broken })
    expect(await policy.execute(() => 'value')).toBe('value')
    const disposing = setup({
      hub,
      attempts: 3,
      delay: 1,
      retryResult: () => true,
      disposeResult: (value) => (value === 1 ? broken() : Promise.reject(new Error('later'))),
    })
    let calls = 0
    expect(await disposing.clock.runUntilSettled(disposing.policy.execute(() => ++calls))).toBe(3)
    expect(hub.listenerErrors).toBe(3)
    expectNoLeaks({ policies: [policy], except: ['listeners'], clock })
  })
})

describe('events', () => {
  it('tell the story of a call that recovers', async () => {
    const { clock, policy, events } = setup({ delay: 100, jitter: 'none' })
    const run = async ({ attempt }: { attempt: number }): Promise<string> => {
      await clock.sleep(30)
      if (attempt < 3) throw reset()
      return 'done'
    }
    await clock.runUntilSettled(policy.execute(run))
    const scheduled = { failureClass: 'transient', delay: 100, delaySource: 'strategy' }
    expect(events).toEqual([
      { type: 'attemptFailed', attempt: 1, duration: undefined, willRetry: true, ...scheduled },
      { type: 'retryScheduled', attempt: 2, ...scheduled },
      { type: 'attemptFailed', attempt: 2, duration: 30, willRetry: true, ...scheduled },
      { type: 'retryScheduled', attempt: 3, ...scheduled },
      { type: 'succeeded', attempts: 3, totalDelay: 200 },
    ])
  })

  it('tell the story of a call that does not', async () => {
    const { clock, policy, events } = setup({ attempts: 2, delay: 0 })
    await clock.runUntilSettled(policy.settle(failing(clock, reset(), reset())))
    expect(events).toEqual([
      {
        type: 'attemptFailed',
        attempt: 1,
        failureClass: 'transient',
        duration: undefined,
        willRetry: true,
        delay: 0,
        delaySource: 'immediate',
      },
      { type: 'retryScheduled', attempt: 2, failureClass: 'transient', delay: 0, delaySource: 'immediate' },
      {
        type: 'attemptFailed',
        attempt: 2,
        failureClass: 'transient',
        duration: 0,
        willRetry: false,
        delay: 0,
        delaySource: undefined,
      },
      {
        type: 'gaveUp',
        attempts: 2,
        reason: 'attempts',
        failureClass: 'transient',
        totalDelay: 0,
        retryAfter: undefined,
      },
    ])
  })

  it('know how long the first attempt took when maxElapsed times it', async () => {
    const { clock, policy, events } = setup({ maxElapsed: '1m' })
    const run = async ({ attempt }: { attempt: number }): Promise<void> => {
      await clock.sleep(40)
      if (attempt === 1) throw reset()
    }
    await clock.runUntilSettled(policy.execute(run))
    expect(events[0]).toMatchObject({ type: 'attemptFailed', duration: 40 })
  })

  it('come after the state they tell about', async () => {
    const { clock, policy } = setup({ attempts: 2, delay: 10 })
    const seen: unknown[] = []
    policy.on('gaveUp', () => seen.push(policy.statistics().gaveUp))
    policy.on('succeeded', () => seen.push(policy.statistics().recovered, policy.statistics().retrying))
    await clock.runUntilSettled(policy.settle(failing(clock, reset(), reset())))
    await clock.runUntilSettled(policy.execute(failing(clock, reset())))
    expect(seen).toEqual([{ attempts: 1 }, 1, 0])
  })

  it('reach the hub with the journey of the call; a listener that throws changes nothing', async () => {
    const hub = new Hub()
    const journeys: unknown[] = []
    hub.on('*', ({ kind, name, type, journey }) => {
      journeys.push([kind, name, type, journey])
      throw new Error('listener')
    })
    const { clock, policy } = setup({ name: 'stock', hub, delay: 10 })
    const answer = policy.execute(failing(clock, reset()), { journey: 'order-7' })
    expect(await clock.runUntilSettled(answer)).toBe(2)
    expect(journeys).toEqual(
      ['attemptFailed', 'retryScheduled', 'succeeded'].map((type) => ['retry', 'stock', type, 'order-7']),
    )
    policy.dispose()
    expect(hub.components()).toEqual([])
  })
})

describe('statistics and the hub', () => {
  it('count what retries did', async () => {
    const hub = new Hub()
    const { clock, policy } = setup({ name: 'stock', hub, attempts: 3, delay: 100, jitter: 'none' })
    await policy.execute(() => 'at once')
    await clock.runUntilSettled(policy.execute(failing(clock, reset(), reset())))
    await clock.runUntilSettled(policy.settle(failing(clock, reset(), reset(), reset())))
    await policy.settle(failing(clock, new TypeError('bug')))
    const expected = {
      retrying: 0,
      retries: 4,
      recovered: 1,
      gaveUp: { attempts: 1, class: 1 },
      totalDelay: 400,
    }
    expect(policy.statistics()).toEqual(expected)
    expect(hub.component('retry', 'stock')?.snapshot()).toEqual(expected)
  })
})

describe('describe', () => {
  it('says how often the inner part may run and how long the delays are at most', () => {
    expect(retry().describe()).toEqual([
      {
        kind: 'retry',
        name: undefined,
        options: {
          attempts: 5,
          hintMode: 'floor',
          maxServerDelay: '1m',
          maxElapsed: 'forever',
          budget: false,
          nested: 'collapse',
        },
        attempts: 5,
        delays: 5000 + 10_000 + 20_000 + 30_000,
        retriesOpenCircuit: false,
      },
    ])
  })

  it('says whether attempts multiply inside another retry', () => {
    expect(retry().describe()[0]?.multiplies).toBeUndefined()
    expect(retry({ nested: 'multiply' }).describe()[0]?.multiplies).toBe(true)
  })

  it.each([
    [{ delay: 100 }, 400],
    [{ delay: 100, attempts: 1 }, 0],
    [{ delay: 100, attempts: 1_000_001 }, 1e8],
    [{ delay: 0, attempts: Number.POSITIVE_INFINITY }, 0],
    [{ delay: 1, attempts: Number.POSITIVE_INFINITY }, Number.POSITIVE_INFINITY],
    [{ delay: 100, maxElapsed: 250 }, 250],
    [{ delay: 100, maxDelay: 50 }, 200],
  ] as const)('%o waits %d ms at most', (options, delays) => {
    expect(retry(options).describe()[0]?.delays).toBe(delays)
  })
})

describe('options', () => {
  it.each([
    [{ attempts: 0 }, 'attempts must be a whole number of at least 1, or Infinity; got 0'],
    [{ attempts: Number.NaN }, 'attempts must be'],
    [{ delay: 'soon' }, 'delay must be a duration'],
    [{ delay: -1 }, 'delay must be a duration'],
    [{ delay: null }, 'delay must be a duration'],
    [{ jitter: 'some' }, "jitter must be one of 'none', 'full', 'equal'; got \"some\""],
    [{ minDelay: '2s', maxDelay: '1s' }, 'minDelay must be no longer than maxDelay; got "2s"'],
    [{ minDelay: Number.POSITIVE_INFINITY }, 'minDelay must be a duration'],
    [{ maxServerDelay: -1 }, 'maxServerDelay must be a duration'],
    [{ maxElapsed: 'x' }, 'maxElapsed must be a duration'],
    [{ hintMode: 'ceiling' }, "hintMode must be one of 'floor', 'exact'"],
    [{ nested: 'add' }, "nested must be one of 'collapse', 'multiply'"],
    [{ classify: 'fatal' }, 'classify must be a function'],
    [{ retryIf: true }, 'retryIf must be a function'],
    [{ retryResult: 503 }, 'retryResult must be a function'],
    [{ disposeResult: {} }, 'disposeResult must be a function'],
    [{ delayFrom: 1000 }, 'delayFrom must be a function'],
    [{ budget: true }, 'budget must be what retryBudget() or budgetPerKey() made, or false; got true'],
    [{ budget: null }, 'budget must be'],
    [{ retries: 3 }, "retry option 'retries' must be one of name, hub, clock"],
  ])('%o is refused', (options, message) => {
    expect(() => retry(options as unknown as RetryOptions)).toThrow(message)
    expect(() => retry(options as unknown as RetryOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
    )
  })

  it.each([
    [{}],
    [
      {
        attempts: Number.POSITIVE_INFINITY,
        maxElapsed: Number.POSITIVE_INFINITY,
        maxServerDelay: Number.POSITIVE_INFINITY,
      },
    ],
    [
      {
        maxDelay: Number.POSITIVE_INFINITY,
        budget: false,
        name: undefined,
        clock: undefined,
        delay: undefined,
      },
    ],
  ] as RetryOptions[][])('%o is accepted', (options) => {
    expect(() => retry(options)).not.toThrow()
  })
})

describe('the success path', () => {
  it('has no hook before the function unless an option needs one', () => {
    expect(Object.keys(retry().layers()[0] ?? {}).sort()).toEqual(['kind', 'recover', 'steady'])
    expect(retry({ maxElapsed: '1m' }).layers()[0]?.enter).toBeDefined()
  })

  it('reads no clock', async () => {
    const clock = new VirtualClock()
    const now = vi.spyOn(clock, 'now')
    await retry({ clock }).execute(() => 'done')
    expect(now).not.toHaveBeenCalled()
  })
})

it('recovers from the refusal of a policy inside', async () => {
  const { clock, policy } = setup({ delay: 10 })
  let calls = 0
  const refusing = new Toy({
    kind: 'bulkhead',
    enter: (call) => (++calls < 3 ? call.refuse(new SeaworthyError('ERR_BULKHEAD_FULL', 'full')) : undefined),
  })
  expect(await clock.runUntilSettled(pipeline(policy, refusing).execute(() => 'in'))).toBe('in')
  expect(calls).toBe(3)
})
