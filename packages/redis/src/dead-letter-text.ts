/**
 * Letters as the scripts take and give them. What steps and indices need goes by itself; the rest is one text (summary, details, payload),
 * which costs a third of the memory of a hash with a field for each.
 */
import { Buffer } from 'node:buffer'
import type {
  AddResult,
  AuditEntry,
  AuditEvent,
  LetterState,
  LetterSummary,
  NewLetter,
  RemovedLetter,
  StoredLetter,
} from '@seaworthy/dead-letter'
import type { Argument } from './script.ts'

/** What lists show. What is undefined is left out. */
type Summary = Pick<
  StoredLetter,
  'failure' | 'failureClass' | 'maxRetries' | 'retryCount' | 'taskId' | 'source' | 'firstFailedAt'
> & { readonly error: LetterSummary['error'] }

/** What only one letter shows. */
type Details = Pick<StoredLetter, 'history'> & Pick<StoredLetter['error'], 'stack' | 'causes'>

/** For how long a letter that is sent again is known as such. Clients send again what got no answer, after a reconnection. */
const resendFor = 60_000

/** Longer times are for ever; as numbers on the server they stay exact. */
const longest = 1e15

/** Whole milliseconds. */
export const whole = (milliseconds: number): number => Math.min(Math.ceil(milliseconds), longest)

/** Whole milliseconds, or an empty text for none. */
export const wholeIfAny = (milliseconds: number | undefined): Argument =>
  milliseconds === undefined ? '' : whole(milliseconds)

/** What `letters.received` of `lua/dead-letter-add-function.lua` reads. */
export function addArguments(
  letter: NewLetter,
  { maxCount, overflow }: { readonly maxCount: number; readonly overflow: string },
): Argument[] {
  const { token, type, errorClass, journey = '', replays, dueIn, dedupeKey = '', dedupeFor, actor } = letter
  const { failure, failureClass, maxRetries, retryCount, taskId, source, firstFailedAt, history } = letter
  const { name, message, code, stack, causes } = letter.error
  const error = { name, message, ...(code !== undefined && { code }) }
  const facts = { failure, failureClass, maxRetries, retryCount, taskId, source, firstFailedAt, error }
  const summary = JSON.stringify(facts satisfies Summary)
  const details = JSON.stringify({ history, causes, ...(stack !== undefined && { stack }) } satisfies Details)
  return [
    maxCount,
    overflow,
    resendFor,
    token,
    type,
    errorClass,
    journey,
    replays,
    wholeIfAny(dueIn),
    dedupeKey,
    whole(dedupeFor),
    Buffer.byteLength(summary),
    Buffer.byteLength(details),
    summary + details + letter.payload,
    actor,
  ]
}

/** What `letters.tell` of `lua/dead-letter-common.lua` gives. */
export type RawLetter = readonly [
  id: string,
  state: LetterState,
  type: string,
  errorClass: string,
  journey: string | null,
  replays: number,
  attempts: number,
  due: number | null,
  settledAt: number | null,
  owner: string | null,
  leasedUntil: number | null,
  summary: string,
  details: string | null,
  payload: string | null,
]

export function summaryOf(raw: RawLetter): LetterSummary {
  const [id, state, type, errorClass, journey, rawReplays, attempts, due, settledAt, owner, leasedUntil] = raw
  const { failure, failureClass, maxRetries, retryCount, taskId, source, firstFailedAt, error } = JSON.parse(
    raw[11],
  ) as Summary
  const replays = Number(rawReplays)
  return {
    id,
    state,
    type,
    failure,
    failureClass,
    errorClass,
    error,
    maxRetries,
    retryCount,
    replays,
    attempts: Number(attempts),
    taskId,
    source,
    journey: journey ?? undefined,
    firstFailedAt,
    diedAt: diedAt(id),
    due: numberIfAny(due),
    settledAt: numberIfAny(settledAt),
    owner: owner ?? undefined,
    leasedUntil: numberIfAny(leasedUntil),
    replayId: `${id}:${replays + 1}`,
  }
}

export function letterOf(raw: RawLetter): StoredLetter {
  const { error, ...header } = summaryOf(raw)
  const { history, ...more } = JSON.parse(raw[12] ?? '') as Details
  return { ...header, error: { ...error, ...more }, history, payload: raw[13] ?? undefined }
}

/** When the letter died that has this id or sequence. */
export const diedAt = (id: string): number => Number(id.slice(0, 13))

/** What `letters.remove` gives. */
export type RawRemoved = readonly [
  id: string,
  type: string,
  journey: string | null,
  cause: RemovedLetter['cause'],
]

export function removedOf([id, type, journey, cause]: RawRemoved): RemovedLetter {
  return { id, type, journey: journey ?? undefined, diedAt: diedAt(id), cause }
}

/** What `letters.add` gives. */
export type RawAdded =
  | readonly ['added', id: string, now: number, dropped: readonly RawRemoved[]]
  | readonly ['duplicate', id: string, now: number]
  | readonly ['full', now: number]

export function addResultOf(raw: RawAdded): AddResult {
  switch (raw[0]) {
    case 'full':
      return { outcome: 'full', now: Number(raw[1]) }
    case 'duplicate':
      return { outcome: 'duplicate', id: raw[1], now: Number(raw[2]) }
    case 'added':
      return { outcome: 'added', id: raw[1], now: Number(raw[2]), dropped: raw[3].map(removedOf) }
  }
}

/** An entry of the audit, with empty texts for what there is not. */
export type RawAuditEntry = readonly [
  cursor: string,
  id: string,
  event: AuditEvent,
  from: LetterState | '',
  to: LetterState | '',
  actor: string,
  reason: string,
]

export function auditEntryOf([cursor, id, event, from, to, actor, reason]: RawAuditEntry): AuditEntry {
  const at = Number(cursor.slice(0, cursor.indexOf('-')))
  return {
    cursor,
    at,
    id,
    event,
    from: from || undefined,
    to: to || undefined,
    actor,
    reason: reason || undefined,
  }
}

const numberIfAny = (value: number | null): number | undefined => (value === null ? undefined : Number(value))
