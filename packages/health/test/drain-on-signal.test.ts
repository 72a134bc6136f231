import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { drainOnSignal } from '../src/drain-on-signal.ts'
import { setUp } from './toys.ts'

const signals = ['SIGUSR2'] as const

describe('a signal to end', () => {
  it('makes the process unready first, and ends it after a wait', async () => {
    const { health, clock } = setUp()
    const end = vi.fn()
    onTestFinished(drainOnSignal(health, { signals, wait: '10s', end, clock }))
    process.emit('SIGUSR2', 'SIGUSR2')
    expect((await health.report('readiness')).notes).toEqual(['draining: SIGUSR2'])
    await clock.advance(9999)
    expect(end).not.toHaveBeenCalled()
    await clock.advance(1)
    expect(end).toHaveBeenCalledExactlyOnceWith('SIGUSR2')
  })

  it('that is repeated skips the wait, and a third changes nothing', async () => {
    const { health, clock } = setUp()
    const end = vi.fn()
    onTestFinished(drainOnSignal(health, { signals, wait: '10s', end, clock }))
    for (let i = 0; i < 3; i++) process.emit('SIGUSR2', 'SIGUSR2')
    expect(end).toHaveBeenCalledTimes(1)
    await clock.advance('10s')
    expect(end).toHaveBeenCalledTimes(1)
    expect(clock.pendingTimers).toBe(0)
  })

  it('is not listened to any more on request', () => {
    const { health, clock } = setUp()
    const before = process.listenerCount('SIGUSR2')
    const forget = drainOnSignal(health, { signals, clock })
    process.emit('SIGUSR2', 'SIGUSR2')
    forget()
    expect(process.listenerCount('SIGUSR2')).toBe(before)
    expect(clock.pendingTimers).toBe(0)
    expect(() => drainOnSignal(health, { wait: 'soon' as never })).toThrow(/wait must be a duration/)
  })
})
