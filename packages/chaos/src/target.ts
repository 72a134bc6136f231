/** What faults are done to. */
import type { Fault, FaultKind, Rate } from './fault.ts'

/** Something that can be broken on purpose, and mended again: the calls to a dependency, a connection, a process, this process. */
export interface ChaosTarget {
  /** Its name in experiments, events and reports. */
  readonly id: string
  /** What can be done to it. */
  readonly supports: readonly FaultKind[]
  /** Whether it asks for every call whether to hit it. Only then a fault can end by and by. @defaultValue `false` */
  readonly perCall?: boolean

  /**
   * Puts a fault in place; it holds for whatever starts from the next statement on. One that throws has put nothing in place.
   *
   * @param fault - One of those that it supports, validated.
   * @param injection - Whose fault it is, and where to count whom it hits.
   * @returns How the fault is taken away again.
   */
  apply(fault: Fault, injection: TargetInjection): AppliedFault
}

/** What a target is told of the injection that it serves. */
export interface TargetInjection {
  readonly id: string

  /**
   * Decides for the next call of the target, from the seed and the number of the call alone, so that a run can be repeated
   * whatever the order of events elsewhere. Within the blast radius: it may say no where the rate alone would say yes.
   *
   * @param rate - From 0 to 1, or how it changes.
   * @param key - Whom the call is about, for an allow-list of tenants.
   * @returns The call, if it is hit; it is counted then.
   */
  hit(rate: Rate, key?: string): AffectedCall | undefined

  /** Notes a hit that no decision was needed for: a connection that was reset, a process that was killed. */
  note(): void
}

/** A call that is hit. */
export interface AffectedCall {
  /** Its number among the calls of its target, from 1. */
  readonly ordinal: number
  /** A number in [0, 1) for this call: how long, which of several. The same in every run with the seed. */
  draw(): number
  /** What was done to it is over. */
  ended(): void
  /** It turned out that nothing could be done to it. */
  skipped(reason: SkipReason): void
  /** A side effect of the fault failed. The call goes on. */
  failed(error: unknown): void
}

/**
 * Why a call that was to be hit was not: its own function failed before (`inner-failed`), the generator made nothing
 * (`generator-empty`), its value is no stream (`not-a-stream`), the delay came out as 0 (`no-delay`), it was given up before
 * (`aborted`), or a rate limit had room (`within-limit`).
 */
export type SkipReason =
  | 'inner-failed'
  | 'generator-empty'
  | 'not-a-stream'
  | 'no-delay'
  | 'aborted'
  | 'within-limit'

/** A fault that is in place. */
export interface AppliedFault {
  /**
   * Takes the fault away, with effect at once: calls that it holds are let go, connections go on. Called any number of times; one
   * that failed is tried again.
   *
   * @returns Settles when everything is as it was: at once for calls, after its restart for a process.
   */
  recover(): void | Promise<void>
}
