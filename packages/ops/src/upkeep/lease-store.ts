/** Who has the turn of a job, across instances. */
import type { Clock } from '@seaworthy/core'

/** What {@link UpkeepStore.begin} takes. Durations are milliseconds. */
export interface TurnRequest {
  readonly job: string
  /** Who asks: one text for each instance. The owner of a turn may ask again, to keep it. */
  readonly owner: string
  /** How long the turn is, unless it is asked for again. */
  readonly leaseFor: number
  /** Whether it may begin before it is time. */
  readonly early: boolean
}

/**
 * Gives each job to one instance at a time. Every method is one atomic step on the clock of the store; durations are given, never points in
 * time, so that clocks of instances do not matter.
 */
export interface UpkeepStore {
  /**
   * Asks for the turn of a job.
   *
   * - `owner` has the turn and it has not lapsed: its lease is `leaseFor` from now. Granted.
   * - Somebody else has it and it has not lapsed: not granted.
   * - Nobody has it and it is not time (see {@link end}) and not `early`: not granted.
   * - Otherwise `owner` has it until `leaseFor` from now. Granted.
   *
   * @returns 0 if it is granted; else how many milliseconds later, at least 1, it makes sense to ask again.
   */
  begin(request: TurnRequest): Promise<number>
  /**
   * Ends the turn of a job if `owner` has it, lapsed or not, and nobody else has taken it since; otherwise does nothing. It is time again
   * `nextIn` from now.
   */
  end(turn: { readonly job: string; readonly owner: string; readonly nextIn: number }): Promise<void>
}

/** Options of {@link memoryUpkeepStore}. */
export interface MemoryUpkeepStoreOptions {
  readonly clock: Clock
}

interface Turn {
  owner: string | undefined
  leasedUntil: number
  dueAt: number
}

/** A store in memory, for several upkeeps of one process, and tests. */
export function memoryUpkeepStore({ clock }: MemoryUpkeepStoreOptions): UpkeepStore {
  const turns = new Map<string, Turn>()
  return {
    async begin({ job, owner, leaseFor, early }) {
      const now = clock.now()
      const turn = turns.get(job) ?? { owner: undefined, leasedUntil: 0, dueAt: 0 }
      turns.set(job, turn)
      const taken = turn.owner !== undefined && turn.leasedUntil > now
      if (taken && turn.owner !== owner) return Math.max(1, turn.leasedUntil - now)
      if (!taken && !early && turn.dueAt > now) return Math.max(1, turn.dueAt - now)
      turn.owner = owner
      turn.leasedUntil = now + leaseFor
      return 0
    },
    async end({ job, owner, nextIn }) {
      const turn = turns.get(job)
      if (turn === undefined || turn.owner !== owner) return
      turn.owner = undefined
      turn.dueAt = clock.now() + nextIn
    },
  }
}
