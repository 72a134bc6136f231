/** Rules about several settings at once: what each package would refuse when it is given its part. */
import { duration, Hub, InvalidOptionError } from '@seaworthy/core'
import { buildPipeline } from './build-pipeline.ts'
import type { ConfigurationProblem } from './layer.ts'
import type { Configuration, PolicyConfiguration } from './settings.ts'

type Found = readonly [path: string, message: string]

/** What the rules have to know besides the values. */
export interface CrossRuleOptions {
  /** Where each setting came from, by path. */
  readonly sources: ReadonlyMap<string, string>
  /** Whether a setting below this path has a problem already: then the values there are not those that were meant. */
  isBroken(path: string): boolean
}

/** What does not fit together. */
export function crossProblems(
  configuration: Configuration,
  { sources, isBroken }: CrossRuleOptions,
): ConfigurationProblem[] {
  const { policies, worker, reaper, healthChecks, degradation } = configuration
  const unless = (path: string, find: () => Found[]): Found[] => (isBroken(path) ? [] : find())
  const found = [
    ...Object.entries(policies).flatMap(([name, policy]) =>
      unless(`policies.${name}`, () => unbuildable(`policies.${name}`, policy, sources)),
    ),
    ...unless('worker', () => takeOver('worker', worker)),
    ...unless('reaper', () => takeOver('reaper', reaper)),
    ...unless('healthChecks', () => staleness(healthChecks)),
    ...unless('degradation.serviceLevels', () => neverBetter(degradation.serviceLevels)),
    ...unless('degradation.shedding', () => neverLess(degradation.shedding)),
  ]
  return found.map(([path, message]) => ({ path, source: sources.get(path) ?? 'settings together', message }))
}

/** Builds a policy where nobody sees it: what it refuses, it refuses now and not at its first use. */
function unbuildable(at: string, policy: PolicyConfiguration, sources: CrossRuleOptions['sources']): Found[] {
  try {
    buildPipeline(policy, { name: at, hub: new Hub() }).dispose()
    return []
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error
    const { message } = error
    const option = error.option === 'window.calls' ? 'windowSize' : error.option
    const path = [...sources.keys()].find((each) => each.startsWith(`${at}.`) && each.endsWith(`.${option}`))
    return [[path ?? at, message.startsWith(`${option} `) ? message.slice(option.length + 1) : message]]
  }
}

function takeOver(
  section: string,
  { minIdle, heartbeat, maxStarts, maxDeliveries }: Configuration['reaper'],
): Found[] {
  const least = 3 * duration('heartbeat', heartbeat)
  return [
    ...when(
      duration('minIdle', minIdle) < least,
      `${section}.minIdle`,
      `must be at least three heartbeats (${least}ms)`,
    ),
    ...when(
      maxDeliveries < maxStarts,
      `${section}.maxDeliveries`,
      `must be at least ${section}.maxStarts, which is ${maxStarts}`,
    ),
  ]
}

function staleness({ maxStale, interval, timeout }: Configuration['healthChecks']): Found[] {
  if (maxStale === undefined) return []
  const least = Math.ceil(duration('interval', interval) * 1.1 + duration('timeout', timeout))
  return when(
    duration('maxStale', maxStale) < least,
    'healthChecks.maxStale',
    `must be longer than interval and timeout together (${least}ms)`,
  )
}

const levels = ['normal', 'minor', 'moderate', 'severe', 'critical'] as const
const serviceLevels = ['full', 'degraded', 'limited', 'cache-only'] as const
const criticalities = ['critical-plus', 'critical', 'sheddable-plus', 'sheddable'] as const

function neverBetter(map: Configuration['degradation']['serviceLevels']): Found[] {
  return pairs(levels).flatMap(([milder, level]) =>
    when(
      serviceLevels.indexOf(map[level]) < serviceLevels.indexOf(map[milder]),
      `degradation.serviceLevels.${level}`,
      `must be no better than that of ${milder}, which is '${map[milder]}'`,
    ),
  )
}

function neverLess(table: Configuration['degradation']['shedding']): Found[] {
  const shed = pairs(levels.slice(1) as (keyof typeof table)[])
  return [
    ...shed.flatMap(([milder, level]) =>
      criticalities.flatMap((each) =>
        when(
          table[level][each] < table[milder][each],
          `degradation.shedding.${level}.${each}`,
          `must be at least that of ${milder}, which is ${table[milder][each]}`,
        ),
      ),
    ),
    ...(Object.keys(table) as (keyof typeof table)[]).flatMap((level) =>
      pairs(criticalities).flatMap(([above, each]) =>
        when(
          table[level][each] < table[level][above],
          `degradation.shedding.${level}.${each}`,
          `must be at least that of ${above}, which is ${table[level][above]}`,
        ),
      ),
    ),
  ]
}

/** Each with the one before it. */
const pairs = <T>(list: readonly T[]): (readonly [T, T])[] =>
  list.slice(1).map((each, index) => [list[index] as T, each] as const)

const when = (wrong: boolean, path: string, message: string): Found[] => (wrong ? [[path, message]] : [])
