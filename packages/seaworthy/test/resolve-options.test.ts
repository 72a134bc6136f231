import { InvalidOptionError, presets, profiles, resolveOptions } from 'seaworthy'
import { describe, expect, it } from 'vitest'

describe('resolveOptions', () => {
  it('leaves a preset as it is in production', () => {
    const { options, sources } = resolveOptions(presets.messaging, profiles.production)
    expect(options).toEqual(presets.messaging)
    expect(new Set(Object.values(sources))).toEqual(new Set(['preset']))
  })

  it('lets the profile change the preset, and your own numbers replace both', () => {
    const overrides = { attempts: 4, timeout: '7s', failureRate: undefined } as const
    const { options, sources } = resolveOptions(presets.aiProvider, profiles.development, overrides)
    expect(options).toEqual({
      ...presets.aiProvider,
      timeout: '7s',
      attempts: 4,
      retryDelay: 250,
      maxRetryDelay: 7500,
      failureThreshold: 6,
      recoveryTimeout: 30_000,
    })
    expect(sources).toMatchObject({
      timeout: 'override',
      attempts: 'override',
      failureThreshold: 'profile',
      failureRate: 'preset',
    })
  })

  it('makes tests quick', () => {
    const { options } = resolveOptions(presets.database, profiles.testing)
    expect(options).toMatchObject({
      timeout: 1500,
      attempts: 2,
      retryDelay: 1,
      maxRetryDelay: 30,
      recoveryTimeout: 30,
    })
  })

  it('never scales a number away', () => {
    const tiny = { ...profiles.testing, timeouts: 1e-9, thresholds: 0 }
    const { options } = resolveOptions(presets.messaging, tiny)
    expect(options).toMatchObject({ timeout: 1, failureThreshold: 1 })
  })

  it('prints the effective numbers and where each came from', () => {
    const resolved = resolveOptions(presets.messaging, profiles.development, { failureThreshold: 8 })
    expect(`${resolved}`).toBe(resolved.text)
    expect(resolved.text).toMatchInlineSnapshot(`
      "option             value   from
      timeout            15s     profile development (preset: 30s)
      attempts           3       profile development (preset: 5)
      retryDelay         250ms   profile development (preset: 1s)
      maxRetryDelay      7.5s    profile development (preset: 30s)
      failureThreshold   8       override (preset: 5)
      failureRate        0.5     preset
      windowSize         100     preset
      minimumRequests    10      preset
      recoveryTimeout    15s     profile development (preset: 1m)
      successThreshold   3       preset"
    `)
  })

  it('refuses what does not exist', () => {
    const misspelt = { failureTreshold: 5 } as object
    expect(() => resolveOptions(presets.messaging, profiles.production, misspelt)).toThrow(InvalidOptionError)
  })
})
