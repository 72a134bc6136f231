import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { Emitter, type EventMap, Hub, InvalidOptionError } from '@seaworthy/core'
import { createDegradation } from '@seaworthy/degradation'
import { fixed, retry } from '@seaworthy/retry'
import {
  consoleLogger,
  currentRequest,
  type Logger,
  type LogLevel,
  logEvents,
  requestFrom,
  withRequest,
} from '@seaworthy/telemetry'
import { VirtualClock } from '@seaworthy/testing'
import { pino } from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { leakyError, secret, service } from './service.ts'

interface Line {
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A logger, and what it was told. */
function notebook(): { readonly logger: Logger; readonly lines: Line[] } {
  const lines: Line[] = []
  const log = (level: LogLevel) => (fields: object, message: string) =>
    lines.push({ level, message, fields: { ...fields } })
  return { logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }, lines }
}

afterEach(() => vi.restoreAllMocks())

describe('logEvents', () => {
  it('logs changes of state as warnings, with flat fields', () => {
    const hub = new Hub()
    const { logger, lines } = notebook()
    const stop = logEvents({ logger, hub })
    const breaker = circuitBreaker({ name: 'payments', hub })
    breaker.trip()
    expect(lines).toEqual([
      {
        level: 'warn',
        message: "circuit-breaker 'payments': stateChange",
        fields: expect.objectContaining({
          event: 'stateChange',
          kind: 'circuit-breaker',
          name: 'payments',
          from: 'closed',
          to: 'open',
          reason: 'trip',
        }),
      },
    ])
    stop()
    breaker.reset()
    expect([lines.length, hub.silent]).toEqual([1, true])
    breaker.dispose()
  })

  it('does not make policies tell of every call', () => {
    const hub = new Hub()
    const stop = logEvents({ logger: notebook().logger, hub })
    expect(['success', 'call', 'failure', 'hit', 'started'].filter((type) => hub.wants(type))).toEqual([])
    stop()
  })

  it('logs what operators do, as a warning when it was refused or failed', () => {
    const hub = new Hub()
    const { logger, lines } = notebook()
    const stop = logEvents({ logger, hub, clock: new VirtualClock() })
    const ops = new Emitter<EventMap>('ops', 'default', hub)
    const did = (action: string, target: string, outcome: string): void =>
      ops.emit('adminAction', { actor: 'ada', action, target, outcome })
    did('circuitBreaker.reset', 'payments', 'ok')
    did('circuitBreaker.reset', 'search', 'ok')
    did('deadLetters.purge', 'orders', 'denied')
    did('deadLetter.retry', 'orders/1', 'error')
    ops.emit('auditFailed', { lost: 1 })
    expect(
      lines.map(({ level, fields }) => [level, fields['event'], fields['target'], fields['outcome']]),
    ).toEqual([
      ['info', 'adminAction', 'payments', 'ok'],
      ['info', 'adminAction', 'search', 'ok'],
      ['warn', 'adminAction', 'orders', 'denied'],
      ['warn', 'adminAction', 'orders/1', 'error'],
      ['error', 'auditFailed', undefined, undefined],
    ])
    stop()
  })

  it('logs runs of upkeep: failures as warnings, turns of other instances for those who debug', () => {
    const emit = (level: LogLevel, levels: Readonly<Record<string, LogLevel>> = {}): unknown[] => {
      const hub = new Hub()
      const { logger, lines } = notebook()
      const stop = logEvents({ logger, hub, clock: new VirtualClock(), level, levels })
      const upkeep = new Emitter<EventMap>('upkeep', 'default', hub)
      for (const outcome of ['done', 'failed', 'elsewhere'])
        upkeep.emit('ran', { job: 'purge', outcome, duration: 5, failures: 0 })
      upkeep.emit('ran', { job: 'report', outcome: 'done', duration: 5, failures: 0 })
      upkeep.emit('storeFailed', { operation: 'begin' })
      stop()
      return lines.map(
        ({ level: written, fields }) => `${written} ${fields['job'] ?? 'store'} ${fields['outcome']}`,
      )
    }
    expect(emit('info')).toEqual([
      'info purge done',
      'warn purge failed',
      'info report done',
      'warn store undefined',
    ])
    // Who wants warnings only still learns of a job that fails.
    expect(emit('warn')).toEqual(['warn purge failed', 'warn store undefined'])
    expect(emit('debug')).toContain('debug purge elsewhere')
    expect(emit('info', { 'upkeep.ran': 'error' })).toContain('error purge elsewhere')
  })

  it('logs retries for those who debug', async () => {
    const hub = new Hub()
    const clock = new VirtualClock()
    const { logger, lines } = notebook()
    const stop = logEvents({ logger, hub, clock, level: 'debug' })
    const mails = retry({ name: 'mails', attempts: 2, delay: fixed('1s'), hub, clock })
    const call = mails.execute(({ attempt }) => (attempt === 1 ? Promise.reject(leakyError()) : 'sent'), {
      journey: 'order-7',
    })
    await clock.runUntilSettled(call)
    expect(lines.map(({ level, fields }) => [level, fields['event'], fields['journey']])).toEqual([
      ['debug', 'attemptFailed', 'order-7'],
      ['debug', 'retryScheduled', 'order-7'],
      ['debug', 'succeeded', 'order-7'],
    ])
    stop()
  })

  it('logs what it is told to, as important as it is told', async () => {
    const hub = new Hub()
    const { logger, lines } = notebook()
    const levels = { 'circuit-breaker.stateChange': false, 'circuit-breaker.rejected': 'error' } as const
    const stop = logEvents({ logger, hub, levels })
    const breaker = circuitBreaker({ name: 'payments', hub })
    breaker.trip()
    await breaker.settle(() => 1)
    expect(lines.map(({ level, fields }) => [level, fields['event']])).toEqual([['error', 'rejected']])
    stop()
  })

  it('leaves out what is less important than its level', () => {
    const hub = new Hub()
    const { logger, lines } = notebook()
    const stop = logEvents({ logger, hub, level: 'error' })
    circuitBreaker({ name: 'payments', hub }).trip()
    hub.publish('redis', 'main', 'down', { failures: 3 }, undefined)
    expect(lines.map(({ fields }) => fields['event'])).toEqual(['down'])
    stop()
  })

  it('logs the same event once in ten seconds, and then says how many were left out', async () => {
    const hub = new Hub()
    const clock = new VirtualClock()
    const { logger, lines } = notebook()
    const stop = logEvents({ logger, hub, clock })
    const added = (): void => hub.publish('dead-letters', 'mails', 'added', { id: 'x' }, undefined)
    for (let i = 0; i < 5; i++) added()
    hub.publish('dead-letters', 'orders', 'added', { id: 'y' }, undefined)
    await clock.advance('10s')
    added()
    await clock.advance('10s')
    added()
    expect(lines.map(({ fields }) => [fields['name'], fields['suppressed']])).toEqual([
      ['mails', undefined],
      ['orders', undefined],
      ['mails', 4],
      ['mails', undefined],
    ])
    stop()
  })

  it('takes a circuit that opens and one that closes for different news', () => {
    const hub = new Hub()
    const { logger, lines } = notebook()
    const stop = logEvents({ logger, hub, clock: new VirtualClock() })
    const breaker = circuitBreaker({ name: 'payments', hub })
    breaker.trip()
    breaker.reset()
    expect(lines.map(({ fields }) => fields['to'])).toEqual(['open', 'closed'])
    stop()
  })

  it('does not let the fields of an event take the place of those of the line', () => {
    const hub = new Hub()
    const { logger, lines } = notebook()
    const stop = logEvents({ logger, hub })
    const degradation = createDegradation({ hub, clock: new VirtualClock(), rules: [] })
    degradation.set('severe', { reason: 'rehearsal', actor: 'ada' })
    const set = lines.find(({ fields }) => fields['event'] === 'overrideSet')
    expect(set).toMatchObject({ level: 'info', fields: { event_level: 'severe', actor: 'ada' } })
    expect(set?.fields).not.toHaveProperty('level')
    degradation.close()
    stop()
  })

  it('tells no secrets, whatever happens to whatever component', async () => {
    const hub = new Hub()
    const { logger, lines } = notebook()
    const stop = logEvents({ logger, hub, level: 'debug', repeatAfter: 0 })
    const { run, close } = service(hub, new VirtualClock(), 'x')
    await run()
    await close()
    const kinds = new Set(lines.map(({ fields }) => fields['kind']))
    expect(kinds.size).toBeGreaterThan(12)
    expect(JSON.stringify(lines)).not.toContain(secret)
    stop()
  })

  it('takes out fields with telling names, in whatever case and however deep, and passwords of addresses', () => {
    const hub = new Hub()
    const { logger, lines } = notebook()
    const stop = logEvents({ logger, hub, redact: ['IBAN'] })
    const ring: Record<string, unknown> = {}
    ring['ring'] = ring
    const payload = {
      PassWord: 'x1',
      nested: [{ 'X-Api-Key': 'x2', deeper: { Authorization: { scheme: 'x3' } } }],
      url: 'redis://admin:x4@db:6379/0 and postgres://:x5@db',
      iban: 'x6',
      kept: 'see https://example.com:8080/a@b',
      huge: 10n,
      ring,
    }
    hub.publish('redis', 'main', 'down', payload, undefined)
    const [line] = lines
    expect(JSON.stringify(line)).not.toMatch(/x\d/)
    expect(line?.fields).toMatchObject({
      PassWord: '[redacted]',
      url: 'redis://admin:[redacted]@db:6379/0 and postgres://:[redacted]@db',
      kept: 'see https://example.com:8080/a@b',
      huge: '10',
    })
    expect(payload.PassWord).toBe('x1')
    stop()
  })

  it('adds the fields it is given, and survives those that throw, as well as loggers that do', () => {
    const hub = new Hub()
    const { logger, lines } = notebook()
    let broken = false
    const fields = () => {
      if (broken) throw new Error('no')
      return { trace_id: 'abc' }
    }
    const stop = logEvents({ logger, hub, fields, repeatAfter: 0 })
    const breaker = circuitBreaker({ name: 'payments', hub })
    breaker.trip()
    broken = true
    breaker.reset()
    expect(lines.map((line) => line.fields['trace_id'])).toEqual(['abc', undefined])
    stop()
    const fail = (): never => {
      throw new Error('disk full')
    }
    const stopBroken = logEvents({ logger: { debug: fail, info: fail, warn: fail, error: fail }, hub })
    expect(breaker.trip()).toBe(true)
    expect(hub.listenerErrors).toBe(1)
    stopBroken()
  })

  it('works with pino', () => {
    const hub = new Hub()
    const lines: string[] = []
    const stop = logEvents({ logger: pino({}, { write: (line: string) => lines.push(line) }), hub })
    circuitBreaker({ name: 'payments', hub }).trip()
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 40,
      event: 'stateChange',
      msg: "circuit-breaker 'payments': stateChange",
    })
    stop()
  })

  it('writes lines of JSON to the console where it is given no logger', () => {
    const hub = new Hub()
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const stop = logEvents({ hub })
    circuitBreaker({ name: 'payments', hub }).trip()
    const [text] = warn.mock.calls[0] ?? []
    expect(JSON.parse(String(text))).toMatchObject({
      level: 'warn',
      time: expect.any(Number),
      message: "circuit-breaker 'payments': stateChange",
      event: 'stateChange',
    })
    stop()
    for (const level of ['debug', 'info', 'error'] as const) {
      const spy = vi.spyOn(console, level).mockImplementation(() => {})
      consoleLogger[level]({ a: 1 }, 'text')
      expect(JSON.parse(String(spy.mock.calls[0]?.[0]))).toMatchObject({ level, a: 1, message: 'text' })
    }
  })

  it('refuses options that make no sense', () => {
    expect(() => logEvents({ level: 'loud' as 'info' })).toThrow(InvalidOptionError)
    expect(() => logEvents({ levels: { 'retry.gaveUp': 'loud' as 'info' } })).toThrow(InvalidOptionError)
    expect(() => logEvents({ lvl: 'info' } as object)).toThrow(InvalidOptionError)
  })
})

describe('withRequest', () => {
  it('marks every event that is logged within, also later and after waiting', async () => {
    const hub = new Hub()
    const clock = new VirtualClock()
    const { logger, lines } = notebook()
    const stop = logEvents({ logger, hub, repeatAfter: 0 })
    const breaker = circuitBreaker({ name: 'payments', hub })
    await Promise.all(
      ['a', 'b'].map((id) =>
        withRequest({ id }, async () => {
          await Promise.resolve()
          hub.publish('redis', id, 'down', {}, undefined)
        }),
      ),
    )
    breaker.trip()
    expect(lines.map(({ fields }) => [fields['name'], fields['requestId']])).toEqual([
      ['a', 'a'],
      ['b', 'b'],
      ['payments', undefined],
    ])
    expect([currentRequest(), clock.pendingTimers]).toEqual([undefined, 0])
    stop()
  })
})

describe('requestFrom', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const spanId = '00f067aa0ba902b7'

  it('reads ids from headers of every shape', () => {
    const wanted = { id: 'order-7', traceId, spanId }
    const traceparent = `00-${traceId}-${spanId}-01`
    expect(requestFrom({ 'x-request-id': 'order-7', traceparent })).toEqual(wanted)
    expect(requestFrom({ 'X-Request-Id': ['order-7', 'other'], Traceparent: traceparent })).toEqual(wanted)
    expect(requestFrom(new Headers({ 'x-request-id': 'order-7', traceparent }))).toEqual(wanted)
  })

  it.each(['', 'a b', 'a\nb', 'ü', '"', '<script>', 'x'.repeat(129)])('replaces the unsound id %j', (id) => {
    const made = requestFrom({ 'x-request-id': id })
    expect(made.id).toMatch(/^[0-9a-f-]{36}$/)
    expect(requestFrom({}).id).not.toBe(made.id)
  })

  it.each([
    `ff-${traceId}-${spanId}-01`,
    `00-${traceId}-${spanId}-01-more`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}`,
    'nonsense',
  ])('makes nothing of the trace %j', (traceparent) => {
    expect(requestFrom({ traceparent })).toEqual({ id: expect.any(String) })
  })

  it('takes a trace of a later version', () => {
    expect(requestFrom({ traceparent: `01-${traceId}-${spanId}-01-more` })).toMatchObject({ traceId, spanId })
  })
})
