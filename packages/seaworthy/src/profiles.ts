import { oneOf } from '@seaworthy/core'

/** How an environment changes the numbers of a preset. Plain data. */
export interface Profile {
  /** What the environment is called. */
  readonly name: string
  /** Time limits are so many times those of the preset. */
  readonly timeouts: number
  /** Thresholds of circuit breakers are so many times those of the preset: more is more lenient. */
  readonly thresholds: number
  /** Circuits stay open so many times as long. */
  readonly recoveries: number
  /** Waits between attempts are so many times as long. */
  readonly delays: number
  /** The most attempts a call may make. @defaultValue those of the preset */
  readonly maxAttempts?: number | undefined
  /** Whether waits are spread at random. @defaultValue true */
  readonly jitter?: boolean | undefined
  /** Other values of settings than those built in, as files have them; see `seaworthy/configuration`. @defaultValue none */
  readonly settings?: ProfileSettings | undefined
}

/** Values of settings, section by section. Plain data. */
export type ProfileSettings = { readonly [name: string]: string | number | boolean | ProfileSettings }

/** The name of a profile. */
export type ProfileName = 'production' | 'development' | 'testing'

/**
 * - `production`: the presets as they are, with cautious thresholds and long timeouts.
 * - `development`: fails sooner, and takes twice as many failures before a circuit opens, for a short time only.
 * - `testing`: two attempts, timeouts of a second or two, waits and recoveries that a test can sit through, nothing at random.
 */
export const profiles: Readonly<Record<ProfileName, Profile>> = Object.freeze({
  production: Object.freeze({
    name: 'production',
    timeouts: 1,
    thresholds: 1,
    recoveries: 1,
    delays: 1,
  }),
  development: Object.freeze({
    name: 'development',
    timeouts: 0.5,
    thresholds: 2,
    recoveries: 0.25,
    delays: 0.25,
    maxAttempts: 3,
    settings: frozen({
      health: { deadline: '5s' },
      healthChecks: { interval: '10s', ttl: '5s', timeout: '10s' },
      degradation: { interval: '10s', recoverAfter: '10s' },
      degradationRules: { exitAfter: '5s' },
      ops: { profile: 'development', details: 'always' },
      logs: { level: 'debug' },
      logOutput: 'pretty',
      auditOutput: 'console',
    }),
  }),
  testing: Object.freeze({
    name: 'testing',
    timeouts: 0.05,
    thresholds: 1,
    recoveries: 0.001,
    delays: 0.001,
    maxAttempts: 2,
    jitter: false,
    settings: frozen({
      // Whoever asks waits for the checks, each of which has its own limit.
      health: { mode: 'on-demand', deadline: '1h' },
      healthChecks: { ttl: 0, failureTtl: 0, timeout: '1s' },
      // Tests call `evaluate()` by hand.
      degradation: { interval: '1d', recoverAfter: 0 },
      degradationRules: { exitAfter: 0 },
      ops: { profile: 'testing', details: 'always' },
      logs: { level: 'error' },
      logOutput: 'silent',
    }),
  }),
})

/** Written by Node, and put in its place by bundlers for browsers. */
declare const process: { readonly env: { readonly NODE_ENV?: string } }

/**
 * A profile by name.
 *
 * @param name - @defaultValue what `NODE_ENV` says: `development`, `testing` for `test` or `testing`, and
 *   `production` for everything else, so that a server on which nobody set it is on the safe side
 * @throws {@link @seaworthy/core!InvalidOptionError} when there is no such profile.
 *
 * @example
 * ```ts
 * import { formatProfile, profile } from 'seaworthy'
 *
 * console.log(formatProfile(profile('testing')))
 * ```
 */
export function profile(name: ProfileName = profileNameOf(environment())): Profile {
  return profiles[oneOf('profile', name, ['production', 'development', 'testing'])]
}

/** A profile as aligned text. */
export function formatProfile(profile: Profile): string {
  const { name, timeouts, thresholds, recoveries, delays, maxAttempts, jitter = true } = profile
  return [
    `profile ${name}`,
    `  timeouts     × ${timeouts}`,
    `  thresholds   × ${thresholds}`,
    `  recoveries   × ${recoveries}`,
    `  delays       × ${delays}`,
    `  attempts     ${maxAttempts === undefined ? 'as in the preset' : `at most ${maxAttempts}`}`,
    `  jitter       ${jitter ? 'on' : 'off'}`,
  ].join('\n')
}

/** The profile that goes with a value of `NODE_ENV`. What is not known means `production`. */
export function profileNameOf(environment: string | undefined): ProfileName {
  if (environment === 'development') return environment
  return environment === 'test' || environment === 'testing' ? 'testing' : 'production'
}

function environment(): string | undefined {
  try {
    return process.env.NODE_ENV
  } catch {
    return undefined // No `process` in a browser, no permission in Deno.
  }
}

function frozen(settings: ProfileSettings): ProfileSettings {
  for (const each of Object.values(settings)) if (typeof each === 'object') frozen(each)
  return Object.freeze(settings)
}
