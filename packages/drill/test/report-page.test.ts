import { describe, expect, it } from 'vitest'
import { type Axis, linePlot, type Point, stripPlot } from '../src/report/svg.ts'
import { niceStep, niceTop, ticksBetween, tickTime, timeSteps } from '../src/report/ticks.ts'

const x: Axis = { from: 0, to: 10_000, steps: timeSteps, label: tickTime }
const plot = (points: readonly Point[], more: object = {}): string =>
  linePlot({ title: 'a <title>', lines: [{ name: 'good', style: 'good', points }], x, y: String, ...more })
const paths = (svg: string): string[] => [...svg.matchAll(/ d="([^"]*)"/g)].map((match) => match[1] ?? '')
const places = (path: string): number[] => (path.match(/-?[\d.]+/g) ?? []).map(Number)

describe('a plot', () => {
  it('stays within its frame, whatever the numbers', () => {
    const points: Point[] = [0, 2500, 5000, 10_000].map((at, index) => [at, 10 ** (3 * index)])
    for (const area of [false, true]) {
      const svg = linePlot({ title: '', lines: [{ name: '', style: 'good', points, area }], x, y: String })
      for (const path of paths(svg)) for (const place of places(path)) expect(place).toBeGreaterThanOrEqual(0)
      expect(Math.max(...paths(svg).flatMap(places))).toBeLessThanOrEqual(900)
    }
  })

  it('does not join what was not recorded', () => {
    const points: Point[] = [1, 2, 8, 9].map((second) => [1000 * second, 1])
    expect(paths(plot(points))).toHaveLength(1)
    expect(paths(plot(points, { gap: 3000 }))).toHaveLength(2)
  })

  it('says so when there is nothing to draw, and escapes what it is told', () => {
    expect(plot([])).toBe('<p class="nothing">a &#60;title&#62;: nothing was recorded.</p>')
    expect(plot([[0, 1]])).not.toContain('<title>a')
  })

  it('marks what was broken, also when it was over at once', () => {
    const svg = plot([[0, 1]], { bands: [{ from: 5000, to: 5000, label: 'outage of <x>' }] })
    expect(svg).toMatch(/class="mark" x="[\d.]+" y="\d+" width="2\.0"/)
    expect(svg).toContain('<title>outage of &#60;x&#62;</title>')
  })

  it('has strips with a name for each, on the same axis', () => {
    const stretches = [{ from: 0, to: 5000, style: 'open', label: 'open' }]
    const svg = stripPlot('circuits', [{ name: 'open', style: 'bad' }], [{ name: 'stock', stretches }], x)
    expect(svg).toContain('<title>stock: open</title>')
    const ticks = (text: string): string[] =>
      text.match(/class="tick" x="[\d.]+" y="\d+" text-anchor="middle"/g) ?? []
    expect(ticks(svg).map((tick) => tick.replace(/ y="\d+"/, ''))).toEqual(
      ticks(plot([[0, 1]])).map((tick) => tick.replace(/ y="\d+"/, '')),
    )
  })
})

describe('ticks', () => {
  it('are few, and where people look for them', () => {
    for (const length of [1, 999, 45_000, 103_000, 900_000, 86_400_000]) {
      const step = niceStep(length, timeSteps)
      expect(ticksBetween(0, length, step).length).toBeLessThanOrEqual(10)
    }
    expect(ticksBetween(4140, 103_000, niceStep(98_860, timeSteps))).toEqual(
      [15, 30, 45, 60, 75, 90].map((seconds) => 1000 * seconds),
    )
    expect([0, 0.3, 1, 3, 11].map(niceTop)).toEqual([1, 0.5, 1, 5, 20])
    expect(niceStep(40)).toBe(5)
  })

  it('say times as exactly as they are apart', () => {
    expect(tickTime(0, 15_000)).toBe('0')
    expect(tickTime(90_000, 15_000)).toBe('1:30')
    expect(tickTime(65_000, 5000)).toBe('1:05')
    expect(tickTime(240_000, 120_000)).toBe('4 min')
    expect(tickTime(7_200_000, 3_600_000)).toBe('2 h')
  })
})
