/** In which state a circuit was when, over the last quarter of an hour. */
import type { CircuitWord, StateSpan } from '../../src/wire.ts'
import { formatTime, formatWord } from './format.ts'

/** How far back the strip of a circuit goes. */
export const timelineLength = 900_000

/** More changes than this in a quarter of an hour are a flicker that nobody can read. */
const most = 120

/** A stretch of the strip: from 0, the oldest, to 1, now. */
export interface Segment {
  readonly state: CircuitWord
  readonly from: number
  readonly to: number
}

/** The spans after one more is known. Those that are over for longer than the strip is, and the oldest of too many, are forgotten. */
export function extend(spans: readonly StateSpan[], next: StateSpan, now: number): StateSpan[] {
  const last = spans.at(-1)
  const kept = spans.filter((_, index) => (spans[index + 1]?.since ?? now) > now - timelineLength)
  if (last?.state === next.state) return kept
  return [...kept.filter(({ since }) => since < next.since), next].slice(-most)
}

/** What to draw. Before the first span nothing is known, and nothing is drawn. */
export function segments(spans: readonly StateSpan[], now: number): Segment[] {
  const start = now - timelineLength
  const place = (time: number): number => Math.min(1, Math.max(0, (time - start) / timelineLength))
  return spans
    .map(({ since, state }, index) => ({
      state,
      from: place(since),
      to: place(spans[index + 1]?.since ?? now),
    }))
    .filter(({ from, to }) => to > from)
}

/** The same in words. */
export function describeTimeline(spans: readonly StateSpan[], now: number): string {
  const shown = segments(spans, now)
  const first = shown[0]
  if (first === undefined) return 'Nothing is known about the last 15 minutes.'
  const times = new Map<CircuitWord, number>()
  for (const { state, from, to } of shown)
    times.set(state, (times.get(state) ?? 0) + (to - from) * timelineLength)
  const covered = formatTime(Math.round((1 - first.from) * timelineLength))
  if (times.size === 1) return `${formatWord(first.state)} for all of the last ${covered}.`
  const parts = [...times].map(
    ([state, time]) => `${formatWord(state).toLowerCase()} ${formatTime(Math.round(time))}`,
  )
  return `In the last ${covered}: ${parts.join(', ')}; ${shown.length - 1} changes.`
}
