/** Speed: every subject once per run in a fresh process, and what the runs say together. */
import type { Measurement, Subject } from './harness.ts'
import { inFreshProcess } from './processes.ts'
import { median, spread } from './statistics.ts'
import type { Row, Table } from './table.ts'

type Progress = <T>(what: string, work: () => Promise<T>) => Promise<T>

/** Run by run, not subject by subject: what drifts on the machine then meets all subjects. */
export async function speedTables(
  subjects: readonly Subject[],
  runs: number,
  slices: number,
  progress: Progress,
): Promise<Table[]> {
  const found = new Map<string, Measurement[]>(subjects.map(({ name }) => [name, []]))
  for (let run = 1; run <= runs; run++) {
    for (const { name } of subjects) {
      const measured = await progress(`run ${run} of ${runs}: ${name}`, () =>
        inFreshProcess<Measurement[]>('speed', name, slices),
      )
      found.get(name)?.push(...measured)
    }
  }
  return subjects.map((subject) => tableOf(subject, found.get(subject.name) ?? []))
}

function tableOf({ name, title, contenders }: Subject, measurements: readonly Measurement[]): Table {
  const rows = contenders.map((contender): Row => {
    const own = measurements.filter((measurement) => measurement.contender === contender.name)
    return {
      name: contender.name,
      cells: {
        ratio: spread(own.map(({ ratio }) => ratio)),
        nanoseconds: median(own.map(({ nanoseconds }) => nanoseconds)),
      },
    }
  })
  const cost = ({ cells }: Row): number => cells['nanoseconds'] as number
  return {
    name,
    title,
    columns: [
      { key: 'ratio', title: 'ratio' },
      { key: 'nanoseconds', title: 'ns per call' },
    ],
    rows: [...rows.slice(0, 1), ...rows.slice(1).sort((a, b) => cost(a) - cost(b))],
  }
}
