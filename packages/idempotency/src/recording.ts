/** Brings an outcome into the store, and does not give up at the first failure. */
import type { Settled } from '@seaworthy/core'
import { type OutcomeText, outcomeText } from './outcome-text.ts'
import type { Shared } from './shared.ts'
import type { CompleteRequest, Completion, Ending, Token } from './store.ts'
import type { StoreCallError } from './store-calls.ts'

/** The outcome of work that ran under a claim. */
export interface Ended {
  readonly key: string
  readonly token: Token
  readonly state: Ending
  readonly outcome: Settled<unknown>
  readonly journey: string | undefined
  /** When its lease is over: until then nobody else can have been asked to do it again. */
  readonly leaseUntil: number
}

/**
 * - `recorded`: the store has it.
 * - `stale`: another owner has the work; this outcome counts no more.
 * - an error: the store did not take it (undefined if its record is gone).
 */
export type Recorded = 'recorded' | 'stale' | { readonly cause: unknown }

/** Waits between tries, in milliseconds: doubled from the first to the longest, less a random half. */
const firstWait = 100
const longestWait = 1000

/**
 * Sends an outcome to the store once. If it gets no answer, it goes on in the background until the lease is over;
 * completing is idempotent, so nothing is lost if an answer was. The timers of that do keep the process alive: an
 * outcome that is lost is work done twice.
 *
 * @param background - Called when something goes on in the background, with a promise of its end.
 */
export async function record(
  shared: Shared,
  ended: Ended,
  background: (end: Promise<void>) => void,
): Promise<Recorded> {
  const { rules, report, stats } = shared
  const { state, journey } = ended
  const request = requestOf(shared, ended)
  stats.recording++
  try {
    const answer = await send(shared, ended, request, rules.storeTimeout)
    stats.recording--
    if (answer !== 'gone') return answer === 'stale' ? 'stale' : 'recorded'
    report.tell('outcomeNotRecorded', { outcome: state, reason: 'gone', resending: false }, journey)
    return { cause: undefined }
  } catch (error) {
    const { reason, cause } = error as StoreCallError
    const resending = rules.clock.now() < ended.leaseUntil
    tellFailure(shared, ended, reason, resending)
    if (resending) background(resend(shared, ended, request).finally(() => stats.recording--))
    else stats.recording--
    return { cause }
  }
}

async function resend(shared: Shared, ended: Ended, request: CompleteRequest): Promise<void> {
  const { clock, random, storeTimeout } = shared.rules
  const began = clock.now()
  let failed: StoreCallError['reason'] = 'error'
  for (let wait = firstWait; ; wait = Math.min(2 * wait, longestWait)) {
    await clock.sleep(Math.min(wait * (1 - random() / 2), Math.max(0, ended.leaseUntil - clock.now())))
    const left = ended.leaseUntil - clock.now()
    if (left <= 0) {
      tellFailure(shared, ended, failed, false)
      return
    }
    try {
      tellLate(shared, ended, await send(shared, ended, request, Math.min(storeTimeout, left)), began)
      return
    } catch (error) {
      failed = (error as StoreCallError).reason
    }
  }
}

function send(
  { rules, calls }: Shared,
  { key }: Ended,
  request: CompleteRequest,
  budget: number,
): Promise<Completion> {
  return calls.run(() => rules.store.complete(key, request), budget)
}

function tellLate(
  { rules, report }: Shared,
  { state, journey }: Ended,
  answer: Completion,
  began: number,
): void {
  if (answer === 'stored' || answer === 'already')
    report.tell('recordedLate', { outcome: state, after: rules.clock.now() - began }, journey)
  else report.tell('outcomeNotRecorded', { outcome: state, reason: answer, resending: false }, journey)
}

function tellFailure(
  { report }: Shared,
  { state, journey }: Ended,
  reason: StoreCallError['reason'],
  resending: boolean,
): void {
  const told = reason === 'timeout' ? reason : 'error'
  report.tell('outcomeNotRecorded', { outcome: state, reason: told, resending }, journey)
}

function requestOf({ rules, report }: Shared, { token, state, outcome, journey }: Ended): CompleteRequest {
  const { codec, maxResultSize, ttl } = rules
  const kept: OutcomeText = outcomeText(outcome, codec, maxResultSize)
  if (kept.text === undefined) report.tell('omitted', { reason: kept.reason, size: kept.size }, journey)
  return { ...token, state, payload: kept.text, ttl: ttl[state] }
}
