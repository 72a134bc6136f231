/** The report of a drill for a terminal. */
import { formatFigure, formatLimit, formatMilliseconds, words } from './format.ts'
import type { DrillReport } from './report.ts'

const marks = { pass: '✔', fail: '✘', inconclusive: '?' } as const

/** Criteria, what was tried, what is advised; one screen or two. */
export function formatReport(report: DrillReport): string {
  return [
    ...criteria(report),
    '',
    ...injections(report),
    ...advice(report),
    ...report.problems.map((problem) => `problem: ${problem}`),
    `${report.overall_result}${report.interrupted ? ' (interrupted)' : ''}  seed ${report.seed}, ${formatMilliseconds(report.test_duration_hours * 3_600_000)}`,
    `again: ${report.replay}`,
  ].join('\n')
}

function criteria({ criteria }: DrillReport): string[] {
  const rows = criteria.map((each) => [
    `${marks[each.status]} ${each.title}`,
    formatFigure(each.value, each.unit),
    formatLimit(each),
    [
      each.detail ?? '',
      each.statisticallySupported === false && each.status === 'pass' ? 'too few to be sure' : '',
    ]
      .filter((text) => text !== '')
      .join('; '),
  ])
  return table(rows)
}

function injections({ figures }: DrillReport): string[] {
  const scenarios = [...new Set(figures.injections.map(({ scenario }) => scenario))]
  if (scenarios.length === 0) return []
  const rows = scenarios.map((scenario) => {
    const all = figures.injections.filter((each) => each.scenario === scenario)
    const recovered = all.filter(({ outcome }) => outcome === 'recovered')
    const took = recovered.map(({ recoveredAfter }) => recoveredAfter ?? 0)
    return [
      `  ${words(scenario)}`,
      `${recovered.length} of ${all.length}`,
      took.length === 0 ? '' : `within ${formatMilliseconds(Math.max(...took))}`,
      `${all.reduce((sum, { affected }) => sum + affected, 0)} hits`,
    ]
  })
  return ['Recovered from', ...table(rows), '']
}

function advice({ recommendations }: DrillReport): string[] {
  if (recommendations.length === 0) return []
  return [
    'Advice',
    ...recommendations.flatMap(({ advice, because }) => [`  ${advice}`, `    since ${because}`]),
    '',
  ]
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
