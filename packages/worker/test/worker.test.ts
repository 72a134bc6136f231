/** A worker at work: runs, retries, dead letters, back-pressure, policies, the hub. */
import { type Context, InvalidOptionError, SeaworthyError } from '@seaworthy/core'
import { expectNoLeaks } from '@seaworthy/testing'
import { memoryStream, type TaskContext, type WorkerOptions, worker } from '@seaworthy/worker'
import { describe, expect, it } from 'vitest'
import { scene, wire } from './toys.ts'

const fail = (message = 'no luck', extra: object = {}): never => {
  throw Object.assign(new Error(message), extra)
}

describe('a task', () => {
  it('runs with its payload and context, is acknowledged, and told of', async () => {
    const { clock, close, make, said, stream } = scene()
    const seen: unknown[] = []
    await stream.enqueue({
      id: 'a',
      payload: '{"to":"ada"}',
      headers: { tenant: 'acme' },
      journey: 'j-1',
    })
    await clock.advance(500)
    const mails = make<{ to: string }>({
      handler: (payload, { task, attempt, headers, journey, fence, age, call }) => {
        seen.push(payload, task, attempt, headers, journey, fence, age, call.attempt)
      },
    })
    mails.start()
    await clock.settle()
    expect(seen).toEqual([{ to: 'ada' }, 'a', 1, { tenant: 'acme' }, 'j-1', undefined, 500, 1])
    expect(await stream.stats()).toMatchObject({ acknowledged: 1, pending: 0 })
    expect(said('started')).toEqual([{ name: 'w1', task: 'a', attempt: 1, deliveries: 1, age: 500 }])
    expect(said('completed')).toEqual([{ name: 'w1', task: 'a', attempt: 1, duration: 0 }])
    await close(mails)
    expectNoLeaks({ policies: [mails], clock })
    expect((await stream.stats()).owners).toBe(0)
  })

  it('is retried later when it fails, with backoff, and its attempts are counted', async () => {
    const { add, clock, close, make, said } = scene()
    await add('a')
    const runs: [number, number][] = []
    const w = make({
      retries: { delay: ({ retry }) => retry * 1000 },
      handler: (_, { attempt }) => {
        runs.push([clock.now(), attempt])
        if (attempt < 3) fail()
      },
    })
    w.start()
    await clock.advance('10s')
    expect(runs.map(([, attempt]) => attempt)).toEqual([1, 2, 3])
    const [first, second, third] = runs.map(([at]) => at) as [number, number, number]
    // Due tasks are looked for every half second, or when the next is due.
    expect(second - first).toBeGreaterThanOrEqual(1000)
    expect(second - first).toBeLessThanOrEqual(1600)
    expect(third - second).toBeGreaterThanOrEqual(2000)
    expect(said('retried')).toMatchObject([
      { attempt: 1, failureClass: 'transient', delay: 1000 },
      { attempt: 2, failureClass: 'transient', delay: 2000 },
    ])
    await close(w)
  })

  it('waits at least as long as the error asks for', async () => {
    const { add, clock, close, make, said } = scene()
    await add('a')
    const w = make({ retries: { delay: 10 }, handler: () => fail('busy', { retryAfter: 7000 }) })
    w.start()
    await clock.settle()
    expect(said('retried')).toMatchObject([{ delay: 7000 }])
    await close(w)
  })

  it('is a dead letter after its last attempt: written first, then buried, once', async () => {
    const { add, clock, close, deadLetters, make, said, stream } = scene()
    await stream.enqueue({ id: 'a', payload: '1', headers: { tenant: 'acme' }, journey: 'j' })
    await add('b')
    const error = new Error('no luck')
    const w = make({
      retries: { attempts: 3, delay: 10 },
      handler: (payload) => {
        if (payload === 1) throw error
      },
    })
    w.start()
    await clock.advance('5s')
    expect(deadLetters.letters).toHaveLength(1)
    expect(deadLetters.letters[0]).toMatchObject({
      message: { payload: '1', headers: { tenant: 'acme' } },
      options: {
        taskId: 'a',
        source: 'tasks',
        type: 'tasks',
        journey: 'j',
        maxRetries: 2,
        retryCount: 2,
        replays: 0,
      },
    })
    expect(deadLetters.letters[0]?.error).toBe(error)
    expect(said('deadLettered')).toMatchObject([
      { task: 'a', attempt: 3, reason: 'exhausted', failureClass: 'transient', letter: 'letter-1' },
    ])
    expect(await stream.stats()).toMatchObject({ acknowledged: 1, dead: 1, pending: 0, due: 0 })
    await close(w)
  })

  it.each([
    ['a fatal error', () => fail('bad', { failureClass: 'fatal' }), 'fatal'],
    ['a bug of the handler', () => (undefined as unknown as { x: number }).x, 'fatal'],
  ])('is a dead letter at once after %s', async (_, handler, reason) => {
    const { clock, close, deadLetters, make, add, said } = scene()
    await add('a')
    const w = make({ handler })
    w.start()
    await clock.settle()
    expect(deadLetters.letters).toHaveLength(1)
    expect(said('deadLettered')).toMatchObject([{ attempt: 1, reason }])
    await close(w)
  })

  it('is a dead letter at once when it cannot be decoded; the handler does not run', async () => {
    const { clock, close, deadLetters, make, said, stream } = scene()
    await stream.enqueue({ id: 'a', payload: '{"to":' })
    let runs = 0
    const w = make({ handler: () => runs++ })
    w.start()
    await clock.settle()
    expect(runs).toBe(0)
    expect(deadLetters.letters[0]).toMatchObject({
      error: { code: 'ERR_TASK_UNREADABLE' },
      options: { failure: 'decode' },
    })
    expect(said('deadLettered')).toMatchObject([{ reason: 'unreadable' }])
    await close(w)
  })

  it('is thrown away where the options say so', async () => {
    const { add, clock, close, make, said, stream } = scene()
    await add('a')
    const w = make({ deadLetters: 'discard', retries: { attempts: 1 }, handler: () => fail() })
    w.start()
    await clock.settle()
    expect(said('deadLettered')).toMatchObject([{ reason: 'exhausted', letter: undefined }])
    expect((await stream.stats()).dead).toBe(1)
    await close(w)
  })

  it('uses a classifier of your own, and survives one that throws', async () => {
    const { add, clock, close, deadLetters, make } = scene()
    await add('fatal', 'throws')
    const w = make({
      classify: (error) => {
        if ((error as Error).message === 'throws') throw new Error('broken classifier')
        return 'fatal'
      },
      retries: { attempts: 2, delay: () => fail('broken delay') },
      handler: (payload) => fail(payload as string),
    })
    w.start()
    await clock.settle()
    expect(deadLetters.letters.map(({ options }) => options?.taskId)).toEqual(['fatal'])
    await clock.advance('1m')
    expect(deadLetters.letters).toHaveLength(2)
    await close(w)
  })

  it('aborts when it takes too long, and counts as failed if it obeys', async () => {
    const { add, clock, close, make, said } = scene()
    await add('a')
    const w = make({
      maxProcessing: '5s',
      retries: { attempts: 2, delay: 100 },
      handler: (_, { signal }) => clock.sleep(60_000, signal),
    })
    w.start()
    await clock.advance('7s')
    expect(said('lost')).toMatchObject([{ task: 'a', reason: 'overdue' }])
    expect(said('retried')).toMatchObject([{ task: 'a' }])
    await close(w)
    await clock.advance('2m')
  })
})

describe('a policy around the handler', () => {
  it('sees every run, and tasks that it turns away spend no attempt', async () => {
    const { add, clock, close, make, said, stream } = scene()
    await add('a')
    let open = true
    const runs: number[] = []
    const policy = policyOf((run) => {
      if (open)
        throw new SeaworthyError('ERR_CIRCUIT_OPEN', 'open', { retryAfter: 3000, failureClass: 'persistent' })
      return run()
    })
    const w = make({
      policy,
      retries: { attempts: 1, delay: 10 },
      handler: (_, { attempt }) => runs.push(attempt),
    })
    w.start()
    await clock.advance('20s')
    expect(runs).toEqual([])
    expect(said('postponed').length).toBeGreaterThan(3)
    expect(said('postponed')[0]).toMatchObject({ reason: 'turnedAway', delay: 3000, attempt: 1 })
    open = false
    await clock.advance('5s')
    expect(runs).toEqual([1])
    expect((await stream.stats()).acknowledged).toBe(1)
    await close(w)
  })

  it('hands its context to the handler', async () => {
    const { add, clock, close, make } = scene()
    await add('a')
    let call: Context | undefined
    let context: TaskContext | undefined
    const w = make({
      policy: policyOf((run) => run()),
      handler: (_, given) => {
        context = given
        call = given.call
      },
    })
    w.start()
    await clock.settle()
    expect(context?.signal).toBe(call?.signal)
    expect(call?.deadline).toBe(3_600_000)
    await close(w)
  })
})

describe('slots', () => {
  it('run so many at once and fetch no more than there are free ones', async () => {
    const { add, clock, close, make, stream } = scene()
    await add(...Array.from({ length: 20 }, (_, index) => `t${index}`))
    let running = 0
    let most = 0
    const w = make({
      concurrency: 3,
      handler: async () => {
        most = Math.max(most, ++running)
        await clock.sleep(100)
        running--
      },
    })
    w.start()
    await clock.advance(50)
    expect(await stream.stats()).toMatchObject({ pending: 3, waiting: 17 })
    expect(w.active).toBe(3)
    await clock.advance('2s')
    expect(most).toBe(3)
    expect(await stream.stats()).toMatchObject({ pending: 0, acknowledged: 20 })
    await close(w)
  })

  it('are shared between workers: nothing runs twice, and two workers do the work of two', async () => {
    const { add, clock, close, make, stream } = scene()
    await add(...Array.from({ length: 12 }, (_, index) => `t${index}`))
    const runs: string[] = []
    const workers = [1, 2].map(() =>
      make({
        concurrency: 2,
        handler: async (payload) => {
          runs.push(payload as string)
          await clock.sleep(1000)
        },
      }),
    )
    for (const w of workers) w.start()
    await clock.advance('3s')
    expect(new Set(runs).size).toBe(12)
    expect(runs).toHaveLength(12)
    expect((await stream.stats()).acknowledged).toBe(12)
    await close(...workers)
  })

  it('pause and resume', async () => {
    const { add, clock, close, hub, make, said, stream } = scene()
    const w = make({ name: 'pausing', handler: () => {} })
    w.start()
    const { actions } = hub.component('worker', 'pausing') as { actions: Record<string, () => unknown> }
    actions['pause']?.()
    w.pause()
    await clock.advance('3s')
    await add('a')
    await clock.advance('10s')
    expect(await stream.stats()).toMatchObject({ waiting: 1 })
    actions['resume']?.()
    w.resume()
    await clock.settle()
    expect(await stream.stats()).toMatchObject({ acknowledged: 1 })
    expect([said('paused').length, said('resumed').length]).toEqual([1, 1])
    await close(w)
  })
})

describe('acknowledgements', () => {
  it('of what ends together go together, and wait for no timer', async () => {
    const { add, clock, close, make, stream } = scene()
    const line = wire(stream)
    const together = clock.sleep(10)
    await add(...Array.from({ length: 40 }, (_, index) => `t${index}`))
    const w = make({ stream: line.stream, concurrency: 40, handler: () => together })
    w.start()
    await clock.advance(10)
    expect((await stream.stats()).acknowledged).toBe(40)
    expect(line.calls['acknowledge']).toBeLessThanOrEqual(4)
    await close(w)
  })

  it('go in batches as large as the stream is slow, and free their slots before they arrive', async () => {
    const { add, clock, close, make, stream } = scene()
    const slow = new Proxy(stream, {
      get: (target, property) =>
        property === 'acknowledge'
          ? async (owner: string, receipts: string[]) => {
              batches.push(receipts.length)
              await clock.sleep(50)
              return stream.acknowledge(owner, receipts)
            }
          : ((Reflect.get(target, property, target) as () => unknown).bind?.(target) ??
            Reflect.get(target, property, target)),
    })
    const batches: number[] = []
    await add(...Array.from({ length: 200 }, (_, index) => `t${index}`))
    const w = make({ stream: slow, concurrency: 10, handler: () => clock.sleep(10) })
    w.start()
    await clock.advance('2s')
    expect((await stream.stats()).acknowledged).toBe(200)
    // More than there are slots: those were free again before the answer came.
    expect(Math.max(...batches)).toBeGreaterThan(20)
    expect(Math.max(...batches)).toBeLessThanOrEqual(60)
    expect(batches.length).toBeLessThan(20)
    expect(batches.reduce((sum, size) => sum + size, 0)).toBe(200)
    await close(w)
  })
})

describe('on the hub', () => {
  it('it shows its state and no secrets, and leaves when it closes', async () => {
    const { clock, make, add, hub, stream } = scene()
    await add('a')
    const w = make({ name: 'mails', handler: () => clock.sleep(1000) })
    w.start()
    await clock.advance(100)
    expect(hub.component('worker', 'mails')?.snapshot()).toEqual({
      state: 'running',
      paused: false,
      stream: stream.name,
      owner: w.owner,
      concurrency: 10,
      active: 1,
      waiting: 0,
      settling: 0,
      lag: 0,
      silence: 100,
    })
    const closing = hub.component('worker', 'mails')?.actions['drain'] as () => Promise<void>
    const closed = closing()
    await clock.advance('2s')
    await closed
    expect(hub.component('worker', 'mails')).toBeUndefined()
    expect(w.state).toBe('closed')
  })

  it('verify: events carry names, classes, durations and counts, and nothing of payload or error text', async () => {
    const { clock, close, events, make, stream } = scene()
    await stream.enqueue({ id: 'a', payload: '"secret-payload"', headers: { token: 'secret-header' } })
    const w = make({ retries: { attempts: 2, delay: 10 }, handler: () => fail('secret-message') })
    w.start()
    await clock.advance('2s')
    await close(w)
    expect(events.length).toBeGreaterThan(5)
    expect(JSON.stringify(events)).not.toContain('secret')
  })

  it('events of a task are filed under its journey', async () => {
    const { clock, close, hub, make, stream } = scene()
    const story: string[] = []
    hub.recordJourneys({ record: (journey, { type }) => story.push(`${journey}: ${type}`) })
    await stream.enqueue({ id: 'a', payload: '1', journey: 'j-1' })
    const w = make({
      retries: { attempts: 2, delay: 10 },
      handler: () => fail(),
    })
    w.start()
    await clock.advance('2s')
    await close(w)
    expect(story).toEqual(['started', 'retried', 'started', 'deadLettered'].map((type) => `j-1: ${type}`))
  })
})

describe('options', () => {
  const stream = memoryStream()
  const handler = (): void => {}
  const deadLetters = 'discard' as const
  const given = { stream, handler, deadLetters }
  it.each<[object, string]>([
    [{ ...given, stream: undefined }, 'stream must be a stream such as memoryStream(); got undefined'],
    [{ stream, handler }, "deadLetters must be a queue such as deadLetters(), or 'discard'; got undefined"],
    [{ stream, deadLetters }, 'handler must be a function; got undefined'],
    [{ ...given, minIdle: '20s' }, 'minIdle must be at least three heartbeats (24000 ms); got "20s"'],
    [{ ...given, concurrency: 0 }, 'concurrency must be a whole number of at least 1; got 0'],
    [{ ...given, maxStarts: 0 }, 'maxStarts must be'],
    [{ ...given, maxStarts: 30 }, 'maxDeliveries must be a whole number of at least 30; got 20'],
    [{ ...given, retries: { attempts: 0 } }, 'retries.attempts must be'],
    [{ ...given, retries: { delay: -1 } }, 'retries.delay must be'],
    [{ ...given, retries: { backoff: 1 } }, "retries option 'backoff' must be one of attempts, delay"],
    [{ ...given, policy: {} }, 'policy must be a policy'],
    [{ ...given, idempotency: {} }, 'idempotency.store must be a store'],
    [{ ...given, drain: 'soon' }, 'drain must be a duration'],
    [{ ...given, maxDeliverys: 5 }, "worker option 'maxDeliverys' must be one of"],
  ])('that make no sense are refused: %#', (options, message) => {
    const make = (): unknown => worker(options as WorkerOptions)
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow(message)
  })
})

/** A policy in the general form. */
function policyOf(around: (run: () => Promise<unknown>) => unknown): NonNullable<WorkerOptions['policy']> {
  const policy = {
    kind: 'toy',
    execute: async (operation: (context: Context) => unknown, context: Context) =>
      around(async () => operation(context)),
  }
  return policy as unknown as NonNullable<WorkerOptions['policy']>
}
