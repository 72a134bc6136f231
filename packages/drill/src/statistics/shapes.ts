/** Which of a few shapes describes a series best. */
import { stepsOf } from './steps.ts'
import type { Sample } from './theil-sen.ts'

/** A shape, fitted. */
export interface Fit {
  /** The Bayesian information criterion: the lower, the better. 6 less is strong evidence, 2 less hardly any. */
  readonly bic: number
  /** The sum of the squares of what the shape does not explain. */
  readonly unexplained: number
}

/** A fitted curve that begins at `start` and to which a term of the size `gain` is added over the window. */
export interface CurveFit extends Fit {
  readonly start: number
  /** How far it goes from its first to its last sample. */
  readonly gain: number
  /** Its characteristic time as a share of the window. For `exponential`, it doubles in 0.69 of it. */
  readonly time: number
}

/** A line with a wave on it. */
export interface WaveFit extends Fit {
  /** How many waves the window holds. */
  readonly cycles: number
  /** How far the line rises from the first to the last sample. */
  readonly gain: number
  /** What is left of each value without wave and line. */
  readonly residuals: readonly number[]
}

/** A stair: values that stay the same between changes. */
export interface StepFit extends Fit {
  /** The values, in order. */
  readonly levels: readonly number[]
  /** The index of the first sample of each level. */
  readonly starts: readonly number[]
}

/** All shapes, fitted to the same series. */
export interface Shapes {
  readonly constant: Fit
  readonly linear: CurveFit
  /** a + b·exp(t/time) with b > 0. */
  readonly exponential: CurveFit
  /** a + b·(1 - exp(-t/time)) with b > 0: a pool or a cache that fills. */
  readonly saturating: CurveFit
  /** Level, a rise at some time that settles before the last fifth, level again: a load that changes, a pool that grows once. */
  readonly settling: CurveFit
  /** Up to six changes of level. */
  readonly steps: StepFit
  /** A wave, of which the window holds at least 1.1 cycles, and no trend. */
  readonly wave: WaveFit
  /** A wave and a trend. */
  readonly wavingLine: WaveFit
}

/** Shares of the window: from what is nearly a step to what is nearly a line. */
const times: readonly number[] = Array.from({ length: 16 }, (_, index) => 0.04 * 1.27 ** index)
/** What fills more slowly than in half of the window was not seen to flatten. */
const fillingTimes: readonly number[] = times.filter((time) => time <= 0.5)
/** When a rise begins, and its characteristic time: after twice that, 86 % of it are done. */
const settlingTimes = [0.004, 0.02, 0.05, 0.1, 0.15].flatMap((time) =>
  Array.from({ length: 32 }, (_, index) => ({ from: 0.025 * index, time })).filter(
    ({ from }) => from + 2 * time <= 0.8,
  ),
)
/** Below 1.1 cycles a wave and a trend are the same thing; above 10 it is too fast for a few dozen blocks. */
const cycles: readonly number[] = Array.from({ length: 30 }, (_, index) => 1.1 + 0.3 * index)

/**
 * Fits all shapes by least squares. What is not linear in a shape (a characteristic time, a number of cycles) is searched for on a grid.
 *
 * Sources of the criterion: G. Schwarz, "Estimating the dimension of a model" (1978); for steps, N. R. Zhang, D. O. Siegmund, "A modified Bayes
 * information criterion with applications to the analysis of comparative genomic hybridization data" (2007).
 */
export function shapesOf(samples: readonly Sample[]): Shapes {
  const values = samples.map(({ value }) => value)
  const size = values.length
  const first = samples[0]?.at ?? 0
  const window = (samples[size - 1]?.at ?? 0) - first || 1
  const position = samples.map(({ at }) => (at - first) / window)
  const mean = values.reduce((sum, value) => sum + value, 0) / size
  const centred = Float64Array.from(values, (value) => value - mean)
  const total = dot(centred, centred)
  // Two parts in a million of the mean are below what is measured, and keep the logarithm of an exact fit finite.
  const least = (2e-6 * mean) ** 2 + Number.MIN_VALUE
  const criterion = (unexplained: number, parameters: number): Fit => ({
    bic: size * Math.log(unexplained / size + least) + parameters * Math.log(size),
    unexplained,
  })
  const basis = new Float64Array(size)
  const curve = (shape: (share: number) => number, parameters: number, time: number): CurveFit => {
    for (let index = 0; index < size; index++) basis[index] = shape(position[index] as number)
    const { factor, meanOfBasis, explained } = regression(basis, centred)
    const gain = factor * (shape(1) - shape(0))
    const start = mean + factor * (shape(0) - meanOfBasis)
    return { ...criterion(Math.max(0, total - explained), parameters), start, gain, time }
  }
  const rising = (curves: readonly CurveFit[]): CurveFit => {
    const flat = { ...criterion(total, 3), start: mean, gain: 0, time: 1 }
    return curves.reduce((best, fit) => (fit.gain > 0 && fit.bic < best.bic ? fit : best), flat)
  }
  const steps = stepsOf(values, 6, 2).map((found) => ({
    // A place that was searched for costs more than a value that was fitted (Zhang and Siegmund).
    ...criterion(found.unexplained, 3 * found.levels.length - 2),
    ...found,
  }))
  return {
    constant: criterion(total, 1),
    linear: curve((share) => share, 2, 1),
    exponential: rising(times.map((time) => curve((share) => Math.exp((share - 1) / time), 3, time))),
    saturating: rising(fillingTimes.map((time) => curve((share) => -Math.exp(-share / time), 3, time))),
    settling: rising(
      settlingTimes.map(({ from, time }) =>
        curve((share) => (share <= from ? 0 : 1 - Math.exp((from - share) / time)), 5, time),
      ),
    ),
    steps: steps.reduce((best, fit) => (fit.bic < best.bic ? fit : best)),
    ...waves(position, values, criterion),
  }
}

/** A line through a basis and values whose mean is 0. */
function regression(
  basis: Float64Array,
  centred: Float64Array,
): { readonly factor: number; readonly meanOfBasis: number; readonly explained: number } {
  let sum = 0
  for (let index = 0; index < basis.length; index++) sum += basis[index] as number
  const meanOfBasis = sum / basis.length
  let product = 0
  let square = 0
  for (let index = 0; index < basis.length; index++) {
    const distance = (basis[index] as number) - meanOfBasis
    product += distance * (centred[index] as number)
    square += distance * distance
  }
  const factor = square > 0 ? product / square : 0
  return { factor, meanOfBasis, explained: factor * product }
}

/** Bases are made orthogonal to those before them (Gram-Schmidt), so each takes its share by itself; the line is last. */
function waves(
  position: readonly number[],
  values: readonly number[],
  criterion: (unexplained: number, parameters: number) => Fit,
): Pick<Shapes, 'wave' | 'wavingLine'> {
  let wave: WaveFit | undefined
  let wavingLine: WaveFit | undefined
  const one = position.map(() => 1)
  for (const count of cycles) {
    const bases = [
      one,
      position.map((share) => Math.sin(2 * Math.PI * count * share)),
      position.map((share) => Math.cos(2 * Math.PI * count * share)),
      position,
    ].map((basis) => Float64Array.from(basis))
    const rest = Float64Array.from(values)
    let gain = 0
    let unexplained = 0
    bases.forEach((basis, index) => {
      for (const other of bases.slice(0, index)) subtract(basis, other)
      if (index === 3) unexplained = dot(rest, rest)
      gain = subtract(rest, basis)
    })
    const flat = { ...criterion(unexplained, 4), cycles: count, gain: 0, residuals: [] }
    const sloped = criterion(dot(rest, rest), 5)
    if (wave === undefined || flat.bic < wave.bic) wave = flat
    if (wavingLine === undefined || sloped.bic < wavingLine.bic)
      wavingLine = { ...sloped, cycles: count, gain, residuals: Array.from(rest) }
  }
  return { wave: wave as WaveFit, wavingLine: wavingLine as WaveFit }
}

/** Takes out of the values what lies along a basis. @returns How much of the basis that was. */
function subtract(values: Float64Array, basis: Float64Array): number {
  const square = dot(basis, basis)
  const factor = square > 1e-9 ? dot(values, basis) / square : 0
  for (let index = 0; index < values.length; index++)
    values[index] = (values[index] as number) - factor * (basis[index] as number)
  return factor
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let index = 0; index < a.length; index++) sum += (a[index] as number) * (b[index] as number)
  return sum
}
