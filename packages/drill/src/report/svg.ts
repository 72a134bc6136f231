/** Plots as SVG, drawn without a browser, so that a report is one file that needs nothing else. */
import { niceStep, niceTop, ticksBetween } from './ticks.ts'

/** A point of a line: across and up. */
export type Point = readonly [x: number, y: number]

/** A line, or the area below it. */
export interface Line {
  readonly name: string
  /** The class that gives it its colour. */
  readonly style: string
  readonly points: readonly Point[]
  /** Filled down to the ground, each point for all of the time until the next. @defaultValue a line from point to point */
  readonly area?: boolean
}

/** A stretch of time that is marked. */
export interface Band {
  readonly from: number
  readonly to: number
  readonly label: string
}

/** The axis that plots above each other share. */
export interface Axis {
  readonly from: number
  readonly to: number
  /** Distances between ticks that read well, rising. @defaultValue 1, 2, 5, 10, … */
  readonly steps?: readonly number[]
  /** What is written at a tick, given how far it is from one to the next. */
  readonly label: (value: number, step: number) => string
}

/** What is to be drawn. */
export interface Plot {
  readonly title: string
  readonly lines: readonly Line[]
  readonly bands?: readonly Band[]
  readonly x: Axis
  /** What is written at the ticks. */
  readonly y: (value: number) => string
  /** The top of the plot. @defaultValue the next round number above the highest point */
  readonly top?: number
  /** Points that are further apart than this are not joined: nothing was recorded in between. @defaultValue all are joined */
  readonly gap?: number
}

/** One stretch of a {@link Strip}. */
export interface Stretch {
  readonly from: number
  readonly to: number
  /** The class that gives it its colour. */
  readonly style: string
  readonly label: string
}

/** Something that is in one state after the other. */
export interface Strip {
  readonly name: string
  readonly stretches: readonly Stretch[]
}

const width = 900
const height = 200
const left = 64
const bottom = 26
const right = 20
const above = 14
/** How much of the room above a plot the marks take. */
const markHeight = 5
const stripHeight = 34

/** Draws lines over time. The title is the text for those who cannot see it. */
export function linePlot({
  title,
  lines,
  bands = [],
  x,
  y,
  top,
  gap = Number.POSITIVE_INFINITY,
}: Plot): string {
  const points = lines.flatMap((line) => line.points)
  if (points.length === 0) return `<p class="nothing">${htmlText(title)}: nothing was recorded.</p>`
  const highest = top ?? niceTop(points.reduce((most, [, value]) => Math.max(most, value), 0))
  const across = acrossOf(x)
  const ground = height - bottom
  const up = (value: number): number => ground - (value / highest) * (ground - above)
  const drawn = lines.flatMap((line) =>
    segments(line.points, gap).map((segment) =>
      line.area
        ? `<path class="area ${line.style}" d="${steps(segment, across, up)}V${ground}H${place(across(segment[0]?.[0] ?? 0))}Z"/>`
        : `<path class="line ${line.style}" d="${straight(segment, across, up)}"/>`,
    ),
  )
  const rows = [0, 0.5, 1].map((share) => {
    const at = place(up(share * highest))
    return `<line class="grid" x1="${left}" x2="${width - right}" y1="${at}" y2="${at}"/><text class="tick" x="${left - 8}" y="${Number(at) + 4}" text-anchor="end">${htmlText(y(share * highest))}</text>`
  })
  return figure(title, legend(lines), height, [
    ...marks(bands, across, above - markHeight - 2, ground),
    ...drawn,
    ...rows,
    ...axis(x, across, height),
  ])
}

/** Draws what was in which state when, below each other. */
export function stripPlot(
  title: string,
  keys: readonly Pick<Line, 'name' | 'style'>[],
  strips: readonly Strip[],
  x: Axis,
): string {
  const across = acrossOf(x)
  const rows = strips.map(({ name, stretches }, index) => {
    const at = index * stripHeight
    const parts = stretches.map(({ from, to, style, label }) => {
      const start = across(from)
      return `<rect class="state ${style}" x="${place(start)}" y="${at + 19}" width="${place(Math.max(1, across(to) - start))}" height="12"><title>${htmlText(`${name}: ${label}`)}</title></rect>`
    })
    return `<text class="name" x="${left}" y="${at + 14}">${htmlText(name)}</text>${parts.join('')}`
  })
  return figure(title, legend(keys), strips.length * stripHeight + bottom, [
    ...rows,
    ...axis(x, across, strips.length * stripHeight + bottom),
  ])
}

/** Text for HTML. */
export function htmlText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** The plot scrolls in a frame of its own where it would be too small to read. */
function figure(title: string, legend: string, high: number, parts: readonly string[]): string {
  return `<figure><figcaption>${htmlText(title)} ${legend}</figcaption><div class="scroll"><svg viewBox="0 0 ${width} ${high}" role="img" aria-label="${htmlText(title)}">${parts.join('')}</svg></div></figure>`
}

function legend(lines: readonly Pick<Line, 'name' | 'style'>[]): string {
  return lines
    .filter(({ name }) => name !== '')
    .map(({ name, style }) => `<span class="key ${style}">${htmlText(name)}</span>`)
    .join(' ')
}

function acrossOf({ from, to }: Axis): (value: number) => number {
  return (value) => left + ((value - from) / (to - from || 1)) * (width - left - right)
}

function axis({ from, to, steps, label }: Axis, across: (value: number) => number, high: number): string[] {
  const step = niceStep(to - from, steps)
  return ticksBetween(from, to, step).map((value) => {
    const at = across(value)
    // What would stick out is written to the left.
    const anchor = at > width - 2 * right ? 'end' : 'middle'
    return `<text class="tick" x="${place(Math.min(at, width - right))}" y="${high - 7}" text-anchor="${anchor}">${htmlText(label(value, step))}</text>`
  })
}

/** A shadow behind the plot, and a bar above it where an area would hide the shadow. */
function marks(
  bands: readonly Band[],
  across: (value: number) => number,
  bar: number,
  ground: number,
): string[] {
  return bands.map(({ from, to, label }) => {
    const start = across(from)
    const rect = (style: string, y: number, high: number): string =>
      `<rect class="${style}" x="${place(start)}" y="${y}" width="${place(Math.max(2, across(to) - start))}" height="${high}"><title>${htmlText(label)}</title></rect>`
    return rect('band', above, ground - above) + rect('mark', bar, markHeight)
  })
}

function segments(points: readonly Point[], gap: number): Point[][] {
  const found: Point[][] = []
  let before = Number.NEGATIVE_INFINITY
  for (const point of points) {
    if (found.length === 0 || point[0] - before > gap) found.push([])
    found.at(-1)?.push(point)
    before = point[0]
  }
  return found
}

type Scale = (value: number) => number

function straight(points: readonly Point[], across: Scale, up: Scale): string {
  return points
    .map(([a, b], index) => `${index === 0 ? 'M' : 'L'}${place(across(a))} ${place(up(b))}`)
    .join('')
}

function steps(points: readonly Point[], across: Scale, up: Scale): string {
  return points
    .map(
      ([a, b], index) =>
        `${index === 0 ? 'M' : 'H'}${place(across(a))}${index === 0 ? ' ' : 'V'}${place(up(b))}`,
    )
    .join('')
}

function place(value: number): string {
  return value.toFixed(1)
}
