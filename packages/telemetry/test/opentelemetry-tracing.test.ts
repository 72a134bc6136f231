import { getEventListeners } from 'node:events'
import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { CircuitOpenError, circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub, InvalidOptionError, pipeline } from '@seaworthy/core'
import { fallback, hedge, staleCache } from '@seaworthy/fallback'
import { timeout } from '@seaworthy/flow'
import { fixed, retry } from '@seaworthy/retry'
import { activeSpan, openTelemetryTracing, traced } from '@seaworthy/telemetry/opentelemetry'
import { VirtualClock } from '@seaworthy/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { leakyError, secret, service } from './service.ts'

const exporter = new InMemorySpanExporter()
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const tracer = tracerProvider.getTracer('test')

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})
afterEach(() => exporter.reset())
afterAll(async () => {
  context.disable()
  await tracerProvider.shutdown()
})

/** When the virtual clocks of these tests say 0: the SDK takes small numbers for something else. */
const origin = 1_700_000_000_000

const milliseconds = ([seconds, nanoseconds]: readonly [number, number]): number =>
  seconds * 1000 + nanoseconds / 1e6 - origin

/** The spans that have ended, by name, as far as they matter. */
const spans = () =>
  exporter.getFinishedSpans().map((span) => ({
    name: span.name,
    ...span.attributes,
    status: SpanStatusCode[span.status.code],
    from: milliseconds(span.startTime),
    to: milliseconds(span.endTime),
  }))
const spanNamed = (name: string): ReadableSpan | undefined =>
  exporter.getFinishedSpans().find((span) => span.name === name)
const parentOf = (span: ReadableSpan | undefined): string | undefined => span?.parentSpanContext?.spanId
const idOf = (span: ReadableSpan | undefined): string | undefined => span?.spanContext().spanId

/** A clock, and options for policies and spans that go by it. */
function timing() {
  const clock = new VirtualClock()
  return { clock, options: { tracerProvider, wallClock: () => origin + clock.now() } }
}

const mails = (clock: VirtualClock) =>
  retry({ name: 'mails', attempts: 3, delay: fixed('1s'), jitter: 'none', clock, hub: new Hub() })

describe('traced', () => {
  it('makes no span of a call that passes at once', async () => {
    const { clock, options } = timing()
    const policy = traced(mails(clock), options)
    expect(await policy.execute(() => 'sent')).toBe('sent')
    expect(spans()).toEqual([])
  })

  it('makes no span of a call whose one attempt ends it, and passes on its error, the same object', async () => {
    const { options } = timing()
    const error = leakyError()
    const breaker = traced(circuitBreaker(), options)
    await expect(breaker.execute(() => Promise.reject(error))).rejects.toBe(error)
    expect(spans()).toEqual([])
  })

  it('tells of each attempt, with its times, and leaves the status of a call that was saved unset', async () => {
    const { clock, options } = timing()
    const policy = traced(mails(clock), options)
    const call = policy.execute(async ({ attempt }) => {
      await clock.sleep(100)
      if (attempt < 3) throw leakyError()
      return 'sent'
    })
    expect(await clock.runUntilSettled(call)).toBe('sent')
    const own = { 'resilience.policy.name': 'mails' }
    const failed = { ...own, name: 'resilience.attempt', status: 'ERROR', 'error.type': 'Error' }
    expect(spans()).toEqual([
      { ...failed, 'resilience.attempt': 1, from: 0, to: 100 },
      { ...failed, 'resilience.attempt': 2, from: 1100, to: 1200 },
      { ...own, name: 'resilience.attempt', 'resilience.attempt': 3, status: 'UNSET', from: 2200, to: 2300 },
      {
        ...own,
        name: 'resilience.execute',
        'resilience.outcome': 'recovered',
        'resilience.attempts': 3,
        status: 'UNSET',
        from: 0,
        to: 2300,
      },
    ])
    const execute = spanNamed('resilience.execute')
    for (const span of exporter.getFinishedSpans().filter(({ name }) => name === 'resilience.attempt'))
      expect(parentOf(span)).toBe(idOf(execute))
  })

  it('has the status of an error when nothing saved the call, and tells its type alone', async () => {
    const { clock, options } = timing()
    const policy = traced(mails(clock), options)
    const call = policy.settle(() => Promise.reject(Object.assign(leakyError(), { code: 'ECONNRESET' })))
    await clock.runUntilSettled(call)
    const execute = spans().at(-1)
    expect(execute).toMatchObject({
      name: 'resilience.execute',
      'resilience.outcome': 'failed',
      'resilience.attempts': 3,
      'error.type': 'ECONNRESET',
      status: 'ERROR',
    })
    expect(exporter.getFinishedSpans().map(({ status }) => status.message)).toEqual(Array(4).fill(undefined))
    const all = exporter
      .getFinishedSpans()
      .map(({ attributes, events, name }) => ({ attributes, events, name }))
    expect(JSON.stringify(all)).not.toContain(secret)
  })

  it('puts the spans of later attempts under theirs, and its own under that of the caller', async () => {
    const { clock, options } = timing()
    const policy = traced(mails(clock), options)
    const caller = tracer.startSpan('caller')
    const call = context.with(trace.setSpan(context.active(), caller), () =>
      policy.execute(async ({ attempt }) => {
        tracer.startSpan(`request ${attempt}`).end()
        if (attempt === 1) throw new Error('down')
      }),
    )
    await clock.runUntilSettled(call)
    caller.end()
    const second = exporter
      .getFinishedSpans()
      .find(({ attributes }) => attributes['resilience.attempt'] === 2)
    expect(parentOf(spanNamed('request 1'))).toBe(idOf(spanNamed('caller')))
    expect(parentOf(spanNamed('request 2'))).toBe(idOf(second))
    expect(parentOf(spanNamed('resilience.execute'))).toBe(idOf(spanNamed('caller')))
  })

  it('tells of a fallback, also where the function did not run at all', async () => {
    const { options } = timing()
    const breaker = circuitBreaker({ failureThreshold: 1 })
    const policy = traced(pipeline(fallback('canned'), breaker), options)
    expect(await policy.execute(() => Promise.reject(new Error('down')))).toBe('canned')
    expect(await policy.execute(() => 'not called')).toBe('canned')
    const outcome = { name: 'resilience.execute', 'resilience.outcome': 'fallback', status: 'UNSET' }
    const executed = spans().filter(({ name }) => name === 'resilience.execute')
    expect(executed).toMatchObject([
      { ...outcome, 'resilience.attempts': 1 },
      { ...outcome, 'resilience.attempts': 0 },
    ])
  })

  it('makes no span of a call that was turned away', async () => {
    const { options } = timing()
    const breaker = circuitBreaker()
    breaker.trip()
    await expect(traced(breaker, options).execute(() => 1)).rejects.toBeInstanceOf(CircuitOpenError)
    expect(spans()).toEqual([])
  })

  it('tells of a fallback that failed as well', async () => {
    const { options } = timing()
    const policy = traced(
      fallback(() => Promise.reject(leakyError())),
      options,
    )
    await policy.settle(() => Promise.reject(leakyError()))
    expect(spans()).toMatchObject([
      { name: 'resilience.attempt', status: 'ERROR' },
      {
        name: 'resilience.execute',
        status: 'ERROR',
        'error.type': 'AggregateError',
        'resilience.attempts': 1,
      },
    ])
  })

  it('tells of attempts that run side by side, the slow first one included', async () => {
    const { clock, options } = timing()
    const policy = traced(hedge({ delay: '100ms', budget: 1, clock }), options)
    let copies = 0
    const call = policy.execute(async () => {
      const copy = ++copies
      await clock.sleep(copy === 1 ? 1000 : 50)
      return copy
    })
    expect(await clock.runUntilSettled(call)).toBe(2)
    await clock.advance('2s')
    const attempts = spans().filter(({ name }) => name === 'resilience.attempt')
    expect(attempts).toMatchObject([
      { 'resilience.attempt': 2, from: 100, to: 150 },
      { 'resilience.attempt': 1, from: 0 },
    ])
  })

  it('takes a timeout within for the failure of an attempt, with its code', async () => {
    const { clock, options } = timing()
    const policy = traced(pipeline(mails(clock), timeout('500ms', { clock })), options)
    const call = policy.settle(async ({ attempt }) => {
      if (attempt === 1) await clock.sleep(60_000)
      return 'sent'
    })
    await clock.runUntilSettled(call)
    await clock.advance('2m')
    expect(spans()).toMatchObject([
      { 'resilience.attempt': 2, status: 'UNSET', from: 1500 },
      { name: 'resilience.execute', 'resilience.outcome': 'recovered', status: 'UNSET', to: 1500 },
      // The function of the first ended long after it was given up.
      { 'resilience.attempt': 1, status: 'ERROR', 'error.type': 'ERR_TIMEOUT', from: 0, to: 60_000 },
    ])
  })

  it('belongs to no call where calls share the work', async () => {
    const { clock, options } = timing()
    const cache = traced(staleCache({ ttl: '1m', clock }), options)
    expect(await cache.execute(() => 'found', { key: 'a' })).toBe('found')
    expect(await cache.execute(() => 'found', { key: 'a' })).toBe('found')
    expect(spans().every(({ name }) => name === 'resilience.execute')).toBe(true)
  })

  it('leaves no listener on the signal of the caller', async () => {
    const { clock, options } = timing()
    const { signal } = new AbortController()
    const policy = traced(mails(clock), options)
    const call = policy.execute(
      ({ attempt, signal: own }) => {
        own.throwIfAborted()
        if (attempt === 1) throw new Error('down')
      },
      { signal },
    )
    await clock.runUntilSettled(call)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('describes itself as the policy it wraps, and disposes of it', () => {
    const hub = new Hub()
    const breaker = circuitBreaker({ name: 'payments', hub })
    const policy = traced(breaker)
    expect(policy.describe()).toEqual(breaker.describe())
    policy.dispose()
    expect(hub.components()).toEqual([])
  })

  it('refuses options that make no sense', () => {
    expect(() => traced(circuitBreaker(), { tracer: 1 } as object)).toThrow(InvalidOptionError)
    expect(() => openTelemetryTracing({ tracer: 1 } as object)).toThrow(InvalidOptionError)
  })
})

describe('openTelemetryTracing', () => {
  it('adds what policies do to the active span', async () => {
    const hub = new Hub()
    const stop = openTelemetryTracing({ hub })
    const breaker = circuitBreaker({ name: 'payments', failureThreshold: 1, hub })
    const caller = tracer.startSpan('caller')
    await context.with(trace.setSpan(context.active(), caller), async () => {
      await breaker.settle(() => Promise.reject(leakyError()))
      await breaker.settle(() => 1)
    })
    await breaker.settle(() => 1)
    caller.end()
    const events = spanNamed('caller')?.events.map(({ name, attributes }) => ({ name, ...attributes }))
    expect(events).toEqual([
      {
        name: 'resilience.circuit_breaker.state_change',
        'resilience.policy.name': 'payments',
        'resilience.from': 'closed',
        'resilience.to': 'open',
        'resilience.reason': expect.any(String),
      },
      {
        name: 'resilience.circuit_breaker.rejected',
        'resilience.policy.name': 'payments',
        'resilience.state': 'open',
        'resilience.retry_after': expect.any(Number),
      },
    ])
    stop()
    expect(hub.silent).toBe(true)
    breaker.dispose()
  })

  it('tells no secrets and no keys, whatever happens', async () => {
    const hub = new Hub()
    const stop = openTelemetryTracing({ hub })
    const { run } = service(hub)
    const caller = tracer.startSpan('caller')
    await context.with(trace.setSpan(context.active(), caller), run)
    caller.end()
    const events = spanNamed('caller')?.events ?? []
    const names = new Set(events.map(({ name }) => name))
    for (const name of [
      'retry.retry_scheduled',
      'bulkhead.rejected',
      'fallback.answered',
      'fallback_registry.used',
    ])
      expect(names).toContain(`resilience.${name}`)
    expect(JSON.stringify(events)).not.toMatch(new RegExp(`${secret}|tenant|session`))
    stop()
  })
})

describe('activeSpan', () => {
  it('tells the ids of the active span, if there is one', () => {
    expect(activeSpan()).toEqual({})
    const span = tracer.startSpan('caller')
    const { traceId, spanId } = span.spanContext()
    expect(context.with(trace.setSpan(context.active(), span), activeSpan)).toEqual({
      trace_id: traceId,
      span_id: spanId,
    })
  })
})
