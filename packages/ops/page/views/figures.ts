/** The figures at the top, of the last minute. */
import type { KeyFigures } from '../../src/wire.ts'
import { byId, make, setAttribute, setText } from '../dom.ts'
import { formatCount, formatRate, formatShare, formatTime } from '../model/format.ts'
import type { Page, View } from '../page.ts'

interface Tile {
  readonly label: string
  value(figures: KeyFigures, turnedAway: number): string
  /** A second, smaller line. */
  more?(figures: KeyFigures): string
  tone?(figures: KeyFigures, turnedAway: number): 'warn' | 'bad' | undefined
}

/** First what calls for somebody. */
const tiles: readonly Tile[] = [
  { label: 'Calls', value: ({ callsPerSecond }) => formatRate(callsPerSecond) },
  {
    label: 'Failed',
    value: ({ failureShare }) => formatShare(failureShare ?? undefined),
    tone: ({ failureShare }) => shareTone(failureShare ?? 0),
  },
  {
    label: 'Turned away',
    value: (_, turnedAway) => formatShare(turnedAway),
    more: () => 'by circuits',
    tone: (_, turnedAway) => shareTone(turnedAway),
  },
  {
    label: 'Not closed',
    value: ({ openCircuits }) => formatCount(openCircuits),
    more: ({ circuits }) => `of ${formatCount(circuits)} circuits`,
    tone: ({ openCircuits }) => (openCircuits > 0 ? 'bad' : undefined),
  },
  {
    label: 'Dead letters',
    value: ({ deadLetters }) => formatCount(deadLetters),
    more: ({ oldestDeadLetterAge }) =>
      oldestDeadLetterAge === null ? 'none waits' : `oldest ${formatTime(oldestDeadLetterAge)}`,
    tone: ({ deadLetters }) => (deadLetters > 0 ? 'warn' : undefined),
  },
  {
    label: 'Fallbacks',
    value: ({ fallbackShare }) => formatShare(fallbackShare ?? undefined),
    more: () => 'of all calls',
  },
  {
    label: 'From memory',
    value: ({ staleHitRate }) => formatShare(staleHitRate ?? undefined),
    more: () => 'of look-ups',
  },
  { label: 'Median time', value: ({ p50 }) => formatTime(p50 ?? undefined) },
  { label: '95 % within', value: ({ p95 }) => formatTime(p95 ?? undefined) },
  { label: '99 % within', value: ({ p99 }) => formatTime(p99 ?? undefined) },
]

export function figures({ model }: Page): View {
  const shown = tiles.map((tile) => {
    const value = make('dd.value')
    const more = make('dd.more')
    byId('figures').append(make('div', make('dt', tile.label), value, more))
    return { tile, value, more }
  })
  return {
    update() {
      const current = model.figures
      if (current === undefined) return
      const { calls, rejections } = model.total.summary(60)
      const turnedAway = rejections / Math.max(1, calls + rejections)
      for (const { tile, value, more } of shown) {
        setText(value, tile.value(current, turnedAway))
        setText(more, tile.more?.(current) ?? 'last minute')
        setAttribute(value, 'data-tone', tile.tone?.(current, turnedAway))
      }
    },
  }
}

function shareTone(share: number): 'warn' | 'bad' | undefined {
  if (share < 0.01) return undefined
  return share < 0.1 ? 'warn' : 'bad'
}
