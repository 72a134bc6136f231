import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { pipeline } from '@seaworthy/core'
import { describe, expect, it, vi } from 'vitest'
import { criticalities, currentCriticality, withCriticality } from '../src/criticality.ts'
import { LoadShedError, ReadOnlyModeError } from '../src/errors.ts'
import { levels } from '../src/levels.ts'
import { loadShed } from '../src/load-shed.ts'
import { ada, setUp } from './toys.ts'

describe('criticality', () => {
  it('travels with the work, sinks and does not rise', async () => {
    expect(currentCriticality()).toBe('critical')
    await withCriticality('sheddable-plus', async () => {
      await Promise.resolve()
      expect(currentCriticality()).toBe('sheddable-plus')
      withCriticality('critical-plus', () => expect(currentCriticality()).toBe('sheddable-plus'))
      withCriticality('sheddable', () => expect(currentCriticality()).toBe('sheddable'))
      expect(currentCriticality()).toBe('sheddable-plus')
    })
    withCriticality('critical-plus', () => expect(currentCriticality()).toBe('critical-plus'))
    expect(() => withCriticality('vital' as never, () => 1)).toThrow(/criticality must be one of/)
  })
})

describe('shedding', () => {
  it('turns away the least important first, and lets nothing but the most important in at the worst', async () => {
    const { degradation } = setUp()
    const admitted = levels.map((level) => {
      degradation.set(level, ada)
      return criticalities.filter((criticality) => degradation.admits(criticality))
    })
    expect(admitted).toEqual([
      ['critical-plus', 'critical', 'sheddable-plus', 'sheddable'],
      ['critical-plus', 'critical', 'sheddable-plus'],
      ['critical-plus', 'critical'],
      ['critical-plus', 'critical'],
      ['critical-plus'],
    ])
  })

  it('is all or nothing per call where the table has a share', () => {
    const { degradation } = setUp({
      shedding: Object.fromEntries(levels.slice(1).map((level) => [level, { sheddable: 0.3 }])),
    })
    degradation.set('minor', ada)
    const admitted = Array.from({ length: 10_000 }, () => degradation.admits('sheddable')).filter(
      Boolean,
    ).length
    expect(admitted / 10_000).toBeCloseTo(0.7, 1)
  })

  it('says what it was, and what is to come', async () => {
    const { degradation, hub, clock } = setUp()
    const rejected = vi.fn()
    const previews = loadShed(degradation, { criticality: 'sheddable', name: 'previews', hub })
    previews.on('rejected', rejected)
    expect(await previews.execute(() => 1)).toBe(1)
    degradation.set('minor', { ...ada, ttl: '2m' })
    await clock.advance('30s')
    const run = vi.fn()
    const error = await previews.execute(run).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(LoadShedError)
    expect(error).toMatchObject({
      code: 'ERR_LOAD_SHED',
      failureClass: 'persistent',
      level: 'minor',
      criticality: 'sheddable',
      retryAfter: 90_000,
      policy: 'previews',
    })
    expect(run).not.toHaveBeenCalled()
    expect(rejected).toHaveBeenCalledWith({
      name: 'previews',
      level: 'minor',
      criticality: 'sheddable',
      reason: 'shed',
    })
    expect(previews.shed).toBe(1)
    expect(hub.component('load-shed', 'previews')?.snapshot()).toMatchObject({ shed: 1 })
    expect(previews.describe()).toMatchObject([{ kind: 'load-shed', options: { criticality: 'sheddable' } }])
  })

  it('takes the less important of what the policy and the caller say', async () => {
    const { degradation } = setUp()
    degradation.set('severe', ada)
    const important = loadShed(degradation, { criticality: 'critical-plus' })
    const plain = loadShed(degradation)
    expect(await important.execute(() => 1)).toBe(1)
    const sheddable = <T>(run: () => T): T => withCriticality('sheddable', run)
    await expect(sheddable(() => important.execute(() => 1))).rejects.toThrow(LoadShedError)
    await expect(sheddable(() => plain.execute(() => 1))).rejects.toThrow(LoadShedError)
    expect(await plain.execute(() => 1)).toBe(1)
    degradation.set('critical', ada)
    expect(await important.execute(() => 1)).toBe(1)
    await expect(plain.execute(() => 1)).rejects.toThrow(LoadShedError)
  })

  it('turns changes away while nothing can be changed', async () => {
    const { degradation } = setUp()
    const writes = loadShed(degradation, { writes: true })
    degradation.set('moderate', ada)
    expect(await writes.execute(() => 1)).toBe(1)
    degradation.set('severe', ada)
    await expect(writes.execute(() => 1)).rejects.toThrow(ReadOnlyModeError)
    expect(await loadShed(degradation).execute(() => 1)).toBe(1)
  })

  it('does not count against a circuit around it', async () => {
    const { degradation, clock } = setUp()
    const breaker = circuitBreaker({ failureThreshold: 1, clock })
    const shed = pipeline(breaker, loadShed(degradation, { criticality: 'sheddable' }))
    degradation.set('minor', ada)
    await expect(shed.execute(() => 1)).rejects.toThrow(LoadShedError)
    expect(breaker.state).toBe('closed')
  })

  it('keeps critical work above 99.9 % while the sheddable is dropped', async () => {
    const { degradation } = setUp()
    degradation.set('moderate', ada)
    const guard = loadShed(degradation)
    const ok: Record<string, number> = {}
    for (let i = 0; i < 4000; i++) {
      const criticality = criticalities[i % 4] as (typeof criticalities)[number]
      const { status } = await withCriticality(criticality, () => guard.settle(() => 1))
      if (status === 'fulfilled') ok[criticality] = (ok[criticality] ?? 0) + 1
    }
    expect(ok).toEqual({ 'critical-plus': 1000, critical: 1000 })
  })
})
