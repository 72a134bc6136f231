/** Charts by uPlot, in the colours of the page. Each is a picture with a name; what it shows is told in words beside it. */
import uPlot from 'uplot'
import { make, setAttribute } from './dom.ts'

const charts = new Map<Element, Chart>()

const visible = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) charts.get(target)?.show(isIntersecting)
})

const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) charts.get(target)?.resize()
})

/** Draws every chart anew in the colours that the theme has now. */
export function repaint(): void {
  for (const chart of charts.values()) chart.repaint()
}

interface Line {
  /** The style sheet has a colour for it. */
  readonly tone: 'calls' | 'bad' | 'warn'
  readonly filled?: boolean
}

interface ChartOptions {
  readonly lines: readonly Line[]
  /** With axes and a cursor, or a mere line. */
  readonly axes?: boolean
  /** Called with the place in the data that the pointer is at; `undefined` when it has left. */
  onPoint?(index: number | undefined): void
}

/** The times in seconds since 1970, then one list for each line. */
type ChartData = readonly [readonly number[], ...(readonly (number | null)[])[]]

/** A chart that is drawn only while somebody can see it. */
export class Chart {
  readonly #place: HTMLElement
  readonly #options: ChartOptions
  #plot: uPlot | undefined = undefined
  #data: ChartData | undefined = undefined
  #shown = false

  constructor(place: HTMLElement, options: ChartOptions) {
    this.#place = place
    this.#options = options
    setAttribute(place, 'role', 'img')
    charts.set(place, this)
    visible.observe(place)
    resized.observe(place)
  }

  /** @param summary - The same in words. */
  update(data: ChartData, summary: string): void {
    setAttribute(this.#place, 'aria-label', summary)
    this.#data = data
    if (this.#shown) this.#draw()
  }

  show(shown: boolean): void {
    this.#shown = shown
    if (shown) this.#draw()
  }

  resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#place
    if (width > 0) this.#plot?.setSize({ width, height })
  }

  repaint(): void {
    this.#plot?.redraw(false, true)
  }

  remove(): void {
    charts.delete(this.#place)
    visible.unobserve(this.#place)
    resized.unobserve(this.#place)
    this.#plot?.destroy()
  }

  #draw(): void {
    if (this.#data === undefined || this.#place.clientWidth === 0) return
    // The types of uPlot know no lists that are only read, which it does.
    const data = this.#data as uPlot.AlignedData
    if (this.#plot === undefined) this.#plot = this.#create(data)
    else this.#plot.setData(data)
  }

  #create(data: uPlot.AlignedData): uPlot {
    const { lines, axes = false, onPoint } = this.#options
    const { clientWidth: width, clientHeight: height } = this.#place
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
        scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] } },
        axes: [
          { ...axis, values: '{HH}:{mm}', grid: { show: false }, size: 28 },
          { ...axis, size: 44 },
        ],
        series: [
          {},
          ...lines.map(
            ({ tone, filled }): uPlot.Series => ({
              stroke: () => colour(tone),
              ...(filled && { fill: () => faint(colour(tone)) }),
              ...(tone === 'warn' && { dash: [4, 3] }),
              width: 1.5,
              points: { show: false },
            }),
          ),
        ],
        hooks: { setCursor: [({ cursor }) => onPoint?.(cursor.idx ?? undefined)] },
      },
      data,
      this.#place,
    )
  }
}

const probe = make('span', { hidden: '' })
document.body.append(probe)

/** A canvas knows no variables of style sheets, and these differ by theme. */
function colour(name: string): string {
  probe.style.color = `var(--${name})`
  return getComputedStyle(probe).color
}

/** @param solid - As `rgb(1, 2, 3)`, which is how browsers tell a colour. */
function faint(solid: string): string {
  return solid.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.2)')
}
