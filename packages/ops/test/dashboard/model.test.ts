import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assetsModule } from '../../page/build.ts'
import { Announcements } from '../../page/model/announcements.ts'
import { EventStreamParser, type StreamEvent } from '../../page/model/event-stream.ts'
import {
  formatAgo,
  formatCount,
  formatCountdown,
  formatShare,
  formatTime,
  formatWord,
} from '../../page/model/format.ts'
import { arrange } from '../../page/model/order.ts'
import { circuitId, eventsKept, PageModel, seriesKept } from '../../page/model/page-model.ts'
import { since, withoutFlat } from '../../page/model/plot.ts'
import { rank } from '../../page/model/ranking.ts'
import { Ring } from '../../page/model/ring.ts'
import { saturationOf, saturationTone } from '../../page/model/saturation.ts'
import { Series } from '../../page/model/series.ts'
import { chapters, storyOf } from '../../page/model/story.ts'
import { describeTimeline, extend, segments, timelineLength } from '../../page/model/timeline.ts'
import { dashboardAssets } from '../../src/dashboard/assets.ts'
import type { CircuitView, CircuitWord, SeriesPoint, StateSpan, TransitionEvent } from '../../src/wire.ts'
import { figures, scene } from './scene.ts'

const start = 1_700_000_000_000
const scopes = ['read', 'operate', 'override'] as const

describe('the files', () => {
  it('are what the sources make: if not, run `npx tsx packages/ops/page/build.ts`', async () => {
    const { path, text } = await assetsModule()
    expect((await readFile(path, 'utf8')) === text).toBe(true)
  })

  it('need nothing that the policy of the page forbids, and nothing from elsewhere', () => {
    const page = dashboardAssets['index.html']?.body ?? ''
    expect(page).not.toMatch(/\sstyle=|\son\w+=|<style/)
    expect(page).not.toMatch(/<script(?![^>]*\ssrc=)/)
    for (const { body } of Object.values(dashboardAssets))
      expect(body).not.toMatch(/(?:src|href|url\()\s*=?\s*["']?(?:https?:)?\/\//)
    expect(dashboardAssets['ui/dashboard.js']?.body).not.toMatch(
      /innerHTML|insertAdjacentHTML|document\.write/,
    )
  })

  it('stay small: 78 kB of our own, and 30 kB as they travel', () => {
    const ours = Object.entries(dashboardAssets).flatMap(([name, { body }]) =>
      name === 'ui/uplot.js' ? [] : body,
    )
    expect(ours.reduce((sum, body) => sum + Buffer.byteLength(body), 0)).toBeLessThan(78_000)
    expect(ours.reduce((sum, body) => sum + gzipSync(body).length, 0)).toBeLessThan(30_000)
  })

  it('carry the licence of what is not ours', () => {
    expect(dashboardAssets['ui/uplot.js']?.body).toContain('Permission is hereby granted, free of charge')
  })
})

describe('charts', () => {
  it('have no line along the bottom where nothing ever is', () => {
    expect(withoutFlat([0, 0, 0, 5, 0, 0])).toEqual([null, null, 0, 5, 0, null])
    // Before anybody counted nothing is known, which is not the same as none.
    expect(since(20_000, [10, 20, 30, 40], [0, 0, 0, 7])).toEqual([null, null, 0, 7])
  })
})

describe('figures', () => {
  it.each([
    [0, '0'],
    [1.25, '1.3'],
    [999.4, '999'],
    [999.6, '1k'],
    [12_340, '12.3k'],
    [999_600, '1M'],
    [undefined, '–'],
    [Number.NaN, '–'],
  ])('count %s reads %s', (value, text) => expect(formatCount(value)).toBe(text))

  it.each([
    [0, '0 %'],
    [0.0001, '<0.1 %'],
    [0.043, '4.3 %'],
    [0.9999, '>99.9 %'],
    [1, '100 %'],
  ])('share %s reads %s', (value, text) => expect(formatShare(value)).toBe(text))

  it.each([
    [0.42, '0.4 ms'],
    [340, '340 ms'],
    [1234, '1.2 s'],
    [59_600, '1 min'],
    [185_000, '3 min 5 s'],
    [7_500_000, '2 h 5 min'],
    [86_400_000, '1 d'],
    [-5, '0 ms'],
  ])('time %s reads %s', (value, text) => expect(formatTime(value)).toBe(text))

  it('count down to zero and not past it', () => {
    expect([3001, 3000, 1, 0, -400].map(formatCountdown)).toEqual(['4 s', '3 s', '1 s', '0 s', '0 s'])
    expect([0, 5000, undefined].map(formatAgo)).toEqual(['now', '5 s ago', '–'])
  })

  it('name states as words', () => {
    expect(['halfOpen', 'cache-only', 'forcedOpen'].map(formatWord)).toEqual([
      'Half open',
      'Cache only',
      'Forced open',
    ])
  })

  it('are short for every number', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (value) => {
        expect(formatCount(value).length).toBeLessThanOrEqual(5)
        expect(formatTime(value).length).toBeLessThanOrEqual(14)
      }),
      { numRuns: 500 },
    )
  })
})

describe('the event stream', () => {
  const parse = (chunks: readonly string[]): StreamEvent[] => {
    const events: StreamEvent[] = []
    const parser = new EventStreamParser((event) => events.push(event))
    for (const chunk of chunks) parser.feed(chunk)
    return events
  }
  const text =
    ': hello\r\nretry: 3000\n\nid: 7\rdata:one\rdata: two\r\revent: delta\r\ndata: {"a":1}\r\n\r\nevent: empty\n\ndata: cut off'
  const expected = [
    { type: 'message', data: 'one\ntwo', id: '7' },
    { type: 'delta', data: '{"a":1}', id: '7' },
  ]

  it('is read however it is cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 20 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), text.length]
        expect(parse(places.slice(1).map((end, index) => text.slice(places[index], end)))).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })

  it('is given up when it has no end', () => {
    const parser = new EventStreamParser(() => {})
    const chunk = 'x'.repeat(1024 * 1024)
    expect(() => {
      for (let count = 0; count < 9; count++) parser.feed(`data: ${chunk}\n`)
    }).toThrow('more than can be read')
    expect(() => {
      const endless = new EventStreamParser(() => {})
      for (let count = 0; count < 9; count++) endless.feed(chunk)
    }).toThrow('more than can be read')
  })
})

describe('a ring', () => {
  it('keeps the last ones in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        (items, capacity) => {
          const ring = new Ring<number>(capacity)
          for (const item of items) ring.push(item)
          expect(ring.toArray()).toEqual(items.slice(-capacity))
          expect(ring.newest()).toBe(items.at(-1))
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('the order of rows', () => {
  it('is by what matters, unless somebody is at work among them', () => {
    expect(arrange(['a', 'b', 'c'], ['c', 'b', 'a'], false)).toEqual(['c', 'b', 'a'])
    expect(arrange(['a', 'b', 'c'], ['d', 'c', 'a'], true)).toEqual(['a', 'c', 'd'])
  })

  it('holds the same rows either way', () => {
    const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'))
    fc.assert(
      fc.property(keys, keys, fc.boolean(), (shown, sorted, hold) => {
        const order = arrange(shown, sorted, hold)
        expect([...order].sort()).toEqual([...sorted].sort())
        const stayed = shown.filter((key) => sorted.includes(key))
        if (hold) expect(order.slice(0, stayed.length)).toEqual(stayed)
      }),
      { numRuns: 500 },
    )
  })

  it('puts pinned circuits first, then those in trouble', () => {
    const named = (name: string, state: CircuitWord, trouble = 0, calls = 0) => ({
      circuit: { ...(scene(start, scopes).snapshot.circuitBreakers[0] as CircuitView), name, state },
      trouble,
      calls,
    })
    const circuits = [
      named('quiet', 'closed'),
      named('busy', 'closed', 0, 500),
      named('failing', 'closed', 30, 40),
      named('half', 'halfOpen'),
      named('open', 'open'),
      named('pinned', 'closed'),
    ]
    const order = rank(circuits, new Set([circuitId({ name: 'pinned' })]))
    expect(order.map(({ name }) => name)).toEqual(['pinned', 'open', 'half', 'failing', 'busy', 'quiet'])
  })
})

describe('the strip of a circuit', () => {
  const spans: readonly StateSpan[] = [
    { since: start - 2 * timelineLength, state: 'closed' },
    { since: start - 300_000, state: 'open' },
    { since: start - 60_000, state: 'closed' },
  ]

  it('fills the quarter of an hour', () => {
    expect(segments(spans, start)).toEqual([
      { state: 'closed', from: 0, to: expect.closeTo(2 / 3, 9) },
      { state: 'open', from: expect.closeTo(2 / 3, 9), to: expect.closeTo(14 / 15, 9) },
      { state: 'closed', from: expect.closeTo(14 / 15, 9), to: 1 },
    ])
  })

  it('is told in words as well', () => {
    expect(describeTimeline(spans, start)).toBe('In the last 15 min: closed 11 min, open 4 min; 2 changes.')
    expect(describeTimeline([], start)).toBe('Nothing is known about the last 15 minutes.')
    expect(describeTimeline([{ since: start - 5000, state: 'open' }], start)).toBe(
      'Open for all of the last 5 s.',
    )
  })

  it('is of bounded length however the circuit flickers', () => {
    let known: readonly StateSpan[] = []
    for (let step = 0; step < 5000; step++)
      known = extend(
        known,
        { since: start + step * 100, state: step % 2 === 0 ? 'open' : 'halfOpen' },
        start + step * 100,
      )
    expect(known.length).toBe(120)
    expect(known.at(-1)?.since).toBe(start + 499_900)
  })

  it('forgets what is older than itself', () => {
    const later = start + timelineLength * 2
    expect(extend(spans, { since: start - 60_000, state: 'closed' }, later)).toEqual([spans[2]])
  })
})

describe('the seconds of a breaker', () => {
  const point = (calls: number, more: Partial<SeriesPoint> = {}): SeriesPoint => ({
    kind: 'circuit-breaker',
    name: 'a',
    calls,
    failures: 0,
    rejections: 0,
    p50: null,
    p95: null,
    p99: null,
    ...more,
  })

  it('count seconds without news as seconds without calls', () => {
    const series = new Series()
    series.add(start, point(6, { failures: 2, p50: 12, p99: 80 }))
    series.add(start + 10_000, point(4, { p50: 14, p99: 60 }))
    expect(series.summary(60)).toEqual({
      calls: 10,
      failures: 2,
      rejections: 0,
      p50: 14,
      p95: undefined,
      p99: 80,
    })
    expect(series.summary(5).calls).toBe(4)
    series.advance(start + 1_000_000)
    expect(series.summary(900).calls).toBe(0)
  })

  it('lose nothing when two seconds end in one', () => {
    const series = new Series()
    series.add(start + 10, point(1))
    series.add(start + 980, point(1))
    expect(series.summary(60).calls).toBe(2)
  })

  it('take the past once, also if news of it comes late', () => {
    const series = new Series()
    series.add(start - 5000, point(9))
    const calls = Array.from({ length: 900 }, () => 1)
    const nothing = calls.map(() => null)
    const view = {
      kind: '',
      name: 'a',
      calls,
      failures: calls,
      rejections: calls,
      p50: nothing,
      p95: nothing,
      p99: nothing,
    }
    series.load(start, { ...view, states: [] })
    series.add(start, point(5))
    expect(series.summary(900).calls).toBe(900)
    series.add(start + 1000, point(5))
    expect(series.summary(1).calls).toBe(5)
  })

  it('are averaged over steps that stand still while time passes', () => {
    const series = new Series()
    for (let second = 0; second <= 40; second++) series.add(start + second * 1000, point(second))
    const at = series.times(10).indexOf((start + 20_000) / 1000)
    const before = series.rates('calls', 10)[at]
    series.add(start + 41_000, point(41))
    expect(series.rates('calls', 10)[at]).toBe(before)
    expect(series.rates('calls', 10)).toHaveLength(series.times(10).length)
  })
})

describe('what the page knows', () => {
  const opened = (): PageModel => {
    const model = new PageModel()
    const { snapshot, series } = scene(start, scopes)
    model.snapshot(snapshot, start - 7000)
    model.past({ end: start, step: 1000, series })
    return model
  }

  it('comes from a snapshot and the changes since', () => {
    const model = opened()
    expect(model.now(start - 7000)).toBe(start)
    const payments = model.circuits.get(circuitId({ name: 'payments' })) as CircuitView
    model.delta(
      {
        seq: 41,
        time: start + 1000,
        figures: figures(7),
        circuitBreakers: [{ ...payments, state: 'closed', since: start + 400 }],
        removed: [
          { kind: 'circuit-breaker', name: 'mail' },
          { kind: 'bulkhead', name: 'catalogue' },
        ],
        points: [],
      },
      start - 6000,
    )
    expect(model.circuits.get(circuitId(payments))?.state).toBe('closed')
    expect(model.spans(circuitId(payments)).at(-1)).toEqual({ since: start + 400, state: 'closed' })
    expect(model.circuits.has(circuitId({ name: 'mail' }))).toBe(false)
    expect(model.components.size).toBe(4)
    // What was left out is as it was.
    expect(model.degradation?.level).toBe('moderate')
    expect(model.total.summary(900).calls).toBeGreaterThan(50_000)
  })

  it('is forgotten at a new snapshot', () => {
    const model = opened()
    const { snapshot } = scene(start + 60_000, ['read'])
    model.snapshot({ ...snapshot, circuitBreakers: [], components: [], transitions: [] }, start)
    expect(model.size()).toMatchObject({ circuits: 0, components: 0, events: 0, series: 0, spans: 0 })
    expect(model.session?.scopes).toEqual(['read'])
  })

  it('takes no more room after a day than after forty minutes', () => {
    const model = opened()
    const { snapshot } = scene(start, scopes)
    const states: readonly CircuitWord[] = ['open', 'halfOpen', 'closed']
    let early: Record<string, number> = {}
    for (let second = 4; second <= 86_400; second += 4) {
      const time = start + second * 1000
      // One circuit flickers, checks answer, something happens all the time, and breakers of single keys come and go.
      const circuit = {
        ...(snapshot.circuitBreakers[0] as CircuitView),
        state: states[(second / 4) % 3] as CircuitWord,
        since: time,
      }
      const passing = { ...circuit, name: `host-${second}` }
      model.delta(
        {
          seq: 41 + second,
          time,
          figures: figures(8),
          circuitBreakers: [circuit, passing],
          removed: [{ kind: 'circuit-breaker', name: `host-${second - 1000}` }],
          ...(second % 40 === 0 && {
            health: {
              ...(snapshot.health as NonNullable<typeof snapshot.health>),
              checks: (snapshot.health?.checks ?? []).map((check) => ({ ...check, checkedAt: time })),
            },
          }),
          points: [
            {
              kind: 'circuit-breaker',
              name: passing.name,
              calls: 3,
              failures: 1,
              rejections: 0,
              p50: 1,
              p95: 2,
              p99: 3,
            },
          ],
        },
        time,
      )
      model.transition({ seq: 41 + second, time, kind: 'x', name: 'y', type: 'z', facts: {} })
      if (second === 2400) early = model.size()
    }
    expect(model.size()).toEqual(early)
    expect(model.size()).toMatchObject({
      events: eventsKept,
      series: seriesKept,
      circuits: 257,
      results: 150,
    })
    expect(model.eventCount).toBe(21_610)
    expect(model.total.summary(900).calls).toBe(675)
  })

  it('tells circuits with strange names and keys apart', () => {
    const ids = [
      { name: 'a', key: 'b' },
      { name: '["a","b"]' },
      { name: 'a' },
      { name: 'a,b' },
      { name: '__proto__' },
    ]
    expect(new Set(ids.map(circuitId)).size).toBe(ids.length)
  })
})

describe('limits', () => {
  const of = (kind: string, snapshot: Readonly<Record<string, unknown>>) =>
    saturationOf({ kind, name: 'a', snapshot, actions: [] })

  it('are told from the snapshots of what has one', () => {
    expect(of('bulkhead', { concurrency: 20, active: 15, queue: 50, queued: 3 })).toEqual({
      share: 0.75,
      text: '15 of 20 in use, 3 of 50 waiting',
    })
    const rejected = { full: 7, maxWait: 2, deadline: 1, aborted: 40 }
    expect(of('bulkhead', { concurrency: 20, active: 20, queued: 0, rejected }).text).toBe(
      '20 of 20 in use, 0 waiting, 10 turned away',
    )
    expect(of('rate-limit', { limit: 100, per: 1000, burst: 100, available: 25.5, queued: 0 })).toEqual({
      share: 0.745,
      text: '25 calls free, 100 per 1 s',
    })
    expect(of('timeout', { limit: 2000, active: 3, timeouts: 1 })).toEqual({
      share: undefined,
      text: 'limit 2 s, active 3, timeouts 1',
    })
    const providers = [
      { provider: 'primary', state: 'cooling', cooldown: 4000, excluded: undefined },
      { provider: 'secondary', state: 'healthy', cooldown: 0, excluded: undefined },
      { provider: 'spare', state: 'healthy', cooldown: 0, excluded: 'no credit' },
    ]
    expect(of('failover', { providers, calls: 1 }).text).toBe(
      'primary cooling for 4 s, secondary healthy, spare excluded',
    )
    expect(of('strange', { list: [1], nothing: null })).toEqual({ share: undefined, text: 'no figures' })
  })

  it('are worth a look from four fifths on', () => {
    expect([undefined, 0.5, 0.8, 1].map(saturationTone)).toEqual(['none', 'ok', 'warn', 'bad'])
  })
})

describe('what happened', () => {
  it('is told in a sentence', () => {
    const { transitions } = scene(start, scopes).snapshot
    expect(transitions.map((event) => storyOf(event).text)).toEqual([
      'grace: circuitBreaker.force-open search',
      'Circuit search is isolated (isolate)',
      'Circuit inventory is open (failure rate)',
      'Level normal → moderate (rule)',
      'Circuit payments is open (failure rate)',
      'Check redis: fail (timeout)',
      'Health is warn',
      'Dead letter in orders: timeout',
      'Circuit inventory is half open (recovery timeout)',
      'Feature recommendations is off',
    ])
  })

  it('is told of upkeep by its outcome', () => {
    const ran = (outcome: string, failures: number): string => {
      const facts = { job: 'tidyUp', outcome, duration: 3, failures }
      const { text, tone } = storyOf({
        seq: 1,
        time: start,
        kind: 'upkeep',
        name: 'default',
        type: 'ran',
        facts,
      })
      return `${tone}: ${text}`
    }
    expect(ran('done', 0)).toBe('plain: Upkeep tidyUp: done')
    expect(ran('failed', 1)).toBe('warn: Upkeep tidyUp: failed')
    expect(ran('failed', 3)).toBe('warn: Upkeep tidyUp: failed 3 times in a row')
  })

  it('is told once when it happens again and again, unless it matters', () => {
    const event = (seq: number, type: string, to = '', suppressed = 0): TransitionEvent => ({
      seq,
      time: start,
      kind: to === '' ? 'worker' : 'circuit-breaker',
      name: 'w',
      type,
      facts: to === '' ? {} : { to },
      suppressed,
    })
    const events = [
      event(11, 'recovered'),
      event(10, 'storeError'),
      event(9, 'recovered'),
      event(8, 'storeError'),
      event(7, 'storeError'),
      event(6, 'storeError', '', 40),
      event(5, 'stateChange', 'open'),
      event(4, 'stateChange', 'open'),
      event(3, 'storeError'),
    ]
    expect(chapters(events).map(({ key, story, count }) => [key, story.text, count])).toEqual([
      ['9', 'w: recovered', 2],
      ['6', 'w: store error', 44],
      ['5', 'Circuit w is open', 1],
      ['4', 'Circuit w is open', 1],
      ['3', 'w: store error', 1],
    ])
  })
})

describe('announcements', () => {
  it('come at most every five seconds, and only the latest', () => {
    const announcements = new Announcements()
    announcements.add('first')
    expect(announcements.take(0)).toBe('first.')
    for (const text of ['a', 'b', 'b', 'c', 'd', 'e']) announcements.add(text)
    expect(announcements.take(4999)).toBeUndefined()
    expect(announcements.take(5000)).toBe('2 more changes. c. d. e.')
    expect(announcements.take(60_000)).toBeUndefined()
  })
})
