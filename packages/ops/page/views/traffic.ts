/** The calls of all breakers together over the last quarter of an hour, as a picture and as figures. */
import { Chart } from '../charts.ts'
import { make, panel, setText } from '../dom.ts'
import { formatClock, formatRate, formatShare, plural } from '../model/format.ts'
import { since, withoutFlat } from '../model/plot.ts'
import type { Page, View } from '../page.ts'
import { table } from './table.ts'

const step = 5
/** The table has a row for each minute. */
const minute = 60 / step

type Minute = readonly string[]

export function traffic({ model }: Page): View {
  const place = make('div.chart')
  const summary = make('p.reading')
  const figures = table<Minute>(
    'Calls in each of the last minutes',
    ['Minute', 'Calls', 'Failed', 'Rejected'].map((label) => ({ label, look: 'number' })),
    (_, cells) => (texts) => {
      for (const [index, text] of texts.entries()) setText(cells[index] as HTMLElement, text)
    },
  )
  const details = make('details', make('summary', 'The same as a table'), figures.element)
  const legend = ['Calls', 'Failed', 'Rejected'].map((text) => make('li', { 'data-tone': tones[text] }, text))
  panel('traffic', 'Traffic through all circuits', [make('ul.legend', ...legend)], place, summary, details)

  let point: number | undefined
  const chart = new Chart(place, {
    axes: true,
    lines: [{ tone: 'calls', filled: true }, { tone: 'bad' }, { tone: 'warn' }],
    onPoint(index) {
      point = index
      update()
    },
  })
  function update(): void {
    const { total } = model
    const [calls, failures, rejections] = [
      total.rates('calls', step),
      total.rates('failures', step),
      total.rates('rejections', step),
    ]
    const times = total.times(step)
    const sum = total.summary(900)
    const text = `Last 15 minutes: ${plural(sum.calls, 'call')}, ${shareOf(sum.failures, sum.calls)} failed, ${plural(sum.rejections, 'call')} rejected, at most ${formatRate(Math.max(0, ...calls))}.`
    chart.update(
      [times, since(model.began, times, calls), withoutFlat(failures), withoutFlat(rejections)],
      text,
    )
    const at = (list: readonly number[]): number => list[point ?? 0] ?? 0
    setText(
      summary,
      point === undefined
        ? text
        : `${formatClock((times[point] ?? 0) * 1000)}: ${formatRate(at(calls))}, ${formatRate(at(failures))} failed, ${formatRate(at(rejections))} rejected.`,
    )
    if (details.open) figures.update(minutes(model.began, times, calls, failures, rejections))
  }
  details.addEventListener('toggle', update)
  return { update }
}

const tones: Readonly<Record<string, string>> = { Calls: 'calls', Failed: 'bad', Rejected: 'warn' }

function minutes(
  began: number,
  times: readonly number[],
  calls: readonly number[],
  failures: readonly number[],
  rejections: readonly number[],
): Map<string, Minute> {
  const mean = (list: readonly number[], from: number): number =>
    list.slice(from, from + minute).reduce((sum, each) => sum + each, 0) / minute
  const found = new Map<string, Minute>()
  for (let from = calls.length - minute; from >= 0; from -= minute) {
    if ((times[from + minute - 1] ?? 0) * 1000 <= began) break
    const rate = mean(calls, from)
    found.set(String(from), [
      formatClock(((times[from] ?? 0) - step) * 1000).slice(0, 5),
      formatRate(rate),
      shareOf(mean(failures, from), rate),
      formatRate(mean(rejections, from)),
    ])
  }
  return found
}

function shareOf(part: number, whole: number): string {
  return formatShare(whole === 0 ? 0 : part / whole)
}
