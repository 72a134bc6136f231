/**
 * What an idempotency store promises, written as rules over the history of a key, without a look at how the claim machine
 * works. `exploration.test.ts` checks them on every step of every short history.
 */
import type { Claim, Completion, claimMachine, Forgetting, Renewal, Token } from '@seaworthy/idempotency'

/** The steps of a store, as pure functions. */
export type Machine = Pick<typeof claimMachine, 'claim' | 'renew' | 'complete' | 'forget'>

/** Ticks. */
export const lease = 2
export const retain = 4
export const ttl = 3

/** What is remembered of the past of a key. Times are ticks. */
export interface History {
  /** Every grant, oldest first, and until when its owner may think that it holds the work. */
  readonly grants: readonly (Token & { readonly believesUntil: number })[]
  /** The grant that the record belongs to, by its place in the list; undefined if there is no record. */
  readonly current: number | undefined
  /** When the record goes unless something happens. */
  readonly expires: number
  /** What its owner has stored. */
  readonly settled:
    | { readonly state: 'completed' | 'failed' | 'retryable'; readonly payload: string }
    | undefined
  /** The first payload it was claimed for. */
  readonly fingerprint: string
  /** Grants since the record began. */
  readonly attempts: number
  readonly lastError: string | undefined
  /** From which grant on fences rise: a store that lost its records, and whose clock is behind, may begin anew. */
  readonly risesFrom: number
}

export const nothing: History = {
  grants: [],
  current: undefined,
  expires: 0,
  settled: undefined,
  fingerprint: '',
  attempts: 0,
  lastError: undefined,
  risesFrom: 0,
}

/** @throws Error with the number of the promise that does not hold. */
function must(promise: string, holds: boolean): void {
  if (!holds) throw new Error(promise)
}

/** The past with what has expired taken out. */
function at(history: History, now: number): History {
  if (history.current === undefined || now < history.expires) return history
  return { ...nothing, grants: history.grants, risesFrom: history.risesFrom }
}

/** How the work is owned at a moment: by nobody yet, by a living owner, by a silent one, or not any more. */
function stateOf(
  history: History,
  now: number,
): 'none' | 'owned' | 'silent' | 'completed' | 'failed' | 'retryable' {
  if (history.current === undefined) return 'none'
  if (history.settled !== undefined) return history.settled.state
  return now < (history.grants[history.current]?.believesUntil ?? 0) ? 'owned' : 'silent'
}

/** Checks the answer to a claim, and goes on with the history. */
export function claimed(
  past: History,
  answer: Claim,
  { owner, fingerprint, takeover }: { owner: string; fingerprint: string; takeover: boolean },
  now: number,
): History {
  const history = at(past, now)
  const state = stateOf(history, now)
  const other = history.fingerprint !== '' && fingerprint !== '' && history.fingerprint !== fingerprint
  must(
    '46: a different payload under one key is a conflict, in every state, and nothing else is',
    other === (answer.kind === 'mismatch'),
  )
  if (answer.kind === 'mismatch') return history
  const repeated = (state === 'owned' || state === 'silent') && grantOf(history)?.owner === owner
  if (answer.kind === 'acquired' || answer.kind === 'retried' || answer.kind === 'recovered') {
    const believers = history.grants.filter((grant) => grant.owner !== owner && now < grant.believesUntil)
    must('41: one owner at most believes that the work is its own', believers.length === 0)
    must(
      '44: the work is done again only if a lease was over, a failure allowed it, or nothing is known of it',
      repeated ||
        (answer.kind === 'acquired' && state === 'none') ||
        (answer.kind === 'recovered' && state === 'silent' && takeover) ||
        (answer.kind === 'retried' && state === 'retryable'),
    )
    must('attempts are counted', answer.attempt === history.attempts + (repeated ? 0 : 1))
    must('the last error is handed on', answer.error === history.lastError)
    if (repeated) return renewedIn(history, now)
    const fences = history.grants.slice(history.risesFrom).map((grant) => grant.fence)
    must(
      '44: every grant has a greater fence than all before it',
      fences.every((fence) => fence < answer.fence),
    )
    return {
      ...history,
      grants: [...history.grants, { owner, fence: answer.fence, believesUntil: now + lease }],
      current: history.grants.length,
      expires: now + retain,
      settled: undefined,
      fingerprint: history.fingerprint === '' ? fingerprint : history.fingerprint,
      attempts: history.attempts + 1,
    }
  }
  must('a claim of the owner is granted again', !repeated)
  const expected = {
    none: '',
    owned: 'inFlight',
    silent: takeover ? '' : 'abandoned',
    completed: 'completed',
    failed: 'failed',
    retryable: '',
  }
  must('42: a claim is told what is known', answer.kind === expected[state])
  if (answer.kind === 'completed')
    must('42: later claims get the same result', answer.result === history.settled?.payload)
  if (answer.kind === 'failed')
    must('42: later claims get the same failure', answer.error === history.settled?.payload)
  if (answer.kind === 'inFlight')
    must('the rest of the lease is told', now + answer.leaseLeft === grantOf(history)?.believesUntil)
  return history
}

/** Checks the answer to a renewal. `length` 0 gives the lease up. */
export function renewed(past: History, token: Token, length: number, answer: Renewal, now: number): History {
  const history = at(past, now)
  must(
    '43: a renewal has an effect for the current grant in flight and no other, and says so',
    answer === expectedRenewal(history, token),
  )
  if (answer !== 'renewed') return believes(history, token, now)
  return length === 0 ? { ...believes(history, token, now), expires: now + retain } : renewedIn(history, now)
}

function expectedRenewal(history: History, token: Token): Renewal {
  if (history.current === undefined) return 'gone'
  return isCurrent(history, token) && history.settled === undefined ? 'renewed' : 'stale'
}

/** Checks the answer to a completion. */
export function completed(
  past: History,
  token: Token,
  state: 'completed' | 'failed' | 'retryable',
  payload: string,
  answer: Completion,
  now: number,
): History {
  const history = at(past, now)
  must(
    '43: a completion has an effect for the current grant, once, and no other, and says so',
    answer === expectedCompletion(history, token),
  )
  const silent = believes(history, token, now)
  if (answer !== 'stored') return silent
  return {
    ...silent,
    settled: { state, payload },
    expires: now + ttl,
    lastError: state === 'retryable' ? payload : history.lastError,
  }
}

function expectedCompletion(history: History, token: Token): Completion {
  if (history.current === undefined) return 'gone'
  if (!isCurrent(history, token)) return 'stale'
  return history.settled === undefined ? 'stored' : 'already'
}

/** Checks the answer to somebody who drops the record by hand; who held it is not asked. */
export function forgotten(
  past: History,
  fence: number | undefined,
  answer: Forgetting,
  now: number,
): History {
  const history = at(past, now)
  const expected =
    history.current === undefined
      ? 'gone'
      : fence === undefined || grantOf(history)?.fence === fence
        ? 'forgotten'
        : 'stale'
  must('a record is dropped as asked', answer === expected)
  return answer === 'forgotten' ? dropped(history) : history
}

/** The store has lost the record, and all it knew of fences, as after a failover. */
export function lost(history: History): History {
  return { ...dropped(history), risesFrom: history.grants.length }
}

/** Nobody holds the work any more, whatever they think. */
function dropped(history: History): History {
  const grants = history.grants.map((grant) => ({ ...grant, believesUntil: 0 }))
  return { ...nothing, grants, risesFrom: history.risesFrom }
}

const grantOf = (history: History): (Token & { readonly believesUntil: number }) | undefined =>
  history.current === undefined ? undefined : history.grants[history.current]

function isCurrent(history: History, token: Token): boolean {
  const grant = grantOf(history)
  return grant !== undefined && grant.owner === token.owner && grant.fence === token.fence
}

/** The owner of a grant knows that it holds the work no longer. */
function believes(history: History, token: Token, now: number): History {
  const grants = history.grants.map((grant) =>
    grant.owner === token.owner && grant.fence === token.fence && grant.believesUntil > now
      ? { ...grant, believesUntil: now }
      : grant,
  )
  return { ...history, grants }
}

function renewedIn(history: History, now: number): History {
  const grants = history.grants.map((grant, index) =>
    index === history.current ? { ...grant, believesUntil: now + lease } : grant,
  )
  return { ...history, grants, expires: now + retain }
}
