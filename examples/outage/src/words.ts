/** Figures as people read them: short, and as wide for one as for the next. */

/** `850` becomes `850 ms`, `1234` becomes `1.23 s`. */
export function formatTime(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '–'
  if (milliseconds < 1) return '<1 ms'
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`
  return `${(milliseconds / 1000).toFixed(milliseconds < 9995 ? 2 : 1).replace(/\.0+$/, '')} s`
}

/** `0.98765` becomes `98.8 %`. Rounds down, so that 100 % means all. */
export function formatPercent(share: number | undefined): string {
  if (share === undefined || Number.isNaN(share)) return '–'
  return `${(Math.floor(share * 1000 + 1e-9) / 10).toString()} %`
}

/** `12345` becomes `12,345`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}
