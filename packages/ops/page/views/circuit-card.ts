/** One circuit: its state, its last quarter of an hour, its figures, and what can be done with it. */
import type { CircuitAction, CircuitActionAnswer, CircuitView, StateSpan } from '../../src/wire.ts'
import { part } from '../api.ts'
import { Chart } from '../charts.ts'
import type { Question } from '../dialog.ts'
import { button, draw, icon, make, type Row, setAttribute, setHidden, setIcon, setText } from '../dom.ts'
import {
  formatCountdown,
  formatFor,
  formatRate,
  formatShare,
  formatTime,
  formatWord,
  plural,
} from '../model/format.ts'
import { circuitId } from '../model/page-model.ts'
import { since, withoutFlat } from '../model/plot.ts'
import type { Series } from '../model/series.ts'
import { describeTimeline, segments } from '../model/timeline.ts'
import type { Page } from '../page.ts'

const step = 10
const labels = ['Calls', 'Failed', 'Rejected', 'p50', 'p95', 'p99']

/** What the card of a circuit is made from. */
export interface CircuitItem {
  readonly circuit: CircuitView
  readonly now: number
  readonly pinned: boolean
}

interface Deed {
  readonly label: string
  /** In which states it makes sense. */
  readonly when: (circuit: CircuitView) => boolean
  readonly question: (name: string) => Question
}

const deeds: Readonly<Record<CircuitAction, Deed>> = {
  reset: {
    label: 'Reset',
    when: ({ state }) => state !== 'isolated',
    question: (name) => ({
      title: `Reset ${name}?`,
      effect: 'Closes the circuit and forgets what it has counted. Calls go through at once.',
      verb: 'Reset',
      reason: 'optional',
    }),
  },
  'force-open': {
    label: 'Force open',
    when: ({ state }) => state !== 'isolated',
    question: (name) => ({
      title: `Force ${name} open?`,
      effect: 'Turns every call away, however well it would go, until somebody ends the isolation.',
      verb: 'Force open',
      danger: true,
      reason: 'optional',
    }),
  },
  'force-close': {
    label: 'Force closed',
    when: ({ state }) => state === 'isolated',
    question: (name) => ({
      title: `Force ${name} closed?`,
      effect:
        'Ends the isolation and closes the circuit. Its rules hold from then on, and may open it again.',
      verb: 'Force closed',
      reason: 'optional',
    }),
  },
  auto: {
    label: 'End isolation',
    when: ({ state }) => state === 'isolated',
    question: (name) => ({
      title: `End the isolation of ${name}?`,
      effect: 'The circuit decides by its rules again. Calls go through.',
      verb: 'End isolation',
      reason: 'optional',
    }),
  },
}

export function circuitCard(page: Page, id: string, pin: () => void): Row<CircuitItem> {
  const heading = make('h3', { id: `circuit-${id}`, tabindex: -1 })
  const sign = icon('closed')
  const word = make('span')
  const status = make('p.state', sign, word)
  const detail = make('p.detail')
  const strip = draw('svg', {
    class: 'strip',
    viewBox: '0 0 900 14',
    preserveAspectRatio: 'none',
    role: 'img',
  })
  const chartPlace = make('div.spark')
  const chart = new Chart(chartPlace, {
    lines: [
      { tone: 'calls', filled: true },
      { tone: 'bad', filled: true },
    ],
  })
  const values = labels.map(() => make('dd'))
  const list = make(
    'dl.facts',
    ...labels.map((label, index) => make('div', make('dt', label), values[index] as HTMLElement)),
  )

  let item: CircuitItem | undefined
  const buttons = (Object.keys(deeds) as CircuitAction[]).map((action) => {
    const target = make('span.unseen')
    const pressed = button(deeds[action].label, () => item && act(action, pressed, item), target)
    return { action, pressed, target }
  })
  const pinTarget = make('span.unseen')
  const pinButton = button('Pin', pin, pinTarget, { class: 'pin' })
  const element = make(
    'article.card',
    { 'aria-labelledby': `circuit-${id}` },
    make('div.card-head', heading, status),
    detail,
    strip,
    chartPlace,
    list,
    make('div.buttons', ...buttons.map(({ pressed }) => pressed), pinButton),
  )

  return {
    element,
    remove: () => chart.remove(),
    update(next) {
      item = next
      const { circuit, now, pinned } = next
      const title = titleOf(circuit)
      setText(heading, title)
      setAttribute(element, 'data-state', circuit.state)
      setIcon(sign, circuit.state)
      setText(word, formatWord(circuit.state))
      setText(detail, detailOf(circuit, now))
      drawStrip(strip, page.model.spans(circuitId(circuit)), now)
      fillFigures(page.model.series(circuit.name))
      drawChart(page.model.series(circuit.name))
      showButtons(circuit, title)
      setAttribute(pinButton, 'aria-pressed', String(pinned))
      setText(pinTarget, ` ${title}`)
    },
  }

  function act(action: CircuitAction, pressed: HTMLButtonElement, { circuit }: CircuitItem): void {
    const { name, key, shared } = circuit
    const question = {
      ...deeds[action].question(titleOf(circuit)),
      ...(shared && { choice: 'On all instances that share it, not only this one' }),
    }
    void page.act(pressed, question, ({ reason, chosen }) =>
      page.api.send<CircuitActionAnswer>('POST', `circuit-breakers/${part(name)}/${action}`, {
        key,
        reason,
        ...(chosen && { everywhere: true }),
      }),
    )
  }

  function fillFigures(series: Series | undefined): void {
    const minute = series?.summary(60)
    const { calls = 0, failures = 0, rejections = 0 } = minute ?? {}
    const all = calls + rejections
    const texts = [
      formatRate(minute && calls / 60),
      formatShare(calls === 0 ? undefined : failures / calls),
      formatShare(all === 0 ? undefined : rejections / all),
      formatTime(minute?.p50),
      formatTime(minute?.p95),
      formatTime(minute?.p99),
    ]
    for (const [index, value] of values.entries()) setText(value, texts[index] as string)
    setAttribute(values[1] as Element, 'data-tone', failures > calls / 10 ? 'bad' : undefined)
    setAttribute(values[2] as Element, 'data-tone', rejections > 0 ? 'warn' : undefined)
  }

  function drawChart(series: Series | undefined): void {
    setHidden(chartPlace, series === undefined)
    if (series === undefined) return
    const rates = series.rates('calls', step)
    const failures = series.rates('failures', step)
    const sum = series.summary(900)
    const share = sum.calls === 0 ? '' : `, ${formatShare(sum.failures / sum.calls)} failed`
    const times = series.times(step)
    chart.update(
      [times, since(page.model.began, times, rates), withoutFlat(failures)],
      `Calls in the last 15 minutes: ${plural(sum.calls, 'call')}${share}, at most ${formatRate(Math.max(0, ...rates))}.`,
    )
  }

  function showButtons(circuit: CircuitView, title: string): void {
    for (const { action, pressed, target } of buttons) {
      const hidden = !page.can('operate') || !circuit.actions.includes(action) || !deeds[action].when(circuit)
      // Whoever has just pressed it stays at this card.
      if (hidden && document.activeElement === pressed) heading.focus({ preventScroll: true })
      setHidden(pressed, hidden)
      setText(target, ` ${title}`)
    }
  }
}

/** A breaker, or one circuit of a breaker per key. */
function titleOf({ name, key }: CircuitView): string {
  return key === undefined ? name : `${name} · ${key}`
}

function detailOf(
  { state, mode, since, retryAt, cause, isolation, openings }: CircuitView,
  now: number,
): string {
  const parts = [`for ${formatFor(now - since)}`]
  if (state === 'open') {
    if (cause !== undefined)
      parts.push(cause === 'trial' ? 'a trial failed' : formatWord(cause).toLowerCase())
    if (retryAt !== undefined)
      parts.push(retryAt > now ? `next trial in ${formatCountdown(retryAt - now)}` : 'next call is a trial')
    if (openings > 1) parts.push(`opened ${openings} times in a row`)
  }
  if (state === 'halfOpen') parts.push('trial calls decide')
  if (state === 'isolated') parts.push(isolation ? `isolated: ${isolation}` : 'isolated by hand')
  if (mode !== 'enabled') parts.push(mode === 'observe' ? 'observes only' : 'switched off')
  return parts.join(' · ')
}

/** How high each state stands, so that the strip can be read without its colours. */
const heights: Readonly<Record<string, number>> = {
  closed: 4,
  halfOpen: 9,
  open: 14,
  isolated: 14,
  disposed: 2,
}

function drawStrip(strip: SVGSVGElement, spans: readonly StateSpan[], now: number): void {
  const shown = segments(spans, now)
  while (strip.childElementCount > shown.length) strip.lastElementChild?.remove()
  shown.forEach(({ state, from, to }, index) => {
    const bar = strip.children[index] ?? strip.appendChild(draw('rect'))
    const height = heights[state] ?? 2
    setAttribute(bar, 'data-state', state)
    setAttribute(bar, 'x', (from * 900).toFixed(1))
    // What was short can still be seen.
    setAttribute(bar, 'width', Math.max(2, (to - from) * 900).toFixed(1))
    setAttribute(bar, 'y', 14 - height)
    setAttribute(bar, 'height', height)
  })
  setAttribute(strip, 'aria-label', describeTimeline(spans, now))
}
