/** Letters as the functions take and give them. */
import type { AuditEntry, LetterSummary, NewLetter, StoredLetter } from '@seaworthy/dead-letter'
import { lasting, storable } from './functions.ts'

/** What lists show and no index needs. What is undefined is left out. */
type Facts = Pick<
  StoredLetter,
  'failure' | 'failureClass' | 'maxRetries' | 'retryCount' | 'taskId' | 'source' | 'firstFailedAt'
> & { readonly error: LetterSummary['error'] }

/** What only one letter shows. */
type Details = Pick<StoredLetter, 'history'> & Pick<StoredLetter['error'], 'stack' | 'causes'>

/** Whole milliseconds. */
export const whole = (milliseconds: number): number => lasting(Math.ceil(milliseconds))

/** Whole milliseconds, or null for none. */
export const wholeIfAny = (milliseconds: number | undefined): number | null =>
  milliseconds === undefined ? null : whole(milliseconds)

/** A text that can be stored, or null for none. */
export const textIfAny = (text: string | undefined): string | null =>
  text === undefined ? null : storable(text)

/** The arguments of `dead_letter_add` from the token on, in order. */
export function addArguments(letter: NewLetter): unknown[] {
  const { token, payload, type, errorClass, journey, replays, dueIn, dedupeKey, dedupeFor, actor } = letter
  const { failure, failureClass, maxRetries, retryCount, taskId, source, firstFailedAt, history } = letter
  const { name, message, code, stack, causes } = letter.error
  const error = { name, message, ...(code !== undefined && { code }) }
  const facts = { failure, failureClass, maxRetries, retryCount, taskId, source, firstFailedAt, error }
  const details = { history, causes, ...(stack !== undefined && { stack }) }
  return [
    token,
    storable(payload),
    storable(type),
    storable(errorClass),
    textIfAny(journey),
    replays,
    JSON.stringify(facts satisfies Facts),
    JSON.stringify(details satisfies Details),
    wholeIfAny(dueIn),
    textIfAny(dedupeKey),
    whole(dedupeFor),
    storable(actor),
  ]
}

/** What `dead_letter_json` gives. */
export interface RawLetter
  extends Pick<StoredLetter, 'id' | 'state' | 'type' | 'errorClass' | 'replays' | 'attempts' | 'diedAt'> {
  readonly journey: string | null
  readonly due: number | null
  readonly owner: string | null
  readonly leasedUntil: number | null
  readonly settledAt: number | null
  readonly facts: Facts
  readonly details: Details | null
  readonly payload: string | null
}

export function summaryOf(raw: RawLetter): LetterSummary {
  const { id, state, type, errorClass, replays, attempts, diedAt } = raw
  const { failure, failureClass, maxRetries, retryCount, taskId, source, firstFailedAt, error } = raw.facts
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
    attempts,
    taskId,
    source,
    journey: raw.journey ?? undefined,
    firstFailedAt,
    diedAt,
    due: raw.due ?? undefined,
    settledAt: raw.settledAt ?? undefined,
    owner: raw.owner ?? undefined,
    leasedUntil: raw.leasedUntil ?? undefined,
    replayId: replayId(id, replays),
  }
}

export function letterOf(raw: RawLetter): StoredLetter {
  const { error, ...header } = summaryOf(raw)
  const { history, ...more } = raw.details ?? { history: [], causes: [] }
  return { ...header, error: { ...error, ...more }, history, payload: raw.payload ?? undefined }
}

/** What a letter is replayed as, for ever. */
export const replayId = (id: string, replays: number): string => `${id}:${replays + 1}`

/** An entry of `dead_letter_audit_json`. */
export type RawAuditEntry = {
  readonly [field in keyof AuditEntry]:
    | AuditEntry[field]
    | (field extends 'from' | 'to' | 'reason' ? null : never)
}

export function auditEntryOf({ from, to, reason, ...entry }: RawAuditEntry): AuditEntry {
  return { ...entry, from: from ?? undefined, to: to ?? undefined, reason: reason ?? undefined }
}

/** What `dead_letter_remove` gives. */
export interface RawRemoved {
  readonly id: string
  readonly type: string
  readonly journey: string | null
  readonly diedAt: number
  readonly cause: 'age' | 'count' | 'settled' | 'overflow'
}
