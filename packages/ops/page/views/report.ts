/** How reliable the service has been: for the handover in the morning, and for whoever writes down what happened. */
import type { ReliabilityReport } from '../../src/wire.ts'
import { Asked } from '../asked.ts'
import { choice, field, make, panel, setAttribute, setHidden, setText } from '../dom.ts'
import { formatClock, formatCount, formatShare, formatTime, formatWord, plural } from '../model/format.ts'
import type { Page, View } from '../page.ts'
import { table } from './table.ts'

/** So long a report is new enough. */
const freshFor = 60_000

type Breaker = ReliabilityReport['circuitBreakers'][number]
type Failure = ReliabilityReport['topFailures'][number]

const number = 'number'

export function report({ api, refresh }: Page): View {
  const span = choice('report-window', ['1h', 'Hour'], ['6h', '6 hours'], ['24h', 'Day'])
  const asked = new Asked(
    () => api.get<ReliabilityReport>('reports/reliability', { window: span.value }),
    refresh,
  )
  span.addEventListener('change', () => asked.load())
  const covers = make('p.reading')
  const figures = make('dl.pairs')
  const breakers = table<Breaker>(
    'Circuit breakers in the report',
    [
      { label: 'Circuit breaker', look: 'wide' },
      { label: 'Opened', look: number },
      { label: 'Mean time to recovery', look: number },
      { label: 'Calls', look: number },
      { label: 'Failed', look: number },
      { label: 'Rejected', look: number },
      { label: '99 % within', look: number },
    ],
    (_, [name, opened, recovery, calls, failed, rejected, p99]) =>
      (each) => {
        setText(name, each.name)
        setText(opened, formatCount(each.openings))
        setText(recovery, formatTime(each.meanTimeToRecovery ?? undefined))
        setText(calls, formatCount(each.calls))
        setText(failed, formatShare(each.calls === 0 ? undefined : each.failures / each.calls))
        setText(rejected, formatCount(each.rejected))
        setText(p99, formatTime(each.p99 ?? undefined))
        setAttribute(opened, 'data-tone', each.openings > 0 ? 'warn' : undefined)
      },
  )
  const failures = table<Failure>(
    'Most frequent failures',
    [{ label: 'Most frequent failures', look: 'wide' }, { label: 'Class' }, { label: 'Times', look: number }],
    (_, [name, failureClass, times]) =>
      (each) => {
        setText(name, `${formatWord(each.kind)} ${each.name}`)
        setText(failureClass, each.failureClass)
        setText(times, formatCount(each.count))
      },
  )
  const advice = make('ul.advice')
  const advised = make('p.empty')
  const body = make(
    'div',
    figures,
    breakers.element,
    failures.element,
    make('h3', 'Recommendations'),
    advice,
    advised,
  )
  panel('report', 'Reliability report', [field('Last', span)], covers, body)

  let shown: ReliabilityReport | undefined
  return {
    load: () => asked.load(),
    update(now) {
      const { answer, trouble } = asked
      if (answer === undefined) return setText(covers, trouble || 'Reading…')
      if (now - answer.time > freshFor && trouble === '') void asked.load()
      setText(
        covers,
        `${trouble}${trouble && ' '}From ${formatClock(answer.from)} to ${formatClock(answer.time)}, ${formatTime(answer.window)}: what this instance remembers.`,
      )
      if (answer === shown) return
      shown = answer
      figures.replaceChildren(
        ...facts(answer).flatMap(([label, text]) => [make('dt', label), make('dd', text)]),
      )
      breakers.update(new Map(answer.circuitBreakers.map((each) => [each.name, each])))
      failures.update(
        new Map(answer.topFailures.map((each) => [`${each.kind} ${each.name} ${each.failureClass}`, each])),
      )
      const { recommendations } = answer
      advice.replaceChildren(
        ...recommendations.map(({ kind, name, option, advice: text }) =>
          make('li', make('strong', `${formatWord(kind)} ${name}, ${option}: `), text),
        ),
      )
      setText(advised, 'None: there is too little to go by, or nothing to improve.')
      setHidden(advised, recommendations.length > 0)
    },
  }
}

function facts(report: ReliabilityReport): [string, string][] {
  const { availability, retries, fallbacks, deadLetters, timeAtLevel } = report
  const { calls, failures, rejected, share, shareWithFallbacks } = availability
  const levels = Object.entries(timeAtLevel).filter(([, time]) => time > 0)
  return [
    [
      'Availability',
      `${formatShare(share ?? undefined)}; with what fallbacks and memory answered ${formatShare(shareWithFallbacks ?? undefined)}`,
    ],
    ['Calls', `${formatCount(calls)}, ${formatCount(failures)} failed; ${formatCount(rejected)} turned away`],
    [
      'Retries',
      `${plural(retries.retries, 'retry', 'retries')} saved ${plural(retries.saved, 'call')}; ${plural(retries.gaveUp, 'call')} failed all the same`,
    ],
    [
      'Fallbacks',
      `${plural(fallbacks.answered, 'answer')}, ${formatCount(fallbacks.failed)} failed; memory knew ${formatShare(fallbacks.hitRate ?? undefined)} of look-ups`,
    ],
    [
      'Time at each level',
      levels.map(([level, time]) => `${level} ${formatTime(Math.round(time / 1000) * 1000)}`).join(', ') ||
        '–',
    ],
    [
      'Dead letters',
      `${formatCount(deadLetters.added)} added, ${formatCount(deadLetters.replayed)} replayed, ${formatCount(deadLetters.replayFailed)} replays failed, ${formatCount(deadLetters.resolved)} resolved, ${formatCount(deadLetters.discarded)} discarded, ${formatCount(deadLetters.expired)} expired; ${formatCount(deadLetters.depth)} left`,
    ],
  ]
}
