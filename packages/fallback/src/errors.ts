/** The errors of this package. Tell them apart by `code`. */
import { SeaworthyError } from '@seaworthy/core'

/**
 * A stale cache that may only answer from memory (`cacheOnly`) has nothing under the key. Code `ERR_CACHE_MISS`, class
 * `degraded`. The function did not run.
 */
export class CacheMissError extends SeaworthyError {
  override name = 'CacheMissError'

  constructor(policy: string | undefined) {
    const label = policy === undefined ? 'stale-cache' : `stale-cache '${policy}'`
    super('ERR_CACHE_MISS', `${label}: only cached answers are allowed now, and there is none for this key`, {
      policy,
      failureClass: 'degraded',
    })
  }
}
