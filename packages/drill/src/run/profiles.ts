/** How long a drill takes, and what it does with the time. */
import { type Duration, duration, InvalidOptionError } from '@seaworthy/core'

/** What is done to one service in one world. */
export interface Course {
  /** Requests a second. */
  readonly rate: number
  /** How long its normal behaviour is observed. */
  readonly baseline: Duration
  /** How long each fault lasts. */
  readonly faultFor: Duration
  /** How often each scenario is tried at least. */
  readonly rounds: number
  /** Goes on with further rounds for so long. @defaultValue `rounds` and no more */
  readonly chaosFor?: Duration
  /** After one at a time: how often two are tried at once. */
  readonly pairs: number
  /** How long it is observed when everything is over. */
  readonly recovery: Duration
  /** When it counts as recovered from a fault. */
  readonly recovered: { readonly probes: number; readonly every: Duration; readonly stable: Duration }
}

/** A plan for a drill. Plain data. */
export interface DrillProfile {
  readonly name: string
  /** What is done in virtual time. */
  readonly simulated?: Course
  /** What is done in real time. */
  readonly real?: Course
  /** How long the memory of a process under load is watched, in real time. 0: not at all. */
  readonly memoryFor: Duration
  /** Whether the load of the real service goes on meanwhile. */
  readonly loadWhileSoaking: boolean
  /** How many hours of load are simulated, every object counted. 0: none. */
  readonly simulatedHours: number
  /** How far memory may grow in four hours, in percent. */
  readonly memoryGrowthPercent: number
}

/** The name of a ready-made profile. */
export type ProfileName = 'ci' | 'soak-30m' | 'soak-4h' | 'soak-24h'

const patient = { probes: 3, every: '1s', stable: '5s' } as const

const ci: DrillProfile = {
  name: 'ci',
  simulated: {
    rate: 20,
    baseline: '3m',
    faultFor: '15s',
    rounds: 2,
    pairs: 4,
    recovery: '3m',
    recovered: patient,
  },
  real: {
    rate: 50,
    baseline: '3s',
    faultFor: '1s',
    rounds: 1,
    pairs: 0,
    recovery: '3s',
    recovered: { probes: 3, every: '250ms', stable: '1s' },
  },
  memoryFor: '20s',
  loadWhileSoaking: false,
  simulatedHours: 4,
  memoryGrowthPercent: 10,
}

/**
 * - `ci`: about a minute. Most of it in virtual time; connections, memory and processors in real time.
 * - `soak-30m`, `soak-4h`, `soak-24h`: the same, and for so long a service under real load and real faults, more than half of the time without
 *   faults while its memory is watched.
 */
export const profiles: Readonly<Record<ProfileName, DrillProfile>> = Object.freeze({
  ci,
  'soak-30m': soak('soak-30m', '30m', 10),
  'soak-4h': soak('soak-4h', '4h', 10),
  'soak-24h': soak('soak-24h', '24h', 5),
})

/** A ready-made profile by name, or one of your own. @throws InvalidOptionError when there is none of that name. */
export function profileOf(profile: ProfileName | DrillProfile): DrillProfile {
  if (typeof profile !== 'string') return profile
  if (Object.hasOwn(profiles, profile)) return profiles[profile]
  throw new InvalidOptionError('profile', `one of ${Object.keys(profiles).join(', ')}`, profile)
}

/**
 * A profile that takes about so long in real time.
 *
 * @param length - The whole of it: 6 % baseline, a quarter faults, 55 % watching memory, 6 % recovery; the rest is for what happens in virtual time.
 */
export function soak(name: string, length: Duration, memoryGrowthPercent: number): DrillProfile {
  const whole = duration('length', length)
  return {
    ...ci,
    name,
    real: {
      rate: 30,
      baseline: 0.06 * whole,
      faultFor: Math.min(30_000, whole / 90),
      rounds: 2,
      chaosFor: 0.25 * whole,
      pairs: 4,
      recovery: 0.06 * whole,
      recovered: patient,
    },
    memoryFor: 0.55 * whole,
    loadWhileSoaking: true,
    memoryGrowthPercent,
  }
}
