/** Figures as people read them. */
import type { Criterion } from './criterion.ts'

/** `1.23 s`, `45 ms`, `12 min`. */
export function formatMilliseconds(value: number): string {
  if (value < 1000) return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
  if (value < 120_000) return `${(value / 1000).toFixed(value < 10_000 ? 2 : 0)} s`
  return value < 7_200_000 ? `${Math.round(value / 60_000)} min` : `${(value / 3_600_000).toFixed(1)} h`
}

/** The value or the limit of a criterion in its unit. */
export function formatFigure(value: number | undefined, unit: Criterion['unit']): string {
  if (value === undefined) return 'not measured'
  if (unit === 'ms') return formatMilliseconds(value)
  if (unit === 'share') return `${trimmed(100 * value, 3)} %`
  if (unit === 'percent') return `${trimmed(value, 2)} %`
  return String(value)
}

/** What a criterion asks for. */
export function formatLimit({ op, limit, unit }: Criterion): string {
  return `${op === '<=' ? '≤' : op === '>=' ? '≥' : op} ${formatFigure(limit, unit)}`
}

/** `provider_outage` as words. */
export function words(id: string): string {
  return id.replaceAll('_', ' ')
}

function trimmed(value: number, decimals: number): string {
  return String(Number(value.toFixed(decimals)))
}
