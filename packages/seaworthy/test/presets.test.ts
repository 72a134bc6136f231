import {
  aiProvider,
  database,
  explain,
  messaging,
  type PresetName,
  type PresetPipeline,
  presets,
} from 'seaworthy'
import { describe, expect, it } from 'vitest'

const factories: Record<PresetName, typeof messaging> = { messaging, aiProvider, database }

const make = (preset: PresetName, recoveryTimeout?: '10s'): PresetPipeline =>
  factories[preset]({ profile: 'production', recoveryTimeout })

describe('the presets', () => {
  it('have the thresholds and recovery times of their kinds', () => {
    const numbers = Object.entries(presets).map(([name, { failureThreshold, recoveryTimeout }]) => [
      name,
      failureThreshold,
      recoveryTimeout,
    ])
    expect(numbers).toEqual([
      ['messaging', 5, '60s'],
      ['aiProvider', 3, '120s'],
      ['database', 10, '30s'],
    ])
  })

  it('share the rest, but for the attempts that an open circuit would cut off', () => {
    const { timeout, windowSize, minimumRequests, successThreshold, attempts, retryDelay, maxRetryDelay } =
      presets.messaging
    expect({ timeout, windowSize, minimumRequests, successThreshold }).toEqual({
      timeout: '30s',
      windowSize: 100,
      minimumRequests: 10,
      successThreshold: 3,
    })
    expect({ attempts, retryDelay, maxRetryDelay }).toEqual({
      attempts: 5,
      retryDelay: '1s',
      maxRetryDelay: '30s',
    })
    expect(presets.aiProvider.attempts).toBe(3)
    expect(presets.database).toMatchObject({ timeout, attempts })
  })

  it('are plain data that nobody changes by accident', () => {
    expect(JSON.parse(JSON.stringify(presets))).toEqual(presets)
    expect(Object.isFrozen(presets)).toBe(true)
    expect(Object.values(presets).every((preset) => Object.isFrozen(preset))).toBe(true)
  })

  it.each(['messaging', 'aiProvider', 'database'] as const)('%s falls into no trap', (preset) => {
    expect(explain(make(preset)).warnings).toEqual([])
  })

  it.each(['messaging', 'aiProvider', 'database'] as const)(
    '%s cannot recover within 30 seconds, and explain says so until its recovery time is shorter',
    (preset) => {
      const target = { recovery: '30s' } as const
      const codes = (policy: PresetPipeline): string[] =>
        explain(policy, { target }).warnings.map(({ severity, code }) => `${severity} ${code}`)
      expect(codes(make(preset))).toEqual(['error recovery-misses-target'])
      expect(codes(make(preset, '10s'))).toEqual([])
    },
  )
})
