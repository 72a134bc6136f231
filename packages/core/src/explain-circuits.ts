/** What can be wrong with the circuit breakers of a composition. */
import type { Composition } from './explain-cost.ts'
import type { CompositionWarning } from './explain-warning.ts'
import { counted, lasting, spanning } from './explain-words.ts'

/** A breaker that cannot open. */
export function neverTrips({ layers, names, retries }: Composition): CompositionWarning[] {
  return layers.flatMap(({ circuit }, slot): CompositionWarning[] => {
    if (circuit === undefined || circuit.trips) return []
    const outer = retries.find((each) => each < slot)
    if (outer === undefined) {
      return [
        {
          code: 'breaker-never-trips',
          severity: 'warning',
          message: `${names[slot]} cannot open: no threshold is set that calls could reach, or it is switched off.`,
          advice: 'Set failureThreshold or failureRate, or leave the breaker out.',
          policies: [names[slot] as string],
        },
      ]
    }
    return [
      {
        code: 'retry-outside-dead-breaker',
        severity: 'warning',
        message: `${names[outer]} is outside ${names[slot]}, which cannot open: nothing stops the retries in an outage. Every call brings ${counted(layers[outer]?.attempts ?? 1, 'attempt')} to a dependency that is down.`,
        advice: 'Set failureThreshold or failureRate of the breaker, or give the retry a budget.',
        policies: [names[outer] as string, names[slot] as string],
      },
    ]
  })
}

/** A breaker that counts a whole round of attempts as one. */
export function breakerOutsideRetry({ layers, names, retries, breakers }: Composition): CompositionWarning[] {
  return breakers.flatMap((slot) => {
    const inner = retries.find((each) => each > slot)
    if (inner === undefined) return []
    const { attempts = 1 } = layers[inner] ?? {}
    const threshold = layers[slot]?.circuit?.consecutive ?? Number.POSITIVE_INFINITY
    const until =
      threshold === Number.POSITIVE_INFINITY || attempts === Number.POSITIVE_INFINITY
        ? ''
        : ` A dead dependency gets ${threshold * attempts} calls before it opens.`
    return [
      {
        code: 'breaker-outside-retry',
        severity: 'warning',
        message: `${names[slot]} is outside ${names[inner]}, so it sees one failure for up to ${counted(attempts, 'attempt')}, and late.${until} Each trial of the half-open circuit is a round of attempts as well.`,
        advice: `Put ${names[inner]} outside ${names[slot]}: a rejection by an open circuit is not retried.`,
        policies: [names[slot] as string, names[inner] as string],
      },
    ]
  })
}

/** Attempts that an open circuit cuts off. */
export function opensWithinOneCall({ layers, names, retries, breakers }: Composition): CompositionWarning[] {
  return breakers.flatMap((slot) => {
    const outer = retries.findLast((each) => each < slot)
    if (outer === undefined || layers[outer]?.retriesOpenCircuit) return []
    const { attempts = 1 } = layers[outer] ?? {}
    const threshold = layers[slot]?.circuit?.consecutive ?? Number.POSITIVE_INFINITY
    if (attempts <= threshold) return []
    return [
      {
        code: 'breaker-opens-within-one-call',
        severity: 'info',
        message: `${names[slot]} opens after ${counted(threshold, 'failure')} in a row, and ${names[outer]} makes ${counted(attempts, 'attempt')} within one call. Where few calls run side by side, one unlucky call opens the circuit for all, and its own last attempts are turned away.`,
        advice: `Allow ${threshold} attempts or fewer, or raise the threshold.`,
        policies: [names[outer] as string, names[slot] as string],
      },
    ]
  })
}

/** A breaker that never sees a failure. */
export function fallbackInsideBreaker({ layers, names, breakers }: Composition): CompositionWarning[] {
  return breakers.flatMap((slot) => {
    const inner = layers.findIndex(({ answers }, index) => index > slot && answers !== undefined)
    if (inner < 0) return []
    return [
      {
        code: 'fallback-inside-breaker',
        severity: 'warning',
        message: `${names[inner]} is inside ${names[slot]} and answers in place of errors: the breaker counts successes and stays closed while the dependency is down.`,
        advice: `Put ${names[inner]} outside ${names[slot]}.`,
        policies: [names[slot] as string, names[inner] as string],
      },
    ]
  })
}

/** A breaker that stays open for longer than recovery may take. */
export function missesRecovery(
  { layers, names, breakers }: Composition,
  target: number,
): CompositionWarning[] {
  return breakers.flatMap((slot): CompositionWarning[] => {
    const { first = 0, longest = 0 } = layers[slot]?.circuit?.recovery ?? {}
    // Equal is too long: the trial calls take time as well.
    if (longest < target) return []
    const wanted = lasting(target)
    const always = first >= target
    return [
      {
        code: 'recovery-misses-target',
        severity: always ? 'error' : 'warning',
        message: always
          ? `${names[slot]} stays open for ${lasting(first)} at least. A dependency that is well again after a second still gets no call until then, so recovery within ${wanted} is impossible.`
          : `${names[slot]} stays open for up to ${lasting(longest)} after failed trials. A dependency that is well again just after a trial waits that long for the next, more than the ${wanted} that recovery may take.`,
        advice: `Set recoveryTimeout so that it stays below ${wanted}, with room for the trial calls that close the circuit.`,
        policies: [names[slot] as string],
      },
    ]
  })
}

/** A lower circuit that tries again sooner than the one above it. */
export function recoveriesOutOfOrder({ layers, names, breakers }: Composition): CompositionWarning[] {
  return breakers.slice(1).flatMap((lower, index) => {
    const upper = breakers[index] as number
    const above = layers[upper]?.circuit?.recovery
    const below = layers[lower]?.circuit?.recovery
    if (above === undefined || below === undefined || !isShorter(below, above)) return []
    return [recoveryOutOfOrder(names[upper] as string, names[lower] as string, below, above)]
  })
}

/** How long a circuit stays open. */
interface Recovery {
  readonly first: number
  readonly longest: number
}

/** Whether `below` tries again sooner than `above`. */
export const isShorter = (below: Recovery, above: Recovery): boolean =>
  below.first < above.first || below.longest < above.longest

/** The warning, for two breakers one below the other. */
export function recoveryOutOfOrder(
  upper: string,
  lower: string,
  below: Recovery,
  above: Recovery,
): CompositionWarning {
  return {
    code: 'lower-recovery-shorter',
    severity: 'warning',
    message: `${lower} stays open for ${spanning(below)}, ${upper} above it for ${spanning(above)}. The lower one often lets slow trial calls through, the upper one tries seldom: when its trial meets one of them, it fails as well and keeps the upper circuit open for another round. They can hold each other open for good.`,
    advice: 'Let the lower circuit stay open at least as long as the one above it.',
    policies: [upper, lower],
  }
}
