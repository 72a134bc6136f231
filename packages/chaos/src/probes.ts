/** What probes and expectations say. */
import type { Expectation, Operator, Probe, Tolerance } from './experiment.ts'
import type {
  ExpectationResult,
  Measurement,
  MeasurementResult,
  ProbeResult,
  Surroundings,
  Verdict,
} from './experiment-run.ts'

type Value = Measurement['value']

/** Asks one probe. Never throws: what cannot be asked has failed, and what was not measured decides nothing. */
export async function ask(
  probe: Probe,
  { metrics, calls }: Pick<Surroundings, 'metrics' | 'calls'>,
  signal: AbortSignal,
): Promise<Pick<ProbeResult, 'verdict' | 'value' | 'samples' | 'problem'>> {
  const { metric, call, minSamples = 1, tolerance } = probe
  try {
    if (metric !== undefined) return judge(measurementOf(await metrics?.[metric]?.()), minSamples, tolerance)
    let value: Value | undefined
    for (let made = 1; made <= minSamples; made++) {
      value = (await calls?.[call ?? '']?.(signal)) as Value | undefined // Whatever it is, `meets` judges it.
      if (!meets(value, tolerance)) return { verdict: 'failed', value, samples: made }
    }
    return { verdict: 'passed', value, samples: minSamples }
  } catch (error) {
    // The name tells what happened; the text of an error may tell more than it should.
    const name = error instanceof Error ? error.name : 'something'
    return { verdict: 'failed', value: undefined, samples: 0, problem: `it threw ${name}` }
  }
}

/** Judges an expectation. */
export async function expected(
  { id, metric, op, value: limit, minSamples = 1 }: Expectation,
  metrics: NonNullable<Surroundings['metrics']>,
): Promise<ExpectationResult> {
  let measured: Measurement | undefined
  try {
    measured = measurementOf(await metrics[metric]?.())
  } catch {
    measured = undefined
  }
  const { verdict, value, samples } = judge(measured, minSamples, { op, value: limit })
  return { id, verdict, value: typeof value === 'number' ? value : undefined, samples, op, limit }
}

/** A plain value is one sample, nothing is none. */
function measurementOf(result: MeasurementResult): Measurement | undefined {
  if (result === undefined || typeof result === 'object') return result
  return { value: result, samples: 1 }
}

/** Nothing passes on too few samples, and never on none; nothing fails on them either. */
function judge(
  measured: Measurement | undefined,
  minSamples: number,
  tolerance: Tolerance,
): Pick<ProbeResult, 'verdict' | 'value' | 'samples' | 'problem'> {
  const { value, samples = 0 } = measured ?? {}
  if (value === undefined || !(samples >= Math.max(1, minSamples)))
    return { verdict: 'inconclusive', value, samples, problem: `${samples} samples of ${minSamples}` }
  // A figure that is not a number was not measured, however many samples it claims.
  if (typeof value === 'number' && Number.isNaN(value))
    return { verdict: 'inconclusive', value: undefined, samples, problem: 'it is not a number' }
  const verdict: Verdict = meets(value, tolerance) ? 'passed' : 'failed'
  return { verdict, value, samples }
}

/** Whether a value is as it must be. */
export function meets(value: unknown, tolerance: Tolerance): boolean {
  switch (tolerance.op) {
    case 'between':
      return typeof value === 'number' && value >= tolerance.min && value <= tolerance.max
    case 'in':
      return tolerance.values.includes(value as Value)
    case 'matches':
      return typeof value === 'string' && new RegExp(tolerance.pattern).test(value)
    default:
      return compare(value, tolerance.op, tolerance.value)
  }
}

/** Only values of one type are compared: `'10' < 9` is no statement about a service. */
function compare(value: unknown, op: Operator, limit: Value): boolean {
  if (op === '==') return value === limit
  if (op === '!=') return value !== undefined && value !== limit
  if (typeof value !== 'number' || typeof limit !== 'number') return false
  if (op === '<') return value < limit
  if (op === '<=') return value <= limit
  return op === '>=' ? value >= limit : value > limit
}
