/** One thing that has to be shown, and how it is judged. */
import type { MeasuredOn } from '../events.ts'
import { rateAtLeast, statisticallySupported } from '../statistics/proportions.ts'

/** One criterion, and what came of it. */
export interface Criterion {
  readonly id: string
  /** A sentence for people. */
  readonly title: string
  readonly status: 'pass' | 'fail' | 'inconclusive'
  /** Undefined when there was nothing to measure. */
  readonly value: number | undefined
  readonly op: '<' | '<=' | '>=' | '='
  readonly limit: number
  readonly unit: 'count' | 'share' | 'ms' | 'percent'
  /** From how many observations. None is never a pass. */
  readonly samples: number
  /** The clock behind it. */
  readonly on: MeasuredOn | 'both'
  /** Of a share: with 95 % confidence it is at least this. */
  readonly atLeast?: number
  /** Of a share: whether so many observations show it, or only do not contradict it. */
  readonly statisticallySupported?: boolean
  /** What it is about, where the number does not say it. */
  readonly detail?: string
}

/** What a criterion is made of. */
export type Measured = Pick<
  Criterion,
  'id' | 'title' | 'value' | 'op' | 'limit' | 'unit' | 'samples' | 'on'
> & {
  readonly detail?: string | undefined
}

/** Judges a figure. */
export function judged({ detail, ...measured }: Measured): Criterion {
  const { value, op, limit, samples } = measured
  const status =
    value === undefined || samples === 0 ? 'inconclusive' : holds[op](value, limit) ? 'pass' : 'fail'
  return { ...measured, status, ...(detail !== undefined && detail !== '' && { detail }) }
}

/** Judges a share: so many of so many. */
export function judgedShare(
  measured: Pick<Measured, 'id' | 'title' | 'limit' | 'on'>,
  good: number,
  all: number,
): Criterion {
  const criterion = judged({
    ...measured,
    value: all === 0 ? undefined : good / all,
    op: '>=',
    unit: 'share',
    samples: all,
    detail: `${good} of ${all}`,
  })
  if (all === 0) return criterion
  const supported = statisticallySupported(good, all, measured.limit)
  return { ...criterion, atLeast: rateAtLeast(good, all), statisticallySupported: supported }
}

const holds: Readonly<Record<Criterion['op'], (value: number, limit: number) => boolean>> = {
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
  '>=': (value, limit) => value >= limit,
  '=': (value, limit) => value === limit,
}
