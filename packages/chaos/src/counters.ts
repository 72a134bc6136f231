import type { ChaosCounters } from './controller-types.ts'
import type { RunningInjection } from './running-injection.ts'

type Counted = 'planned' | 'refused' | 'injected' | 'recovered' | 'recoverFailed'

/** The counts of a controller, over the injections that it remembers and those that it has forgotten. */
export class Counters {
  readonly #counts: Record<Counted, number> = {
    planned: 0,
    refused: 0,
    injected: 0,
    recovered: 0,
    recoverFailed: 0,
  }
  readonly #past = { decided: 0, affected: 0, skipped: 0 }

  count(what: Counted): void {
    this.#counts[what]++
  }

  /** Adds the calls of an injection that is forgotten from now on. */
  remember(injection: RunningInjection): void {
    addTo(this.#past, injection)
  }

  /** All counts, with the calls of these injections. */
  with(injections: readonly RunningInjection[]): ChaosCounters {
    const calls = { ...this.#past }
    for (const injection of injections) addTo(calls, injection)
    return { ...this.#counts, ...calls }
  }
}

function addTo(
  calls: { decided: number; affected: number; skipped: number },
  injection: RunningInjection,
): void {
  const { decided, affected, skipped } = injection.status()
  calls.decided += decided
  calls.affected += affected
  calls.skipped += skipped
}
