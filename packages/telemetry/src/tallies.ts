/** The values of all metrics, whoever exports them. */
import { catalogue, type MetricDefinition, type MetricName } from './catalogue.ts'

/** Names and values of the labels of a series. */
export type Labels = Readonly<Record<string, string>>

/** One series of a counter or a gauge. */
export interface Series {
  readonly labels: Labels
  readonly value: number
}

/** Keeps the values of histograms, which are too many to be kept here. */
export interface HistogramKeeper {
  /** A series is known, without a value as yet. */
  know(metric: MetricName, labels: Labels): void
  /** A value of a series that is known. */
  observe(metric: MetricName, labels: Labels, value: number): void
  /** What the series told of is gone. */
  forget(metric: MetricName, labels: Labels): void
}

/** The label of what is counted together because there is too much of it. */
const other = '__other__'
/** So many values the first label of a metric may have before whatever is new is counted together. */
const mostNames = 200
/** So many series each of them may have. */
const mostSeries = 1000

/** A series, whose it is, and how to find it again. */
export interface Entry {
  readonly family: Family
  readonly key: string
  readonly labels: Labels
  /** Whether several share it because there are too many. */
  readonly shared: boolean
  value: number
  /** The round of reading in which a gauge was set. */
  round: number
  owners: number
}

interface Family {
  readonly definition: MetricDefinition
  readonly entries: Map<string, Entry>
  /** How many entries there are of each value of the first label. */
  readonly names: Map<string, number>
}

export class Tallies {
  readonly #families: ReadonlyMap<MetricName, Family>
  readonly #histograms: HistogramKeeper
  #round = 0

  constructor(histograms: HistogramKeeper) {
    const families = Object.entries(catalogue).map(([name, definition]): [MetricName, Family] => [
      name as MetricName, // the keys are
      { definition, entries: new Map(), names: new Map() },
    ])
    this.#families = new Map(families)
    this.#histograms = histograms
  }

  /** All gauges are about to be set anew. */
  begin(): void {
    this.#round++
  }

  /** The series with these values of labels, or the one that stands in for it when there are too many. */
  entry(metric: MetricName, values: readonly string[]): Entry {
    const family = this.#family(metric)
    return family.entries.get(keyOf(values)) ?? this.#enter(metric, family, values)
  }

  /** Sets a gauge. Of several values of one round the worst counts; where several share a series, their sum. */
  set(entry: Entry, value: number): void {
    if (entry.round !== this.#round) entry.value = value
    else entry.value = entry.shared ? entry.value + value : Math.max(entry.value, value)
    entry.round = this.#round
  }

  /** Hands a value of a histogram to whoever keeps them. */
  observe({ family, labels }: Entry, value: number): void {
    this.#histograms.observe(nameOf(family), labels, value)
  }

  /** All series of a counter or a gauge. */
  read(metric: MetricName): Iterable<Series> {
    return this.#family(metric).entries.values()
  }

  /** One owner less; without owners a series is forgotten. */
  disown(entry: Entry): void {
    if (--entry.owners > 0) return
    const { family, key, labels } = entry
    family.entries.delete(key)
    const name = firstOf(entry)
    const left = (family.names.get(name) ?? 1) - 1
    if (left > 0) family.names.set(name, left)
    else family.names.delete(name)
    if (family.definition.type === 'histogram') this.#histograms.forget(nameOf(family), labels)
  }

  #enter(metric: MetricName, family: Family, values: readonly string[]): Entry {
    const { entries, names } = family
    const [first = ''] = values
    const name = names.has(first) || names.size < mostNames ? first : other
    const full = (names.get(name) ?? 0) >= mostSeries
    const kept = values.map((value, i) => (i === 0 ? name : full ? other : value))
    if (name === first && !full) return this.#add(family, kept, false)
    this.entry('resilience_metrics_overflow_total', [metric]).value++
    return entries.get(keyOf(kept)) ?? this.#add(family, kept, true)
  }

  #add(family: Family, values: readonly string[], shared: boolean): Entry {
    const { definition, entries, names } = family
    const key = keyOf(values)
    const labels = Object.fromEntries(definition.labels.map((label, i) => [label, values[i] ?? '']))
    const entry: Entry = { family, key, labels, shared, value: 0, round: -1, owners: 0 }
    entries.set(key, entry)
    const name = firstOf(entry)
    names.set(name, (names.get(name) ?? 0) + 1)
    if (definition.type === 'histogram') this.#histograms.know(nameOf(family), labels)
    return entry
  }

  #family(metric: MetricName): Family {
    return this.#families.get(metric) as Family // every name of the catalogue has one
  }
}

const keyOf = (values: readonly string[]): string => values.join('\u0000')
const nameOf = ({ definition }: Family): MetricName => definition.name as MetricName // see `catalogue`
const firstOf = ({ family, labels }: Entry): string => labels[family.definition.labels[0] ?? ''] ?? ''
