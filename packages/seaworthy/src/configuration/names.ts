/** Names of settings: paths in JSON, environment variables, and the nearest to one that was mistyped. */
import { isForbidden } from './plain.ts'
import type { GroupSetting, LeafSetting, Setting } from './setting.ts'

/** What names of your own look like. Two separators in a row would be ambiguous in environment variables. */
export const namePattern = '^[A-Za-z][A-Za-z0-9]*([-_][A-Za-z0-9]+)*$'
const nameLike = new RegExp(namePattern)

/** Whether a policy, feature or token may be called so. */
export function isName(name: string): boolean {
  return nameLike.test(name) && !isForbidden(name) && name.length <= 100
}

/** What names of your own look like, in words. */
export const nameRule = "a name of letters and digits, with single '-' or '_' in between"

/** `failureThreshold` and `failure-threshold` become `FAILURE_THRESHOLD`. */
export function constantCase(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toUpperCase()
}

/** `CARD_PAYMENTS` becomes `cardPayments`. */
export function camelCase(name: string): string {
  return name.toLowerCase().replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** The environment variable of a path. */
export function environmentName(prefix: string, path: string): string {
  return prefix + path.split('.').map(constantCase).join('__')
}

/** One more step on the way. */
export function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** A setting and the way to it. */
export interface Place {
  readonly path: string
  readonly setting: LeafSetting
}

/** All values that there are, with the names that `namesOf` knows for the groups of a map. */
export function placesIn(
  group: GroupSetting,
  namesOf: (path: string) => readonly string[],
  at = '',
): Place[] {
  return Object.entries(group.fields).flatMap(([name, setting]) => placesOf(setting, namesOf, join(at, name)))
}

function placesOf(setting: Setting, namesOf: (path: string) => readonly string[], path: string): Place[] {
  switch (setting.kind) {
    case 'group':
      return placesIn(setting, namesOf, path)
    case 'map':
      return namesOf(path).flatMap((name) => placesIn(setting.entry, namesOf, join(path, name)))
    default:
      return [{ path, setting }]
  }
}

/** Whether there is a setting at a path. */
export function isPlace(table: GroupSetting, path: string): boolean {
  let setting: Setting | undefined = table
  for (const name of path.split('.')) {
    if (setting?.kind === 'map') setting = setting.entry
    else if (setting?.kind === 'group')
      setting = Object.hasOwn(setting.fields, name) ? setting.fields[name] : undefined
    else return false
  }
  return setting !== undefined && setting.kind !== 'group' && setting.kind !== 'map'
}

/** The candidate that is most like a word, if one is much like it. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.floor(word.length / 4)) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= least) continue
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

/**
 * How many letters have to be inserted, removed or replaced.
 *
 * *Source:* R. Wagner, M. Fischer, "The String-to-String Correction Problem", 1974.
 */
function editDistance(a: string, b: string): number {
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  let row = Array.from({ length: b.length - start + 1 }, (_, index) => index)
  for (let i = start; i < a.length; i++) {
    const next = [i - start + 1]
    for (let j = start; j < b.length; j++) {
      const at = j - start
      const replaced = (row[at] as number) + (a[i] === b[j] ? 0 : 1)
      next.push(Math.min(replaced, (row[at + 1] as number) + 1, (next[at] as number) + 1))
    }
    row = next
  }
  return row.at(-1) as number
}
