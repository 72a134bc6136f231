/** The queue: what goes in, what comes out, and who gets to replay. */
import { Hub, isSeaworthyError } from '@seaworthy/core'
import { deadLetters, manual, memoryDeadLetters, type ReplayInfo } from '@seaworthy/dead-letter'
import { expectNoLeaks } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { ada, collect, failure, origin, replayingItself, toy, withHooks } from './toys.ts'

describe('adding', () => {
  it('keeps the message, the error, and all that is known about the work', async () => {
    const { queue, clock } = toy()
    await clock.advance('1m')
    const id = await queue.add({ to: 'ada' }, failure('mailbox 17 full', { code: 'FULL' }), {
      type: 'mail',
      maxRetries: 4,
      retryCount: 4,
      config: { host: 'smtp' },
      taskId: 'task-9',
      source: 'mails',
      journey: 'j1',
      history: Array.from({ length: 12 }, (_, at) => ({ at, event: 'attempt failed' })),
    })
    const letter = await queue.get(id)
    expect(letter).toMatchObject({
      id,
      state: 'dead',
      type: 'mail',
      failure: 'unknown',
      failureClass: 'transient',
      errorClass: 'Error [FULL]: mailbox <n> full',
      error: { name: 'Error', message: 'mailbox 17 full', code: 'FULL' },
      diedAt: origin + 60_000,
      due: undefined,
      replays: 0,
      journey: 'j1',
    })
    expect(letter?.history).toHaveLength(10)
    expect(letter).not.toHaveProperty('payload')
    expect(await queue.view(id, ada)).toMatchObject({ message: { to: 'ada' }, config: { host: 'smtp' } })
    expect(await queue.get('missing')).toBeUndefined()
    expect(await queue.view('missing', ada)).toBeUndefined()
  })

  it('reads the number of retries that a retry noted on the error', async () => {
    const { queue } = toy()
    const noted = await queue.add(1, failure('down', { attempts: 5, retryReason: 'attempts' }))
    const unrelated = await queue.add(1, failure('down', { attempts: 5 }))
    expect((await queue.get(noted))?.retryCount).toBe(4)
    expect((await queue.get(unrelated))?.retryCount).toBeUndefined()
  })

  it('accepts anything as an error', async () => {
    const { queue } = toy()
    const refuse = (): never => {
      throw new Error('no')
    }
    const hostile = new Proxy({}, { get: refuse, getPrototypeOf: refuse, has: refuse })
    const names: unknown[] = []
    for (const error of [undefined, 'plain text', null, hostile])
      names.push((await queue.get(await queue.add('m', error)))?.error.name)
    expect(names).toEqual(['undefined', 'string', 'null', 'Object'])
  })

  it('names the kind of failure by rules in order, yours first; a rule that throws says nothing', async () => {
    const { queue } = toy({
      failures: [
        () => {
          throw new Error('broken rule')
        },
        (error) => ((error as Error).message === 'mine' ? 'my_kind' : undefined),
      ],
    })
    const kindOf = async (error: unknown) => (await queue.get(await queue.add(1, error)))?.type
    expect(await kindOf(failure('mine', { status: 429 }))).toBe('my_kind')
    expect(await kindOf(failure('', { status: 429 }))).toBe('rate_limit')
    expect(await kindOf(failure('', { code: 'ETIMEDOUT' }))).toBe('timeout')
    expect(await kindOf(new Error('', { cause: failure('', { code: 'ECONNREFUSED' }) }))).toBe(
      'dependency_down',
    )
    expect(await kindOf(new SyntaxError('Unexpected token'))).toBe('decode')
    expect(await kindOf(failure('', { response: { status: 422 } }))).toBe('validation')
    expect(await kindOf(new TypeError('x is not a function'))).toBe('unknown')
  })

  it('redacts before anything is written, the error too', async () => {
    const { queue, store } = toy({
      redact: ({ message, error, config }) => ({
        message: { ...(message as object), card: '***' },
        error: { ...error, message: error.message.replace(/\d{16}/, '***'), stack: 'hidden' },
        config,
      }),
    })
    const card = '4111111111111111'
    const id = await queue.add({ card, to: 'ada' }, new Error(`card ${card} declined`))
    expect(JSON.stringify(await store.get(id, { actor: 'x', reason: undefined }))).not.toContain(card)
    expect((await queue.view(id, ada))?.message).toEqual({ card: '***', to: 'ada' })
    expect((await queue.get(id))?.errorClass).toBe('Error: card *** declined')
  })

  it('writes nothing when it could not redact, encode or hold the message', async () => {
    const cases: [Parameters<typeof toy>[0], unknown][] = [
      [
        {
          redact: () => {
            throw new Error('broken')
          },
        },
        1,
      ],
      [{}, 5n],
      [{ maxPayload: 100 }, 'x'.repeat(100)],
      [{ codec: { encode: () => Promise.reject(new Error('no key')), decode: () => 0 } }, 1],
    ]
    for (const [options, message] of cases) {
      const { queue } = toy(options)
      await expect(queue.add(message, new Error('x'))).rejects.toMatchObject({
        name: 'DeadLetterUnstorableError',
        code: 'ERR_DEAD_LETTER_UNSTORABLE',
        policy: 'mails',
      })
      expect((await queue.stats()).dead).toBe(0)
    }
  })

  it('says so when there is no room', async () => {
    const { queue, types } = toy({}, { maxCount: 1 })
    await queue.add(1, new Error('x'))
    const refused = await queue.add(2, new Error('x')).catch((error: unknown) => error)
    expect(isSeaworthyError(refused)).toBe(true)
    expect(refused).toMatchObject({ code: 'ERR_DEAD_LETTERS_FULL', failureClass: 'degraded' })
    expect(types()).toEqual(['added', 'refused'])
  })

  it('passes the error of a store on as it is, and tells', async () => {
    const down = new Error('store is down')
    const { queue, events } = toy({}, {}, (store) => withHooks(store, { add: () => Promise.reject(down) }))
    await expect(queue.add(1, new Error('x'))).rejects.toBe(down)
    expect(events).toMatchObject([
      { type: 'storeFailed', payload: { operation: 'add', failureClass: 'transient', name: 'mails' } },
    ])
  })

  it('tells ids, types and classes, and neither messages nor error texts', async () => {
    const { queue, events, clock } = toy({ replay: () => {} }, { maxCount: 2, overflow: 'drop-oldest' })
    const secret = 'hush'
    const options = { config: secret, dedupeKey: 'k', journey: 'j' }
    const id = await queue.add({ secret }, new Error(secret), options)
    await queue.add({ secret }, new Error(secret), options)
    await queue.view(id, ada)
    await queue.retry(id, ada)
    const other = await queue.add({ secret }, new Error(secret))
    await queue.discard(other, ada)
    for (let i = 0; i < 3; i++) await queue.add({ secret }, new Error(secret))
    await clock.advance('8d')
    await queue.purge({ olderThan: '7d', ...ada })
    expect(new Set(events.map(({ type }) => type))).toEqual(
      new Set(['added', 'duplicate', 'viewed', 'replayed', 'discarded', 'dropped', 'expired', 'purged']),
    )
    expect(JSON.stringify(events)).not.toContain(secret)
    expect(events[0]).toMatchObject({
      kind: 'dead-letters',
      journey: 'j',
      payload: {
        name: 'mails',
        id,
        type: 'unknown',
        failure: 'unknown',
        failureClass: 'transient',
        replays: 0,
      },
    })
  })
})

describe('looking', () => {
  it('lists without content, newest first, 50 to a page', async () => {
    const { queue } = toy()
    const ids: string[] = []
    for (let i = 0; i < 60; i++)
      ids.push(await queue.add({ i }, new Error(`order ${i}`), { type: i % 2 ? 'a' : 'b' }))
    const first = await queue.list()
    expect(first.items.map(({ id }) => id)).toEqual(ids.slice(10).reverse())
    const second = await queue.list({ cursor: first.next })
    expect(second).toMatchObject({ next: undefined })
    expect(second.items).toHaveLength(10)
    expect(await queue.groups()).toMatchObject([
      { type: 'b', errorClass: 'Error: order <n>', count: 30 },
      { type: 'a', count: 30 },
    ])
    await expect(queue.list({ limit: 501 })).rejects.toThrow('limit must be at most 500; got 501')
    await expect(queue.list({ limit: 0 })).rejects.toThrow('limit must be')
  })

  it('audits who looked at the content', async () => {
    const { queue } = toy()
    const id = await queue.add('m', new Error('x'))
    await queue.view(id, { actor: 'ada', reason: 'ticket 5' })
    expect((await queue.audit({ id })).entries).toMatchObject([
      { event: 'added', actor: 'worker-1', from: undefined, to: 'dead' },
      { event: 'viewed', actor: 'ada', reason: 'ticket 5', from: 'dead', to: 'dead' },
    ])
    await expect(queue.view(id, { actor: '' })).rejects.toThrow('actor must be')
  })

  it('shows counts on the hub, and offers what an operator may do', async () => {
    const { queue, hub } = toy({ replay: () => {} })
    const id = await queue.add('m', new Error('x'))
    await queue.stats()
    const component = hub.component('dead-letters', 'mails')
    expect(component?.snapshot()).toMatchObject({ counts: { dead: 1 }, added: 1, replayed: 0 })
    const { retry, discard, purge } = component?.actions ?? {}
    expect(await retry?.(...([id, ada] as never[]))).toMatchObject({ outcome: 'replayed' })
    expect(await discard?.(...([id, ada] as never[]))).toEqual({ outcome: 'already', state: 'replayed' })
    expect(await purge?.(...([{ keep: 0, ...ada }] as never[]))).toMatchObject({ byCount: 0 })
    await queue.close()
    expect(hub.components()).toEqual([])
  })
})

describe('replaying', () => {
  it('verify 49: replays once however many operators press the button', async () => {
    const sent: ReplayInfo[] = []
    const { queue, clock } = toy({
      replay: async (_letter, info) => {
        sent.push(info)
        await clock.sleep(100)
      },
    })
    const id = await queue.add('m', new Error('x'), { replays: 2 })
    const answers = Promise.all(
      Array.from({ length: 50 }, (_, at) => queue.retry(id, { actor: `operator ${at}` })),
    )
    const outcomes = await clock.runUntilSettled(answers)
    expect(sent).toMatchObject([{ replayId: `${id}:3`, replayNumber: 3, actor: 'operator 0' }])
    expect(outcomes.filter(({ outcome }) => outcome === 'replayed')).toHaveLength(1)
    expect(new Set(outcomes.map(({ replayId }) => replayId))).toEqual(new Set([`${id}:3`]))
    expect(await queue.retry(id, ada)).toMatchObject({ outcome: 'already', state: 'replayed' })
    expect(sent).toHaveLength(1)
    expectNoLeaks({ policies: [queue as never], clock })
  })

  it('repairs the message first, if asked to; nothing is replayed when that fails', async () => {
    const sent: unknown[] = []
    const { queue } = toy({ replay: ({ message }) => sent.push(message) })
    const id = await queue.add({ to: 'ada@' }, new Error('x'))
    const broken = queue.retry(id, {
      ...ada,
      transform: () => {
        throw new Error('typing error')
      },
    })
    await expect(broken).rejects.toMatchObject({ code: 'ERR_DEAD_LETTER_UNSTORABLE' })
    expect(sent).toEqual([])
    await queue.retry(id, { ...ada, transform: () => ({ to: 'ada@example.com' }) })
    expect(sent).toEqual([{ to: 'ada@example.com' }])
    expect(await queue.retry(id, { ...ada, transform: () => 0 })).toMatchObject({ outcome: 'already' })
    const { entries } = await queue.audit({ id })
    expect(entries.map(({ event }) => event)).toEqual([
      'added',
      'viewed',
      'viewed',
      'replaying',
      'replayed',
      'viewed',
    ])
  })

  it('makes the letter dead again when the replay fails, and keeps its replay id', async () => {
    const ids: string[] = []
    let up = false
    const cause = failure('still down', { status: 503 })
    const { queue, types } = toy({
      replay: (_letter, { replayId }) => {
        ids.push(replayId)
        if (!up) throw cause
      },
    })
    const id = await queue.add('m', new Error('x'))
    await expect(queue.retry(id, ada)).rejects.toMatchObject({
      code: 'ERR_DEAD_LETTER_REPLAY_FAILED',
      failureClass: 'transient',
      cause,
      id,
    })
    expect(await queue.get(id)).toMatchObject({ state: 'dead', attempts: 1 })
    up = true
    expect(await queue.retry(id, ada)).toEqual({ outcome: 'replayed', replayId: ids[0] })
    expect(ids).toEqual([`${id}:1`, `${id}:1`])
    expect(types()).toEqual(['added', 'replayFailed', 'replayed'])
  })

  it('verify 52: a crash in the middle of a replay is finished by the next round, under the same id', async () => {
    const ids: string[] = []
    let crashed = false
    const gone = () => (crashed ? Promise.reject(new Error('crashed')) : undefined)
    const first = toy(
      {
        // Publishes, and dies before it can say so.
        replay: (_letter, { replayId }) => {
          ids.push(replayId)
          crashed = true
        },
      },
      {},
      (store) => withHooks(store, { settle: gone, renew: gone }),
    )
    const { clock, store } = first
    const id = await first.queue.add('m', new Error('x'))
    await expect(first.queue.retry(id, ada)).rejects.toThrow('crashed')
    expect(await store.counts()).toMatchObject({ replaying: 1 })

    const replay = (_letter: unknown, { replayId }: ReplayInfo) => ids.push(replayId)
    const second = deadLetters({ store, clock, hub: new Hub(), replay })
    expect(await second.retry(id, ada)).toMatchObject({ outcome: 'already', state: 'replaying' })
    await expect(second.discard(id, ada)).rejects.toMatchObject({ code: 'ERR_DEAD_LETTER_LEASED' })
    await clock.advance('30s')
    expect(await second.processBatch()).toMatchObject({ claimed: 1, replayed: 1 })
    expect(ids).toEqual([`${id}:1`, `${id}:1`])
    expect(await second.get(id)).toMatchObject({ state: 'replayed' })
    expectNoLeaks({ policies: [first.queue, second] as never, except: ['listeners'], clock })
  })

  it('is not closed before a replay has ended that an operator asked for', async () => {
    const { queue, clock } = toy({ replay: () => clock.sleep(120_000) })
    const id = await queue.add('m', new Error('x'))
    const retried = queue.retry(id, ada)
    await clock.settle()
    expect(queue.debugStats()).toMatchObject({ replaying: 1 })
    await clock.runUntilSettled(queue.close())
    expect(queue.debugStats()).toMatchObject({ replaying: 0 })
    expect(await queue.get(id)).toMatchObject({ state: 'replayed' })
    expect(await retried).toMatchObject({ outcome: 'replayed' })
    expectNoLeaks({ policies: [queue as never], clock })
  })

  it('does nothing about a letter that somebody holds, is gone, or cannot be replayed', async () => {
    const { queue, store } = toy({ replay: () => {} })
    const id = await queue.add('m', new Error('x'))
    await store.claim({ limit: 1, leaseFor: 500, owner: 'recovery', dueOnly: false })
    await expect(queue.retry(id, ada)).rejects.toMatchObject({
      code: 'ERR_DEAD_LETTER_LEASED',
      retryAfter: 500,
      id,
    })
    await expect(queue.discard(id, ada)).rejects.toMatchObject({ code: 'ERR_DEAD_LETTER_LEASED' })
    await expect(queue.retry('gone', ada)).rejects.toMatchObject({ code: 'ERR_DEAD_LETTER_NOT_FOUND' })
    await expect(queue.discard('gone', ada)).rejects.toMatchObject({ code: 'ERR_DEAD_LETTER_NOT_FOUND' })
    await expect(toy().queue.retry(id, ada)).rejects.toThrow('replay must be a function')
  })

  it('leaves the second step to a store that replays by itself', async () => {
    const { queue, types, clock } = toy(
      { recovery: { strategies: { auto: () => 'replay' } } },
      {},
      replayingItself,
    )
    const byHand = await queue.add('m', new Error('x'))
    expect(await queue.retry(byHand, ada)).toEqual({ outcome: 'replayed', replayId: `${byHand}:1` })
    await queue.add('m', new Error('x'), { type: 'auto' })
    expect(await queue.processBatch()).toMatchObject({ claimed: 1, replayed: 1 })
    expect(await queue.stats()).toMatchObject({ replayed: 2, replaying: 0 })
    expect(types()).toEqual(['added', 'replayed', 'added', 'replayed', 'recovered'])
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('retrying many', () => {
  it('goes through what is dead when it begins, oldest first, at a pace', async () => {
    const sent: [unknown, number][] = []
    const { queue, clock } = toy({
      replay: async ({ message }) => {
        sent.push([message, clock.now()])
        // A failure that repeats itself must not be picked up again.
        await queue.add(message, new Error('again'), { type: 'a' })
      },
    })
    for (let i = 0; i < 5; i++) await queue.add(i, new Error('x'), { type: i === 2 ? 'b' : 'a' })
    await clock.advance(1)
    const progress = await clock.runUntilSettled(
      collect(queue.retryBatch({ type: 'a' }, { ...ada, rate: 2 })),
    )
    expect(sent).toEqual([
      [0, 1],
      [1, 501],
      [3, 1001],
      [4, 1501],
    ])
    expect(progress.at(-1)).toMatchObject({
      examined: 4,
      replayed: 4,
      already: 0,
      failed: 0,
      leased: 0,
      missing: 0,
    })
    expectNoLeaks({ policies: [queue as never], clock })
  })

  it('leaves alone what dies again meanwhile, over any number of pages', async () => {
    const sent: unknown[] = []
    const { queue, clock } = toy({
      replay: async ({ message }) => {
        sent.push(message)
        await clock.sleep(1)
        await queue.add(message, new Error('again'))
      },
    })
    const messages = Array.from({ length: 60 }, (_, at) => at)
    for (const message of messages) await queue.add(message, new Error('x'))
    await clock.runUntilSettled(collect(queue.retryBatch({}, { ...ada, rate: 1000 })))
    expect(sent).toEqual(messages)
    expect(await queue.stats()).toMatchObject({ dead: 60, replayed: 60 })
  })

  it('counts what others did, what failed, and stops at its limit', async () => {
    const { queue, clock, store } = toy({
      replay: ({ message }) => {
        if (message === 1) throw new Error('still broken')
      },
    })
    const ids: string[] = []
    for (let i = 0; i < 6; i++) ids.push(await queue.add(i, new Error('x')))
    const walk = queue.retryBatch({}, { ...ada, rate: 1000, limit: 4 })[Symbol.asyncIterator]()
    await walk.next()
    await queue.discard(ids[2] ?? '', ada)
    await store.trim({ olderThan: undefined, keep: 0, settledBefore: 0, batch: 100, actor: 'x' })
    const results: unknown[] = []
    for (;;) {
      const { value, done } = await clock.runUntilSettled(walk.next())
      if (done) break
      results.push(value)
    }
    expect(results.at(-1)).toMatchObject({ examined: 4, replayed: 1, missing: 3 })

    const failing = toy({ replay: () => Promise.reject(new Error('down')) })
    await failing.queue.add(1, new Error('x'))
    expect(await collect(failing.queue.retryBatch({}, ada))).toMatchObject([{ examined: 1, failed: 1 }])
  })

  it('changes nothing in a dry run, and ends when the queue is closed', async () => {
    const { queue, clock } = toy({ replay: () => {} })
    for (let i = 0; i < 3; i++) await queue.add(i, new Error('x'))
    const dry = await collect(queue.retryBatch({}, { ...ada, dryRun: true, limit: 2 }))
    expect(dry.map(({ examined, replayed }) => [examined, replayed])).toEqual([
      [1, 0],
      [2, 0],
    ])
    expect((await queue.stats()).dead).toBe(3)
    const walk = collect(queue.retryBatch({}, ada))
    await clock.settle()
    await queue.close()
    expect(await walk).toHaveLength(1)
    expectNoLeaks({ policies: [queue as never], clock })
  })
})

describe('options', () => {
  it.each([
    [{ store: undefined }, 'store must be a store such as memoryDeadLetters()'],
    [{ replays: 1 }, "deadLetters option 'replays' must be one of"],
    [{ retention: { age: 'week' } }, 'retention.age must be a duration'],
    [{ retention: { days: 7 } }, "retention option 'days' must be one of"],
    [
      { recovery: { strategies: { timeout: 'replay' } } },
      'recovery.strategies.timeout must be a recovery strategy',
    ],
    [{ recovery: { perSecond: 0 } }, 'recovery.perSecond must be above 0'],
    [{ failures: ['x'] }, 'failures[0] must be a function'],
    [{ codec: {} }, 'codec must be an object with encode and decode'],
    [{ lease: 1 }, 'lease must be a duration of at least 3ms'],
  ])('refuses %j', (options, message) => {
    const build = () => deadLetters({ store: memoryDeadLetters(), ...options } as never)
    expect(build).toThrow(message)
  })

  it('accepts what makes sense', () => {
    const recovery = { strategies: { x: manual(), y: () => 'leave' as const } }
    expect(
      deadLetters({ store: memoryDeadLetters(), recovery, retention: { age: false } }).name,
    ).toBeUndefined()
  })
})
