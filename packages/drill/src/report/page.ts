/** The report of a drill as one page that needs nothing else. */
import type { DrillEvent, MeasuredOn } from '../events.ts'
import { addLatencies, latencyQuantile } from '../run/latency.ts'
import { formatFigure, formatLimit, formatMilliseconds, words } from './format.ts'
import { pageStyle } from './page-style.ts'
import type { DrillReport } from './report.ts'
import { type Band, htmlText, type Line, linePlot, type Point } from './svg.ts'

const statusText = { pass: 'pass', fail: 'fail', inconclusive: 'open' } as const
const resultText = {
  PASSED: 'The service has shown all that was asked of it.',
  FAILED: 'The service has not shown all that was asked of it.',
  PARTIAL: 'Nothing went wrong, but not everything could be judged.',
} as const

/** No script, no font, no image from elsewhere: it can be mailed, archived and read offline. */
export function reportPage(report: DrillReport): string {
  const { overall_result: result, criteria, environment } = report
  const worlds = (['virtual', 'real'] as const).filter((on) =>
    report.events.some((event) => event.type === 'traffic' && event.on === on),
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Drill: ${result}</title>
<style>${pageStyle}</style>
</head>
<body>
<header class="${result.toLowerCase()}">
<h1>${result}${report.interrupted ? ' (interrupted)' : ''}</h1>
<p>${resultText[result]}</p>
<dl>
${fact('Profile', report.profile)}
${fact('Seed', report.seed)}
${fact('Took', formatMilliseconds(report.test_duration_hours * 3_600_000))}
${fact('Faults', `${report.successful_recoveries} of ${report.chaos_events_triggered} recovered from`)}
${fact('Machine', `${environment.processors} processors (${environment.processor}), Node ${environment.node}, ${environment.platform}`)}
${fact('Run it again', report.replay)}
</dl>
</header>
<main>
<section><h2>Criteria</h2>
<div class="scroll"><table><thead><tr><th>Result</th><th>What was to be shown</th><th>Measured</th><th>Asked</th><th>From</th><th>Remarks</th></tr></thead><tbody>
${criteria.map(criterionRow).join('\n')}
</tbody></table></div>
</section>
${worlds.map((on) => trafficSection(report, on)).join('\n')}
${faultSection(report)}
${breakerSection(report)}
${cascadeSection(report)}
${memorySection(report)}
${adviceSection(report)}
<section><h2>Phases</h2><ol>${report.events.flatMap((event) => (event.type === 'phase.ended' ? [`<li>${htmlText(event.phase)}: ${event.outcome}${event.reason ? `, ${htmlText(event.reason)}` : ''}</li>`] : [])).join('')}</ol>
${report.problems.map((problem) => `<pre>${htmlText(problem)}</pre>`).join('')}
</section>
</main>
<footer>Every figure comes from the ${report.events.length} events of the JSON report. Hash of what happened in virtual time: <code>${report.event_hash}</code></footer>
</body>
</html>
`
}

function fact(name: string, text: string): string {
  return `<div><dt>${htmlText(name)}</dt><dd>${htmlText(text)}</dd></div>`
}

function criterionRow(criterion: DrillReport['criteria'][number]): string {
  const { status, title, value, unit, samples, detail, atLeast, statisticallySupported } = criterion
  const remarks = [
    ...(detail === undefined ? [] : [detail]),
    ...(atLeast === undefined ? [] : [`with 95 % confidence at least ${formatFigure(atLeast, 'share')}`]),
    ...(statisticallySupported === false && status === 'pass' ? ['too few to be sure'] : []),
  ]
  return `<tr class="${status}"><td><span class="badge">${statusText[status]}</span></td><td>${htmlText(title)}</td><td>${htmlText(formatFigure(value, unit))}</td><td>${htmlText(formatLimit(criterion))}</td><td>${Math.round(samples)}</td><td>${htmlText(remarks.join('; '))}</td></tr>`
}

/** What users got, second by second, beside what was broken. */
function trafficSection(report: DrillReport, on: MeasuredOn): string {
  const seconds = report.events.filter((event) => event.type === 'traffic' && event.on === on) as Extract<
    DrillEvent,
    { readonly type: 'traffic' }
  >[]
  const step = Math.max(1, Math.ceil(seconds.length / 400))
  const groups = Array.from({ length: Math.ceil(seconds.length / step) }, (_, index) =>
    seconds.slice(index * step, (index + 1) * step),
  )
  const total = (
    group: typeof seconds,
    endings: readonly ('full' | 'degraded' | 'shed' | 'failed')[],
  ): number =>
    group.reduce(
      (sum, { ended }) =>
        sum +
        Object.values(ended).reduce(
          (some, counts) => some + endings.reduce((each, ending) => each + counts[ending], 0),
          0,
        ),
      0,
    )
  const share = (endings: readonly ('full' | 'degraded' | 'shed' | 'failed')[]): Point[] =>
    groups.map((group) => [
      group[0]?.at ?? 0,
      total(group, endings) / Math.max(1, total(group, ['full', 'degraded', 'shed', 'failed'])),
    ])
  const slowest: Point[] = groups.map((group) => {
    const latencies = new Map<number, number>()
    for (const { took } of group) addLatencies(latencies, took)
    return [group[0]?.at ?? 0, latencyQuantile(latencies, 0.99) ?? 0]
  })
  const bands: Band[] = report.figures.injections
    .filter((each) => each.on === on)
    .map(({ from, until, scenario, targets }) => ({
      from,
      to: until ?? from,
      label: `${words(scenario)} on ${targets.join(', ')}`,
    }))
  const lines: Line[] = [
    { name: 'in full', style: 'good', points: share(['full', 'degraded', 'shed', 'failed']), area: true },
    { name: 'degraded', style: 'warn', points: share(['degraded', 'shed', 'failed']), area: true },
    { name: 'turned away', style: 'shed', points: share(['shed', 'failed']), area: true },
    { name: 'failed', style: 'bad', points: share(['failed']), area: true },
  ]
  const x = (value: number): string => formatMilliseconds(value)
  return `<section><h2>${on === 'virtual' ? 'Load in virtual time' : 'Load in real time'}</h2>
${linePlot({ title: 'What users got; grey: something is broken', lines, bands, x, y: (value) => `${Math.round(100 * value)} %`, top: 1 })}
${linePlot({ title: '99 of 100 answers came within', lines: [{ name: '', style: 'plain', points: slowest }], bands, x, y: formatMilliseconds })}
${stateStrips(report, on)}
</section>`
}

/** The states of the circuits and the level, as strips over time. */
function stateStrips(report: DrillReport, on: MeasuredOn): string {
  const states = report.events.filter((event) => event.type === 'state' && event.on === on) as Extract<
    DrillEvent,
    { readonly type: 'state' }
  >[]
  const names = [...new Set(states.flatMap(({ circuits }) => Object.keys(circuits)))]
  const [first, last] = [states[0]?.at ?? 0, states.at(-1)?.at ?? 1]
  const strip = (name: string, of: (state: (typeof states)[number]) => string): string => {
    const parts: string[] = []
    let begin = 0
    for (let index = 1; index <= states.length; index++) {
      const [start, end] = [states[begin], states[index]]
      if (start === undefined || (end !== undefined && of(end) === of(start))) continue
      const [from, to] = [start.at, end?.at ?? last]
      const at = (time: number): string => ((1000 * (time - first)) / (last - first || 1)).toFixed(1)
      parts.push(
        `<rect class="state ${of(start)}" x="${at(from)}" y="0" width="${Math.max(1, Number(at(to)) - Number(at(from))).toFixed(1)}" height="14"><title>${htmlText(name)}: ${htmlText(of(start))} from ${formatMilliseconds(from)} to ${formatMilliseconds(to)}</title></rect>`,
      )
      begin = index
    }
    return `<tr><th scope="row">${htmlText(name)}</th><td><svg class="strip" viewBox="0 0 1000 14" preserveAspectRatio="none" role="img" aria-label="${htmlText(name)} over time">${parts.join('')}</svg></td></tr>`
  }
  const rows = names.map((name) => strip(name, ({ circuits }) => circuits[name] ?? 'unknown'))
  return `<table class="strips"><caption>Circuits: <span class="key good">closed</span> <span class="key warn">half open</span> <span class="key bad">open</span>; level: the darker, the less is done</caption><tbody>${rows.join('')}${strip('level', ({ level }) => `level${level}`)}</tbody></table>`
}

function faultSection({ figures }: DrillReport): string {
  if (figures.injections.length === 0) return ''
  const rows = figures.injections.map(
    ({ scenario, targets, on, affected, outcome, recoveredAfter }) =>
      `<tr class="${outcome === 'recovered' ? 'pass' : 'fail'}"><td>${htmlText(words(scenario))}</td><td>${htmlText(targets.join(', '))}</td><td>${on}</td><td>${affected}</td><td>${recoveredAfter === undefined ? htmlText(outcome) : formatMilliseconds(recoveredAfter)}</td></tr>`,
  )
  return `<section><h2>Faults</h2><div class="scroll"><table><thead><tr><th>Scenario</th><th>On</th><th>Clock</th><th>Hits</th><th>Well again after</th></tr></thead><tbody>${rows.join('')}</tbody></table></div></section>`
}

function breakerSection({ events }: DrillReport): string {
  const tests = events.filter((event) => event.type === 'breaker.test')
  if (tests.length === 0) return ''
  const rows = tests.map(
    ({ id, name, passed, evidence }) =>
      `<tr class="${passed ? 'pass' : 'fail'}"><td><span class="badge">${passed ? 'pass' : 'fail'}</span></td><td>${htmlText(id)} ${htmlText(words(name))}</td><td>${details(evidence)}</td></tr>`,
  )
  return `<section><h2>Circuit breaker</h2><div class="scroll"><table><tbody>${rows.join('')}</tbody></table></div></section>`
}

function cascadeSection({ events }: DrillReport): string {
  const tests = events.filter((event) => event.type === 'cascade.test')
  if (tests.length === 0) return ''
  const rows = tests.map(({ id, control, passed, evidence }) => {
    const {
      name = '',
      fault = '',
      metrics = [],
    } = evidence as {
      readonly name?: string
      readonly fault?: string
      readonly metrics?: readonly {
        readonly name: string
        readonly value: number
        readonly op: string
        readonly limit: number
        readonly passed: boolean
      }[]
    }
    const good = passed !== control
    const figures = metrics.map(
      (each) =>
        `<li class="${each.passed ? '' : 'missed'}">${htmlText(each.name)}: ${Number(each.value.toPrecision(4))} ${htmlText(each.op)} ${each.limit}</li>`,
    )
    const says = control
      ? good
        ? 'fails, as it must'
        : 'does not fail: proves nothing'
      : passed
        ? 'contained'
        : 'spread'
    return `<tr class="${good ? 'pass' : 'fail'}"><td><span class="badge">${says}</span></td><td>${htmlText(id)} ${htmlText(name)}${control ? ' without its defence' : ''}<br><small>${htmlText(fault)}</small></td><td><ul>${figures.join('')}</ul></td></tr>`
  })
  return `<section><h2>Cascades</h2><div class="scroll"><table><tbody>${rows.join('')}</tbody></table></div></section>`
}

function memorySection({ events }: DrillReport): string {
  const samples = events.filter((event) => event.type === 'memory.sample')
  const verdicts = events.filter((event) => event.type === 'memory.verdict')
  if (samples.length === 0) return ''
  const points = (of: (sample: (typeof samples)[number]) => number | undefined): Point[] =>
    samples.flatMap((sample, index) => {
      const value = of(sample)
      return value === undefined ? [] : [[index, value / 2 ** 20] as const]
    })
  const y = (value: number): string => `${Math.round(value)} MB`
  const x = (value: number): string => `reading ${Math.round(value) + 1}`
  return `<section><h2>Memory</h2>
${verdicts.map(({ verdict, reason, growthPercent }) => `<p><b>${htmlText(verdict)}</b>${growthPercent === undefined ? '' : `, ${growthPercent.toFixed(2)} % growth`}: ${htmlText(reason)}</p>`).join('')}
${linePlot({ title: 'Resident memory', lines: [{ name: '', style: 'plain', points: points(({ rss }) => rss) }], x, y })}
${linePlot({ title: 'Heap right after a major collection', lines: [{ name: '', style: 'plain', points: points(({ heap }) => heap) }], x, y })}
</section>`
}

function adviceSection({ recommendations }: DrillReport): string {
  if (recommendations.length === 0) return ''
  return `<section><h2>Advice</h2><ul>${recommendations.map(({ advice, because }) => `<li>${htmlText(advice)}<br><small>since ${htmlText(because)}</small></li>`).join('')}</ul></section>`
}

function details(evidence: unknown): string {
  return `<details><summary>evidence</summary><pre>${htmlText(JSON.stringify(evidence, null, 2) ?? '')}</pre></details>`
}
