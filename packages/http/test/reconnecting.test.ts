import { getEventListeners } from 'node:events'
import { Hub, InvalidOptionError } from '@seaworthy/core'
import {
  type Attempt,
  type Connection,
  ConnectionClosedError,
  type ConnectionListener,
  ConnectionLostError,
  fromIterable,
  OutboxFullError,
  ReconnectFailedError,
  type Reconnecting,
  type ReconnectingOptions,
  reconnecting,
} from '@seaworthy/http/reconnecting'
import { VirtualClock } from '@seaworthy/testing'
import { afterEach, describe, expect, it } from 'vitest'

/** A connection that a test holds in its hand. */
class Toy implements Connection<string, string> {
  readonly pausable: boolean = true
  readonly sent: string[] = []
  readonly attempt: Attempt
  listener: ConnectionListener<string> | undefined
  confirmations: Array<{ resolve: () => void; reject: (error: unknown) => void }> | undefined
  pings = 0
  closes: boolean[] = []

  constructor(attempt: Attempt, pausable: boolean) {
    this.attempt = attempt
    this.pausable = pausable
  }

  listen(listener: ConnectionListener<string>): void {
    this.listener = listener
  }

  send(message: string): unknown {
    if (message === 'poison') throw new TypeError('cannot be sent')
    this.sent.push(message)
    return (
      this.confirmations &&
      new Promise<void>((resolve, reject) => this.confirmations?.push({ resolve, reject }))
    )
  }

  ping(): void {
    this.pings++
  }

  close(lost: boolean): void {
    this.closes.push(lost)
  }
}

const clock = new VirtualClock()
const open: Array<Reconnecting<string, string>> = []

interface Bench {
  readonly feed: Reconnecting<string, string>
  readonly toys: Toy[]
  /** Attempts that have not been decided. */
  readonly attempts: Attempt[]
  accept(): Promise<Toy>
  refuse(error: unknown): Promise<void>
}

function bench(options: ReconnectingOptions<string> = {}, pausable = true): Bench {
  const toys: Toy[] = []
  const attempts: Attempt[] = []
  const waiting: Array<{ resolve: (toy: Toy) => void; reject: (error: unknown) => void }> = []
  const feed = reconnecting<string, string>(
    (attempt) =>
      new Promise((resolve, reject) => {
        attempts.push(attempt)
        waiting.push({ resolve, reject })
      }),
    { clock, random: () => 0.5, heartbeat: false, ...options },
  )
  open.push(feed)
  return {
    feed,
    toys,
    attempts,
    accept: async () => {
      const toy = new Toy(attempts[attempts.length - waiting.length] as Attempt, pausable)
      toys.push(toy)
      waiting.shift()?.resolve(toy)
      await clock.settle()
      return toy
    },
    refuse: async (error) => {
      waiting.shift()?.reject(error)
      await clock.settle()
    },
  }
}

afterEach(async () => {
  for (const feed of open.splice(0)) {
    await feed.close()
    await clock.settle()
    for await (const _ of feed);
    const { listeners: _, ...held } = feed.debugStats()
    expect(Object.entries(held).filter(([, count]) => count !== 0)).toEqual([])
  }
  expect(clock.pendingTimers).toBe(0)
})

describe('reconnecting', () => {
  it('comes back after a random wait, and goes on where it was', async () => {
    const { feed, attempts, accept } = bench()
    const first = await accept()
    expect(feed.state).toBe('open')
    first.listener?.message('a', 'token-1')
    first.listener?.lost()
    expect([feed.state, first.closes, first.attempt.signal.aborted]).toEqual(['waiting', [true], true])
    await clock.advance(499)
    expect(attempts).toHaveLength(1)
    await clock.advance(1)
    expect(attempts[1]).toMatchObject({ attempt: 2, resumeToken: 'token-1' })
    await accept()
    expect(feed.state).toBe('open')
  })

  it('an earlier connection delivers nothing any more, whatever it says', async () => {
    const { feed, accept } = bench()
    const first = await accept()
    first.listener?.lost()
    await clock.advance('1s')
    const second = await accept()
    first.listener?.message('stale', 'stale-token')
    first.listener?.resumeAt('stale-token')
    first.listener?.alive()
    first.listener?.lost(new Error('late'))
    second.listener?.message('fresh')
    expect(feed.state).toBe('open')
    expect(feed.resumeToken).toBeUndefined()
    expect(await feed[Symbol.asyncIterator]().next()).toEqual({ done: false, value: 'fresh' })
  })

  it('closes a connection that comes after its attempt was given up', async () => {
    const { feed, attempts, accept } = bench({ connectTimeout: '2s' })
    await clock.advance('2s')
    expect(feed.state).toBe('waiting')
    expect(attempts[0]?.signal.reason).toBeInstanceOf(ConnectionLostError)
    const late = await accept()
    expect(late.closes).toEqual([false])
    expect(late.listener).toBeUndefined()
  })

  it('gives up after so many attempts, and says so to loops', async () => {
    const { feed, refuse } = bench({ attempts: 2 })
    const down = new Error('down')
    await refuse(new Error('first'))
    await clock.advance('1s')
    await refuse(down)
    expect(await feed.closed).toBe('attempts')
    const failure = await feed[Symbol.asyncIterator]()
      .next()
      .then(undefined, (error) => error)
    expect(failure).toBeInstanceOf(ReconnectFailedError)
    expect(failure).toMatchObject({ reason: 'attempts', cause: down })
    expect(() => feed.send('x')).toThrow(ConnectionClosedError)
  })

  it('gives up at once when an error is fatal, and takes a throwing predicate for no', async () => {
    const fatal = bench({ isFatal: (error) => (error as Error).message === 'gone' })
    await fatal.refuse(new Error('gone'))
    expect(await fatal.feed.closed).toBe('fatal')
    await fatal.feed[Symbol.asyncIterator]()
      .next()
      .catch(() => 'thrown once')
    const careless = bench({
      isFatal: () => {
        throw new Error('broken')
      },
    })
    await careless.refuse(Object.assign(new Error('bad request'), { status: 400 }))
    expect(careless.feed.state).toBe('waiting')
    const usual = bench()
    await usual.refuse(Object.assign(new Error('bad request'), { status: 400 }))
    expect(usual.feed.state).toBe('closed')
    await usual.feed[Symbol.asyncIterator]()
      .next()
      .catch(() => 'thrown once')
  })

  it('gives up when it would be down for too long', async () => {
    const { feed, refuse } = bench({ maxElapsed: '1s' })
    await refuse(new Error('down'))
    await clock.advance('500ms')
    await refuse(new Error('down'))
    expect(feed.state).toBe('closed')
    expect(await feed.closed).toBe('elapsed')
    await feed[Symbol.asyncIterator]()
      .next()
      .catch(() => 'thrown once')
  })

  it('a signal closes it; loops throw its reason, the same object, and no listener stays', async () => {
    const control = new AbortController()
    const { feed, accept } = bench({ signal: control.signal })
    const toy = await accept()
    const loop = feed[Symbol.asyncIterator]().next()
    const reason = { not: 'an error' }
    control.abort(reason)
    expect(await loop.catch((error) => error)).toBe(reason)
    expect([feed.state, toy.closes, toy.attempt.signal.reason]).toEqual(['closed', [false], reason])
    expect(getEventListeners(control.signal, 'abort')).toEqual([])

    const other = new AbortController()
    const second = bench({ signal: other.signal })
    await second.feed.close()
    expect(getEventListeners(other.signal, 'abort')).toEqual([])

    const late = bench({ signal: AbortSignal.abort(reason) })
    expect([late.feed.state, late.attempts]).toEqual(['closed', []])
    expect(
      await late.feed[Symbol.asyncIterator]()
        .next()
        .catch((error) => error),
    ).toBe(reason)
  })

  it('pauses and resumes, and connects anew on demand', async () => {
    const { feed, attempts, accept } = bench()
    const toy = await accept()
    feed.pause()
    expect([feed.state, toy.closes]).toEqual(['paused', [false]])
    await clock.advance('1h')
    expect(attempts).toHaveLength(1)
    expect(feed.send('kept')).toBe(false)
    feed.resume()
    expect(feed.state).toBe('connecting')
    expect((await accept()).sent).toEqual(['kept'])
    feed.reconnect()
    expect(feed.state).toBe('connecting')
    await accept()
    expect(feed.state).toBe('open')
  })

  it('tells what happens, in order, and shows itself on the hub', async () => {
    const hub = new Hub()
    const { feed, accept } = bench({ name: 'prices', hub })
    const told: string[] = []
    hub.on('*', ({ kind, name, type }) => told.push(`${kind} ${name} ${type}`))
    const opened: unknown[] = []
    feed.on('open', (event) => opened.push(event))
    const toy = await accept()
    toy.listener?.lost(new Error('x'))
    expect(hub.component('reconnecting', 'prices')?.snapshot()).toMatchObject({
      state: 'waiting',
      attempt: 2,
    })
    await clock.advance('1s')
    await accept()
    await feed.close()
    expect(told.map((each) => each.slice('reconnecting prices '.length))).toEqual([
      'stateChange',
      'open',
      'lost',
      'stateChange',
      'waiting',
      'stateChange',
      'stateChange',
      'open',
      'stateChange',
      'close',
    ])
    expect(opened[1]).toEqual({ name: 'prices', attempt: 2, downtime: expect.any(Number), resumed: false })
    expect(hub.components()).toEqual([])
  })

  it('a listener or a connect function that closes it does so cleanly', async () => {
    const { feed, accept } = bench()
    feed.on('open', () => void feed.close())
    const toy = await accept()
    expect([feed.state, toy.closes, toy.listener]).toEqual(['closed', [false], undefined])

    let made = 0
    const feed2: Reconnecting<string, string> = reconnecting<string, string>(
      () => {
        made++
        if (made === 2) void feed2.close()
        throw new Error('no')
      },
      { clock, random: () => 0 },
    )
    open.push(feed2)
    await clock.advance(1)
    expect([feed2.state, made]).toEqual(['closed', 2])
  })

  it('works with using, and waits for connections that take time to close', async () => {
    let closed = false
    const feed = reconnecting<string>(
      () => ({
        close: async () => {
          await Promise.resolve()
          closed = true
        },
      }),
      { clock },
    )
    await clock.settle()
    await feed[Symbol.asyncDispose]()
    expect(closed).toBe(true)
  })

  it('checks its options', () => {
    const invalid: Array<[ReconnectingOptions<string>, RegExp]> = [
      [{ backoff: { initial: '5s', max: '1s' } }, /backoff\.max/],
      [{ heartbeat: { every: '5s', silence: '5s' } }, /heartbeat\.silence/],
      [{ attempts: 0 }, /attempts/],
      [{ outbox: { limit: 0 } }, /outbox\.limit/],
      [{ outbox: { delivery: 'exactly-once' as never } }, /outbox\.delivery/],
      [{ inbox: { overflow: 'reject-newest' as never } }, /inbox\.overflow/],
      [{ reconnect: true } as never, /reconnect/],
    ]
    for (const [options, message] of invalid) {
      expect(() => bench(options)).toThrow(InvalidOptionError)
      expect(() => bench(options)).toThrow(message)
    }
    expect(() => reconnecting('ws://example' as never)).toThrow(/connect/)
  })
})

describe('the heartbeat', () => {
  it('pings, and gives a silent connection up', async () => {
    const { feed, accept } = bench({ heartbeat: { every: '10s', silence: '25s' } })
    const toy = await accept()
    await clock.advance('24s')
    expect(toy.pings).toBe(2)
    toy.listener?.alive()
    await clock.advance('24s')
    expect(feed.state).toBe('open')
    await clock.advance('1s')
    expect([feed.state, toy.closes]).toEqual(['waiting', [true]])
  })

  it('does not take for silence that nobody reads', async () => {
    const { feed, accept } = bench({ heartbeat: { every: '10s', silence: '25s' }, inbox: { limit: 1 } })
    const toy = await accept()
    const room = toy.listener?.message('a')
    await clock.advance('10m')
    expect(feed.state).toBe('open')
    await feed[Symbol.asyncIterator]().next()
    await room
    await clock.advance('25s')
    expect(feed.state).toBe('waiting')
  })
})

describe('the outbox', () => {
  it('keeps what is sent while there is no connection, and sends it once, in order', async () => {
    const { feed, accept } = bench()
    expect([feed.send('a'), feed.send('b')]).toEqual([false, false])
    const flushed = feed.flushed()
    const toy = await accept()
    await flushed
    expect(feed.send('c')).toBe(true)
    expect(toy.sent).toEqual(['a', 'b', 'c'])
    toy.listener?.lost()
    feed.send('d')
    await clock.advance('1s')
    expect((await accept()).sent).toEqual(['d'])
    expect(feed.snapshot().outbox).toEqual({ size: 0, sent: 4, dropped: 0, lost: 0, refused: 0 })
  })

  it('turns the newest away or drops the oldest when it is full, and counts', async () => {
    const dropped: unknown[] = []
    const strict = bench({ outbox: { limit: 2 } })
    strict.feed.on('dropped', (event) => dropped.push(event))
    for (const message of ['a', 'b']) strict.feed.send(message)
    expect(() => strict.feed.send('c')).toThrow(OutboxFullError)
    expect((await strict.accept()).sent).toEqual(['a', 'b'])
    expect(dropped).toEqual([{ name: undefined, box: 'outbox', reason: 'overflow', dropped: 1 }])

    const loose = bench({ outbox: { limit: 2, overflow: 'drop-oldest' } })
    for (const message of ['a', 'b', 'c']) loose.feed.send(message)
    expect((await loose.accept()).sent).toEqual(['b', 'c'])
    expect(loose.feed.snapshot().outbox).toMatchObject({ dropped: 1, sent: 2 })
  })

  it('at most once: what a broken connection had is lost, and counted', async () => {
    const { feed, accept } = bench()
    const toy = await accept()
    toy.confirmations = []
    for (const message of ['a', 'b']) feed.send(message)
    toy.confirmations[0]?.resolve()
    toy.confirmations[1]?.reject(new Error('broken'))
    await clock.settle()
    expect(feed.state).toBe('waiting')
    await clock.advance('1s')
    expect((await accept()).sent).toEqual([])
    expect(feed.snapshot().outbox).toMatchObject({ sent: 1, lost: 1 })
  })

  it('at least once: what was not confirmed goes again, before what came later', async () => {
    const { feed, accept } = bench({ outbox: { delivery: 'at-least-once' } })
    const toy = await accept()
    toy.confirmations = []
    for (const message of ['a', 'b', 'c']) feed.send(message)
    toy.confirmations[1]?.resolve()
    await clock.settle()
    toy.listener?.lost()
    feed.send('d')
    await clock.advance('1s')
    const second = await accept()
    expect(second.sent).toEqual(['a', 'c', 'd'])
    // The word of the first connection comes late, and counts nothing twice.
    toy.confirmations[0]?.resolve()
    await clock.settle()
    expect(feed.snapshot().outbox).toMatchObject({ size: 0, sent: 4 })
  })

  it('a message that cannot be sent is its sender’s affair, and the others go on', async () => {
    const { feed, accept } = bench()
    const dropped: unknown[] = []
    feed.on('dropped', ({ reason, dropped: count }) => dropped.push([reason, count]))
    for (const message of ['a', 'poison', 'b']) feed.send(message)
    const toy = await accept()
    expect(toy.sent).toEqual(['a', 'b'])
    expect(() => feed.send('poison')).toThrow('cannot be sent')
    expect([feed.state, feed.snapshot().outbox.refused]).toEqual(['open', 2])
    expect(dropped).toEqual([
      ['refused', 1],
      ['refused', 2],
    ])
  })

  it('is discarded by the end, which says how much', async () => {
    const { feed } = bench()
    const ends: unknown[] = []
    feed.on('close', (event) => ends.push(event))
    feed.send('a')
    const flushed = feed.flushed().catch((error) => error)
    await feed.close()
    expect(await flushed).toBeInstanceOf(ConnectionClosedError)
    expect(ends).toEqual([{ name: undefined, reason: 'close', unsent: 1 }])
  })
})

describe('the inbox', () => {
  it('asks the source to wait when it is full, and to go on when there is room', async () => {
    const { feed, accept } = bench({ inbox: { limit: 2 } })
    const { listener } = await accept()
    expect(listener?.message('a')).toBeUndefined()
    const room = listener?.message('b')
    let free = false
    void room?.then(() => {
      free = true
    })
    await clock.settle()
    expect(free).toBe(false)
    expect(await feed[Symbol.asyncIterator]().next()).toEqual({ done: false, value: 'a' })
    await clock.settle()
    expect(free).toBe(true)
  })

  it('gives a source up that cannot wait, and continues after the last message it took', async () => {
    const { feed, attempts, accept } = bench(
      { inbox: { limit: 1 }, resumeTokenOf: (message) => message },
      false,
    )
    const { listener } = await accept()
    listener?.message('a')
    listener?.message('b')
    expect(feed.state).toBe('waiting')
    await clock.advance('1s')
    expect(attempts[1]?.resumeToken).toBe('a')
  })

  it('or forgets the oldest', async () => {
    const { feed, accept } = bench({ inbox: { limit: 1, overflow: 'drop-oldest' } }, false)
    const { listener } = await accept()
    for (const message of ['a', 'b']) listener?.message(message)
    expect(await feed[Symbol.asyncIterator]().next()).toEqual({ done: false, value: 'b' })
    expect(feed.snapshot().inbox).toEqual({ size: 0, received: 2, dropped: 1 })
  })

  it('reads an iterable no faster than it is taken, and takes its end for the end', async () => {
    let made = 0
    const source = async function* (): AsyncGenerator<string> {
      for (;;) yield `message ${++made}`
    }
    const feed = reconnecting<string, string>(() => fromIterable(source()), {
      clock,
      inbox: { limit: 3 },
      resumeTokenOf: (message) => message,
    })
    open.push(feed)
    await clock.settle()
    expect(made).toBe(3)
    for await (const message of feed) if (message === 'message 5') break
    await clock.settle()
    expect(made).toBe(8)
    expect(feed.resumeToken).toBe('message 8')
  })

  it('hands messages to onMessage one by one while it takes its time', async () => {
    const hub = new Hub()
    const errors: unknown[] = []
    hub.onListenerError(({ error }) => errors.push(error))
    const taken: string[] = []
    const source = async function* (): AsyncGenerator<string> {
      yield* ['a', 'c', 'rejects', 'b']
      await new Promise(() => {})
    }
    const feed = reconnecting<string, string>(() => fromIterable(source()), {
      clock,
      hub,
      onMessage: async (message) => {
        if (message === 'rejects') throw new Error(message)
        await clock.sleep(100)
        taken.push(message)
      },
    })
    open.push(feed)
    await clock.advance(100)
    expect(taken).toEqual(['a'])
    await clock.advance(200)
    expect(taken).toEqual(['a', 'c', 'b'])
    expect(errors).toEqual([new Error('rejects')])
  })

  it('what came before the end can still be taken', async () => {
    const { feed, accept } = bench()
    const { listener } = await accept()
    for (const message of ['a', 'b']) listener?.message(message)
    await feed.close()
    const taken: string[] = []
    for await (const message of feed) taken.push(message)
    expect(taken).toEqual(['a', 'b'])
  })
})
