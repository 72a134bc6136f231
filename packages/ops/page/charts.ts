/** Charts by uPlot, in the colours of the page. Each is a picture with a name; what it shows is told in words beside it. */
import uPlot from 'uplot'
import { setAttribute } from './dom.ts'

const colours = new Map<string, string>()

/** Reads the colours of the theme anew, and draws every chart that is there in them. */
export function repaint(): void {
  colours.clear()
  for (const chart of charts) chart.redraw()
}

function colour(name: string): string {
  const known = colours.get(name)
  if (known !== undefined) return known
  const read = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
  colours.set(name, read)
  return read
}

const charts = new Set<Chart>()

const visible = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries)
    for (const chart of charts) if (chart.place === target) chart.show(isIntersecting)
})

const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) for (const chart of charts) if (chart.place === target) chart.resize()
})

interface Line {
  readonly label: string
  /** The name of a colour of the style sheet. */
  readonly colour: string
  readonly filled?: boolean
  readonly dash?: readonly number[]
}

export interface ChartOptions {
  readonly height: number
  readonly lines: readonly Line[]
  /** With axes and a cursor, or a mere line. */
  readonly axes: boolean
  /** Called with the place in the data that the pointer is at; `undefined` when it has left. */
  onPoint?(index: number | undefined): void
}

/** The times in seconds since 1970, then one list for each line. */
export type ChartData = [number[], ...(number | null)[][]]

/** Leaves out where a line would only run along the bottom: where nothing fails, nothing should look like failure. */
export function withoutFlat(values: readonly number[]): (number | null)[] {
  return values.map((value, index) =>
    value === 0 && !values[index - 1] && !values[index + 1] ? null : value,
  )
}

/** A chart that is drawn only while somebody can see it. */
export class Chart {
  readonly place: HTMLElement
  readonly #options: ChartOptions
  #plot: uPlot | undefined = undefined
  #data: ChartData | undefined = undefined
  #shown = false

  constructor(place: HTMLElement, options: ChartOptions) {
    this.place = place
    this.#options = options
    setAttribute(place, 'role', 'img')
    charts.add(this)
    visible.observe(place)
    resized.observe(place)
  }

  /** @param summary - The same in words. */
  update(data: ChartData, summary: string): void {
    setAttribute(this.place, 'aria-label', summary)
    this.#data = data
    if (this.#shown) this.#draw()
  }

  show(shown: boolean): void {
    this.#shown = shown
    if (shown) this.#draw()
  }

  resize(): void {
    const width = this.place.clientWidth
    if (width > 0 && this.#plot !== undefined) this.#plot.setSize({ width, height: this.#options.height })
  }

  redraw(): void {
    this.#plot?.redraw(false, true)
  }

  remove(): void {
    charts.delete(this)
    visible.unobserve(this.place)
    resized.unobserve(this.place)
    this.#plot?.destroy()
  }

  #draw(): void {
    const width = this.place.clientWidth
    if (this.#data === undefined || width === 0) return
    if (this.#plot === undefined) this.#plot = this.#create(width, this.#data)
    else this.#plot.setData(this.#data)
  }

  #create(width: number, data: ChartData): uPlot {
    const { height, lines, axes, onPoint } = this.#options
    const axis: uPlot.Axis = {
      show: axes,
      stroke: () => colour('quiet'),
      grid: { stroke: () => colour('line'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui, sans-serif',
    }
    return new uPlot(
      {
        width,
        height,
        padding: axes ? [8, 8, 0, 0] : [2, 0, 1, 0],
        legend: { show: false },
        cursor: { show: axes, drag: { x: false, y: false }, points: { show: false } },
        scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(1, max * 1.05)] } },
        axes: [
          { ...axis, values: '{HH}:{mm}', grid: { show: false }, size: 28 },
          { ...axis, size: 44 },
        ],
        series: [
          {},
          ...lines.map(
            ({ label, colour: name, filled, dash }): uPlot.Series => ({
              label,
              stroke: () => colour(name),
              ...(filled ? { fill: () => colour(`${name}-faint`) } : {}),
              ...(dash ? { dash: [...dash] } : {}),
              width: 1.5,
              points: { show: false },
            }),
          ),
        ],
        hooks: { setCursor: [({ cursor }) => onPoint?.(cursor.idx ?? undefined)] },
      },
      data,
      this.place,
    )
  }
}
