import { once } from 'node:events'
import { createServer } from 'node:net'
import {
  abortListeners,
  activeHandles,
  expectNoLeaks,
  leaks,
  newHandles,
  trackUnhandledRejections,
  VirtualClock,
} from '@seaworthy/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const policy = (stats: Record<string, number>, name?: string) => ({
  kind: 'bulkhead',
  name,
  debugStats: () => stats,
})

describe('leaks', () => {
  test('finds nothing where nothing is', () => {
    const signal = new AbortController().signal
    const clean = { policies: [policy({ waiting: 0 })], clock: new VirtualClock(), signals: [signal] }
    expect(leaks(clean)).toEqual([])
    expectNoLeaks({ ...clean, handles: activeHandles() })
  })

  test('names what a policy still holds, but for the exceptions', () => {
    const policies = [policy({ waiting: 2, active: 0, listeners: 1 }, 'stock'), policy({ active: 1 })]
    expect(leaks({ policies, except: ['listeners'] })).toEqual([
      "bulkhead 'stock': waiting is 2",
      'bulkhead: active is 1',
    ])
  })

  test('names the timers on the clock', () => {
    const clock = new VirtualClock()
    clock.setTimer(() => {}, 1500)
    expect(leaks({ clock })).toEqual(['1 timer still waits on the clock, due at 1.5s'])
    clock.setTimer(() => {}, 60_000)
    expect(leaks({ clock })).toEqual(['2 timers still wait on the clock, due at 1.5s, 1m'])
  })

  test('counts the listeners of signals', () => {
    const { signal } = new AbortController()
    const listener = (): void => {}
    signal.addEventListener('abort', listener)
    expect(abortListeners(signal)).toBe(1)
    expect(leaks({ signals: [new AbortController().signal, signal] })).toEqual([
      'signal 2 still has 1 listener',
    ])
    expect(() => expectNoLeaks({ signals: [signal] })).toThrow(
      'Left behind:\n- signal 1 still has 1 listener',
    )
    signal.removeEventListener('abort', listener)
    expect(leaks({ signals: [signal] })).toEqual([])
  })

  test('finds a server that was not closed', async () => {
    const before = activeHandles()
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    expect(newHandles(before)).toMatchObject({ TCPServerWrap: 1 })
    expect(leaks({ handles: before })).toContain('1 more of TCPServerWrap keeps the process alive')
    server.close()
    // The handle goes some turns of the event loop after it was asked to.
    while ('TCPServerWrap' in newHandles(before)) await new Promise((resolve) => setImmediate(resolve))
    expect(leaks({ handles: before }).join()).not.toContain('TCPServerWrap')
  })
})

describe('trackUnhandledRejections', () => {
  // The runner listens as well, and would report what these tests cause on purpose.
  const others = process.listeners('unhandledRejection')
  beforeEach(() => {
    process.removeAllListeners('unhandledRejection')
  })
  afterEach(() => {
    for (const listener of others) process.on('unhandledRejection', listener)
  })

  test('collects what nobody handles', async () => {
    const tracker = trackUnhandledRejections()
    void Promise.reject('nobody cares')
    void Promise.reject('somebody does').catch(() => {})
    expect(await tracker.stop()).toEqual(['nobody cares'])
    expect(process.listenerCount('unhandledRejection')).toBe(0)
  })

  test('collects nothing where all is handled', async () => {
    const tracker = trackUnhandledRejections()
    await Promise.allSettled([Promise.reject(new Error('handled'))])
    expect(await tracker.stop()).toEqual([])
    expect(tracker.reasons).toEqual([])
  })
})
