import { breakerPerKey, circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub } from '@seaworthy/core'
import { retry } from '@seaworthy/retry'
import { seededRandom, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { Ledger } from '../src/figures/ledger.ts'
import { LogHistogram } from '../src/figures/log-histogram.ts'
import { Timeline } from '../src/figures/timeline.ts'
import { Totals } from '../src/figures/totals.ts'
import { createOps, reportAsMarkdown } from '../src/index.ts'
import { admin, ask, auth, epoch, tokens } from './toys.ts'

describe('the histogram', () => {
  it('finds quantiles within 8 %, for any durations of its range', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.5, 0.95, 0.99),
        (durations, q) => {
          const histogram = new LogHistogram()
          for (const duration of durations) histogram.add(duration)
          const sorted = durations.toSorted((a, b) => a - b)
          const exact = sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] as number
          expect(Math.abs((histogram.quantile(q) as number) / exact - 1)).toBeLessThan(0.081)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('takes what is out of its range, and adds up', () => {
    const one = new LogHistogram()
    for (const duration of [0, -1, 1e9, Number.POSITIVE_INFINITY]) one.add(duration)
    const two = new LogHistogram()
    two.addAll(one)
    two.addAll(one)
    expect([two.total, two.quantile(0.25), two.quantile(1)]).toEqual([8, 0.05, one.quantile(1)])
    two.clear()
    expect([two.total, two.quantile(0.5)]).toEqual([0, undefined])
  })
})

describe('the timeline', () => {
  it('has the last 900 seconds, oldest first, and its states as spans', () => {
    const timeline = new Timeline('circuit-breaker', 'payments')
    for (let i = 0; i < 2000; i++)
      timeline.push({
        calls: i,
        failures: 0,
        rejections: 0,
        p50: i % 2 === 0 ? 1.5 : null,
        p95: null,
        p99: null,
        state: i < 1990 ? 'closed' : 'open',
      })
    const view = timeline.view(900, 1_000_000)
    expect([view.calls.length, view.calls[0], view.calls.at(-1)]).toEqual([900, 1100, 1999])
    expect(view.p50.slice(-2)).toEqual([1.5, null])
    expect(view.states).toEqual([
      { since: 100_000, state: 'closed' },
      { since: 990_000, state: 'open' },
    ])
    expect(timeline.sums(2)).toEqual({ calls: 3997, failures: 0, rejections: 0 })
  })

  it('has no states for seconds before it was there', () => {
    const timeline = new Timeline('circuit-breaker', 'payments')
    timeline.push({
      calls: 1,
      failures: 1,
      rejections: 0,
      p50: null,
      p95: null,
      p99: null,
      state: 'halfOpen',
    })
    expect(timeline.view(3, 10_000)).toMatchObject({
      calls: [0, 0, 1],
      states: [{ since: 9000, state: 'halfOpen' }],
    })
  })
})

describe('the ledger', () => {
  it('agrees with a list of everything, whatever happens when', () => {
    const steps = fc.array(
      fc.record({
        wait: fc.oneof(fc.nat(400_000), fc.nat(100_000_000)),
        what: fc.constantFrom('a', 'b'),
        window: fc.nat(90_000_000),
      }),
      { maxLength: 60 },
    )
    let forgot = 0
    fc.assert(
      fc.property(steps, (all) => {
        const ledger = new Ledger(0)
        const list: { slot: number; what: string }[] = []
        let now = 0
        for (const { wait, what, window } of all) {
          now += wait
          ledger.add(now, 'kind', 'name', what)
          list.push({ slot: Math.floor(now / 300_000), what })
          const slot = Math.floor(now / 300_000)
          const first = Math.max(Math.floor((now - window) / 300_000), slot - 287)
          const counted = list.filter((each) => each.slot >= first)
          forgot += list.length - counted.length
          for (const { what: name, value } of ledger.sums(now, window))
            expect(value).toBe(counted.filter((each) => each.what === name).length)
        }
      }),
      { numRuns: 200 },
    )
    expect(forgot).toBeGreaterThan(0)
  })

  it('remembers a whole day, to the slot', () => {
    const ledger = new Ledger(0)
    ledger.add(0, 'kind', 'name', 'what')
    const value = (slot: number) => ledger.sums(slot * 300_000, 86_400_000)[0]?.value
    expect([value(286), value(287), value(288), value(600)]).toEqual([1, 1, 0, 0])
  })

  it('has room for so many names, and no more', () => {
    const ledger = new Ledger(0)
    for (let i = 0; i < 5000; i++) ledger.add(1, 'kind', `name ${i}`, 'what')
    expect(ledger.sums(1, 1000)).toHaveLength(3000)
  })
})

describe('totals', () => {
  it('grow by what is new, begin again with a new component, and forget keys that are gone', () => {
    const totals = new Totals()
    const read = (...values: [string, number][]) =>
      totals.grown(
        'breaker',
        values.map(([key, value]) => ({ key, what: 'success', value })),
      )
    expect(read(['a', 5], ['b', 1]).get('success')).toBe(6)
    expect(read(['a', 7], ['b', 1]).get('success')).toBe(2)
    expect(read(['a', 3]).get('success')).toBe(3)
    expect(read(['a', 3], ['b', 4]).get('success')).toBe(4)
  })
})

describe('charts and reports', () => {
  const clock = new VirtualClock()
  let closing: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of closing) await close()
    closing = []
    expect(clock.pendingTimers).toBe(0)
  })

  function start() {
    const hub = new Hub()
    const began = clock.now()
    const ops = createOps({
      hub,
      clock,
      wallClock: () => epoch + clock.now() - began,
      auth,
      profile: 'production',
    })
    closing.push(() => ops.close())
    const shared = { hub, clock, random: seededRandom(1) }
    return {
      hub,
      ops,
      clock,
      shared,
      get: (path: string) => ask({ ops, clock }, `${admin}/${path}`, tokens.reader),
    }
  }

  it('tell calls, failures, rejections, response times and states by the second', async () => {
    const { shared, get } = start()
    const breaker = circuitBreaker({ name: 'stock', ...shared, failureThreshold: 2, recoveryTimeout: '3s' })
    const keyed = breakerPerKey({ name: 'tenants', ...shared }, {})
    await clock.advance(100)
    for (let i = 0; i < 10; i++) void breaker.execute(() => clock.sleep(i === 9 ? 400 : 50))
    await keyed.execute(async () => {}, { key: 'a' })
    await keyed.execute(async () => {}, { key: 'b' })
    await clock.advance(900)
    const down = () => Promise.reject(new Error('down'))
    for (let i = 0; i < 5; i++) await breaker.settle(down)
    await clock.advance('1s')
    const { body } = await get('series?seconds=3')
    const [stock, tenants] = body.series
    expect([body.end, body.step]).toEqual([epoch + 2000, 1000])
    expect(stock).toMatchObject({ calls: [0, 10, 2], failures: [0, 0, 2], rejections: [0, 0, 3] })
    expect(stock.p50[1]).toBeGreaterThan(45)
    expect(stock.p50[1]).toBeLessThan(55)
    expect(stock.p99[1]).toBeGreaterThan(360)
    expect(stock.states).toMatchObject([{ state: 'closed' }, { since: epoch + 1000, state: 'open' }])
    expect(tenants).toMatchObject({ kind: 'circuit-breaker-per-key', calls: [0, 2, 0] })
    expect((await get('series?seconds=1&name=stock')).body.series).toHaveLength(1)
    expect((await get('series?seconds=901')).status).toBe(400)
  })

  it('what happened before counts for nothing, and calls are timed of a sample only', async () => {
    const hub = new Hub()
    const breaker = circuitBreaker({ name: 'stock', hub, clock })
    for (let i = 0; i < 7; i++) await breaker.execute(async () => {})
    const ops = createOps({ hub, clock, auth, profile: 'production' })
    closing.push(() => ops.close())
    await clock.advance('1s')
    let timed = 0
    const stop = hub.on('call', () => timed++)
    stop()
    for (let i = 0; i < 600; i++) await breaker.execute(async () => {})
    await clock.advance('1s')
    const series = (await ask({ ops, clock }, `${admin}/series?seconds=2`, tokens.reader)).body.series[0]
    expect(series.calls).toEqual([0, 600])
    // Nobody listens any more after the sample: breakers do not time what nobody wants.
    for (let i = 0; i < 500; i++) await breaker.execute(async () => {})
    expect([timed, hub.wants('call')]).toEqual([0, false])
    await clock.advance('1s')
    expect(hub.wants('call')).toBe(true)
  })

  it('a report says nothing when there is nothing to say', async () => {
    const { get } = start()
    await clock.advance('10m')
    const { body } = await get('reports/reliability?window=5m')
    expect(body).toMatchObject({
      availability: { calls: 0, share: null },
      circuitBreakers: [],
      recommendations: [],
      topFailures: [],
    })
    expect((await get('reports/reliability?window=x')).status).toBe(400)
    expect((await get('reports/reliability?format=pdf')).status).toBe(400)
  })

  it('a report has what happened, and what follows from it', async () => {
    const { shared, get, ops } = start()
    const breaker = circuitBreaker({
      name: 'stock',
      ...shared,
      failureThreshold: 2,
      recoveryTimeout: '2s',
      successThreshold: 1,
    })
    const retries = retry({ name: 'stock | <b>retry</b>', ...shared, attempts: 2, delay: '10ms' })
    for (let round = 0; round < 8; round++) {
      for (let i = 0; i < 40; i++) await breaker.execute(async () => {})
      for (let i = 0; i < 2; i++) await breaker.settle(() => Promise.reject(new Error('down')))
      await breaker.settle(async () => {})
      await clock.advance('2s')
      await breaker.execute(async () => {})
      await clock.advance('58s')
    }
    for (let i = 0; i < 60; i++)
      await clock.runUntilSettled(retries.settle(() => Promise.reject(new Error('down'))))
    await clock.advance('1s')
    const { body } = await get('reports/reliability?window=1h')
    expect(body.circuitBreakers).toMatchObject([
      { name: 'stock', calls: 344, failures: 16, rejected: 8, openings: 8, meanTimeToRecovery: 2000 },
    ])
    expect(body.availability).toMatchObject({ calls: 344, failures: 16, rejected: 8, share: 0.9318 })
    expect(body.retries).toMatchObject({ retries: 60, saved: 0, gaveUp: 60 })
    expect(body.topFailures[0]).toMatchObject({ kind: 'retry', failureClass: 'transient', count: 60 })
    expect(body.recommendations).toMatchObject([
      { name: 'stock', option: 'failureThreshold', evidence: { openings: 8, meanTimeToRecovery: 2000 } },
      { kind: 'retry', option: 'attempts', evidence: { saved: 0, exhausted: 60, retries: 60 } },
    ])
    const markdown = await get('reports/reliability?window=1h&format=markdown')
    expect(markdown.headers.get('content-type')).toBe('text/markdown; charset=utf-8')
    expect(markdown.text).toContain('| stock | 344 | 16 | 8 | 8 | 2s |')
    expect(markdown.text).toContain('stock \\| \\<b\\>retry')
    expect(reportAsMarkdown(ops.report(3_600_000))).toContain('# Reliability report')
    await clock.advance('2h')
    expect((await get('reports/reliability?window=1h')).body).toMatchObject({
      availability: { calls: 0 },
      recommendations: [],
    })
  })
})
