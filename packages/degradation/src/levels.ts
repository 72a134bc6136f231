/** How bad things are, and what users get. */
import { InvalidOptionError } from '@seaworthy/core'

/** How bad things are, from `normal` to `critical`. */
export type Level = 'normal' | 'minor' | 'moderate' | 'severe' | 'critical'

/** What users get: everything, less, the least, or what is remembered. */
export type ServiceLevel = 'full' | 'degraded' | 'limited' | 'cache-only'

/** All levels, mildest first; the place is the number that metrics show. */
export const levels: readonly Level[] = ['normal', 'minor', 'moderate', 'severe', 'critical']

const serviceLevels: readonly ServiceLevel[] = ['full', 'degraded', 'limited', 'cache-only']

/** Which service level goes with which level. */
export type ServiceLevels = Readonly<Record<Level, ServiceLevel>>

/** The usual: two degraded levels, then limited, then what is remembered. */
export const standardServiceLevels: ServiceLevels = {
  normal: 'full',
  minor: 'degraded',
  moderate: 'degraded',
  severe: 'limited',
  critical: 'cache-only',
}

/** The number of a level, 0 for `normal`. */
export function levelValue(level: Level): number {
  return levels.indexOf(level)
}

/** The level of a number, which is cut to 0 to 4. */
export function levelOf(value: number): Level {
  return levels[Math.min(levels.length - 1, Math.max(0, value))] as Level
}

/** The higher one. */
export function worse(a: Level, b: Level): Level {
  return levelValue(a) >= levelValue(b) ? a : b
}

/** Reads a level in whatever case. @throws {@link @seaworthy/core!InvalidOptionError} when it is none. */
export function parseLevel(option: string, text: string): Level {
  const level = typeof text === 'string' ? (text.toLowerCase() as Level) : text
  if (levels.includes(level)) return level
  throw new InvalidOptionError(option, `one of ${levels.join(', ')}`, text)
}

/** Refuses a map in which things get better as the level rises. */
export function checkServiceLevels(map: ServiceLevels): ServiceLevels {
  let before = 0
  for (const level of levels) {
    const place = serviceLevels.indexOf(map[level])
    if (place < 0)
      throw new InvalidOptionError(`serviceLevels.${level}`, `one of ${serviceLevels.join(', ')}`, map[level])
    if (place < before)
      throw new InvalidOptionError(
        `serviceLevels.${level}`,
        'no better than that of the level before',
        map[level],
      )
    before = place
  }
  return { ...map }
}
