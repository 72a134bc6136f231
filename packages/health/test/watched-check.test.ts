import { describe, expect, it, vi } from 'vitest'
import { scripted, setUp } from './toys.ts'

describe('a check', () => {
  it('is asked at once in the background, and again after its interval', async () => {
    const { health, clock } = setUp()
    const check = scripted(true)
    health.register('database', check)
    await clock.advance(0)
    expect(check.asked).toBe(1)
    await clock.advance('26s')
    expect(check.asked).toBe(1)
    await clock.advance('8s')
    expect(check.asked).toBe(2)
    expect(health.snapshot().checks[0]).toMatchObject({ name: 'database', status: 'pass', consecutive: 2 })
  })

  it('is asked again sooner after a failure', async () => {
    const { health, clock } = setUp()
    const check = scripted(false, true)
    health.register('database', { ...check, failureTtl: '5s' })
    await clock.advance(0)
    expect(health.snapshot().status).toBe('fail')
    await clock.advance('5s')
    expect(health.snapshot().status).toBe('pass')
  })

  it('takes nothing, true, false, an error and a finding for an answer, and nothing else', async () => {
    const { health, clock } = setUp()
    const odd = 'well' as unknown as boolean // as plain JavaScript could answer
    const answers = [
      undefined,
      true,
      false,
      new Error('down'),
      { status: 'warn' as const, observedValue: 3 },
      odd,
    ]
    answers.forEach((answer, i) => void health.register(`check ${i}`, scripted(answer)))
    health.register('throws at once', {
      check() {
        throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
      },
    })
    await clock.advance(0)
    const { checks } = health.snapshot()
    expect(checks.map(({ status, code }) => [status, code])).toEqual([
      ['pass', undefined],
      ['pass', undefined],
      ['fail', 'error'],
      ['fail', 'error'],
      ['warn', undefined],
      ['fail', 'error'],
      ['fail', 'refused'],
    ])
    expect(checks[4]).toMatchObject({ observedValue: 3 })
    expect(checks[3]?.output).toBe('Error: down')
  })

  it('fails when it does not answer in time, is told so, and is not asked again before it answers', async () => {
    const { health, clock } = setUp()
    const asked = vi.fn()
    let answer: (value: boolean) => void = () => {}
    let aborted = false
    health.register('slow', {
      timeout: '2s',
      failureTtl: '5s',
      check({ signal }) {
        asked()
        signal.addEventListener('abort', () => {
          aborted = true
        })
        return new Promise((resolve) => {
          answer = resolve
        })
      },
    })
    await clock.advance('2s')
    expect(health.snapshot().checks[0]).toMatchObject({ status: 'fail', code: 'timeout', duration: 2000 })
    expect(aborted).toBe(true)
    await clock.advance('5s')
    expect(health.snapshot().checks[0]).toMatchObject({ status: 'fail', code: 'hung', consecutive: 2 })
    await clock.advance('60s')
    expect(asked).toHaveBeenCalledTimes(1)
    answer(true)
    await clock.advance(0)
    expect(health.snapshot().checks[0]).toMatchObject({ status: 'fail', code: 'hung' })
    await clock.advance('5s')
    expect(asked).toHaveBeenCalledTimes(2)
  })

  it('drops the error that comes after its time', async () => {
    const { health, clock } = setUp()
    let fail: (error: Error) => void = () => {}
    health.register('late', {
      check: () =>
        new Promise((_, reject) => {
          fail = reject
        }),
    })
    await clock.advance('5s')
    fail(new Error('too late'))
    await clock.settle()
    expect(health.snapshot().checks[0]).toMatchObject({ code: 'timeout' })
    expect(health.snapshot().checks[0]).not.toHaveProperty('output')
  })

  it('is unknown when its answer is too old', async () => {
    const { health, clock } = setUp({ mode: 'on-demand', deadline: '100ms' })
    health.register('database', { ...scripted(true, 'hang'), timeout: '1h', maxStale: '2h' })
    expect((await health.report()).status).toBe('pass')
    await clock.advance('2h')
    const asked = health.report()
    await clock.advance('100ms')
    expect(await asked).toMatchObject({
      status: 'fail',
      checks: [{ status: 'unknown', lastStatus: 'pass', code: 'stale' }],
    })
  })

  it('is asked once for all who want to know, and not again while its answer serves', async () => {
    const { health, clock } = setUp({ mode: 'on-demand' })
    const check = scripted(true, false, true)
    health.register('database', { ...check, ttl: '10s', failureTtl: '2s' })
    await Promise.all([health.report(), health.report('readiness'), health.report()])
    expect(check.asked).toBe(1)
    await clock.advance('9s')
    await health.report()
    expect(check.asked).toBe(1)
    await clock.advance('1s')
    expect((await health.report()).status).toBe('fail')
    await clock.advance('1s')
    expect((await health.report()).status).toBe('fail')
    expect(check.asked).toBe(2)
    await clock.advance('1s')
    expect((await health.report()).status).toBe('pass')
  })

  it('tells when it was asked and how long it took', async () => {
    const { health, clock } = setUp()
    health.register('database', { check: () => clock.sleep(40) })
    await clock.advance('1s')
    const [result] = health.snapshot().checks
    expect(result).toMatchObject({ duration: 40, age: 960 })
    expect(result?.checkedAt).toBe(result?.since)
  })

  it('is refused with settings that make no sense', () => {
    const { health } = setUp()
    const check = () => true
    expect(() => health.register('a', { check, interval: 'soon' as never })).toThrow(
      /interval must be a duration/,
    )
    expect(() => health.register('a', { check, kinds: [] })).toThrow(/kinds must be a list/)
    expect(() => health.register('a', { check, maxStale: '10s' })).toThrow(
      /maxStale must be longer than interval/,
    )
    expect(() => health.register('a', { check, failureThreshold: 0 })).toThrow(/failureThreshold/)
    expect(() => health.register('a', { check: true as never })).toThrow(/check must be a function/)
    expect(() => health.register('a', { check, retries: 3 } as never)).toThrow(/retries/)
    expect(() => health.register('', { check })).toThrow(/name must be/)
    health.register('a', { check })
    expect(() => health.register('A', { check })).toThrow(/unique/)
  })
})
