/** What an experiment comes to. */
import type { InjectionStatus } from './controller-types.ts'
import type { Experiment } from './experiment.ts'
import {
  type ExpectationResult,
  type ExperimentStatus,
  experimentExitCodes,
  type ProbeResult,
  type Verdict,
} from './experiment-run.ts'

/** What the verdict is made from. */
export interface Evidence {
  readonly experiment: Experiment
  /** Whether it was well before. */
  readonly steady: boolean
  readonly interrupted: boolean
  readonly probes: readonly ProbeResult[]
  readonly injections: readonly InjectionStatus[]
  readonly expectations: readonly ExpectationResult[]
  readonly faultsLeft: number
  readonly deviatedTooLong: boolean
  /** What has been found so far. */
  readonly reasons: readonly string[]
}

/** The verdict, with its reasons. What is worse comes first: a fault that is left, no steady start, a failure, too little evidence. */
export function concluded(evidence: Evidence): {
  readonly status: ExperimentStatus
  readonly exitCode: number
  readonly score: number | undefined
  readonly reasons: readonly string[]
} {
  const { steady, interrupted, injections, expectations, faultsLeft, deviatedTooLong } = evidence
  const uncleaned = injections.filter(({ outcome }) => outcome === 'cleanupFailed').map(({ id }) => id)
  const probes = judgedProbes(evidence)
  // Whoever has no samples cannot say that a service is well, nor that it is not.
  const blind = probes.some(({ verdict }) => verdict === 'inconclusive')
  const notRecovered = injections
    .filter(({ outcome }) => outcome === 'notRecovered')
    .map(({ id }) => `the service had not recovered from ${id} in time`)
  const failures = [
    ...probes.filter(({ verdict }) => verdict === 'failed').map(({ name }) => `${name} failed`),
    ...expectations
      .filter(({ verdict }) => verdict === 'failed')
      .map(({ id }) => `expected: ${id} was not met`),
    ...(blind ? [] : notRecovered),
    ...(deviatedTooLong
      ? ['the service was unwell while the method ran, for longer than maxDeviationMs']
      : []),
  ]
  const doubts = [
    ...(blind ? notRecovered : []),
    ...probes
      .filter(({ verdict }) => verdict === 'inconclusive')
      .map(({ name }) => `${name} is inconclusive`),
    ...expectations
      .filter(({ verdict }) => verdict === 'inconclusive')
      .map(({ id }) => `expected: ${id} is inconclusive`),
    ...(injections.length === 0 && steady ? ['nothing was injected'] : []),
    ...(interrupted ? ['it was interrupted'] : []),
  ]
  const leftovers = [
    ...uncleaned.map((id) => `${id} could not be taken back`),
    ...(faultsLeft > 0 ? [`${faultsLeft} faults are still in place`] : []),
  ]
  const reasons = [
    ...new Set([...evidence.reasons, ...leftovers, ...(steady ? [...failures, ...doubts] : [])]),
  ]
  const status = statusOf({
    leftovers: leftovers.length > 0,
    steady,
    failed: failures.length > 0,
    // Whatever kept the method from being done in full leaves too little evidence.
    doubtful: doubts.length > 0 || evidence.reasons.length > 0,
  })
  return { status, exitCode: experimentExitCodes[status], score: scoreOf(evidence), reasons }
}

function statusOf(found: {
  readonly leftovers: boolean
  readonly steady: boolean
  readonly failed: boolean
  readonly doubtful: boolean
}): ExperimentStatus {
  if (found.leftovers) return 'rollbackFailed'
  if (!found.steady) return 'notSteady'
  if (found.failed) return 'failed'
  return found.doubtful ? 'inconclusive' : 'passed'
}

/**
 * The critical probes, each with what it came to. One that was asked `during` may have failed within the limit of deviation, and is
 * inconclusive only if it never was anything else.
 */
function judgedProbes({ probes }: Evidence): { readonly name: string; readonly verdict: Verdict }[] {
  const critical = probes.filter((result) => result.critical)
  const atEnd = critical
    .filter(({ when }) => when === 'after' || when === 'afterRollback')
    .map(({ probe, when, verdict }) => ({ name: `${when}: ${probe}`, verdict }))
  const during = critical.filter(({ when }) => when === 'during')
  const silent = [...new Set(during.map(({ probe }) => probe))].filter((probe) =>
    during.every((result) => result.probe !== probe || result.verdict === 'inconclusive'),
  )
  return [
    ...atEnd,
    ...silent.map((probe) => ({ name: `during: ${probe}`, verdict: 'inconclusive' as const })),
  ]
}

/** The weighted share of the probes that passed, over all times they were asked. */
function scoreOf({ experiment, probes }: Evidence): number | undefined {
  let passed = 0
  let total = 0
  for (const { id, weight = 1 } of experiment.steadyState.probes) {
    const results = probes.filter(({ probe }) => probe === id)
    if (results.length === 0) continue
    total += weight
    passed += (weight * results.filter(({ verdict }) => verdict === 'passed').length) / results.length
  }
  return total === 0 ? undefined : passed / total
}
