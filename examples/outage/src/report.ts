/** The whole day on one page: no script, no network, for light and dark, for phones and wide screens. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { answerableOf, busyMachine, type Claim, lostOf } from './claims.ts'
import { type Figures, figures, timeline } from './measure.ts'
import { type Curve, drawBreaker, drawPlot, escapeText, linear, logarithmic, type Plot } from './plots.ts'
import type { Result, SideResult } from './result.ts'
import { type BadDay, moods, phaseAt } from './script.ts'
import { phaseRows, type Row, rows } from './summary.ts'
import { stateNames } from './view.ts'
import { formatCount, formatPercent, formatTime } from './words.ts'

const folder = new URL('../report/', import.meta.url)

/** Writes `report/index.html`. @returns Where it is. */
export async function writeReport(result: Result, claims: readonly Claim[]): Promise<string> {
  const file = new URL('index.html', folder)
  await mkdir(folder, { recursive: true })
  await writeFile(
    file,
    page(result, claims, await readFile(new URL('./report.css', import.meta.url), 'utf8')),
  )
  return fileURLToPath(file)
}

/** The page as text. */
export function page(result: Result, claims: readonly Claim[], style: string): string {
  const { day, seed, startedAt, node, bare, seaworthy, eventLoopDelay } = result
  const busy = busyMachine(result)
  const reproduce = `npm run demo -- --seed ${seed} --duration ${day.duration}ms`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A bad day for an upstream</title>
<style>
${style}</style>
</head>
<body>
<main>
<h1>A bad day for an upstream</h1>
<p class="quiet">${escapeText(startedAt.slice(0, 16).replace('T', ' '))} UTC, Node ${escapeText(node)}.
Again: <code>${reproduce}</code></p>
<p>${day.rate} requests a second asked two upstreams of one kind for products. Both played the same script. One was
called with plain <code>fetch</code> and retries, the other through Seaworthy.</p>
<div class="sides">
${card(result, bare, 'bare')}
${card(result, seaworthy, 'seaworthy')}
</div>
${plotSections(result)}
<h2>The breaker</h2>
<p class="quiet"><span style="color:var(--good)">■</span> closed
<span style="color:var(--warn)">■</span> half-open <span style="color:var(--bad)">■</span> open</p>
${drawBreaker(day, seaworthy.breaker, breakerStory(result))}
<h2>Claims</h2>
<ul class="claims">
${claims.map(claimItem).join('\n')}
</ul>
${busy === undefined ? '' : `<p>${escapeText(busy)}</p>`}
<h2>Figures</h2>
${table('', rows(result), bare.name, seaworthy.name)}
<h2>By phase</h2>
<p class="quiet">Requests answered, of those that were made in the phase.</p>
${table('The upstream', phaseRows(result), bare.name, seaworthy.name)}
<h2>The pipelines</h2>
<p>What <code>explain</code> says about them, before they run.</p>
${seaworthy.explanation.map(({ title, text }) => `<h3>${escapeText(title)}</h3><pre>${escapeText(text)}</pre>`).join('\n')}
<h2>How it was measured</h2>
<p>Requests come by a schedule that does not wait for answers, and latency counts from the scheduled time, so what
had to wait is not left out. Percentiles are of all requests, lost ones included. Calls and queues are counted by
the upstreams. Both clients ran in one process whose timers were late by ${formatTime(eventLoopDelay)} at most, for 99 of 100.</p>
<p>A request could have been answered if the upstream answered when it was made or came back at least
${formatTime(day.notice)} before its user left, or if the client had seen the product before. Users leave after
${formatTime(day.patience)}.</p>
</main>
</body>
</html>
`
}

function card(result: Result, side: SideResult, look: string): string {
  const { success } = figures(side.samples, 0, result.day.duration)
  const possible = answerableOf(result, side)
  const { p99 } = figures(possible, 0, result.day.duration)
  const lost = lostOf(result, side)
  return `<div class="side ${look}">${escapeText(side.name)}<strong>${formatPercent(success)}</strong>answered,
p99 ${escapeText(formatTime(p99))}<br>${formatCount(lost)} of ${formatCount(possible.length)} answerable requests lost</div>`
}

function claimItem({ holds, says, shows }: Claim): string {
  return `<li${holds ? '' : ' class="broken"'}><b>${holds ? '✓' : '✗'}</b>
<span>${escapeText(says)}<br><span class="quiet">${escapeText(shows)}</span></span></li>`
}

function plotSections(result: Result): string {
  const { day, bare, seaworthy } = result
  const parts = Math.max(20, Math.min(60, Math.round(day.duration / 1000)))
  const unit = formatTime(day.duration / parts)
  const theirs = timeline(bare.samples, day.duration, parts, day.duration)
  const ours = timeline(seaworthy.samples, day.duration, parts, day.duration)
  const hints = theirs.map((figure, index) => hint(day, parts, index, figure, ours[index]))
  const both = (tell: (figure: Figures) => number | undefined, thin = ''): Curve[] => [
    { look: `bare ${thin}`, points: spread(theirs.map(tell)) },
    { look: `seaworthy ${thin}`, points: spread(ours.map(tell)) },
  ]
  const queue = (look: string, { upstreamHistory }: SideResult): Curve => ({
    look,
    points: upstreamHistory.map(({ at, queued }) => ({ x: Math.min(1, at / day.duration), value: queued })),
  })
  const longest = Math.max(10, bare.upstream.longestQueue, seaworthy.upstream.longestQueue)
  return [
    section(day, `Requests answered, for each ${unit}`, '', {
      id: 'success',
      title: 'Share of requests answered over the day',
      description: phaseStory(result),
      scale: linear(
        1.02,
        [0, 0.5, 1].map((value) => ({ value, label: formatPercent(value) })),
      ),
      curves: both(({ success }) => success),
      hints,
    }),
    section(day, `Latency, for each ${unit}`, 'Thick: p99. Thin: p50. The scale is logarithmic.', {
      id: 'latency',
      title: 'Latency over the day, 50th and 99th percentile',
      description: phaseStory(result),
      scale: logarithmic(1, 10_000, [
        { value: 1, label: '1 ms' },
        { value: 10, label: '10 ms' },
        { value: 100, label: '100 ms' },
        { value: 1000, label: '1 s' },
        { value: 10_000, label: '10 s' },
      ]),
      curves: [...both(({ p50 }) => p50, 'thin'), ...both(({ p99 }) => p99)],
      hints,
    }),
    section(
      day,
      'Requests that wait inside the upstream',
      'What impatient clients do to a server that is down.',
      {
        id: 'queue',
        title: 'Length of the queue in each upstream over the day',
        description: `At most ${bare.upstream.longestQueue} for ${bare.name}, ${seaworthy.upstream.longestQueue} for ${seaworthy.name}.`,
        scale: linear(longest * 1.02, [
          { value: 0, label: '0' },
          { value: longest, label: formatCount(longest) },
        ]),
        curves: [queue('bare', bare), queue('seaworthy', seaworthy)],
        hints,
      },
    ),
  ].join('\n')
}

function section(day: BadDay, heading: string, note: string, plot: Plot): string {
  const key = (look: string, text: string): string =>
    `<span class="key"><svg viewBox="0 0 32 12" aria-hidden="true"><path class="${look}" d="M0 6H32"/></svg>${text}</span>`
  return `<h2>${escapeText(heading)}</h2>
<p class="quiet">${key('bare', 'bare fetch')}${key('seaworthy', 'seaworthy')}${note}</p>
${drawPlot(day, plot)}`
}

/** Each value in the middle of its part of the day. */
function spread(values: readonly (number | undefined)[]): Curve['points'] {
  return values.map((value, index) => ({ x: (index + 0.5) / values.length, value }))
}

function hint(day: BadDay, parts: number, index: number, theirs: Figures, ours: Figures | undefined): string {
  const from = (index * day.duration) / parts
  const tell = (name: string, { success, p50, p99 }: Figures): string =>
    `${name}: ${formatPercent(success)} answered, p50 ${formatTime(p50)}, p99 ${formatTime(p99)}`
  const when = `${(from / 1000).toFixed(1)} s, ${moods[phaseAt(day, from).mood].label}`
  return [when, tell('bare fetch', theirs), ...(ours ? [tell('seaworthy', ours)] : [])].join('\n')
}

function phaseStory(result: Result): string {
  const { bare, seaworthy } = result
  return phaseRows(result)
    .map((row) => `${row.label}: ${bare.name} ${row.bare}; ${seaworthy.name} ${row.seaworthy}.`)
    .join(' ')
}

function breakerStory({ seaworthy }: Result): string {
  return seaworthy.breaker
    .map(({ at, state }) => `${stateNames[state]} at ${(at / 1000).toFixed(1)} s`)
    .join(', ')
}

function table(corner: string, lines: readonly Row[], bare: string, seaworthy: string): string {
  const body = lines.map((row) => {
    const part = row.label.startsWith(' ') ? ' class="part"' : ''
    return `<tr><th scope="row"${part}>${escapeText(row.label.trim())}</th><td>${escapeText(row.bare)}</td><td>${escapeText(row.seaworthy)}</td></tr>`
  })
  return `<div class="wide"><table>
<thead><tr><th scope="col">${corner}</th><th scope="col">${bare}</th><th scope="col">${seaworthy}</th></tr></thead>
<tbody>${body.join('\n')}</tbody></table></div>`
}
