/**
 * What a store has to do. Every method is one atomic step and one round trip; plain data goes in and comes out.
 *
 * All times are those of the store: it alone reads a clock, the same one for all who use it (of the server, not of
 * its clients), and callers give lengths of time, in milliseconds. `machine.ts` defines each step as a pure function;
 * a store is a shell around it, or does the same in a script or a statement. A method that cannot do its step
 * rejects; whoever calls limits the time it may take.
 *
 * The life of a record:
 *
 * - none → `inFlight` by a claim;
 * - `inFlight` → `completed`, `failed` or `retryable` by its owner, and by nobody else;
 * - `inFlight` whose lease is over ("abandoned") → `inFlight` of another owner by a claim with `takeover`;
 * - `retryable` → `inFlight` by a claim;
 * - any → none when it expires, or by {@link IdempotencyStore.forget}.
 */

/**
 * How a claim was granted: to the first owner, after a failure that may be tried again, or in place of an owner that
 * went silent.
 */
export type Grant = 'acquired' | 'retried' | 'recovered'

/** What a claim asks for. */
export interface ClaimRequest {
  /** Who claims: a text that nobody else uses, and that is used for one run of the work. At most 128 characters. */
  readonly owner: string
  /** What the work is about, at most 64 characters; empty if that is not compared. */
  readonly fingerprint: string
  /** How long the owner may be silent before it counts as gone, in milliseconds. */
  readonly lease: number
  /** How long the record stays if its owner is never heard of again, in milliseconds; at least `lease`. */
  readonly retain: number
  /** Whether to take the place of an owner whose lease is over. */
  readonly takeover: boolean
}

/** A claim among several: see {@link IdempotencyStore.claimMany}. */
export interface ClaimOf {
  readonly key: string
  readonly request: ClaimRequest
}

/** The answer to a claim. Only the grants change the record. */
export type Claim =
  /**
   * The work is the caller's: until its lease ends nobody else gets a grant.
   *
   * `fence` is greater than that of any earlier grant for the key: the store's time in microseconds since 1970, or
   * one more than the fence of the record, whichever is greater; a whole number below 2^53. Time alone makes it rise
   * where the record is gone. `attempt` counts the
   * grants since the record began, from 1. `error` is what the last failure left (`retried`, and `recovered` after
   * it).
   */
  | {
      readonly kind: Grant
      readonly fence: number
      readonly attempt: number
      readonly error: string | undefined
    }
  /** Another owner is at work, for `leaseLeft` milliseconds at least (above 0) unless it ends before. */
  | { readonly kind: 'inFlight'; readonly leaseLeft: number }
  /** The owner has been silent for longer than its lease, and the claim came without `takeover`. */
  | { readonly kind: 'abandoned'; readonly attempt: number; readonly fence: number }
  /** It is done. `result` is the text that was stored, the same to the byte; undefined if none was. */
  | { readonly kind: 'completed'; readonly result: string | undefined }
  /** It has failed for good. `error` likewise. */
  | { readonly kind: 'failed'; readonly error: string | undefined }
  /** The record was made for another fingerprint. */
  | { readonly kind: 'mismatch' }

/** Says which grant a call is about. A grant is current while the record has its owner and its fence. */
export interface Token {
  readonly owner: string
  readonly fence: number
}

/** What a renewal asks for. */
export interface RenewRequest extends Token {
  /** The new length of the lease from now on, in milliseconds. 0 ends it: the record counts as abandoned at once. */
  readonly lease: number
  /** As in {@link ClaimRequest}, from now on. */
  readonly retain: number
}

/**
 * - `renewed`: the grant is current and in flight; the lease is new. That includes a lease that was over, if nobody
 *   took the work.
 * - `stale`: the record is another owner's, or is settled. Nothing has changed.
 * - `gone`: there is no record. None was made.
 */
export type Renewal = 'renewed' | 'stale' | 'gone'

/** How the work ended: with a result, for good with an error, or with an error that another try may mend. */
export type Ending = 'completed' | 'failed' | 'retryable'

/** What the end of the work leaves behind. */
export interface CompleteRequest extends Token {
  readonly state: Ending
  /** The result or the error, as text without U+0000, which may be empty; undefined if it could not be kept. */
  readonly payload: string | undefined
  /** How long the record stays, in milliseconds from now. */
  readonly ttl: number
}

/**
 * - `stored`: the grant was current and in flight, its lease over or not. The record is settled.
 * - `already`: the same grant has settled the record before. Nothing has changed, whatever was sent now.
 * - `stale`: the record is another owner's. Nothing has changed.
 * - `gone`: there is no record. None was made.
 */
export type Completion = 'stored' | 'already' | 'stale' | 'gone'

/**
 * - `forgotten`: the record is gone now, whatever its state.
 * - `stale`: it has another fence than the one given. Nothing has changed.
 * - `gone`: there was none.
 */
export type Forgetting = 'forgotten' | 'stale' | 'gone'

/** What anybody may see of a record: not its payload. */
export interface RecordView {
  /** `abandoned`: in flight, and the lease is over. */
  readonly state: 'inFlight' | 'abandoned' | Ending
  readonly owner: string
  readonly fence: number
  readonly attempt: number
  /** What is left of the lease, in milliseconds; 0 unless it is in flight. */
  readonly leaseLeft: number
  /** Until the record expires, in milliseconds. */
  readonly expiresIn: number
}

/** Keeps one record for each key. Share one between all processes that do the same work. */
export interface IdempotencyStore {
  /**
   * Asks for the work. The first of these that applies is the answer:
   *
   * 1. No record, or an expired one: `acquired`. The record is new, with attempt 1.
   * 2. Both fingerprints are not empty and differ: `mismatch`, in every state.
   * 3. `completed` or `failed`, likewise: that.
   * 4. `retryable`: `retried`.
   * 5. In flight, of the same `owner`: the answer its claim got before (kind, fence, attempt, error), with a new lease,
   *    even if the old one is over. So a claim that was sent twice, since the reply was lost, does not lock itself out.
   * 6. In flight, the lease not over: `inFlight`.
   * 7. In flight, the lease over: `recovered` with `takeover`, else `abandoned`.
   *
   * A grant sets owner, fence, lease (`now + lease`) and expiry (`now + retain`), counts the attempt, and keeps the
   * error of the last failure and the fingerprint, which an empty one of the request does not replace.
   *
   * A lease is over, and a record has expired, as soon as their time is reached.
   *
   * @param key - At most 1,600 characters; free of `{` and `}`, so that it can be a hash tag.
   * @throws When the store is down, or has no room for another record.
   */
  claim(key: string, request: ClaimRequest): Promise<Claim>

  /**
   * Asks for many works at once, in one round trip. Each claim is a step of its own, answered and granted as by
   * {@link IdempotencyStore.claim} after those before it, whatever becomes of the others; two of one key are two claims.
   *
   * A store that cannot do it in one round trip leaves it out.
   *
   * @returns One answer for each, in order.
   * @throws As `claim`, if one of them would. Any of the others may then have been granted: claim again, each by itself
   *   if need be.
   */
  claimMany?(claims: readonly ClaimOf[]): Promise<readonly Claim[]>

  /** Begins the lease of a grant anew. */
  renew(key: string, request: RenewRequest): Promise<Renewal>

  /** Settles the record of a grant. Wakes those who wait for the key. */
  complete(key: string, request: CompleteRequest): Promise<Completion>

  /**
   * Drops a record. Owner and state do not matter: the owner finds out by its next renewal. Wakes those who wait.
   *
   * @param fence - Drops it only if it has this fence, so that what was looked at is what goes. @defaultValue any
   */
  forget(key: string, fence?: number): Promise<Forgetting>

  /** Looks at a record and changes nothing. Undefined if there is none. */
  peek(key: string): Promise<RecordView | undefined>

  /**
   * A hint that saves polling, and the one method that is no round trip: resolves when the record may have been settled or dropped since the call. It may miss
   * that, and it may resolve for nothing; both cost only time. Ends soon after `signal` aborts, and leaves nothing
   * behind. A rejection counts as a hint that never comes.
   */
  waitFor?(key: string, signal: AbortSignal): Promise<void>
}
