/** The report for people. */
import { formatDuration } from '@seaworthy/core'
import { timeText } from '../time-text.ts'
import type { ReliabilityReport } from '../wire.ts'

/** As Markdown. */
export function reportAsMarkdown(report: ReliabilityReport): string {
  const { availability, retries, fallbacks, deadLetters, circuitBreakers, topFailures } = report
  return [
    '# Reliability report',
    `From ${timeText(report.from)} to ${timeText(report.time)} (${formatDuration(report.window)}).`,
    '## Availability',
    table(
      ['calls', 'failed', 'turned away', 'available', 'with fallbacks'],
      [
        [
          availability.calls,
          availability.failures,
          availability.rejected,
          percent(availability.share),
          percent(availability.shareWithFallbacks),
        ],
      ],
    ),
    '## Circuit breakers',
    table(
      ['name', 'calls', 'failed', 'turned away', 'openings', 'time to recovery', 'p50', 'p99'],
      circuitBreakers.map((each) => [
        each.name,
        each.calls,
        each.failures,
        each.rejected,
        each.openings,
        time(each.meanTimeToRecovery),
        time(each.p50),
        time(each.p99),
      ]),
    ),
    '## Retries, fallbacks, dead letters',
    [
      `- ${retries.retries} retries; ${retries.saved} calls were saved, ${retries.gaveUp} failed all the same.`,
      `- ${fallbacks.answered} answers of fallbacks; ${fallbacks.failed} calls had none. Memory: ${fallbacks.hits} hits, ${fallbacks.misses} misses (${percent(fallbacks.hitRate)}).`,
      `- ${deadLetters.added} dead letters came in; ${deadLetters.replayed} were replayed, ${deadLetters.resolved} resolved, ${deadLetters.discarded} discarded, ${deadLetters.expired} expired; ${deadLetters.depth} are there.`,
    ].join('\n'),
    '## Levels',
    table(
      ['level', 'time'],
      Object.entries(report.timeAtLevel).map(([level, spent]) => [level, time(spent)]),
    ),
    '## Most frequent failures',
    table(
      ['policy', 'class', 'times'],
      topFailures.map(({ kind, name, failureClass, count }) => [`${kind} ${name}`, failureClass, count]),
    ),
    '## Recommendations',
    report.recommendations.length === 0
      ? 'None: nothing stands out, or there is too little to go by.'
      : report.recommendations
          .map(({ kind, name, option, advice, evidence }) => {
            const figures = Object.entries(evidence).map(([what, value]) => `${what} ${value}`)
            return `- **${cell(`${kind} ${name}`)}**, \`${option}\`: ${advice} (${figures.join(', ')})`
          })
          .join('\n'),
    '',
  ].join('\n\n')
}

function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  if (rows.length === 0) return 'None.'
  const line = (cells: readonly (string | number)[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Names are of anybody: they must not end a cell, or become markup. */
const cell = (value: string | number): string =>
  String(value)
    .replaceAll(/[\\|`*_<>[\]]/g, '\\$&')
    .replaceAll(/[\r\n]+/g, ' ')

const time = (value: number | null): string => (value === null ? 'unknown' : formatDuration(value))
const percent = (value: number | null): string =>
  value === null ? 'unknown' : `${Math.round(value * 10_000) / 100} %`
