/** The words in which settings are described. Everything else (parsing, schema, names, pages) is derived from the description. */
import type { Duration } from '@seaworthy/core'

interface Described {
  /** What it means, in one sentence. */
  readonly doc: string
}

interface Leaf extends Described {
  /** It has to be given. */
  readonly required?: true
  /** It comes from elsewhere if it is not given: numbers of a policy from its preset. */
  readonly computed?: true
  /** Never shown. Can be read from a file that an environment variable names. */
  readonly secret?: true
}

/** A length of time. */
export interface DurationSetting extends Leaf {
  readonly kind: 'duration'
  readonly default?: Duration | false
  /** In milliseconds. @defaultValue 0 */
  readonly least?: number
  /** Whether `false` is allowed. */
  readonly off?: true
}

/** A number: whole (`count`), any (`number`), or from 0 to 1 (`share`; 0 itself only where `least` is 0). */
export interface NumberSetting extends Leaf {
  readonly kind: 'count' | 'number' | 'share'
  readonly default?: number | false
  /** @defaultValue 1 for a count, 0 for a number, above 0 for a share */
  readonly least?: number
  readonly off?: true
}

/** Yes or no. */
interface SwitchSetting extends Leaf {
  readonly kind: 'switch'
  readonly default?: boolean
}

/** One of a few words. */
interface WordSetting extends Leaf {
  readonly kind: 'word'
  readonly allowed: readonly string[]
  readonly default?: string
}

/** Any text that is not empty. */
export interface TextSetting extends Leaf {
  readonly kind: 'text'
  readonly default?: string
  /** The fewest characters. @defaultValue 1 */
  readonly least?: number
  /** The most characters. @defaultValue 4096 */
  readonly most?: number
  /** What it has to look like: a regular expression, and the same in words. */
  readonly pattern?: string
  readonly looks?: string
}

/** Texts. */
interface ListSetting extends Leaf {
  readonly kind: 'list'
  readonly default?: readonly string[]
}

/** Words by name, or `false`. */
interface PairsSetting extends Leaf {
  readonly kind: 'pairs'
  readonly allowed: readonly string[]
  readonly default?: Readonly<Record<string, string | false>>
}

/** Something with a value. */
export type LeafSetting =
  | DurationSetting
  | NumberSetting
  | SwitchSetting
  | WordSetting
  | TextSetting
  | ListSetting
  | PairsSetting

/** Settings by name. */
type Fields = Readonly<Record<string, Setting>>

/** Settings that belong together. */
export interface GroupSetting extends Described {
  readonly kind: 'group'
  readonly fields: Fields
  /** It is there only if something in it is given. */
  readonly optional?: true
  /** What is wrong in it is told without what was given: a secret may have got into the wrong place. */
  readonly discreet?: true
}

/** Groups with names of your own. */
export interface MapSetting extends Described {
  readonly kind: 'map'
  readonly entry: GroupSetting
}

/** A setting, or several. */
export type Setting = LeafSetting | GroupSetting | MapSetting

/** Whether a setting is never shown. */
export function isSecret(setting: Setting | undefined): boolean {
  return setting !== undefined && 'secret' in setting && setting.secret === true
}

type Off<S> = S extends { readonly off: true } ? false : never

/** What is always there: it has a default, or has to be given. */
type Certain<S> = S extends { readonly optional: true }
  ? false
  : S extends
        | { readonly default: unknown }
        | { readonly required: true }
        | { readonly computed: true }
        | { readonly kind: 'group' | 'map' }
    ? true
    : false

type Flat<T> = { [K in keyof T]: T[K] }

/** The values of some fields. */
export type GroupValue<F> = Flat<
  { readonly [K in keyof F as Certain<F[K]> extends true ? K : never]: ValueOf<F[K]> } & {
    readonly [K in keyof F as Certain<F[K]> extends true ? never : K]?: ValueOf<F[K]>
  }
>

/** The type of the value of a setting. */
export type ValueOf<S> = S extends { readonly kind: 'group'; readonly fields: infer F }
  ? GroupValue<F>
  : S extends { readonly kind: 'map'; readonly entry: infer E }
    ? Readonly<Record<string, ValueOf<E>>>
    : S extends { readonly kind: 'duration' }
      ? Duration | Off<S>
      : S extends { readonly kind: 'count' | 'number' | 'share' }
        ? number | Off<S>
        : S extends { readonly kind: 'switch' }
          ? boolean
          : S extends { readonly kind: 'word'; readonly allowed: readonly (infer W)[] }
            ? W
            : S extends { readonly kind: 'pairs'; readonly allowed: readonly (infer W)[] }
              ? Readonly<Record<string, W | false>>
              : S extends { readonly kind: 'list' }
                ? readonly string[]
                : string

/** Names that settings can have, as JSON carries it: each may be left out. */
export type Partly<T> = T extends readonly unknown[] | string | number | boolean
  ? T
  : { readonly [K in keyof T]?: Partly<T[K]> | undefined }
