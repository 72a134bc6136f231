import { type Duration, duration, formatDuration, knownOptions } from '@seaworthy/core'
import type { Preset } from './presets.ts'
import type { Profile } from './profiles.ts'

/** Numbers that replace those of a preset. Undefined counts as not given. */
export type Overrides = { readonly [Name in keyof Preset]?: Preset[Name] | undefined }

/** Where a number came from. */
export type Source = 'preset' | 'profile' | 'override'

/** The numbers in effect, and where each came from. `String(resolved)` is a table of them. */
export interface ResolvedOptions {
  readonly options: Preset
  readonly sources: Readonly<Record<keyof Preset, Source>>
  /** All of this for people. */
  readonly text: string
}

/**
 * Puts a preset, a profile and your own numbers together. Your own win, and no profile changes them.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an override does not exist.
 *
 * @example
 * ```ts
 * import { presets, profile, resolveOptions } from 'seaworthy'
 *
 * console.log(`${resolveOptions(presets.messaging, profile('development'), { attempts: 4 })}`)
 * ```
 */
export function resolveOptions(preset: Preset, profile: Profile, overrides: Overrides = {}): ResolvedOptions {
  const names = Object.keys(preset) as ReadonlyArray<keyof Preset>
  knownOptions('preset', overrides, names)
  const profiled = adjust(preset, profile)
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))
  const options: Preset = { ...profiled, ...given }
  const sourceOf = (name: keyof Preset): Source => {
    if (overrides[name] !== undefined) return 'override'
    return profiled[name] === preset[name] ? 'preset' : 'profile'
  }
  const sources = Object.fromEntries(names.map((name) => [name, sourceOf(name)])) as Record<
    keyof Preset,
    Source
  >
  const rows = names.map((name) => {
    const from = sources[name] === 'profile' ? `profile ${profile.name}` : sources[name]
    const before = sources[name] === 'preset' ? '' : ` (preset: ${show(name, preset[name])})`
    return [name, show(name, options[name]), from + before]
  })
  const text = table([['option', 'value', 'from'], ...rows])
  return Object.defineProperty({ options, sources, text }, 'toString', { value: () => text })
}

function adjust(preset: Preset, profile: Profile): Preset {
  const { timeouts, thresholds, recoveries, delays, maxAttempts = preset.attempts } = profile
  return {
    ...preset,
    timeout: scale('timeout', preset.timeout, timeouts),
    attempts: Math.min(preset.attempts, maxAttempts),
    retryDelay: scale('retryDelay', preset.retryDelay, delays),
    maxRetryDelay: scale('maxRetryDelay', preset.maxRetryDelay, delays),
    failureThreshold: Math.max(1, Math.round(preset.failureThreshold * thresholds)),
    recoveryTimeout: scale('recoveryTimeout', preset.recoveryTimeout, recoveries),
  }
}

/** Whole milliseconds, at least one; the duration as it was written where nothing changes. */
function scale(option: string, value: Duration, factor: number): Duration {
  return factor === 1 ? value : Math.max(1, Math.round(duration(option, value) * factor))
}

const durations: readonly string[] = [
  'timeout',
  'retryDelay',
  'maxRetryDelay',
  'recoveryTimeout',
] satisfies ReadonlyArray<keyof Preset>

function show(name: keyof Preset, value: Duration): string {
  return durations.includes(name) ? formatDuration(duration(name, value)) : String(value)
}

function table(rows: ReadonlyArray<readonly string[]>): string {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   '))
  return lines.map((line) => line.trimEnd()).join('\n')
}
