/**
 * A strict reader of the text format of Prometheus: what it does not accept is an error, also where a server would be lenient.
 *
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format.
 */

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface MetricFamily {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: Sample[]
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y

/** Reads all families. @throws Error with the line that is wrong. */
export function parseMetrics(text: string): Map<string, MetricFamily> {
  if (!text.endsWith('\n')) throw new Error('The last line does not end')
  const families = new Map<string, MetricFamily>()
  const seen = new Set<string>()
  let help: { readonly name: string; readonly text: string } | undefined
  let current: MetricFamily | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`)
    }
    if (line === '') continue
    const [, comment, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (comment === 'HELP') {
      if (families.has(name)) fail('A family in two places')
      if (/\\(?![\\n])/.test(rest)) fail('A backslash that escapes nothing')
      help = { name, text: rest }
    } else if (comment === 'TYPE') {
      if (help?.name !== name) fail('A type without help before it')
      if (!['counter', 'gauge', 'histogram'].includes(rest)) fail('An unknown type')
      current = { name, help: help?.text ?? '', type: rest, samples: [] }
      families.set(name, current)
    } else {
      const [, sampleName = '', labels = '', value = ''] = sampleLine.exec(line) ?? fail('No sample')
      if (current === undefined || !namesOf(current).includes(sampleName)) fail('A sample of no family')
      const sample = { name: sampleName, labels: readLabels(labels, fail), value: readValue(value, fail) }
      const key = JSON.stringify([sampleName, Object.entries(sample.labels).sort()])
      if (seen.has(key)) fail('A series twice')
      seen.add(key)
      current?.samples.push(sample)
    }
  }
  for (const family of families.values()) if (family.type === 'histogram') checkHistogram(family)
  return families
}

function namesOf({ name, type }: MetricFamily): string[] {
  return type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name]
}

function readLabels(text: string, fail: (why: string) => never): Record<string, string> {
  const labels: Record<string, string> = {}
  label.lastIndex = 0
  while (label.lastIndex < text.length) {
    const [, name = '', value = ''] = label.exec(text) ?? fail('Broken labels')
    if (name in labels) fail('A label twice')
    labels[name] = value.replaceAll(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped))
  }
  return labels
}

function readValue(text: string, fail: (why: string) => never): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) fail('No number')
  return Number(text)
}

/** Buckets grow, the last is that of all values, and their number is the count. */
function checkHistogram({ name, samples }: MetricFamily): void {
  const series = new Map<string, { buckets: [number, number][]; count?: number; sum?: number }>()
  for (const { name: sampleName, labels, value } of samples) {
    const { le, ...others } = labels
    const key = JSON.stringify(Object.entries(others).sort())
    const one = series.get(key) ?? { buckets: [] }
    series.set(key, one)
    if (sampleName.endsWith('_bucket')) one.buckets.push([le === '+Inf' ? Infinity : Number(le), value])
    else if (sampleName.endsWith('_sum')) one.sum = value
    else one.count = value
  }
  for (const [key, { buckets, count, sum }] of series) {
    const sorted = buckets.every(
      ([le, value], i) => i === 0 || (le > (buckets[i - 1]?.[0] ?? 0) && value >= (buckets[i - 1]?.[1] ?? 0)),
    )
    const [last, all] = buckets.at(-1) ?? []
    if (!sorted || last !== Infinity || all !== count || sum === undefined)
      throw new Error(`Buckets of ${name} that do not add up: ${key}`)
  }
}
