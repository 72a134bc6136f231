/** Another copy has started. */
export interface Hedged {
  readonly name: string | undefined
  /** Which one: 2 for the first extra copy. */
  readonly copy: number
  /** How long after the call began, in milliseconds. */
  readonly after: number
  /** Whether the copies before it were slow, or one failed. */
  readonly cause: 'delay' | 'failure'
}

/** A call with several copies has its answer. */
export interface HedgeWon {
  readonly name: string | undefined
  /** Which copy it came from: 1 for the original. */
  readonly copy: number
  /** How many had started. */
  readonly copies: number
}

/** A copy ended after its call was decided. */
export interface HedgeLate {
  readonly name: string | undefined
  readonly copy: number
  readonly outcome: 'success' | 'failure'
}

/** A call was slow, or failed, but the budget had no copy left for it. It gets no further one. */
export interface HedgeBudgetExhausted {
  readonly name: string | undefined
  /** How many copies had started. */
  readonly copies: number
}

/** The events of a {@link Hedge}. */
export type HedgeEvents = {
  hedged: Hedged
  won: HedgeWon
  late: HedgeLate
  budgetExhausted: HedgeBudgetExhausted
}
