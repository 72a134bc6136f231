/** The plots of the report: what they show and in which words. `plots.ts` draws them. */
import { answerableOf } from './claims.ts'
import { type Figures, type Sample, timeline } from './measure.ts'
import { type Curve, drawBreaker, drawPlot, escapeText, linear, logarithmic, type Plot } from './plots.ts'
import type { Result, SideResult } from './result.ts'
import { type BadDay, moods, phaseAt } from './script.ts'
import { phaseRows } from './summary.ts'
import { stateNames } from './view.ts'
import { formatCount, formatPercent, formatTime } from './words.ts'

/** One after the other, with headings. */
export function plotSections(result: Result): string {
  const { day, bare, seaworthy } = result
  const parts = Math.max(20, Math.min(60, Math.round(day.duration / 1000)))
  const unit = formatTime(day.duration / parts)
  const parted = (samples: readonly Sample[]): Figures[] =>
    timeline(samples, day.duration, parts, day.duration)
  const all = [parted(bare.samples), parted(seaworthy.samples)] as const
  const possible = [parted(answerableOf(result, bare)), parted(answerableOf(result, seaworthy))] as const
  const hints = Array.from({ length: parts }, (_, index) => {
    const from = (index * day.duration) / parts
    const tell = (side: 0 | 1, name: string): string => {
      const { p50, p99 } = possible[side][index] ?? {}
      return `${name}: ${formatPercent(all[side][index]?.success)} answered, p50 ${formatTime(p50)}, p99 ${formatTime(p99)}`
    }
    const when = `${(from / 1000).toFixed(1)} s, ${moods[phaseAt(day, from).mood].label}`
    return [when, tell(0, bare.name), tell(1, seaworthy.name)].join('\n')
  })
  const both = (
    [theirs, ours]: readonly [Figures[], Figures[]],
    tell: (figure: Figures) => number | undefined,
    thin = '',
  ): Curve[] => [
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
      curves: both(all, ({ success }) => success),
      hints,
    }),
    section(day, `Latency, for each ${unit}`, 'Thick: p99. Thin: p50. Of requests that could be answered.', {
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
      curves: [...both(possible, ({ p50 }) => p50, 'thin'), ...both(possible, ({ p99 }) => p99)],
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
    breakerSection(result),
  ].join('\n')
}

function breakerSection(result: Result): string {
  const { day, seaworthy } = result
  return `<h2>The breaker</h2>
<p class="quiet"><span style="color:var(--good)">■</span> closed
<span style="color:var(--warn)">■</span> half-open <span style="color:var(--bad)">■</span> open</p>
${drawBreaker(day, seaworthy.breaker, breakerStory(result))}`
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
