import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { afterEach, describe, expect, it } from 'vitest'
import type { SnapshotEvent, TransitionEvent } from '../src/index.ts'
import { Transitions } from '../src/stream/transitions.ts'
import { admin, ask, request, type Service, service, tokens } from './toys.ts'

let shop: Service
const readers: Reader[] = []
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.leave()))
  await shop.close()
  expect(shop.clock.pendingTimers).toBe(0)
})

interface StreamEvent {
  readonly event: string
  readonly id: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect
  readonly data: any
}

/** Reads a stream as far as it goes. */
class Reader {
  readonly response: Response
  readonly comments: string[] = []
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #waiting: ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']> | undefined
  done = false

  constructor(response: Response) {
    this.response = response
    this.#reader = (response.body as ReadableStream<Uint8Array>).getReader()
  }

  /** What has come since the last time. */
  async take(): Promise<StreamEvent[]> {
    const events: StreamEvent[] = []
    for (;;) {
      this.#waiting ??= this.#reader.read()
      const next = await Promise.race([this.#waiting, shop.clock.settle().then(() => undefined)])
      if (next === undefined) return events
      this.#waiting = undefined
      if (next.done) {
        this.done = true
        return events
      }
      for (const block of new TextDecoder().decode(next.value).split('\n\n')) this.#parse(block, events)
    }
  }

  async leave(): Promise<void> {
    await this.#reader.cancel()
  }

  #parse(block: string, events: StreamEvent[]): void {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
    const event = field('event')
    if (event !== undefined)
      events.push({ event, id: field('id'), data: JSON.parse(field('data') as string) })
    else if (block !== '') this.comments.push(block)
  }
}

async function open(headers: Record<string, string> = {}): Promise<Reader> {
  const response = await shop.ops.fetch(request(`${admin}/events`, tokens.reader, { headers }))
  expect(response.status).toBe(200)
  const reader = new Reader(response)
  readers.push(reader)
  return reader
}

const kinds = (events: readonly StreamEvent[]): string[] => events.map(({ event }) => event)

describe('the stream', () => {
  it('begins with everything, and may neither be kept nor compressed', async () => {
    shop = service()
    const reader = await open()
    expect(Object.fromEntries(reader.response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
    const [{ event, id, data }] = (await reader.take()) as [StreamEvent]
    const snapshot = data as SnapshotEvent
    expect([event, id?.endsWith('.0'), reader.comments]).toEqual(['snapshot', true, ['retry: 3000']])
    expect(snapshot).toMatchObject({
      seq: 0,
      session: { actor: 'rita', scopes: ['read'] },
      figures: { callsPerSecond: 0, failureShare: null, openCircuits: 0, circuits: 1, deadLetters: 0 },
      health: { status: 'pass', draining: false },
      degradation: { level: 'normal', features: [{ name: 'recommendations', on: true }] },
      circuitBreakers: [{ name: 'payments', state: 'closed' }],
      components: [],
      deadLetters: [{ queue: 'orders' }],
      transitions: [],
      resumed: false,
    })
  })

  it('tells what is important at once, and once a second what changed', async () => {
    shop = service()
    const reader = await open()
    await reader.take()
    await shop.payments.execute(async () => shop.clock.advance(20))
    await shop.clock.advance('1s')
    const [first] = await reader.take()
    expect((first as StreamEvent).data.points).toMatchObject([
      { kind: 'circuit-breaker', name: 'payments', calls: 1, failures: 0, rejections: 0 },
    ])
    expect(first?.data.circuitBreakers).toMatchObject([{ name: 'payments', totals: { success: 1 } }])
    shop.payments.trip()
    const now = await reader.take()
    expect(new Set(kinds(now))).toEqual(new Set(['transition']))
    expect(now.map(({ data }) => (data as TransitionEvent).type).sort()).toEqual([
      'changed',
      'overallChanged',
      'stateChange',
    ])
    await shop.clock.advance('1s')
    const [second] = await reader.take()
    expect(second?.data).toMatchObject({
      circuitBreakers: [{ name: 'payments', state: 'open' }],
      degradation: { level: 'minor' },
      health: { status: 'warn' },
      points: [],
    })
    expect(second?.data.components).toBe(undefined)
  })

  it('is silent while nothing happens, but for a sign of life', async () => {
    shop = service({ degradation: undefined } as object)
    const reader = await open()
    await reader.take()
    await shop.clock.advance('62s')
    const events = await reader.take()
    expect(events.length).toBeLessThan(10)
    expect(reader.comments.filter((comment) => comment === ': still here').length).toBeGreaterThan(1)
  })

  it('tells what is gone', async () => {
    shop = service()
    const extra = circuitBreaker({ name: 'extra', hub: shop.hub, clock: shop.clock })
    const reader = await open()
    await reader.take()
    extra.dispose()
    await shop.clock.advance('1s')
    const removed = (await reader.take()).flatMap(({ data }) => data.removed ?? [])
    expect(removed).toEqual([{ kind: 'circuit-breaker', name: 'extra' }])
  })

  it('goes on where a reader was, or says that something is missing', async () => {
    shop = service()
    const first = await open()
    await first.take()
    shop.payments.trip()
    const seen = await first.take()
    await first.leave()
    await shop.clock.advance('2s')
    shop.payments.reset()
    const again = await open({ 'last-event-id': seen.at(-1)?.id as string })
    const [resumed] = await again.take()
    expect(resumed?.data.resumed).toBe(true)
    expect(resumed?.data.transitions.map(({ type }: TransitionEvent) => type)).toContain('stateChange')
    expect(resumed?.data.transitions.every(({ seq }: TransitionEvent) => seq > seen.at(-1)?.data.seq)).toBe(
      true,
    )
    for (const id of ['other-process.1', 'nonsense', '', `${seen.at(-1)?.id}9999`]) {
      const [begun] = await (await open({ 'last-event-id': id })).take()
      expect(begun?.data.resumed).toBe(false)
      expect(begun?.data.transitions.length).toBeGreaterThan(0)
    }
    for (let i = 0; i < 260; i++) {
      await shop.clock.advance('1s')
      if (i % 2 === 0) shop.payments.trip()
      else shop.payments.reset()
    }
    const late = await open({ 'last-event-id': seen.at(-1)?.id as string })
    const [missed] = await late.take()
    expect([missed?.data.resumed, missed?.data.transitions.length]).toEqual([false, 100])
  })

  it('keeps little for a reader that does not read, and makes it good later', async () => {
    shop = service()
    for (let i = 0; i < 50; i++) circuitBreaker({ name: `breaker ${i}`, hub: shop.hub, clock: shop.clock })
    const slow = await open()
    const quick = await open()
    await quick.take()
    let quickEvents = 0
    for (let i = 0; i < 60; i++) {
      for (const { name } of shop.hub.components())
        shop.hub.publish('worker', name, 'lost', { name, reason: 'x'.repeat(190) }, undefined)
      await shop.clock.advance('1s')
      quickEvents += (await quick.take()).length
    }
    expect(quickEvents).toBeGreaterThan(3000)
    const kept = await slow.take()
    const bytes = kept.reduce((sum, { data }) => sum + JSON.stringify(data).length, 0)
    expect(bytes).toBeLessThan(400_000)
    await shop.clock.advance('2s')
    const after = await slow.take()
    expect(kinds(after)).toContain('snapshot')
  })

  it('does not flood anybody when what is rare is not', async () => {
    shop = service()
    const reader = await open()
    await reader.take()
    for (let i = 0; i < 1000; i++)
      shop.hub.publish('redis', 'main', 'down', { name: 'main', failures: i }, undefined)
    expect(await reader.take()).toHaveLength(5)
    await shop.clock.advance('1s')
    const told = async () => (await reader.take()).filter(({ event }) => event === 'transition')
    // The last one says how things are now.
    expect((await told()).map(({ data }) => [data.facts['failures'], data.suppressed])).toEqual([[999, 994]])
    shop.hub.publish('redis', 'main', 'down', { name: 'main', failures: 0 }, undefined)
    await shop.clock.advance('2s')
    expect((await told()).map(({ data }) => [data.facts['failures'], data.suppressed])).toEqual([
      [0, undefined],
    ])
  })

  it('has room for twenty, and gets room back', async () => {
    shop = service()
    for (let i = 0; i < 20; i++) await open()
    const { status, headers } = await ask(shop, `${admin}/events`, tokens.reader)
    expect([status, headers.get('retry-after')]).toEqual([503, '10'])
    await readers[0]?.leave()
    await open()
    expect(shop.ops.debugStats()['streams']).toBe(20)
    const head = await shop.ops.fetch(request(`${admin}/events`, tokens.reader, { method: 'HEAD' }))
    expect(head.status).toBe(503)
  })

  it('says goodbye when it is closed, and after an hour', async () => {
    shop = service()
    const reader = await open()
    await shop.clock.advance('61m')
    expect((await reader.take()).at(-1)).toMatchObject({ event: 'bye', data: { reason: 'renew' } })
    expect(reader.done).toBe(true)
    const other = await open()
    await other.take()
    await shop.ops.close()
    expect(await other.take()).toMatchObject([{ event: 'bye', data: { reason: 'closing' } }])
    expect((await ask(shop, `${admin}/events`, tokens.reader)).status).toBe(503)
    expect((await ask(shop, '/health')).status).toBe(200)
  })

  it('tells who reads it what an operator did', async () => {
    shop = service()
    const reader = await open()
    await reader.take()
    const reset = `${admin}/circuit-breakers/payments/reset`
    await ask(shop, reset, tokens.operator, { method: 'POST' })
    for (let i = 0; i < 100; i++) await ask(shop, reset, undefined, { method: 'POST' })
    const told = (await reader.take()).filter(({ data }) => data.kind === 'ops')
    expect(told.map(({ data }) => data.facts)).toEqual([
      { actor: 'otto', action: 'circuitBreaker.reset', target: 'payments', outcome: 'ok' },
    ])
  })
})

it('remembers the last 500 transitions, to the one', () => {
  shop = service()
  const transitions = new Transitions(
    shop.hub,
    shop.clock,
    () => 0,
    () => {},
  )
  for (let i = 1; i <= 502; i++)
    shop.hub.publish('redis', `store ${i}`, 'down', { name: `store ${i}` }, undefined)
  expect(transitions.after(2)?.map(({ seq }) => seq)).toEqual(Array.from({ length: 500 }, (_, i) => i + 3))
  expect(transitions.after(1)).toBe(undefined)
  expect([transitions.after(502), transitions.after(503)]).toEqual([[], undefined])
  transitions.close()
})
