/** What is known about each configuration besides its values. */
import { InvalidOptionError } from '@seaworthy/core'
import type { EffectiveSetting } from './effective.ts'
import type { Provenance } from './layer.ts'
import type { Configuration } from './settings.ts'

/** How a configuration came about. */
export interface Background {
  readonly prefix: string
  readonly settings: readonly EffectiveSetting[]
}

const backgrounds = new WeakMap<Configuration, Background>()

/** Remembers how a configuration came about. */
export function remember(configuration: Configuration, background: Background): void {
  backgrounds.set(configuration, background)
}

/** @throws {@link @seaworthy/core!InvalidOptionError} when it was not made by `loadConfiguration`: a copy, for example. */
export function backgroundOf(configuration: Configuration): Background {
  const background = backgrounds.get(configuration)
  if (background !== undefined) return background
  throw new InvalidOptionError(
    'configuration',
    'what loadConfiguration() returned, not a copy',
    'another object',
  )
}

/**
 * Where a value came from.
 *
 * @param path - For example `policies.payments.timeout`.
 * @returns Undefined when there is no such value.
 */
export function sourceOf(configuration: Configuration, path: string): Provenance | undefined {
  return backgroundOf(configuration).settings.find((each) => each.path === path)?.from
}
