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
import { median } from './statistics.ts'
import { subject } from './subjects/index.ts'
import type { Row } from './table.ts'

type Loop = (calls: number) => Promise<void>

/** Per million calls. */
interface Collections {
  readonly minor: number
  readonly major: number
  readonly milliseconds: number
}

const warmUpMilliseconds = 200
const countingMilliseconds = 400
const batch = 100
const batches = 200

async function warmLoop(subjectName: string, contenderName: string): Promise<Loop> {
  const measured = subject(subjectName)
  const contender = measured.contenders.find(({ name }) => name === contenderName)
  if (contender === undefined) throw new Error(`${subjectName} has no ${contenderName}`)
  const loop = loopOf(measured, contender, await contender.build())
  await callsIn(warmUpMilliseconds, loop)
  return loop
}

/** In a process of its own, with so much room for new objects that hardly any batch meets a collection. */
export async function measureBytes(subjectName: string, contenderName: string): Promise<number> {
  const loop = await warmLoop(subjectName, contenderName)
  const sizes: number[] = []
  for (let i = 0; i < batches; i++) {
    const before = process.memoryUsage().heapUsed
    await loop(batch)
    sizes.push((process.memoryUsage().heapUsed - before) / batch)
  }
  return median(sizes)
}

/** In a process of its own. */
export async function countCollections(subjectName: string, contenderName: string): Promise<Collections> {
  const loop = await warmLoop(subjectName, contenderName)
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
    minor: count(constants.NODE_PERFORMANCE_GC_MINOR),
    major: count(constants.NODE_PERFORMANCE_GC_MAJOR),
    milliseconds: seen.reduce((sum, { duration }) => sum + duration, 0) * perMillion,
  }
}

async function callsIn(milliseconds: number, loop: Loop): Promise<number> {
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
    const rows: Row[] = []
    let bare: number | undefined
    for (const contender of this.rows) {
      const bytes = await inFreshProcess<number>('bytes', name, contender)
      bare ??= bytes
      const found: Collections[] = []
      for (let run = 0; run < runs; run++) {
        found.push(await inFreshProcess<Collections>('collections', name, contender))
      }
      const of = (key: keyof Collections): number => median(found.map((each) => each[key]))
      rows.push({
        name: contender,
        cells: {
          bytes,
          added: bytes - bare,
          minor: of('minor'),
          major: of('major'),
          milliseconds: of('milliseconds'),
        },
      })
    }
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
      rows,
    }
  },
})

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

export const garbageSections: readonly Section[] = ['closed', 'retry', 'timeout', 'pipeline5'].map(section)
