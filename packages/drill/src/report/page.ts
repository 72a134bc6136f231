/** The report of a drill as one page that needs nothing else. */
import { formatFigure, formatLimit, formatMilliseconds, words } from './format.ts'
import { loadSection } from './load-section.ts'
import { pageStyle } from './page-style.ts'
import type { DrillReport } from './report.ts'
import { type Axis, htmlText, linePlot, type Point } from './svg.ts'

const statusText = { pass: 'pass', fail: 'fail', inconclusive: 'open' } as const
const signs: Readonly<Record<string, string>> = { '<=': '≤', '>=': '≥' }
const resultText = {
  PASSED: 'The service has shown all that was asked of it.',
  FAILED: 'The service has not shown all that was asked of it.',
  PARTIAL: 'Nothing went wrong, but not everything could be judged.',
} as const

/** No script, no font, no image from elsewhere: it can be mailed, archived and read offline. */
export function reportPage(report: DrillReport): string {
  const { overall_result: result, criteria, environment } = report
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
<header class="${result.toLowerCase()}"><div class="inner">
<h1>${result}${report.interrupted ? ' (interrupted)' : ''}</h1>
<p>${resultText[result]}</p>
${notShown(criteria)}
<dl>
${fact('Profile', report.profile)}
${fact('Seed', report.seed)}
${fact('Criteria', `${criteria.filter(({ status }) => status === 'pass').length} of ${criteria.length} met`)}
${fact('Took', formatMilliseconds(report.test_duration_hours * 3_600_000))}
${fact('Faults', `${report.successful_recoveries} of ${report.chaos_events_triggered} recovered from`)}
${fact('Machine', `${environment.processors} processors (${environment.processor}), Node ${environment.node}, ${environment.platform}`)}
${fact('Run it again', report.replay)}
</dl>
</div></header>
<main>
<section><h2>Criteria</h2>
<table class="stacks criteria"><thead><tr><th>Result</th><th>What was to be shown</th><th>Measured</th><th>Asked</th><th>Observations</th><th>Remarks</th></tr></thead><tbody>
${criteria.map(criterionRow).join('\n')}
</tbody></table>
</section>
${loadSection(report, 'virtual')}
${loadSection(report, 'real')}
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

/** What stands between the service and a pass, before all tables. */
function notShown(criteria: DrillReport['criteria']): string {
  const items = criteria
    .filter(({ status }) => status !== 'pass')
    .map(
      (each) =>
        `<li class="${each.status}"><span class="badge">${statusText[each.status]}</span> ${htmlText(each.title)}: ${htmlText(formatFigure(each.value, each.unit))}, asked ${htmlText(formatLimit(each))}</li>`,
    )
  return items.length === 0 ? '' : `<ul class="plain">${items.join('')}</ul>`
}

function criterionRow(criterion: DrillReport['criteria'][number]): string {
  const { status, title, value, unit, samples, detail, atLeast, statisticallySupported } = criterion
  const remarks = [
    ...(detail === undefined ? [] : [detail]),
    ...(atLeast === undefined ? [] : [`with 95 % confidence at least ${formatFigure(atLeast, 'share')}`]),
    ...(statisticallySupported === false && status === 'pass' ? ['too few to be sure'] : []),
  ]
  return `<tr class="${status}">${cells([
    ['', `<span class="badge">${statusText[status]}</span>`],
    ['', htmlText(title)],
    ['Measured', htmlText(formatFigure(value, unit))],
    ['Asked', htmlText(formatLimit(criterion))],
    ['Observations', String(Math.round(samples))],
    ['Remarks', htmlText(remarks.join('; '))],
  ])}</tr>`
}

/** Cells with their names, which stand before them where the page is too narrow for a table. */
function cells(named: readonly (readonly [name: string, content: string])[]): string {
  return named
    .map(([name, content]) => `<td${name === '' ? '' : ` data-name="${name}"`}>${content}</td>`)
    .join('')
}

/** By scenario; each injection for those who want to know. */
function faultSection({ figures: { injections } }: DrillReport): string {
  if (injections.length === 0) return ''
  const rows = [...new Set(injections.map(({ scenario }) => scenario))].map((scenario) => {
    const all = injections.filter((each) => each.scenario === scenario)
    const recovered = all.filter(({ outcome }) => outcome === 'recovered').length
    const longest = Math.max(...all.map(({ recoveredAfter }) => recoveredAfter ?? 0))
    return `<tr class="${recovered === all.length ? 'pass' : 'fail'}">${cells([
      ['', htmlText(words(scenario))],
      ['On', htmlText([...new Set(all.flatMap(({ targets }) => targets))].join(', '))],
      ['Recovered', `<span class="badge">${recovered} of ${all.length}</span>`],
      ['Well again', recovered === 0 ? '' : soon(longest)],
      ['Hits', String(all.reduce((sum, { affected }) => sum + affected, 0))],
    ])}</tr>`
  })
  const each = injections.map(
    ({ scenario, targets, on, from, affected, outcome, recoveredAfter }) =>
      `<tr class="${outcome === 'recovered' ? 'pass' : 'fail'}">${cells([
        ['', htmlText(words(scenario))],
        ['On', htmlText(targets.join(', '))],
        ['At', `${formatMilliseconds(from)}, ${on}`],
        ['Well again', recoveredAfter === undefined ? htmlText(outcome) : soon(recoveredAfter)],
        ['Hits', String(affected)],
      ])}</tr>`,
  )
  return `<section><h2>Faults</h2><table class="stacks"><thead><tr><th>Scenario</th><th>On</th><th>Recovered</th><th>Well again, at most after</th><th>Hits</th></tr></thead><tbody>${rows.join('')}</tbody></table>
<details><summary>Each of the ${injections.length}</summary><table class="stacks"><thead><tr><th>Scenario</th><th>On</th><th>At, on the clock</th><th>Well again after</th><th>Hits</th></tr></thead><tbody>${each.join('')}</tbody></table></details></section>`
}

function soon(milliseconds: number): string {
  return milliseconds < 1 ? 'at once' : formatMilliseconds(milliseconds)
}

function breakerSection({ events }: DrillReport): string {
  const tests = events.filter((event) => event.type === 'breaker.test')
  if (tests.length === 0) return ''
  const rows = tests.map(
    ({ id, name, passed, evidence }) =>
      `<tr class="${passed ? 'pass' : 'fail'}"><td><span class="badge">${passed ? 'pass' : 'fail'}</span></td><td>${htmlText(id)} ${htmlText(words(name))}</td><td>${details(evidence)}</td></tr>`,
  )
  return `<section><h2>Circuit breaker</h2><table class="stacks"><tbody>${rows.join('')}</tbody></table></section>`
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
        `<li class="${each.passed ? '' : 'missed'}">${htmlText(each.name)}: <b>${Number(each.value.toPrecision(4))}</b>, <span class="asked">asked ${htmlText(signs[each.op] ?? each.op)} ${each.limit}</span></li>`,
    )
    const says = control
      ? good
        ? 'fails, as it must'
        : 'does not fail: proves nothing'
      : passed
        ? 'contained'
        : 'spread'
    return `<tr class="${good ? 'pass' : 'fail'}"><td><span class="badge">${says}</span></td><td>${htmlText(id)} ${htmlText(words(name))}${control ? ', <b>without its defence</b>' : ''}<br><small>${htmlText(fault)}</small></td><td><ul>${figures.join('')}</ul></td></tr>`
  })
  return `<section><h2>Cascades</h2><p><small>Tests without the defence are controls: there failures have to spread, or the test would show nothing.</small></p><table class="stacks"><tbody>${rows.join('')}</tbody></table></section>`
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
  const x: Axis = {
    from: 0,
    to: Math.max(1, samples.length - 1),
    label: (value) => (value === 0 ? 'first reading' : `${value}`),
  }
  return `<section><h2>Memory</h2>
${verdicts.map(({ verdict, outcome, reason, growthPercent }) => `<p class="${outcome === 'warn' ? 'inconclusive' : outcome}"><span class="badge">${htmlText(verdictText[verdict] ?? words(verdict))}</span>${growthPercent === undefined ? '' : ` ${growthPercent.toFixed(2)} % growth.`} ${htmlText(reason)}</p>`).join('')}
${linePlot({ title: 'Resident memory', lines: [{ name: '', style: 'plain', points: points(({ rss }) => rss) }], x, y })}
${linePlot({ title: 'Heap right after a major collection', lines: [{ name: '', style: 'plain', points: points(({ heap }) => heap) }], x, y })}
</section>`
}

/** Verdicts as people say them. */
const verdictText: Readonly<Record<string, string>> = { none: 'no leak', leak: 'leak' }

function adviceSection({ recommendations }: DrillReport): string {
  if (recommendations.length === 0) return ''
  return `<section><h2>Advice</h2><ul>${recommendations.map(({ advice, because }) => `<li>${htmlText(advice)}<br><small>since ${htmlText(because)}</small></li>`).join('')}</ul></section>`
}

function details(evidence: unknown): string {
  return `<details><summary>evidence</summary><pre>${htmlText(JSON.stringify(evidence, null, 2) ?? '')}</pre></details>`
}
