import { formatProfile, InvalidOptionError, type ProfileName, profile, profiles } from 'seaworthy'
import { afterEach, describe, expect, it, vi } from 'vitest'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
})

describe('profile', () => {
  it.each([
    ['production', 'production'],
    ['development', 'development'],
    ['test', 'testing'],
    ['testing', 'testing'],
    ['staging', 'production'],
    ['', 'production'],
  ])('is chosen by NODE_ENV: %j means %s', (environment, name) => {
    vi.stubEnv('NODE_ENV', environment)
    expect(profile()).toBe(profiles[name as ProfileName])
  })

  it('is on the safe side where NODE_ENV is not set', () => {
    vi.stubEnv('NODE_ENV', undefined)
    expect(profile().name).toBe('production')
  })

  it('works in a browser, which has no process', () => {
    vi.stubGlobal('process', undefined)
    expect(profile().name).toBe('production')
  })

  it('works where the environment may not be read', () => {
    vi.stubGlobal('process', {
      get env() {
        throw new Error('permission denied')
      },
    })
    expect(profile().name).toBe('production')
  })

  it('is one of three by name', () => {
    expect(profile('development')).toBe(profiles.development)
    expect(() => profile('staging' as 'testing')).toThrow(InvalidOptionError)
  })
})

describe('the profiles', () => {
  it('go from cautious and patient to lenient and quick', () => {
    const { production, development, testing } = profiles
    expect(production.timeouts).toBeGreaterThan(development.timeouts)
    expect(development.timeouts).toBeGreaterThan(testing.timeouts)
    expect(development.thresholds).toBeGreaterThan(production.thresholds)
    expect(development.recoveries).toBeLessThan(production.recoveries)
    expect(testing.maxAttempts).toBe(2)
  })

  it('are plain data that nobody changes by accident', () => {
    expect(JSON.parse(JSON.stringify(profiles))).toEqual(profiles)
    expect([profiles, ...Object.values(profiles)].every(Object.isFrozen)).toBe(true)
  })

  it('can be printed', () => {
    expect(formatProfile(profiles.testing)).toMatchInlineSnapshot(`
      "profile testing
        timeouts     × 0.05
        thresholds   × 1
        recoveries   × 0.001
        delays       × 0.001
        attempts     at most 2
        jitter       off"
    `)
    expect(formatProfile(profiles.production)).toContain('attempts     as in the preset')
  })
})
