/** What calls leave for the garbage collector: bytes, collections, and the time they take. */
import {
  constants,
  type NodeGCPerformanceDetail,
  type PerformanceEntry,
  PerformanceObserver,
} from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { loopOf } from './harness.ts'
import { inFreshProcess } from './processes.ts'
import type { Section } from './section.ts'
import { median, spread } from './statistics.ts'
import { subject } from './subjects/index.ts'

interface Garbage {
  readonly bytes: number
  /** Per million calls, as the rest. */
  readonly minor: number
  readonly major: number
  readonly milliseconds: number
}

const warmUpMilliseconds = 200
const countingMilliseconds = 400
/** Small enough that a batch of the wasteful fits into the young generation, so that most see no collection. */
const batch = 100
const batches = 200

/** Measures one contender, in this process. */
export async function measureGarbage(subjectName: string, contenderName: string): Promise<Garbage> {
  const measured = subject(subjectName)
  const contender = measured.contenders.find(({ name }) => name === contenderName)
  if (contender === undefined) throw new Error(`${subjectName} has no ${contenderName}`)
  const loop = loopOf(measured, contender, await contender.build())

  await callsIn(warmUpMilliseconds, loop)
  const bytes = await bytesPerCall(loop)

  const seen: Array<{ kind: number | undefined; duration: number }> = []
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as PerformanceEntry & { detail: NodeGCPerformanceDetail }).detail
      seen.push({ kind, duration: entry.duration })
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  const calls = await callsIn(countingMilliseconds, loop)
  await nextTurn()
  observer.disconnect()

  const perMillion = 1e6 / calls
  const count = (kind: number): number => seen.filter((each) => each.kind === kind).length * perMillion
  return {
    bytes,
    minor: count(constants.NODE_PERFORMANCE_GC_MINOR),
    major: count(constants.NODE_PERFORMANCE_GC_MAJOR),
    milliseconds: seen.reduce((sum, { duration }) => sum + duration, 0) * perMillion,
  }
}

/** Batches that met a collection are off by megabytes, in either direction: the median ignores them. */
async function bytesPerCall(loop: (calls: number) => Promise<void>): Promise<number> {
  const sizes: number[] = []
  for (let i = 0; i < batches; i++) {
    const before = process.memoryUsage().heapUsed
    await loop(batch)
    sizes.push((process.memoryUsage().heapUsed - before) / batch)
  }
  return median(sizes)
}

async function callsIn(milliseconds: number, loop: (calls: number) => Promise<void>): Promise<number> {
  const end = performance.now() + milliseconds
  let calls = 0
  while (performance.now() < end) {
    await loop(batch)
    calls += batch
    await nextTurn()
  }
  return calls
}

const section = (name: string): Section => ({
  name: `garbage.${name}`,
  title: `Garbage: ${lowerFirst(subject(name).title)}`,
  rows: subject(name).contenders.map((contender) => contender.name),
  async measure(runs) {
    const found: Array<{ name: string; garbage: Garbage[] }> = []
    for (const contender of subject(name).contenders) {
      const garbage: Garbage[] = []
      for (let run = 0; run < runs; run++) {
        garbage.push(await inFreshProcess<Garbage>('garbage', name, contender.name))
      }
      found.push({ name: contender.name, garbage })
    }
    const bare = median((found[0] as (typeof found)[0]).garbage.map(({ bytes }) => bytes))
    return {
      name: this.name,
      title: this.title,
      columns: [
        { key: 'bytes', title: 'bytes per call', integer: true },
        { key: 'added', title: 'more than bare', integer: true },
        { key: 'minor', title: 'minor GCs per million calls', integer: true },
        { key: 'major', title: 'major GCs', integer: true },
        { key: 'milliseconds', title: 'ms in GC' },
      ],
      rows: found.map(({ name, garbage }) => {
        const of = (key: keyof Garbage): number => median(garbage.map((each) => each[key]))
        return {
          name,
          cells: {
            bytes: of('bytes'),
            added: of('bytes') - bare,
            minor: of('minor'),
            major: of('major'),
            milliseconds: spread(garbage.map((each) => each.milliseconds)),
          },
        }
      }),
    }
  },
})

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

export const garbageSections: readonly Section[] = ['closed', 'retry', 'timeout', 'pipeline5'].map(section)
