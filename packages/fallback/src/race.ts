/** The state machine of one hedged call: which copies run, whether another may start, and when the call is decided. */
import type { FailureClass } from '@seaworthy/core'

/** Where a hedged call stands. */
export interface Race {
  /** `won` by a copy, `lost` since none can win any more, `abandoned` by the caller. Only `racing` ever changes. */
  readonly phase: 'racing' | 'won' | 'lost' | 'abandoned'
  /** How many copies have started, the first one included. */
  readonly started: number
  /** How many of them have not failed. */
  readonly running: number
  /** How many may start in all. */
  readonly limit: number
}

/** What can happen to it. */
export type RaceInput =
  | { readonly type: 'started' }
  | { readonly type: 'denied' }
  | { readonly type: 'succeeded' }
  | { readonly type: 'failed'; readonly failureClass: FailureClass }
  | { readonly type: 'abandoned' }

/** A race before its first copy. */
export function newRace(limit: number): Race {
  return { phase: 'racing', started: 0, running: 0, limit }
}

/** Whether another copy may start. */
export function mayStart({ phase, started, limit }: Race): boolean {
  return phase === 'racing' && started < limit
}

/**
 * The next state.
 *
 * - `transient` failures leave it to the other copies, those still to come included.
 * - `degraded` (the other side sheds load) and `persistent` ones (it will fail again) let those that run go on, but no
 *   other one starts.
 * - A `fatal` one decides the call: the request itself is wrong, and every copy would say so.
 *
 * Source: gRPC proposal A6, "Client Retries", hedging: fatal codes end the call, pushback stops further copies.
 */
export function nextRace(race: Race, input: RaceInput): Race {
  const { phase, started, running, limit } = race
  if (phase !== 'racing') return race
  switch (input.type) {
    case 'started':
      return { phase, started: started + 1, running: running + 1, limit }
    case 'denied':
      return judged(started, running, started)
    case 'succeeded':
      return { phase: 'won', started, running, limit }
    case 'failed':
      if (input.failureClass === 'fatal') return { phase: 'lost', started, running: running - 1, limit }
      return judged(started, running - 1, input.failureClass === 'transient' ? limit : started)
    case 'abandoned':
      return { phase: 'abandoned', started, running, limit }
  }
}

/** Nobody can win any more when no copy runs and none may start. */
function judged(started: number, running: number, limit: number): Race {
  return { phase: running === 0 && started >= limit ? 'lost' : 'racing', started, running, limit }
}
