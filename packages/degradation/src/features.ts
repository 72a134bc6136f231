/** Features that go off as things get worse, and kill switches. */
import { InvalidOptionError, knownOptions } from '@seaworthy/core'
import { UnknownFeatureError } from './errors.ts'
import { type Level, levelValue, parseLevel } from './levels.ts'

/** Options of a feature. */
export interface FeatureOptions {
  /** The worst level at which it is on. */
  readonly maxLevel: Level
  /** What users call it, for notices. @defaultValue its name */
  readonly label?: string
}

/** That somebody has switched a feature off. */
export interface Kill {
  readonly reason: string
  readonly actor: string
  /** When it ends, on the clock; undefined for never. */
  readonly endsAt: number | undefined
}

/** A feature as plain data. */
export interface FeatureFacts {
  readonly name: string
  readonly label: string
  readonly on: boolean
  readonly maxLevel: Level
  readonly kill: Kill | undefined
}

/** The features of a process. */
export class Features {
  readonly #features = new Map<
    string,
    { readonly maxLevel: Level; readonly label: string; kill: Kill | undefined }
  >()

  constructor(features: Readonly<Record<string, FeatureOptions>>) {
    for (const [name, options] of Object.entries(features)) {
      knownOptions(`feature '${name}'`, options, ['maxLevel', 'label'])
      const maxLevel = parseLevel(`features.${name}.maxLevel`, options.maxLevel)
      const { label = name } = options
      if (typeof label !== 'string') throw new InvalidOptionError(`features.${name}.label`, 'a text', label)
      this.#features.set(name, { maxLevel, label, kill: undefined })
    }
  }

  /** Whether a feature is on. @throws {@link UnknownFeatureError} when there is none of that name. */
  isOn(name: string, level: Level): boolean {
    const { kill, maxLevel } = this.#named(name)
    return kill === undefined && levelValue(level) <= levelValue(maxLevel)
  }

  kill(name: string, kill: Kill): void {
    this.#named(name).kill = kill
  }

  /** @returns Whether it had been switched off. */
  restore(name: string): boolean {
    const feature = this.#named(name)
    const killed = feature.kill !== undefined
    feature.kill = undefined
    return killed
  }

  /** Ends kills whose time is over. @returns Whose it was. */
  expire(now: number): string[] {
    const over: string[] = []
    for (const [name, feature] of this.#features) {
      if (feature.kill?.endsAt === undefined || feature.kill.endsAt > now) continue
      feature.kill = undefined
      over.push(name)
    }
    return over
  }

  /** When the next kill ends; `Infinity` if none does. */
  get nextEnd(): number {
    return Math.min(
      Number.POSITIVE_INFINITY,
      ...[...this.#features.values()].map(({ kill }) => kill?.endsAt ?? Number.POSITIVE_INFINITY),
    )
  }

  /** All of them, in the order they were declared. */
  facts(level: Level): FeatureFacts[] {
    return [...this.#features].map(([name, { maxLevel, label, kill }]) => ({
      name,
      label,
      on: this.isOn(name, level),
      maxLevel,
      kill,
    }))
  }

  #named(name: string) {
    const feature = this.#features.get(name)
    if (feature === undefined) throw new UnknownFeatureError(name, [...this.#features.keys()])
    return feature
  }
}
