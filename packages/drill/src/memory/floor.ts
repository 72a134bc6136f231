/** Whether the floor of a series rises, and goes on to rise. */

import { hamedRaoFactor, mannKendall } from '../statistics/mann-kendall.ts'
import { median } from '../statistics/order.ts'
import { withoutOutliers } from '../statistics/outliers.ts'
import { type Shapes, shapesOf } from '../statistics/shapes.ts'
import { type Sample, slopeBounds, theilSen } from '../statistics/theil-sen.ts'

/** The numbers behind a judgement of a floor. Percentages are of `base`. */
export interface FloorEvidence {
  /** How many blocks of neighbouring samples the floor has. */
  readonly blocks: number
  /** The median of the first fifth, in bytes. */
  readonly base: number
  /** The median of the last fifth, in bytes. */
  readonly last: number
  /** 100 · (last - base) / base. */
  readonly growthPercent: number
  /** What 100 % is for the gates below, in bytes: `base`, or more where the floor is only a part of what a process holds. */
  readonly reference: number
  /** The Mann-Kendall test, with ties and autocorrelation accounted for. */
  readonly z: number
  /** By how much autocorrelation has raised its variance. */
  readonly varianceFactor: number
  /** The slope of Theil and Sen, times the window. */
  readonly slopePercent: number
  /** Its lower 95 % bound, times the window. */
  readonly slopeLowerPercent: number
  /** The Mann-Kendall test of the last half. */
  readonly tailZ: number
  /** What the last half grows by. */
  readonly tailGrowthPercent: number
  /** What the last third grows by. */
  readonly lastThirdGrowthPercent: number
  /** The Bayesian information criterion of each shape; the lowest describes the floor best. Undefined where it does not grow by 1 % anyway. */
  readonly bic?: Readonly<Record<keyof Shapes, number>>
  /** How many times the best stair goes up, less how often it goes down, counting 1 % and more; what is close together counts once. */
  readonly netRises?: number
  /** How many cycles of a wave were taken out of the floor before it was judged. Undefined where there is none. */
  readonly waves?: number
  /** Where the floor goes, and what said so. */
  readonly direction: 'level' | 'plateaued' | 'rising'
  /** One sentence. */
  readonly reason: string
}

/** The limits of the rule. */
export const rules = {
  /** One-sided, 1 %. */
  trendZ: 2.326,
  /** Two-sided, 95 %. */
  boundZ: 1.96,
  /** The least growth over the window that counts, even at the lower bound of the slope. */
  effectPercent: 3,
  /** One-sided, 5 %. */
  tailZ: 1.645,
  tailPercent: 1,
  lastThirdPercent: 0,
  /** By how much the criterion of a shape has to be lower for its say to count. */
  shapeMargin: 4,
  stepPercent: 1,
  /** The least step beside the largest. */
  stepShare: 0.25,
  leastRises: 2,
  /** So many, and none down, need no test for a trend. */
  manyRises: 3,
  /** The last of them begins after this share of the window. */
  lateShare: 0.6,
  /** Steps that are closer than this share of the window are one. */
  apartShare: 0.15,
  /** Strong evidence. */
  strongMargin: 6,
  /** The least that an exponential adds that needs no test for a trend. */
  explosionPercent: 10,
  /** What has been seen only once is no wave, and is not taken out. */
  leastCycles: 2,
} as const

/** Below so many blocks nothing is said. */
export const leastBlocks = 20

/** What one floor says, with its shapes for those who want to name the pattern. */
export interface FloorJudgement {
  readonly evidence: FloorEvidence
  /** Undefined where it does not grow by 1 % anyway. */
  readonly shapes: Shapes | undefined
  /** Bytes in a millisecond. */
  readonly slope: number
}

/**
 * Judges a floor of at least {@link leastBlocks} blocks.
 *
 * @param reference - What 100 % is. @defaultValue the base of the floor
 */
export function judgeFloor(floor: readonly Sample[], reference?: number): FloorJudgement {
  const whole = Math.max(reference ?? baseOf(floor), 1)
  const first = trendOf(floor, whole)
  if (first.numbers.slopePercent < rules.tailPercent && !endsHigh(floor, whole))
    return {
      evidence: { ...first.numbers, ...level('It does not grow.') },
      shapes: undefined,
      slope: first.slope,
    }
  const seen = shapesOf(floor)
  // What comes and goes hides what only comes: a wave that is there beyond doubt is taken out first.
  const waving =
    seen.wavingLine.cycles >= rules.leastCycles &&
    seen.wavingLine.bic + rules.strongMargin < seen[bestOf(seen)].bic
  const comesAndGoes =
    seen.wave.bic + rules.shapeMargin < seen.linear.bic &&
    seen.wave.bic < seen.wavingLine.bic + rules.strongMargin
  const waves = waving || comesAndGoes
  // Crests look like outliers, so those come second.
  const calm = withoutOutliers(waves ? withoutWave(floor, seen) : floor)
  const { numbers, slope } = calm === floor ? first : trendOf(calm, whole)
  const shapes = calm === floor ? seen : shapesOf(calm)
  const found = {
    ...numbers,
    bic: criteria(seen),
    netRises: netRisesOf(shapes, floor.length, whole),
    ...(waves && { waves: seen.wavingLine.cycles }),
  }
  const direction = comesAndGoes ? level('It comes and goes in waves.') : directionOf(found, shapes)
  return { evidence: { ...found, ...direction }, shapes, slope }
}

type Direction = Pick<FloorEvidence, 'direction' | 'reason'>

function trendOf(floor: readonly Sample[], whole: number) {
  const values = floor.map(({ value }) => value)
  const base = baseOf(floor)
  const last = median(values.slice(-fifth(floor)))
  const percent = (bytes: number): number => (100 * bytes) / whole
  const line = theilSen(floor)
  const trend = mannKendall(values, hamedRaoFactor(floor.map(({ at, value }) => value - line.slope * at)))
  const tail = floor.slice(-Math.ceil(floor.length / 2))
  const lastThird = floor.slice(-Math.ceil(floor.length / 3))
  const numbers = {
    blocks: floor.length,
    base,
    last,
    growthPercent: base > 0 ? (100 * (last - base)) / base : 0,
    reference: whole,
    z: trend.z,
    varianceFactor: trend.varianceFactor,
    slopePercent: percent(line.slope * lengthOf(floor)),
    slopeLowerPercent: percent(
      slopeBounds(line.slopes, trend.variance, rules.boundZ).lower * lengthOf(floor),
    ),
    tailZ: mannKendall(tail.map(({ value }) => value)).z,
    tailGrowthPercent: percent(theilSen(tail).slope * lengthOf(tail)),
    lastThirdGrowthPercent: percent(theilSen(lastThird).slope * lengthOf(lastThird)),
  }
  return { numbers, slope: line.slope }
}

function withoutWave(floor: readonly Sample[], { wavingLine: { gain, residuals } }: Shapes): Sample[] {
  const middle = floor.reduce((sum, { value }) => sum + value, 0) / floor.length
  const [start, length] = [floor[0]?.at ?? 0, lengthOf(floor)]
  const share = floor.map(({ at }) => (at - start) / length)
  const meanShare = share.reduce((sum, each) => sum + each, 0) / floor.length
  return floor.map(({ at }, index) => ({
    at,
    value: middle + gain * ((share[index] as number) - meanShare) + (residuals[index] as number),
  }))
}

const level = (reason: string): Direction => ({ direction: 'level', reason })
const rising = (reason: string): Direction => ({ direction: 'rising', reason })
const plateaued = (reason: string): Direction => ({ direction: 'plateaued', reason })

function directionOf(floor: Omit<FloorEvidence, keyof Direction>, shapes: Shapes): Direction {
  const steps = bestOf(shapes) === 'steps'
  if (steps && goesUpInSteps(floor, shapes))
    return rising(`It goes up in ${floor.netRises} steps, and never down.`)
  if (explodes(shapes, floor.reference))
    return rising('It explodes: each part of the time adds more than all before.')
  if (floor.z <= rules.trendZ) return level('There is no significant upward trend.')
  if (floor.slopeLowerPercent < rules.effectPercent)
    return level(`The trend may be as small as ${show(floor.slopeLowerPercent)} over the window.`)
  if (floor.tailZ <= rules.tailZ || floor.tailGrowthPercent <= rules.tailPercent)
    return plateaued(`The last half grows by ${show(floor.tailGrowthPercent)}: it has stopped.`)
  if (shapes.saturating.bic + rules.shapeMargin < shapes.linear.bic)
    return plateaued('It fills up and flattens, as a cache or a pool does.')
  if (
    shapes.settling.bic + rules.shapeMargin < Math.min(shapes.linear.bic, shapes.exponential.bic) &&
    shapes.settling.bic < shapes.steps.bic + rules.strongMargin
  )
    return plateaued('It has gone up at one time, and settles.')
  if (steps && (floor.netRises ?? 0) < rules.leastRises)
    return plateaued('It has gone up at one time, and stays there.')
  if (!steps && floor.lastThirdGrowthPercent <= rules.lastThirdPercent)
    return plateaued(`The last third grows by ${show(floor.lastThirdGrowthPercent)}: it has stopped.`)
  return rising(`It rises by ${show(floor.slopePercent)} over the window, to its end.`)
}

const show = (percent: number): string => `${Math.round(percent * 10) / 10} %`

function criteria(shapes: Shapes): Readonly<Record<keyof Shapes, number>> {
  const { constant, linear, exponential, saturating, settling, steps, wave, wavingLine } = shapes
  return {
    constant: constant.bic,
    linear: linear.bic,
    exponential: exponential.bic,
    saturating: saturating.bic,
    settling: settling.bic,
    steps: steps.bic,
    wave: wave.bic,
    wavingLine: wavingLine.bic,
  }
}

/** The shape that describes a floor best, waves left aside. */
function bestOf(shapes: Shapes): keyof Shapes {
  const names = ['constant', 'linear', 'exponential', 'saturating', 'steps'] as const
  return names.reduce((best, name) => (shapes[name].bic < shapes[best].bic ? name : best))
}

/** Whether the very end is above the beginning by what counts. */
function endsHigh(floor: readonly Sample[], whole: number): boolean {
  const end = median(floor.slice(-3).map(({ value }) => value))
  return 100 * (end - baseOf(floor)) >= rules.effectPercent * whole
}

/**
 * What doubles quickly is small for most of the window: no trend of the whole, and no growth from fifth to fifth. It takes an exponential that adds more than a process may grow, and
 * that explains the floor far better than anything else.
 */
function explodes(
  { constant, linear, exponential, saturating, settling, steps, wave }: Shapes,
  whole: number,
): boolean {
  const others = [constant, linear, saturating, settling, steps, wave].map(({ bic }) => bic)
  return (
    100 * exponential.gain >= rules.explosionPercent * whole &&
    exponential.bic + rules.strongMargin < Math.min(...others)
  )
}

/**
 * Steps resemble their neighbours so much that the test for a trend, which corrects for that, misses most of them. A stair that explains the floor far better than
 * anything smooth, that goes up at three times or more and never down, and that still did so late, needs no test.
 */
function goesUpInSteps(
  floor: Omit<FloorEvidence, keyof Direction>,
  { linear, exponential, saturating, settling, steps }: Shapes,
): boolean {
  const smooth = Math.min(linear.bic, exponential.bic, saturating.bic, settling.bic)
  const falls = steps.levels.some((level, index) => level < (steps.levels[index - 1] ?? 0))
  const late = (steps.starts[steps.starts.length - 1] ?? 0) >= rules.lateShare * floor.blocks
  return steps.bic + rules.strongMargin < smooth && !falls && late && (floor.netRises ?? 0) >= rules.manyRises
}

/** Steps that follow each other closely are one event that took a while; what is small beside the largest is noise. */
function netRisesOf({ steps: { levels, starts } }: Shapes, blocks: number, whole: number): number {
  const changes = levels.slice(1).map((level, index) => (100 * (level - (levels[index] as number))) / whole)
  const least = Math.max(rules.stepPercent, rules.stepShare * Math.max(0, ...changes.map(Math.abs)))
  let net = 0
  let before = { sign: 0, start: 0 }
  changes.forEach((change, index) => {
    if (Math.abs(change) < least) return
    const [sign, start] = [Math.sign(change), starts[index + 1] as number]
    if (sign !== before.sign || start - before.start > rules.apartShare * blocks) net += sign
    before = { sign, start }
  })
  return net
}

const fifth = (floor: readonly Sample[]): number => Math.max(1, Math.round(floor.length / 5))

const baseOf = (floor: readonly Sample[]): number =>
  median(floor.slice(0, fifth(floor)).map(({ value }) => value))

const lengthOf = (floor: readonly Sample[]): number =>
  (floor[floor.length - 1]?.at ?? 0) - (floor[0]?.at ?? 0)
