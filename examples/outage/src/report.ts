/** The whole day on one page: no script, no network, for light and dark, for phones and wide screens. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { answerableOf, busyMachine, type Claim, lostOf } from './claims.ts'
import { figures } from './measure.ts'
import { escapeText } from './plots.ts'
import { plotSections } from './report-plots.ts'
import type { Result, SideResult } from './result.ts'
import { phaseRows, type Row, rows } from './summary.ts'
import { formatCount, formatPercent, formatTime } from './words.ts'

const folder = new URL('../report/', import.meta.url)

/** Writes `report/index.html`. @returns Where it is. */
export async function writeReport(result: Result, claims: readonly Claim[]): Promise<string> {
  const file = new URL('index.html', folder)
  const style = await readFile(new URL('./report.css', import.meta.url), 'utf8')
  await mkdir(folder, { recursive: true })
  await writeFile(file, page(result, claims, style))
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
<h2>Claims</h2>
<ul class="claims">
${claims.map(claimItem).join('\n')}
</ul>
${busy === undefined ? '' : `<p>${escapeText(busy)}</p>`}
<h2>Figures</h2>
${table('', rows(result), bare.name, seaworthy.name)}
<h2>By phase</h2>
<p class="quiet">Requests answered, of those that were made in the phase; latency of those that could be answered.</p>
${table('The upstream', phaseRows(result), bare.name, seaworthy.name)}
<h2>The pipelines</h2>
<p>What <code>explain</code> says about them, before they run.</p>
${seaworthy.explanation.map(({ title, text }) => `<h3>${escapeText(title)}</h3><pre>${escapeText(text)}</pre>`).join('\n')}
<h2>How it was measured</h2>
<p>Requests come by a schedule that does not wait for answers, and latency counts from the scheduled time, so what
had to wait is not left out. Percentiles are of all requests that could have been answered, lost ones included. Calls and queues are counted by
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

function table(corner: string, lines: readonly Row[], bare: string, seaworthy: string): string {
  const body = lines.map((row) => {
    const part = row.label.startsWith(' ') ? ' class="part"' : ''
    return `<tr><th scope="row"${part}>${escapeText(row.label.trim())}</th><td>${escapeText(row.bare)}</td><td>${escapeText(row.seaworthy)}</td></tr>`
  })
  return `<div class="wide"><table>
<thead><tr><th scope="col">${corner}</th><th scope="col">${bare}</th><th scope="col">${seaworthy}</th></tr></thead>
<tbody>${body.join('\n')}</tbody></table></div>`
}
