/** Puts layers together: for every setting the value of the last layer that gives one, and where it came from. */
import type { Entry, Layer, Provenance } from './layer.ts'
import { join, nearest } from './names.ts'
import { deepFreeze } from './plain.ts'
import { allowedValues, mask } from './read-value.ts'
import { type GroupSetting, isSecret, type LeafSetting, type Setting } from './setting.ts'

/** A value in effect. */
export interface EffectiveSetting extends Entry {
  readonly path: string
}

/** A default that depends on other settings. */
export interface ComputedDefault {
  readonly value: unknown
  readonly from: Provenance
}

/** Everything in effect. */
export interface Effective {
  readonly tree: Readonly<Record<string, unknown>>
  readonly settings: readonly EffectiveSetting[]
}

const builtIn: Provenance = { origin: 'default', text: 'default' }

/** The layers laid over each other, the last on top. Problems of all of them are kept. */
export function overlay(layers: readonly Layer[]): Layer {
  return {
    entries: new Map(layers.flatMap(({ entries }) => [...entries])),
    present: new Map(layers.flatMap(({ present }) => [...present])),
    problems: layers.flatMap(({ problems }) => problems),
  }
}

/** The names of the groups of a map, as layers give them. */
export function namesIn({ present }: Layer, path: string): string[] {
  const start = `${path}.`
  return [...present.keys()]
    .filter((each) => each.startsWith(start) && !each.slice(start.length).includes('.'))
    .map((each) => each.slice(start.length))
}

/** Fills in defaults and freezes. What has to be given and is not becomes a problem. */
export function effective(
  table: GroupSetting,
  layer: Layer,
  computed: ReadonlyMap<string, ComputedDefault>,
): Effective {
  const builder = new Builder(layer, computed)
  const tree = builder.group(table, '')
  return { tree: deepFreeze(tree), settings: builder.settings }
}

class Builder {
  readonly settings: EffectiveSetting[] = []
  readonly #layer: Layer
  readonly #computed: ReadonlyMap<string, ComputedDefault>

  constructor(layer: Layer, computed: ReadonlyMap<string, ComputedDefault>) {
    this.#layer = layer
    this.#computed = computed
  }

  group(group: GroupSetting, at: string): Record<string, unknown> {
    const values = Object.entries(group.fields)
      .map(([name, setting]) => [name, this.#value(setting, join(at, name))] as const)
      .filter(([, value]) => value !== undefined)
    const tree = Object.fromEntries(values)
    const secrets = Object.keys(tree).filter((name) => isSecret(group.fields[name]))
    return secrets.length > 0 ? withoutShowing(tree, secrets) : tree
  }

  #value(setting: Setting, path: string): unknown {
    switch (setting.kind) {
      case 'group':
        return setting.optional && !this.#layer.present.has(path) ? undefined : this.group(setting, path)
      case 'map':
        return Object.fromEntries(
          namesIn(this.#layer, path).map((name) => [name, this.group(setting.entry, join(path, name))]),
        )
      default:
        return this.#leaf(setting, path)
    }
  }

  #leaf(setting: LeafSetting, path: string): unknown {
    const given = this.#layer.entries.get(path)
    const computed = this.#computed.get(path)
    const [value, from] = given
      ? [given.value, given.from]
      : computed
        ? [computed.value, computed.from]
        : [copy(setting.default), builtIn]
    if (value !== undefined) this.settings.push({ path, setting, value, from })
    else if (setting.required) this.#missing(setting, path)
    return value
  }

  #missing(setting: LeafSetting, path: string): void {
    // A bad value was given: that is one problem, not two.
    if (this.#layer.problems.some((problem) => problem.path === path)) return
    const group = path.slice(0, path.lastIndexOf('.'))
    const map = group.slice(0, group.lastIndexOf('.'))
    const name = group.slice(map.length + 1)
    const others = namesIn(this.#layer, map).filter((each) => each !== name)
    const meant = map === '' ? undefined : nearest(name, others)
    const hint = meant === undefined ? '' : `; or did you mean ${join(map, meant)}?`
    const source = this.#layer.present.get(group)?.text ?? 'default'
    this.#layer.problems.push({ path, source, message: `must be given: ${allowedValues(setting)}${hint}` })
  }
}

/** Defaults are never handed out: they belong to everybody. */
const copy = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? structuredClone(value) : value

/** Node's `console.log` asks for it. */
const inspect = Symbol.for('nodejs.util.inspect.custom')

/** Whoever prints it, or turns it into JSON, gets a mask. The values are ordinary properties, so that options can be made of them. */
function withoutShowing(tree: Record<string, unknown>, secrets: readonly string[]): Record<string, unknown> {
  const masked = (): object =>
    Object.fromEntries(
      Object.entries(tree).map(([name, value]) => [name, secrets.includes(name) ? mask : value]),
    )
  Object.defineProperty(tree, 'toJSON', { value: masked })
  return Object.defineProperty(tree, inspect, { value: masked })
}
