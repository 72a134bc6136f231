/**
 * The claim machine: what each step of an {@link IdempotencyStore} does to a record, as pure functions. No clock, no
 * I/O. The memory store is a shell around it; scripts and statements of other stores are tested against it.
 *
 * Source: for fencing tokens, M. Kleppmann, "How to do distributed locking" (2016); for leases, C. Gray, D. Cheriton,
 * "Leases" (SOSP 1989).
 */
import type {
  Claim,
  ClaimRequest,
  CompleteRequest,
  Completion,
  Ending,
  Forgetting,
  Grant,
  RecordView,
  Renewal,
  RenewRequest,
  Token,
} from './store.ts'

/** All that is kept about a key. Times are milliseconds on the store's clock. */
export interface IdempotencyRecord {
  readonly state: 'inFlight' | Ending
  /** How the current grant came about: what a repeated claim of its owner is told again. */
  readonly grant: Grant
  readonly owner: string
  readonly fence: number
  readonly attempt: number
  readonly fingerprint: string
  /** When the lease is over. Means nothing unless the record is in flight. */
  readonly leaseUntil: number
  readonly expiresAt: number
  /** `completed`: the result. Else: the error of the last failure. */
  readonly payload: string | undefined
}

/** The record that follows, and what the caller is told. */
export interface Step<Outcome> {
  readonly record: IdempotencyRecord | undefined
  readonly outcome: Outcome
}

type Known = IdempotencyRecord | undefined

/** The record, unless it has expired. */
export function living(record: Known, now: number): Known {
  return record === undefined || now >= record.expiresAt ? undefined : record
}

/**
 * {@link IdempotencyStore.claim}.
 *
 * @param floor - A fence that no grant has gone beyond whose record is lost. Only needed where time may stand still.
 *   @defaultValue 0
 */
export function claim(known: Known, request: ClaimRequest, now: number, floor = 0): Step<Claim> {
  const record = living(known, now)
  if (record === undefined) return grant('acquired', undefined, request, now, floor)
  if (differ(record.fingerprint, request.fingerprint)) return { record, outcome: { kind: 'mismatch' } }
  switch (record.state) {
    case 'completed':
      return { record, outcome: { kind: 'completed', result: record.payload } }
    case 'failed':
      return { record, outcome: { kind: 'failed', error: record.payload } }
    case 'retryable':
      return grant('retried', record, request, now, floor)
    case 'inFlight':
      return claimInFlight(record, request, now, floor)
  }
}

function claimInFlight(
  record: IdempotencyRecord,
  request: ClaimRequest,
  now: number,
  floor: number,
): Step<Claim> {
  if (record.owner === request.owner) return granted({ ...record, ...timesOf(request, now) })
  const leaseLeft = record.leaseUntil - now
  if (leaseLeft > 0) return { record, outcome: { kind: 'inFlight', leaseLeft } }
  if (request.takeover) return grant('recovered', record, request, now, floor)
  const { attempt, fence } = record
  return { record, outcome: { kind: 'abandoned', attempt, fence } }
}

function grant(kind: Grant, before: Known, request: ClaimRequest, now: number, floor: number): Step<Claim> {
  return granted({
    state: 'inFlight',
    grant: kind,
    owner: request.owner,
    fence: Math.max(Math.floor(now * 1000), (before?.fence ?? 0) + 1, floor + 1),
    attempt: (before?.attempt ?? 0) + 1,
    fingerprint: request.fingerprint || (before?.fingerprint ?? ''),
    ...timesOf(request, now),
    payload: before?.payload,
  })
}

function granted(record: IdempotencyRecord): Step<Claim> {
  const { grant, fence, attempt, payload } = record
  return { record, outcome: { kind: grant, fence, attempt, error: payload } }
}

/** {@link IdempotencyStore.renew}. */
export function renew(known: Known, request: RenewRequest, now: number): Step<Renewal> {
  const record = living(known, now)
  if (record === undefined) return { record, outcome: 'gone' }
  if (record.state !== 'inFlight' || !holds(record, request)) return { record, outcome: 'stale' }
  return { record: { ...record, ...timesOf(request, now) }, outcome: 'renewed' }
}

/** {@link IdempotencyStore.complete}. */
export function complete(known: Known, request: CompleteRequest, now: number): Step<Completion> {
  const record = living(known, now)
  if (record === undefined) return { record, outcome: 'gone' }
  if (!holds(record, request)) return { record, outcome: 'stale' }
  if (record.state !== 'inFlight') return { record, outcome: 'already' }
  const { state, payload, ttl } = request
  return { record: { ...record, state, payload, expiresAt: now + ttl }, outcome: 'stored' }
}

/** {@link IdempotencyStore.forget}. */
export function forget(known: Known, fence: number | undefined, now: number): Step<Forgetting> {
  const record = living(known, now)
  if (record === undefined) return { record, outcome: 'gone' }
  if (fence !== undefined && record.fence !== fence) return { record, outcome: 'stale' }
  return { record: undefined, outcome: 'forgotten' }
}

/** {@link IdempotencyStore.peek}. */
export function peek(known: Known, now: number): RecordView | undefined {
  const record = living(known, now)
  if (record === undefined) return undefined
  const { owner, fence, attempt } = record
  const leaseLeft = record.state === 'inFlight' ? Math.max(0, record.leaseUntil - now) : 0
  const state = record.state === 'inFlight' && leaseLeft === 0 ? 'abandoned' : record.state
  return { state, owner, fence, attempt, leaseLeft, expiresIn: record.expiresAt - now }
}

function timesOf(
  { lease, retain }: Pick<ClaimRequest, 'lease' | 'retain'>,
  now: number,
): Pick<IdempotencyRecord, 'leaseUntil' | 'expiresAt'> {
  return { leaseUntil: now + lease, expiresAt: now + retain }
}

/** By both: after a failover that lost a record, two grants may have the same fence. */
const holds = (record: IdempotencyRecord, token: Token): boolean =>
  record.owner === token.owner && record.fence === token.fence

const differ = (stored: string, given: string): boolean => stored !== '' && given !== '' && stored !== given
