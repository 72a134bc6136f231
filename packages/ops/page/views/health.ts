/** What each health check says, and has said. */
import type { HealthCheckView } from '../../src/wire.ts'
import { draw, icon, make, panel, setAttribute, setHidden, setIcon, setText } from '../dom.ts'
import { formatAgo, formatCount, formatTime, formatWord } from '../model/format.ts'
import type { Page, View } from '../page.ts'
import { table } from './table.ts'

const ticks = 30
const order = { fail: 0, unknown: 1, warn: 2, pass: 3 } as const
/** How tall a tick is, so that it can be read without its colour. */
const heights = { pass: 5, warn: 10, unknown: 14, fail: 14 } as const

interface Item {
  readonly check: HealthCheckView
  readonly now: number
}

export function health({ model }: Page): View {
  const checks = table<Item>(
    'Health checks',
    [
      { label: 'Check', look: 'wide' },
      { label: 'Status' },
      { label: 'Time', look: 'number' },
      { label: 'Status since', look: 'number' },
      { label: 'Last results' },
    ],
    (element, [name, status, time, since, results], key) => {
      const about = make('span.about')
      const output = make('span.about')
      const sign = icon('unknown')
      const word = make('span')
      const code = make('span.about')
      const strip = draw('svg', { class: 'ticks', viewBox: `0 0 ${ticks * 4} 14`, role: 'img' })
      name.append(make('span.name', key), about, output)
      status.append(make('span.state', sign, word), code)
      results.append(strip)
      return ({ check, now }) => {
        setAttribute(element, 'data-status', check.status)
        setText(
          about,
          [check.criticality, check.componentType, check.kinds.join(', ')].filter(Boolean).join(' · '),
        )
        setText(output, check.output ?? '')
        setIcon(sign, check.status)
        setText(word, formatWord(check.status))
        const remarks = [
          check.code,
          check.flapping ? 'flapping' : undefined,
          check.lastStatus === check.status ? undefined : `last ${check.consecutive}: ${check.lastStatus}`,
        ]
        setText(code, remarks.filter(Boolean).join(', '))
        setText(time, observed(check))
        setText(since, check.since === undefined ? '–' : formatAgo(now - check.since))
        drawTicks(strip, model.results(check.name))
      }
    },
  )
  const overall = make('p.quiet')
  const empty = make('p.empty', 'Nothing is checked.')
  panel('health', 'Health', [overall], checks.element, empty).classList.add('half')
  return {
    update(now) {
      const { health: report } = model
      setText(
        overall,
        report === undefined ? '' : `Overall: ${report.status}${report.draining ? ', draining' : ''}`,
      )
      const list = [...(report?.checks ?? [])].sort(
        (a, b) => order[a.status] - order[b.status] || a.name.localeCompare(b.name),
      )
      setHidden(empty, list.length > 0)
      checks.update(new Map(list.map((check) => [check.name, { check, now }])))
    },
  }
}

function observed({ observedValue, observedUnit, duration }: HealthCheckView): string {
  if (observedValue === undefined) return formatTime(duration)
  if (observedUnit === 'ms') return formatTime(observedValue)
  return `${formatCount(observedValue)}${observedUnit === undefined ? '' : ` ${observedUnit}`}`
}

function drawTicks(strip: SVGSVGElement, results: readonly (keyof typeof heights)[]): void {
  while (strip.childElementCount > results.length) strip.lastElementChild?.remove()
  results.forEach((result, index) => {
    const tick = strip.children[index] ?? strip.appendChild(draw('rect', { width: 3 }))
    setAttribute(tick, 'data-status', result)
    setAttribute(tick, 'x', index * 4)
    setAttribute(tick, 'y', 14 - heights[result])
    setAttribute(tick, 'height', heights[result])
  })
  const bad = results.filter((result) => result !== 'pass').length
  const told = bad === 0 ? 'all passed' : `${bad} did not pass`
  setAttribute(
    strip,
    'aria-label',
    results.length === 0 ? 'No results yet.' : `Last ${results.length} results: ${told}.`,
  )
}
