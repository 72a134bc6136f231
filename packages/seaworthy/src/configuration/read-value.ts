/** Reads one value: from JSON, where it has a type, or from an environment variable, where all is text. */
import { duration, formatDuration } from '@seaworthy/core'
import { isForbidden, isPlainObject } from './plain.ts'
import type { DurationSetting, LeafSetting, NumberSetting, TextSetting } from './setting.ts'

/** Stands for secrets wherever something is shown. */
export const mask = '[redacted]'

/** Whether a value came as text, which has to be read strictly, or as JSON. */
export type Form = 'json' | 'text'

/** The value, or undefined when it is none that is allowed. */
export function readValue(setting: LeafSetting, raw: unknown, form: Form): unknown {
  switch (setting.kind) {
    case 'duration':
      return readDuration(setting, raw, form)
    case 'count':
    case 'number':
    case 'share':
      return readNumber(setting, raw, form)
    case 'switch':
      return readSwitch(raw, form)
    case 'word':
      return setting.allowed.includes(raw as string) ? raw : undefined
    case 'text':
      return readText(setting, raw)
    case 'list':
      return readList(raw, form)
    case 'pairs':
      return readPairs(setting.allowed, raw, form)
  }
}

/** What is allowed, for errors and pages. */
export function allowedValues(setting: LeafSetting): string {
  const off = 'off' in setting ? ', or false' : ''
  switch (setting.kind) {
    case 'duration': {
      const { least = 0 } = setting
      const from = least > 0 ? ` of at least ${formatDuration(least)}` : ''
      return `a duration${from} with its unit, such as '250ms', '30s', '5m'${off}`
    }
    case 'count':
      return `a whole number of at least ${leastOf(setting)}${off}`
    case 'number':
      return `a number of at least ${leastOf(setting)}${off}`
    case 'share':
      return `a share ${setting.least === 0 ? 'from 0' : 'above 0 and up'} to 1${off}`
    case 'switch':
      return 'true or false'
    case 'word':
      return `one of ${setting.allowed.map((word) => `'${word}'`).join(', ')}`
    case 'text': {
      const { least = 1, most = longestText, looks } = setting
      return looks ?? (least > 1 ? `a text of ${least} to ${most} characters` : 'a text that is not empty')
    }
    case 'list':
      return 'a list of texts, separated by commas in an environment variable'
    case 'pairs':
      return `names with one of ${setting.allowed.map((word) => `'${word}'`).join(', ')} or false; a=debug,b=false in an environment variable`
  }
}

/** The smallest number. */
export function leastOf({ kind, least }: NumberSetting): number {
  return least ?? (kind === 'count' ? 1 : 0)
}

/** The most characters of a text, where its setting says nothing. */
export const longestText = 4096

/** The form of a duration with its unit. */
export const durationPattern = '^\\d+(\\.\\d+)?(ms|s|m|h|d)$'
const durationText = new RegExp(durationPattern)

function readDuration({ least = 0, off }: DurationSetting, raw: unknown, form: Form): unknown {
  if (off && isFalse(raw, form)) return false
  if (typeof raw === 'string' ? !durationText.test(raw) : typeof raw !== 'number') return undefined
  try {
    duration('duration', raw as number, least)
    return raw
  } catch {
    return undefined
  }
}

function readNumber(setting: NumberSetting, raw: unknown, form: Form): unknown {
  if (setting.off && isFalse(raw, form)) return false
  const { kind } = setting
  const text = form === 'text' && typeof raw === 'string' && /^-?\d+(\.\d+)?$/.test(raw)
  const value = text ? Number(raw) : raw
  if (typeof value !== 'number' || !Number.isFinite(value) || value < leastOf(setting)) return undefined
  if (kind === 'count' && !Number.isSafeInteger(value)) return undefined
  if (kind === 'share' && (value > 1 || (value === 0 && setting.least !== 0))) return undefined
  return value + 0 // There is no -0 in what people mean.
}

function readSwitch(raw: unknown, form: Form): unknown {
  if (form === 'text') return raw === 'true' ? true : raw === 'false' ? false : undefined
  return typeof raw === 'boolean' ? raw : undefined
}

function readText({ least = 1, most = longestText, pattern, secret }: TextSetting, raw: unknown): unknown {
  if (typeof raw !== 'string' || raw.length < least || raw.length > most || raw.trim() === '')
    return undefined
  // What was printed must not become the secret when it is read again.
  if (secret && raw === mask) return undefined
  return pattern === undefined || new RegExp(pattern).test(raw) ? raw : undefined
}

function readList(raw: unknown, form: Form): unknown {
  const items: unknown = form === 'text' ? String(raw).split(',') : raw
  if (!Array.isArray(items)) return undefined
  const texts = items.map((item: unknown) => (typeof item === 'string' ? item.trim() : ''))
  return texts.every((text) => text !== '') ? texts : undefined
}

function readPairs(allowed: readonly string[], raw: unknown, form: Form): unknown {
  if (form === 'json' && !isPlainObject(raw)) return undefined
  const pairs: unknown[][] =
    form === 'json'
      ? Object.entries(raw as object)
      : String(raw)
          .split(',')
          .map((pair) => pair.split('=').map((part) => part.trim()))
  const read = pairs.map(([name, word, ...more]) => {
    const value = form === 'text' && word === 'false' ? false : word
    const good = value === false || allowed.includes(value as string)
    return good && more.length === 0 && name !== '' && !isForbidden(String(name)) ? [name, value] : undefined
  })
  return read.includes(undefined) ? undefined : Object.fromEntries(read as [string, unknown][])
}

const isFalse = (raw: unknown, form: Form): boolean => raw === false || (form === 'text' && raw === 'false')
