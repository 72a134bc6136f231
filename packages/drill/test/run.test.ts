import {
  type DrillEvent,
  type DrillReport,
  drill,
  formatReport,
  phases,
  reportOf,
  reportPage,
  standardLimits,
} from '@seaworthy/drill'
import { VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { brief, serviceOnly, shop } from './run-services.ts'

const status = (report: DrillReport, id: string): string | undefined =>
  report.criteria.find((each) => each.id === id)?.status
const context = { eventHash: '', limits: standardLimits, took: 0, failures: [] }
const again = (events: readonly DrillEvent[]): DrillReport => reportOf(events, context)

describe('a drill of a good service', () => {
  const run = drill({ ...serviceOnly, simulated: shop() })

  it('goes through the phases in order, and cleans up last', async () => {
    const { events, phases_completed } = await run
    const ended = events.flatMap((event) => (event.type === 'phase.ended' ? event.phase : []))
    expect(ended).toEqual(phases)
    expect(phases_completed).toEqual(phases.filter((phase) => !serviceOnly.without.includes(phase as never)))
  })

  it('breaks it by every scenario that can be tried, and it recovers from each', async () => {
    const { chaos_events_triggered, successful_recoveries, figures } = await run
    expect(chaos_events_triggered).toBeGreaterThanOrEqual(8)
    expect(successful_recoveries).toBe(chaos_events_triggered)
    expect(figures.injections.every(({ affected }) => affected > 0)).toBe(true)
    expect(figures.skippedScenarios).toEqual(['resource_pressure'])
  })

  it('says that nothing failed, and that not everything was tried', async () => {
    const report = await run
    expect(report.criteria.filter((each) => each.status === 'fail')).toEqual([])
    expect(report).toMatchObject({ overall_result: 'PARTIAL', exit_code: 2 })
    expect(status(report, 'scenarios')).toBe('inconclusive')
  })

  it('is the same for the same seed, and another for another', async () => {
    const { event_hash, events } = await run
    const second = await drill({ ...serviceOnly, simulated: shop() })
    expect(second.event_hash).toBe(event_hash)
    expect(second.events.filter(({ on }) => on === 'virtual')).toEqual(
      events.filter(({ on }) => on === 'virtual'),
    )
    expect((await drill({ ...serviceOnly, simulated: shop(), seed: 2 })).event_hash).not.toBe(event_hash)
  })

  it('verify 63: every number of the report can be computed again from its events', async () => {
    const report = await run
    const read = JSON.parse(JSON.stringify(report)) as DrillReport
    const { criteria, figures } = again(read.events)
    expect(JSON.parse(JSON.stringify({ criteria, figures }))).toEqual({
      criteria: read.criteria,
      figures: read.figures,
    })
    // And by somebody who shares no code with it.
    const seconds = read.events.filter((event) => event.type === 'traffic')
    const count = (ending: 'full' | 'degraded' | 'shed' | 'failed'): number =>
      seconds.reduce(
        (sum, { ended: { critical, normal, low } }) => sum + critical[ending] + normal[ending] + low[ending],
        0,
      )
    expect(read.figures.traffic.all.ended).toEqual({
      full: count('full'),
      degraded: count('degraded'),
      shed: count('shed'),
      failed: count('failed'),
    })
    const happened = (what: string): number =>
      read.events.filter((event) => event.type === 'injection' && event.happened === what).length
    expect([read.chaos_events_triggered, read.successful_recoveries]).toEqual([
      happened('injected'),
      happened('recovered'),
    ])
    expect(read.criteria.find(({ id }) => id === 'availability')?.value).toBe(
      (count('full') + count('degraded')) /
        (count('full') + count('degraded') + count('shed') + count('failed')),
    )
  })

  it('verify 64: no criterion passes on nothing, whatever the log lacks', async () => {
    const { events } = await run
    const kinds = [...new Set(events.map(({ type }) => type))]
    let open = 0
    fc.assert(
      fc.property(fc.subarray(kinds), (missing) => {
        const { criteria } = again(events.filter(({ type }) => !missing.includes(type)))
        for (const each of criteria) {
          if (each.samples === 0) expect(each.status).toBe('inconclusive')
          if (each.status === 'inconclusive') open++
        }
      }),
      { numRuns: 300 },
    )
    expect(open).toBeGreaterThan(0)
    expect(again([])).toMatchObject({ overall_result: 'PARTIAL', exit_code: 2 })
  })
})

describe('a drill of a service that', () => {
  it('fails without any fault breaks nothing, and says so', async () => {
    const broken = shop({ broken: true })
    const report = await drill({ ...serviceOnly, simulated: broken })
    expect(report).toMatchObject({ chaos_events_triggered: 0, exit_code: 3, overall_result: 'PARTIAL' })
    expect(report.phases_completed).toEqual(['INITIALIZATION', 'CLEANUP'])
    expect(broken.stopped).toBe(1)
  })

  it('has no defence fails for its availability', async () => {
    const report = await drill({ ...serviceOnly, simulated: shop({ unprotected: true }) })
    expect(report).toMatchObject({ overall_result: 'FAILED', exit_code: 1 })
    expect(status(report, 'availability')).toBe('fail')
    expect(status(report, 'error_rate')).toBe('pass')
  })

  it('never answers some requests fails for them', async () => {
    const lost = shop({ neverAnswers: ({ number }) => number % 50 === 0 })
    const report = await drill({ ...serviceOnly, simulated: lost })
    expect(status(report, 'requests_lost')).toBe('fail')
    expect(report.figures.unanswered).toBe(Math.floor(report.figures.traffic.all.sent / 50))
  })

  it('leaves a circuit open does not recover, and is not well in the end', async () => {
    const report = await drill({ ...serviceOnly, simulated: shop({ staysOpen: true }) })
    expect(report.successful_recoveries).toBeLessThan(report.chaos_events_triggered)
    expect([status(report, 'recovery_rate'), status(report, 'circuits_closed')]).toEqual(['fail', 'fail'])
    expect(report.recommendations.map(({ advice }) => advice).join()).toMatch(/come back by itself/)
  })

  it('holds on to something fails for it', async () => {
    const report = await drill({ ...serviceOnly, simulated: shop({ leaks: true }) })
    expect(status(report, 'leftovers')).toBe('fail')
    expect(report.criteria.find(({ id }) => id === 'leftovers')?.detail).toMatch(/^held: \d+ instead of 0/)
  })

  it('cannot be stopped is told of before everything else', async () => {
    const report = await drill({ ...serviceOnly, simulated: shop({ cannotStop: true, unprotected: true }) })
    expect(report).toMatchObject({ overall_result: 'FAILED', exit_code: 4 })
  })

  it('cannot be started is a problem of the drill', async () => {
    const start = async (): Promise<never> => {
      throw new Error('no port')
    }
    const report = await drill({ ...serviceOnly, simulated: { name: 'none', start } })
    expect(report).toMatchObject({ overall_result: 'FAILED', exit_code: 70 })
    expect(report.problems[0]).toMatch(/no port/)
    expect(report.phases_completed).toEqual(['CLEANUP'])
  })
})

describe('a drill that is interrupted', () => {
  it.each(phases.slice(0, 7).filter((phase) => !serviceOnly.without.includes(phase as never)))(
    'in %s takes everything back, stops the service and reports',
    async (phase) => {
      const service = shop()
      const stop = new AbortController()
      const report = await drill({
        ...serviceOnly,
        simulated: service,
        signal: stop.signal,
        onEvent(event) {
          const late =
            phase === 'CHAOS_INJECTION' ? event.type === 'injection' : event.type !== 'phase.started'
          if (event.phase === phase && late) stop.abort('enough')
        },
      })
      expect(report).toMatchObject({ interrupted: true, overall_result: 'PARTIAL' })
      expect(report.phases_completed.at(-1)).toBe('CLEANUP')
      expect(service.stopped).toBe(1)
      expect(report.figures.injections.every(({ until }) => until !== undefined)).toBe(true)
      const clock = service.world?.clock
      expect(clock instanceof VirtualClock && clock.pendingTimers).toBe(0)
    },
  )

  it('before it began does nothing but clean up', async () => {
    const report = await drill({ ...serviceOnly, simulated: shop(), signal: AbortSignal.abort() })
    expect(report.phases_completed).toEqual(['CLEANUP'])
    expect(report.interrupted).toBe(true)
  })
})

describe('a report', () => {
  const evil = '<script>alert("& more")</script>'
  const run = drill({
    ...serviceOnly,
    simulated: { ...shop(), name: evil },
    profile: { ...brief, name: evil },
  })

  it('is a page of its own that loads nothing and runs nothing', async () => {
    const page = reportPage(await run)
    expect(page).not.toMatch(/<script|https?:|url\(|@import/)
    expect(page).toContain('&#60;script&#62;')
    expect(page).toMatch(/default-src 'none'/)
    for (const tag of ['table', 'section', 'svg', 'figure', 'tbody', 'tr', 'td'])
      expect(page.match(new RegExp(`<${tag}[ >]`, 'g'))?.length ?? 0).toBe(
        page.match(new RegExp(`</${tag}>`, 'g'))?.length ?? 0,
      )
  })

  it('says the same on a terminal', async () => {
    const report = await run
    const text = formatReport(report)
    for (const { title } of report.criteria) expect(text).toContain(title)
    expect(text).toContain(report.overall_result)
  })
})
