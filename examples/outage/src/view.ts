/**
 * The picture on the terminal while the day goes on: both sides beside each other, as lines of styled text. Pure, so
 * a test can look at it; `screen.ts` puts it on the terminal.
 */
import { answerable, type Outcome, recent, success, timeline } from './measure.ts'
import type { BreakerChange, BreakerState } from './protected-client.ts'
import type { Live, LiveSide } from './result.ts'
import { type BadDay, type Mood, moods, phaseAt } from './script.ts'
import { formatCount, formatPercent, formatTime } from './words.ts'

type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red'

/** Puts a style on a text, or leaves it as it is where there are no colours. */
export type Paint = (style: Style, text: string) => string

/** A piece of a line. Widths are counted before styles are applied. */
type Piece = readonly [text: string, style?: Style]

/** The least that {@link render} needs. */
export const leastSize = { columns: 60, rows: 20 }

const moodStyle: Record<Mood, Style> = {
  healthy: 'green',
  errors: 'red',
  hangs: 'red',
  throttled: 'yellow',
  resets: 'red',
  recovering: 'yellow',
}

/** Different signs, so the states can be told apart without colours. */
const breakerSigns: Record<BreakerState, Piece> = {
  closed: ['─', 'green'],
  halfOpen: ['▒', 'yellow'],
  open: ['█', 'red'],
}

/** How the states are called among people. */
export const stateNames: Record<BreakerState, string> = {
  closed: 'closed',
  halfOpen: 'half-open',
  open: 'open',
}

/** "Now" means so many milliseconds back. */
const window = 1000
const gap = ' │ '
const labelWidth = 8

/** The picture, `columns` wide. */
export function render(live: Live, columns: number, paint: Paint): string[] {
  const width = Math.max(labelWidth, Math.floor((columns - 1 - gap.length) / 2))
  const left = side(live, live.bare, width)
  const right = side(live, live.seaworthy, width)
  const rows = left.map((line, index) => [
    [' '] as Piece,
    ...fit(line, width),
    [gap, 'dim'] as Piece,
    ...fit(right[index] ?? [], width),
  ])
  return [...head(live, columns), [], ...rows, [], ...legend(columns)].map((line) => draw(line, paint))
}

/** One line without any picture, for logs. */
export function renderPlain({ day, now, bare, seaworthy }: Live): string {
  const time = Math.min(now, day.duration)
  const part = (live: LiveSide): string => {
    const share = formatPercent(recent(live.samples, now - window, now).success).padStart(6)
    const { p99 } = recent(answerable(day, live.samples), now - window, now)
    const latency = formatTime(p99).padStart(7)
    return `${live.name} ${share} answered, p99 ${latency}, ${String(live.pending).padStart(3)} waiting`
  }
  const state = stateNames[seaworthy.breaker?.at(-1)?.state ?? 'closed']
  const seconds = String(Math.round(now / 1000)).padStart(3)
  const mood = moods[phaseAt(day, time - 1).mood].label.padEnd(7)
  return `${seconds} s  ${mood}  ${part(bare)}  |  ${part(seaworthy)}, breaker ${state}`
}

function head({ day, now }: Live, columns: number): Piece[][] {
  const { mood } = phaseAt(day, now)
  const title: Piece[] = [[' A bad day for an upstream', 'bold'], [`, in ${formatTime(day.duration)}`]]
  const clock = `${(Math.max(0, Math.min(now, day.duration)) / 1000).toFixed(1)} s `
  const room = columns - clock.length
  return [
    [...fit(title, room), [clock, 'bold']],
    fit([[' The upstream '], [moods[mood].says, moodStyle[mood]], ['.']], columns),
  ]
}

function legend(columns: number): Piece[][] {
  const signs = (Object.keys(breakerSigns) as BreakerState[]).flatMap((state): Piece[] => [
    breakerSigns[state],
    [` ${stateNames[state]}   `, 'dim'],
  ])
  return [
    fit([[' latency: of requests that could be answered, in the last second; bars: log', 'dim']], columns),
    fit([[' breaker: ', 'dim'], ...signs], columns),
  ]
}

function side({ day, now }: Live, live: LiveSide, width: number): Piece[][] {
  const time = Math.max(0, Math.min(now, day.duration))
  const chart = width - labelWidth
  const present = recent(live.samples, now - window, now)
  const points = timeline(live.samples, day.duration, chart, time)
  // Users who wait in vain, for what nobody could have told them, would be all that p99 shows.
  const possible = answerable(day, live.samples)
  const { p50, p99 } = recent(possible, now - window, now)
  const latencies = timeline(possible, day.duration, chart, time)
  return [
    [[live.name.toUpperCase(), 'bold']],
    row('success', [
      [formatPercent(success(live.samples)).padEnd(9)],
      ['now ', 'dim'],
      [formatPercent(present.success), byShare(present.success)],
    ]),
    row('latency', [
      ['p50 ', 'dim'],
      [formatTime(p50).padEnd(8)],
      ['p99 ', 'dim'],
      [formatTime(p99), byLatency(p99, day)],
    ]),
    row('waiting', [[formatCount(live.pending), live.pending > day.rate ? 'red' : 'green']]),
    row('answers', sources(live)),
    row('server', queue(live, day, chart)),
    [],
    row('script', script(day, time, chart)),
    row(
      'success',
      points.map((point) => bar(point.success, byShare(point.success))),
    ),
    row(
      'p99',
      latencies.map((point) => bar(latencyLevel(point.p99, day), byLatency(point.p99, day))),
    ),
    row('breaker', live.breaker ? breaker(live.breaker, day, time, chart) : [['none', 'dim']]),
  ]
}

function row(label: string, pieces: readonly Piece[]): Piece[] {
  return [[label.padEnd(labelWidth), 'dim'], ...pieces]
}

function sources({ samples }: LiveSide): Piece[] {
  const count = (wanted: Outcome): number => samples.filter(({ outcome }) => outcome === wanted).length
  const kept = count('cached') + count('stale')
  const pieces: Piece[] = [[formatCount(count('live'))], [' live', 'dim']]
  if (kept > 0) pieces.push([` ${formatCount(kept)}`], [' cached', 'dim'])
  const failed = count('failed')
  if (failed > 0) pieces.push([` ${formatCount(failed)}`, 'red'], [' lost', 'dim'])
  return pieces
}

/** How busy its upstream is: a bar that is full when the queue is. */
function queue({ upstream }: LiveSide, day: BadDay, width: number): Piece[] {
  if (upstream === undefined) return []
  const text = ` ${formatCount(upstream.queued)} queued`
  const length = Math.max(0, width - '8,888 queued '.length)
  const filled = Math.min(length, Math.ceil((upstream.queued / day.upstream.queue) * length))
  const style = filled > length / 2 ? 'red' : filled > 1 ? 'yellow' : 'green'
  return [['█'.repeat(filled), style], ['░'.repeat(length - filled), 'dim'], [text]]
}

/** The phases as a strip under which the charts line up; what has not come yet is dim. */
function script(day: BadDay, time: number, width: number): Piece[] {
  const at = (moment: number): number => Math.round((moment / day.duration) * width)
  return day.phases.map(({ mood, from, to }) => {
    const length = at(to) - at(from)
    const text = moods[mood].short.slice(0, length).padEnd(length, '·')
    return [text, from <= time ? moodStyle[mood] : 'dim']
  })
}

/** The state at the end of each cell. */
function breaker(changes: readonly BreakerChange[], day: BadDay, time: number, width: number): Piece[] {
  const cell = day.duration / width
  return Array.from({ length: Math.min(width, Math.ceil(time / cell)) }, (_, index) => {
    const end = Math.min(time, (index + 1) * cell)
    return breakerSigns[changes.findLast(({ at }) => at <= end)?.state ?? 'closed']
  })
}

const bars = '▁▂▃▄▅▆▇█'

function bar(level: number | undefined, style: Style): Piece {
  if (level === undefined) return [' ']
  return [bars.charAt(Math.max(0, Math.min(bars.length - 1, Math.floor(level * bars.length)))), style]
}

/** 0 for 5 ms and less, 1 for the whole patience. */
function latencyLevel(latency: number | undefined, day: BadDay): number | undefined {
  return latency === undefined ? undefined : Math.log(Math.max(5, latency) / 5) / Math.log(day.patience / 5)
}

function byShare(share: number | undefined): Style {
  if (share === undefined) return 'dim'
  return share >= 0.99 ? 'green' : share >= 0.8 ? 'yellow' : 'red'
}

function byLatency(latency: number | undefined, day: BadDay): Style {
  if (latency === undefined) return 'dim'
  return latency < day.patience / 12 ? 'green' : latency < day.patience / 3 ? 'yellow' : 'red'
}

/** Cuts or fills a line to a width. */
function fit(line: readonly Piece[], width: number): Piece[] {
  const pieces: Piece[] = []
  let room = Math.max(0, width)
  for (const [text, style] of line) {
    const characters = [...text].slice(0, room)
    room -= characters.length
    pieces.push(style === undefined ? [characters.join('')] : [characters.join(''), style])
  }
  pieces.push([' '.repeat(room)])
  return pieces
}

/** Neighbours of one style are painted together: a third of the bytes. */
function draw(line: readonly Piece[], paint: Paint): string {
  let drawn = ''
  let run = ''
  let style: Style | undefined
  const flush = (): void => {
    drawn += style === undefined || run === '' ? run : paint(style, run)
    run = ''
  }
  for (const [text, next] of line) {
    if (next !== style) flush()
    style = next
    run += text
  }
  flush()
  return drawn.trimEnd()
}
