/** The calls of all breakers together over the last quarter of an hour, as a picture and as figures. */
import { Chart, withoutFlat } from '../charts.ts'
import { byId, make, Rows, setText } from '../dom.ts'
import { formatClock, formatRate, formatShare, plural } from '../model/format.ts'
import type { Page, View } from '../page.ts'
import { table } from './table.ts'

const step = 5
/** The table has a row for each minute. */
const minute = 60 / step

interface Minute {
  readonly time: number
  readonly calls: number
  readonly failures: number
  readonly rejections: number
}

export function traffic({ model }: Page): View {
  const place = make('div', { class: 'chart' })
  const summary = make('p', { class: 'reading' })
  const figures = table('Calls in each of the last minutes', [
    { label: 'Minute' },
    { label: 'Calls', look: 'number' },
    { label: 'Failed', look: 'number' },
    { label: 'Rejected', look: 'number' },
  ])
  const details = make('details', {}, make('summary', {}, 'The same as a table'), figures.element)
  byId('traffic').append(
    make(
      'div',
      { class: 'panel-head' },
      make('h2', { id: 'traffic-title' }, 'Traffic through all circuits'),
      make(
        'ul',
        { class: 'legend' },
        make('li', { class: 'calls' }, 'Calls'),
        make('li', { class: 'failed' }, 'Failed'),
        make('li', { class: 'rejected' }, 'Rejected'),
      ),
    ),
    place,
    summary,
    details,
  )
  const rows = new Rows<Minute>(figures.body, () => {
    const { element, cells } = figures.row()
    return {
      element,
      update({ time, calls, failures, rejections }) {
        const texts = [
          formatClock(time).slice(0, 5),
          formatRate(calls),
          shareOf(failures, calls),
          formatRate(rejections),
        ]
        for (const [index, text] of texts.entries()) setText(cells[index] as HTMLElement, text)
      },
    }
  })

  let point: number | undefined
  const chart = new Chart(place, {
    height: 190,
    axes: true,
    lines: [
      { label: 'Calls', colour: 'calls', filled: true },
      { label: 'Failed', colour: 'bad' },
      { label: 'Rejected', colour: 'warn', dash: [4, 3] },
    ],
    onPoint(index) {
      if (index === point) return
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
    chart.update([times, calls, withoutFlat(failures), withoutFlat(rejections)], text)
    const at = (list: readonly number[]): number => list[point ?? 0] ?? 0
    setText(
      summary,
      point === undefined
        ? text
        : `${formatClock((times[point] ?? 0) * 1000)}: ${formatRate(at(calls))}, ${formatRate(at(failures))} failed, ${formatRate(at(rejections))} rejected.`,
    )
    if (details.open) rows.update(minutes(times, calls, failures, rejections))
  }
  details.addEventListener('toggle', update)
  return { update }
}

function minutes(
  times: readonly number[],
  calls: readonly number[],
  failures: readonly number[],
  rejections: readonly number[],
): Map<string, Minute> {
  const mean = (list: readonly number[], from: number): number =>
    list.slice(from, from + minute).reduce((sum, each) => sum + each, 0) / minute
  const found = new Map<string, Minute>()
  for (let from = calls.length - minute; from >= 0; from -= minute)
    found.set(String(from), {
      time: ((times[from] ?? 0) - step) * 1000,
      calls: mean(calls, from),
      failures: mean(failures, from),
      rejections: mean(rejections, from),
    })
  return found
}

function shareOf(part: number, whole: number): string {
  return formatShare(whole === 0 ? 0 : part / whole)
}
