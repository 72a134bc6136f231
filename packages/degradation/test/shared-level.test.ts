import { Hub } from '@seaworthy/core'
import { VirtualClock } from '@seaworthy/testing'
import { describe, expect, it, vi } from 'vitest'
import { levels } from '../src/levels.ts'
import { memoryDegradationStore } from '../src/memory-store.ts'
import type { DegradationOptions } from '../src/options.ts'
import { type DegradationStore, fleetTarget } from '../src/store.ts'
import { ada, setUp } from './toys.ts'

/** Some instances with one store, and a switch for each that makes its rules call for `severe`. */
function fleet(size: number, more: DegradationOptions = {}) {
  const clock = new VirtualClock()
  const store = memoryDegradationStore({ clock })
  const switches = Array.from({ length: size }, () => ({ on: false }))
  const managers = switches.map(
    (down, i) =>
      setUp(
        {
          hub: new Hub(),
          store,
          instance: `i${i}`,
          rules: [{ id: 'own', level: 'severe', when: () => down.on, exitAfter: 0 }],
          recoverAfter: '1m',
          ...more,
        },
        clock,
      ).degradation,
  )
  return { clock, store, switches, managers, levels: () => managers.map(({ level }) => level) }
}

describe('what a fleet calls for', () => {
  it('is the highest level that enough instances call for', () => {
    expect(fleetTarget([], 0.5, levels)).toBe('normal')
    expect(fleetTarget(['critical'], 0.5, levels)).toBe('normal')
    expect(fleetTarget(['critical', 'normal'], 0.5, levels)).toBe('critical')
    expect(fleetTarget(['critical', 'minor', 'minor', 'normal'], 0.5, levels)).toBe('minor')
    expect(fleetTarget(['critical', 'normal', 'normal'], 0.5, levels)).toBe('normal')
  })
})

describe('instances that share', () => {
  it('follow the override of any, and its end', async () => {
    const { clock, managers, levels } = fleet(3)
    await clock.settle()
    managers[1]?.set('moderate', { ...ada, ttl: '5m' })
    await clock.advance('30s')
    expect(levels()).toEqual(['moderate', 'moderate', 'moderate'])
    expect(managers[2]?.snapshot().override).toMatchObject({ level: 'moderate', ...ada })
    managers[0]?.clear(ada)
    await clock.advance('30s')
    expect(levels()).toEqual(['normal', 'normal', 'normal'])
    managers[2]?.set('minor', { ...ada, ttl: '5m' })
    await clock.advance('6m')
    expect(levels()).toEqual(['normal', 'normal', 'normal'])
  })

  it('follow what enough of them call for, and not a single one', async () => {
    const { clock, switches, levels } = fleet(4)
    const turn = (i: number, on: boolean): void => {
      if (switches[i] !== undefined) switches[i].on = on
    }
    turn(0, true)
    await clock.advance('1m')
    expect(levels()).toEqual(['severe', 'normal', 'normal', 'normal'])
    turn(1, true)
    await clock.advance('1m')
    expect(levels()).toEqual(['severe', 'severe', 'severe', 'severe'])
    turn(0, false)
    turn(1, false)
    await clock.advance('10m')
    expect(levels()).toEqual(['normal', 'normal', 'normal', 'normal'])
  })

  it('do not count one that is gone', async () => {
    const { clock, switches, managers } = fleet(3)
    for (const each of switches.slice(1)) each.on = true
    await clock.advance('1m')
    expect(managers[0]?.level).toBe('severe')
    managers[1]?.close()
    managers[2]?.close()
    await clock.advance('10m')
    expect(managers[0]?.snapshot()).toMatchObject({ level: 'normal', instances: 1 })
  })

  it('go on by themselves when the store is away or hangs, and tell the store when it is back', async () => {
    const clock = new VirtualClock()
    const memory = memoryDegradationStore({ clock })
    let mode: 'up' | 'down' | 'hangs' = 'up'
    const through =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      (...args: A): Promise<R> =>
        mode === 'up'
          ? call(...args)
          : mode === 'down'
            ? Promise.reject(new Error('down'))
            : new Promise(() => {})
    const store: DegradationStore = {
      exchange: through(memory.exchange),
      setOverride: through(memory.setOverride),
      clearOverride: through(memory.clearOverride),
      leave: through(memory.leave),
    }
    const make = (instance: string) =>
      setUp({ hub: new Hub(), store, instance, rules: [] }, clock).degradation
    const [one, two] = [make('one'), make('two')]
    const failed = vi.fn()
    one.on('storeFailed', failed)
    await clock.settle()
    one.set('minor', { ...ada, ttl: null })
    await clock.advance('30s')
    expect(two.level).toBe('minor')
    mode = 'hangs'
    one.set('severe', { ...ada, ttl: null })
    expect(one.level).toBe('severe')
    await clock.advance('1m')
    expect(failed).toHaveBeenCalledWith({ operation: 'setOverride' })
    // The store still says minor, which must not undo it.
    mode = 'up'
    await clock.advance('1m')
    expect([one.level, two.level]).toEqual(['severe', 'severe'])
    mode = 'down'
    await clock.advance('10m')
    expect([one.level, two.level]).toEqual(['severe', 'severe'])
    one.close()
    two.close()
    await clock.advance('2s')
    expect(clock.pendingTimers).toBe(0)
  })
})
