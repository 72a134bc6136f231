/** What a timeout tells those who listen. */

/** The time of a call is up. */
export interface TimeoutExpired {
  readonly name: string | undefined
  /** How long the call was given, in milliseconds. */
  readonly limit: number
  /** Whether the policy's own limit ended it, or the deadline of the call. */
  readonly by: 'limit' | 'deadline'
  /** False if so little was left before the deadline that the function was not started. */
  readonly started: boolean
}

/** A function ended after its call was given up. */
export interface LateResult {
  readonly name: string | undefined
  /** `cancelled`: it obeyed its signal, and failed with the reason of that signal. */
  readonly outcome: 'success' | 'failure' | 'cancelled'
  /** How long after the call was given up, in milliseconds. */
  readonly late: number
  /** Whether the time was up, or somebody outside had given the call up. */
  readonly after: 'timeout' | 'abort'
}

/** The events of a timeout. */
export type TimeoutEvents = { timeout: TimeoutExpired; lateResult: LateResult }
