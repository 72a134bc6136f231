/** How much is asked of a service. */

/** The limits of the criteria. */
export interface CriteriaLimits {
  /** Share of injections that the service recovers from. @defaultValue 0.8 */
  readonly recoveryRate: number
  /** Mean time to recover, in milliseconds. @defaultValue 30 s */
  readonly recoveryTime: number
  /** Share of requests that are answered, in full or degraded. @defaultValue 0.999 */
  readonly availability: number
  /** Share of requests that fail outside of faults. @defaultValue 0.01 */
  readonly errorRate: number
  /** Growth of memory over four hours, in percent. @defaultValue 10 */
  readonly memoryGrowthPercent: number
  /** Milliseconds from a request until its fault is in place. @defaultValue 500 */
  readonly injectionEffect: number
  /** Milliseconds until somebody answers, while a provider is out. @defaultValue 5 s */
  readonly failover: number
  /** How often each of the ten scenarios is tried at least. @defaultValue 2 */
  readonly rounds: number
}

/** The limits of the requirements that this library promises. */
export const standardLimits: CriteriaLimits = Object.freeze({
  recoveryRate: 0.8,
  recoveryTime: 30_000,
  availability: 0.999,
  errorRate: 0.01,
  memoryGrowthPercent: 10,
  injectionEffect: 500,
  failover: 5000,
  rounds: 2,
})
