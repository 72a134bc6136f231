/** Plots as SVG, drawn without a browser, so that a report is one file that needs nothing else. */

/** A point of a line: across and up. */
export type Point = readonly [x: number, y: number]

/** A line, or the area below it. */
export interface Line {
  readonly name: string
  /** The class that gives it its colour. */
  readonly style: string
  readonly points: readonly Point[]
  readonly area?: boolean
}

/** A stretch of time that is marked. */
export interface Band {
  readonly from: number
  readonly to: number
  readonly label: string
}

/** What is to be drawn. */
export interface Plot {
  readonly title: string
  readonly lines: readonly Line[]
  readonly bands?: readonly Band[]
  /** What is written at the ticks. */
  readonly x: (value: number) => string
  readonly y: (value: number) => string
  /** The top of the plot. @defaultValue the highest point */
  readonly top?: number
}

const width = 900
const height = 200
const left = 64
const bottom = 24
const right = 12
const above = 12

/** Draws lines over time. The title is the text for those who cannot see it. */
export function linePlot({ title, lines, bands = [], x, y, top }: Plot): string {
  const points = lines.flatMap((line) => line.points)
  if (points.length === 0) return `<p class="nothing">${htmlText(title)}: nothing was recorded.</p>`
  const [from, to] = extent(points.map(([across]) => across))
  const highest = top ?? niceTop(extent(points.map(([, up]) => up))[1])
  const across = (value: number): number =>
    left + ((value - from) / (to - from || 1)) * (width - left - right)
  const up = (value: number): number => height - bottom - (value / (highest || 1)) * (height - bottom - above)
  const path = ({ points }: Line): string =>
    points
      .map(([a, b], index) => `${index === 0 ? 'M' : 'L'}${across(a).toFixed(1)} ${up(b).toFixed(1)}`)
      .join('')
  const drawn = lines.map((line) => {
    const d = path(line)
    const [first, last] = [line.points[0], line.points.at(-1)]
    if (!line.area || !first || !last) return `<path class="line ${line.style}" d="${d}"/>`
    const closed = `${d}L${across(last[0]).toFixed(1)} ${up(0)}L${across(first[0]).toFixed(1)} ${up(0)}Z`
    return `<path class="area ${line.style}" d="${closed}"/>`
  })
  const marks = bands.map(({ from, to, label }) => {
    const start = across(from)
    return `<rect class="band" x="${start.toFixed(1)}" y="${above}" width="${Math.max(1.5, across(to) - start).toFixed(1)}" height="${height - bottom - above}"><title>${htmlText(label)}</title></rect>`
  })
  const rows = [0, 0.5, 1].map((share) => {
    const at = up(share * highest).toFixed(1)
    return `<line class="grid" x1="${left}" x2="${width - right}" y1="${at}" y2="${at}"/><text class="tick" x="${left - 6}" y="${Number(at) + 4}" text-anchor="end">${htmlText(y(share * highest))}</text>`
  })
  const columns = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = across(from + share * (to - from)).toFixed(1)
    const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle'
    return `<text class="tick" x="${at}" y="${height - 6}" text-anchor="${anchor}">${htmlText(x(from + share * (to - from)))}</text>`
  })
  const legend = lines
    .map(({ name, style }) => `<span class="key ${style}">${htmlText(name)}</span>`)
    .join(' ')
  return `<figure><figcaption>${htmlText(title)} ${legend}</figcaption><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${htmlText(title)}">${[...drawn, ...marks, ...rows, ...columns].join('')}</svg></figure>`
}

/** Text for HTML. */
export function htmlText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function extent(values: readonly number[]): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return [low, high]
}

/** The next of 1, 2, 5, 10, … above. */
function niceTop(value: number): number {
  if (value <= 0) return 1
  const size = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find((each) => each * size >= value) ?? 10) * size
}
