/** What one source says: values by path, read and judged by the table of settings. */
import { isName, join, nameRule, nearest } from './names.ts'
import { isPlainObject, kindOf, show } from './plain.ts'
import { allowedValues, type Form, readValue } from './read-value.ts'
import type { GroupSetting, LeafSetting, MapSetting, Setting } from './setting.ts'

/** Which kind of source a value has. */
export type Origin = 'default' | 'preset' | 'profile' | 'file' | 'environment' | 'override'

/** Where a value came from. */
export interface Provenance {
  readonly origin: Origin
  /** The same for people: `file app.json:12`, the name of an environment variable. */
  readonly text: string
}

/** A value that a source gives. */
export interface Entry {
  readonly setting: LeafSetting
  readonly value: unknown
  readonly from: Provenance
}

/** One thing that is wrong. */
export interface ConfigurationProblem {
  /** The setting, for example `policies.payments.timeout`; empty for the whole. */
  readonly path: string
  /** Where it came from, for example `SEAWORTHY_POLICIES__PAYMENTS__TIMEOUT` or `file app.json:3`. */
  readonly source: string
  /** What is wrong, and what is allowed. It has no secrets. */
  readonly message: string
}

/** What one source says. */
export interface Layer {
  /** Values by path. */
  readonly entries: Map<string, Entry>
  /** Groups that are there even if nothing in them is given, and who says so. */
  readonly present: Map<string, Provenance>
  readonly problems: ConfigurationProblem[]
}

/** A layer that says nothing yet. */
export function emptyLayer(): Layer {
  return { entries: new Map(), present: new Map(), problems: [] }
}

/** Reads a tree of JSON. `from` tells where a path stands. */
export function layerOf(table: GroupSetting, tree: unknown, from: (path: string) => Provenance): Layer {
  const layer = emptyLayer()
  new TreeReader(layer, from).group(table, tree, '', false)
  return layer
}

/** Takes one value into a layer, or the problem with it. */
export function addValue(
  layer: Layer,
  path: string,
  setting: LeafSetting,
  raw: unknown,
  { form, from, quiet }: { readonly form: Form; readonly from: Provenance; readonly quiet: boolean },
): void {
  const value = readValue(setting, raw, form)
  if (value === undefined) {
    const got = setting.secret ? 'what it is given is not' : quiet ? `got ${kindOf(raw)}` : `got ${show(raw)}`
    const message = `must be ${allowedValues(setting)}; ${got}`
    layer.problems.push({ path, source: from.text, message })
  } else layer.entries.set(path, { setting, value, from })
}

class TreeReader {
  readonly #layer: Layer
  readonly #from: (path: string) => Provenance

  constructor(layer: Layer, from: (path: string) => Provenance) {
    this.#layer = layer
    this.#from = from
  }

  group(group: GroupSetting, tree: unknown, path: string, quiet: boolean): void {
    const names = Object.keys(group.fields)
    for (const [name, value] of this.#fieldsOf(tree, path)) {
      const place = join(path, name)
      // Editors find the schema by it.
      if (place === '$schema' && typeof value === 'string') continue
      const setting = Object.hasOwn(group.fields, name) ? group.fields[name] : undefined
      if (setting === undefined) this.#problem(place, unknownName(name, names))
      else this.#setting(setting, value, place, quiet || group.discreet === true)
    }
  }

  #setting(setting: Setting, value: unknown, path: string, quiet: boolean): void {
    switch (setting.kind) {
      case 'group':
        if (isPlainObject(value)) this.#layer.present.set(path, this.#from(path))
        this.group(setting, value, path, quiet)
        break
      case 'map':
        this.#map(setting, value, path, quiet)
        break
      default:
        addValue(this.#layer, path, setting, value, { form: 'json', from: this.#from(path), quiet })
    }
  }

  #map(map: MapSetting, tree: unknown, path: string, quiet: boolean): void {
    for (const [name, value] of this.#fieldsOf(tree, path)) {
      const place = join(path, name)
      if (isName(name)) this.#setting(map.entry, value, place, quiet)
      else this.#problem(place, `must have ${nameRule}`)
    }
  }

  /** What is undefined counts as not given: overrides are written in JavaScript. */
  #fieldsOf(tree: unknown, path: string): [string, unknown][] {
    if (isPlainObject(tree)) return Object.entries(tree).filter(([, value]) => value !== undefined)
    this.#problem(path, `must be an object; got ${kindOf(tree)}`)
    return []
  }

  #problem(path: string, message: string): void {
    this.#layer.problems.push({ path, source: this.#from(path).text, message })
  }
}

function unknownName(name: string, names: readonly string[]): string {
  const meant = nearest(name, names)
  return `is not a setting; ${meant === undefined ? `there are ${names.join(', ')}` : `did you mean '${meant}'?`}`
}
