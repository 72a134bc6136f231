/**
 * Plots as SVG text, made here so that the page needs no script: it opens from a disk, in a mail and among the
 * artifacts of a CI job, where scripts are often forbidden, and a screen reader finds titles instead of a canvas.
 * d3-shape (with d3-path, which has no dependencies) draws curves with gaps in them; the rest is rectangles.
 *
 * Shapes stretch with the page, letters do not: x positions are percentages, and curves lie in a nested `svg` that
 * is stretched without its stroke.
 */
import { curveMonotoneX, line } from 'd3-shape'
import type { BreakerChange, BreakerState } from './protected-client.ts'
import { type BadDay, moods } from './script.ts'
import { stateNames } from './view.ts'

/** A curve. Points are at `x` from 0 to 1, with a value of the plot's scale, or undefined for a gap. */
export interface Curve {
  /** Its class: `bare` or `seaworthy`, and `thin` for the lesser of two. */
  readonly look: string
  readonly points: readonly { readonly x: number; readonly value: number | undefined }[]
}

/** A vertical scale: where a value lies from 0 (bottom) to 1, and the values that get a line and a label. */
export interface Scale {
  at(value: number): number
  readonly ticks: readonly { readonly value: number; readonly label: string }[]
}

/** One plot of the page. */
export interface Plot {
  readonly id: string
  readonly title: string
  /** What can be seen, in a sentence, for those who cannot. */
  readonly description: string
  readonly scale: Scale
  readonly curves: readonly Curve[]
  /** One text for each of equal stretches of the day, shown when pointed at. */
  readonly hints: readonly string[]
}

const height = 170
const top = 18

/** From 0 to `most`. */
export function linear(most: number, ticks: Scale['ticks']): Scale {
  return { at: (value) => value / most, ticks }
}

/** From `least` to `most` in decades; what lies below is drawn at the bottom. */
export function logarithmic(least: number, most: number, ticks: Scale['ticks']): Scale {
  const decades = Math.log10(most / least)
  return { at: (value) => Math.log10(Math.max(value, least) / least) / decades, ticks }
}

/** A plot over the whole day, with its phases shaded. */
export function drawPlot(day: BadDay, { id, title, description, scale, curves, hints }: Plot): string {
  const y = (value: number): number => top + (1 - scale.at(value)) * (height - top)
  const labels = scale.ticks.map(
    ({ value, label }) => `<text x="100%" y="${y(value)}" dy="0.32em">${escapeText(label)}</text>`,
  )
  const grid = scale.ticks.map(
    ({ value }) => `<line class="grid" x1="0" x2="100%" y1="${y(value)}" y2="${y(value)}"/>`,
  )
  const share = 100 / hints.length
  const pointers = hints.map(
    (hint, index) =>
      `<rect class="pointer" x="${index * share}%" width="${share}%" y="${top}" height="${height - top}"><title>${escapeText(hint)}</title></rect>`,
  )
  return `<div class="plot">
<svg class="scale" height="${height + 22}" aria-hidden="true">${labels.join('')}</svg>
<svg height="${height + 22}" role="img" aria-labelledby="${id}-title ${id}-description">
<title id="${id}-title">${escapeText(title)}</title><desc id="${id}-description">${escapeText(description)}</desc>
${shading(day, top, height)}${grid.join('')}${seconds(day)}
<svg x="0" y="${top}" width="100%" height="${height - top}" viewBox="0 0 1 1" preserveAspectRatio="none">
${curves.map((curve) => drawCurve(curve, scale)).join('\n')}
</svg>${pointers.join('')}
</svg></div>`
}

/** The states of the breaker as a strip over the whole day. */
export function drawBreaker(day: BadDay, changes: readonly BreakerChange[], description: string): string {
  const states = [{ at: 0, state: 'closed' as BreakerState }, ...changes]
  const strips = states.map(({ at, state }, index) => {
    const end = Math.min(day.duration, states[index + 1]?.at ?? day.duration)
    const x = percent(at / day.duration)
    const text = `${stateNames[state]}, ${(at / 1000).toFixed(2)} s to ${(end / 1000).toFixed(2)} s`
    return `<rect class="${state}" x="${x}" width="${percent((end - at) / day.duration)}" y="${top}" height="26"><title>${text}</title></rect>`
  })
  return `<div class="plot"><span></span>
<svg height="66" role="img" aria-labelledby="breaker-title breaker-description">
<title id="breaker-title">State of the circuit breaker</title><desc id="breaker-description">${escapeText(description)}</desc>
${shading(day, top, 44)}${strips.join('')}<g transform="translate(0 ${44 - height})">${seconds(day)}</g>
</svg></div>`
}

/** For text and attributes. */
export function escapeText(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}

function drawCurve({ look, points }: Curve, scale: Scale): string {
  const path = line<Curve['points'][number]>()
    .defined(({ value }) => value !== undefined)
    .x(({ x }) => x)
    .y(({ value = 0 }) => 1 - scale.at(value))
    .digits(4)
    .curve(curveMonotoneX)(points)
  return `<path class="${look}" d="${path ?? ''}"/>`
}

function shading({ phases, duration }: BadDay, from: number, to: number): string {
  return phases
    .map(({ mood, from: start, to: end }) => {
      const x = percent(start / duration)
      const { short, label, says } = moods[mood]
      return `<rect class="phase ${mood}" x="${x}" width="${percent((end - start) / duration)}" y="${from}" height="${to - from}"/>
<text class="phase" x="${percent((start + end) / 2 / duration)}" y="12"><title>${label}: the upstream ${says}</title>${short}</text>`
    })
    .join('')
}

/** About six labels under the plot, at whole seconds. */
function seconds({ duration }: BadDay): string {
  const step = Math.max(1, Math.round(duration / 6000))
  const count = Math.floor(duration / 1000 / step)
  return Array.from({ length: count + 1 }, (_, index) => {
    const second = index * step
    const anchor = index === 0 ? 'start' : second * 1000 === duration ? 'end' : 'middle'
    return `<text class="second" x="${percent((second * 1000) / duration)}" y="${height + 16}" text-anchor="${anchor}">${second} s</text>`
  }).join('')
}

function percent(share: number): string {
  return `${(share * 100).toFixed(3)}%`
}
