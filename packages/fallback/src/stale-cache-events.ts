import type { FailureClass } from '@seaworthy/core'

/** A call got a fresh answer from memory. */
export interface CacheHit {
  readonly name: string | undefined
  /** The age of the answer in milliseconds. */
  readonly age: number
}

/** A call got a stale answer from memory. */
export interface CacheStale {
  readonly name: string | undefined
  /** The age of the answer in milliseconds. */
  readonly age: number
  /** Why: the call failed, it was renewed in the background, or only cached answers were allowed. */
  readonly reason: 'failure' | 'refresh' | 'cacheOnly'
  /** What the call failed with. */
  readonly failureClass: FailureClass | undefined
}

/** A call got nothing from memory. */
export interface CacheMiss {
  readonly name: string | undefined
  /** Whose outcome it got: its own, that of another call it joined, or none since only cached answers were allowed. */
  readonly source: 'own' | 'joined' | 'none'
}

/** The function has ended. */
export interface CacheRefresh {
  readonly name: string | undefined
  /** `discarded`: its key was invalidated, another call took its place, or all who waited gave up. */
  readonly outcome: 'stored' | 'discarded' | 'failed'
  readonly background: boolean
  /** How long it took, in milliseconds. */
  readonly duration: number
  readonly failureClass: FailureClass | undefined
}

/** The cache was full, and an answer had to go. */
export interface CacheEvicted {
  readonly name: string | undefined
}

/** The events of a {@link StaleCache}. A call with a key that is not given up raises one of `hit`, `stale` and `miss`. */
export type StaleCacheEvents = {
  hit: CacheHit
  stale: CacheStale
  miss: CacheMiss
  refresh: CacheRefresh
  evicted: CacheEvicted
}
