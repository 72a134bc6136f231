import { SeaworthyError } from '@seaworthy/core'

/**
 * Work was not begun, since too few replicas had its claim in time, and a failover could have forgotten it. Code `ERR_NOT_REPLICATED`, class
 * `transient`.
 */
export class NotReplicatedError extends SeaworthyError {
  override name = 'NotReplicatedError'
  /** How many had it. */
  readonly replicas: number
  /** How many were asked for. */
  readonly needed: number

  constructor(policy: string | undefined, replicas: number, needed: number) {
    super(
      'ERR_NOT_REPLICATED',
      `${policy ?? 'redis'}: idempotency.claim: ${replicas} of ${needed} replicas have it; it was given back`,
      { policy, failureClass: 'transient' },
    )
    this.replicas = replicas
    this.needed = needed
  }
}
