import type { WindowSummary } from './sample-window.ts'

/** The rules of {@link gradient}. */
export interface GradientRules {
  readonly min: number
  readonly max: number
  /** How much slower than usual calls may be before the limit shrinks: 1.5 is half as slow again. */
  readonly tolerance: number
  /** How much of the way to its new value the limit goes in one window. */
  readonly smoothing: number
  /** How many calls may queue on the other side: what the limit grows by before smoothing. */
  readonly headroom: number
}

/** The state of {@link gradient}. */
export interface GradientState {
  /** The limit, with its fraction. */
  readonly limit: number
  /** The usual latency, a slow exponential average in milliseconds. */
  readonly usual: number
  /** How many windows it averages, up to the length of the warm-up. */
  readonly windows: number
}

/** The first windows count alike in the usual latency; later ones as in an average over `long` of them. */
const warmUp = 10
const long = 600
/** A limit at most halves before smoothing. */
const steepest = 0.5
/**
 * When calls are at most half as slow as usual, what is usual was learnt under load: it is forgotten faster.
 */
const decay = 0.95

/** The state at the start. */
export function initialGradient(limit: number): GradientState {
  return { limit, usual: 0, windows: 0 }
}

/**
 * Compares the latency of the window with the usual one, and shrinks the limit by their ratio when calls got
 * slower.
 *
 * Source: Netflix concurrency-limits, `Gradient2Limit`, with two changes. A window with drops counts as the
 * steepest gradient; there drops are ignored (issue 176). The limit grows only when calls are not slower than
 * tolerated; there it drifts upwards while they get slower (issue 134).
 */
export function gradient(state: GradientState, window: WindowSummary, rules: GradientRules): GradientState {
  const { limit } = state
  const { latency, drops, peak } = window
  const learnt = latency === undefined ? state : learn(state, latency)
  const { usual, windows } = learnt
  if (drops === 0 && (latency === undefined || 2 * peak < limit)) return learnt

  const slope = drops > 0 || latency === undefined ? steepest : (rules.tolerance * usual) / latency
  const clamped = Math.max(steepest, Math.min(1, slope))
  const target = limit * clamped + (clamped === 1 ? rules.headroom : 0)
  const smoothed = limit * (1 - rules.smoothing) + target * rules.smoothing
  return { limit: Math.max(rules.min, Math.min(rules.max, smoothed)), usual, windows }
}

function learn({ limit, usual, windows }: GradientState, latency: number): GradientState {
  const weight = windows < warmUp ? 1 / (windows + 1) : 2 / (long + 1)
  const average = usual + (latency - usual) * weight
  return {
    limit,
    usual: average > 2 * latency ? average * decay : average,
    windows: Math.min(warmUp, windows + 1),
  }
}
