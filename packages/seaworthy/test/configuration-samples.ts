/** Values for every setting, good and bad, and ways to get at them by path. */
import { placesIn } from '../src/configuration/names.ts'
import type { LeafSetting } from '../src/configuration/setting.ts'
import { everything } from '../src/configuration/settings.ts'

/** A configuration in which every group is there. */
export const base = {
  policies: {
    payments: {
      preset: 'messaging',
      bulkhead: { concurrency: 5 },
      rateLimit: { limit: 5, per: '1s' },
      retryBudget: {},
    },
  },
  degradation: { features: { search: { maxLevel: 'minor' } } },
  opsTokens: { grace: { token: 'correct horse battery staple', scope: 'read' } },
} as const

const names: Readonly<Record<string, string>> = {
  policies: 'payments',
  'degradation.features': 'search',
  opsTokens: 'grace',
}

/** Every setting, with the names of {@link base}. */
export const places = placesIn(everything, (path) => [names[path] as string])

/** Values as JSON has them. Each setting accepts at least one, whatever the others are. */
export function goodValues(setting: LeafSetting): unknown[] {
  switch (setting.kind) {
    case 'duration':
      return ['40s', '2s', '150ms', 200, ...(setting.off ? [false] : [])]
    case 'count':
      return [7, 30, 12, ...(setting.off ? [false] : [])]
    case 'number':
      return [2.5, 7]
    case 'share':
      return [0.25, 0.9, 1, 0]
    case 'switch':
      return [true, false]
    case 'word':
      return [...setting.allowed]
    case 'text':
      return ['/alpha/beta-gamma', 'a longer text, of letters']
    case 'list':
      return [['payments', 'users'], []]
    case 'pairs':
      return [{ 'retry.gaveUp': 'debug', 'worker.lag': false }]
  }
}

/** Values that a setting in JSON must not have. */
export function badValues(setting: LeafSetting): unknown[] {
  const always = [null, { a: 1 }, [1]]
  switch (setting.kind) {
    case 'duration':
      return [...always, '', '5', 'soon', '-1s', '5 s', '1e3ms', -1, true]
    case 'count':
      return [...always, '5', 1.5, -1, true]
    case 'number':
      return [...always, '5', -1, true]
    case 'share':
      return [...always, '0.5', 2, -0.1, true]
    case 'switch':
      return [...always, 'true', 'yes', 0]
    case 'word':
      return [...always, 'no such word', '', 1]
    case 'text':
      return [...always, '', '  ', 5]
    case 'list':
      return [...always, 'a', [''], [[]]]
    case 'pairs':
      return [...always, 'a', { a: 'loud' }, { constructor: 'debug' }]
  }
}

/** What an environment variable must not say. */
export function badTexts(setting: LeafSetting): string[] {
  switch (setting.kind) {
    case 'duration':
      return ['', ' ', '5', 'soon', '-1s', '5 s', ' 5s', '1e3ms', 'Infinity', 'true']
    case 'count':
      return ['', '1.5', 'x', '-1', '1e3', '0x10', ' 5', 'Infinity', '99999999999999999999']
    case 'number':
      return ['', 'x', '-1', '1e3', '0x1', 'Infinity', '1,5']
    case 'share':
      return ['', '50%', '2', '-1', '.5', 'x']
    case 'switch':
      return ['', 'yes', '1', 'TRUE', 'on']
    case 'word':
      return ['', 'no such word', 'NORMAL', ' ']
    case 'text':
      return ['', '   ']
    case 'list':
      return ['', 'a,,b', ',']
    case 'pairs':
      return ['', 'a=loud', 'a', '=debug', 'a=debug=b', '__proto__=debug']
  }
}

/** A value as an environment variable has it; undefined if it cannot: an empty list. */
export function textOf(setting: LeafSetting, value: unknown): string | undefined {
  if (setting.kind === 'duration' && typeof value === 'number') return `${value}ms`
  if (setting.kind === 'pairs')
    return Object.entries(value as object)
      .map(([name, word]) => `${name}=${word}`)
      .join(',')
  return String(value) === '' ? undefined : String(value)
}

/** A value in a tree. */
export function valueAt(tree: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], tree)
}

/** A copy of a tree with a value at a path. */
export function withValue(tree: unknown, path: string, value: unknown): Record<string, unknown> {
  const [name = '', ...rest] = path.split('.')
  const before = (tree ?? {}) as Record<string, unknown>
  return { ...before, [name]: rest.length === 0 ? value : withValue(before[name], rest.join('.'), value) }
}
