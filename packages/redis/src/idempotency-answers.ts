/** What the scripts answer, and the contract's words for it. */
import type { Claim, ClaimRequest, CompleteRequest, Grant, RecordView } from '@seaworthy/idempotency'
import type { Argument } from './script.ts'

/** A claim that was granted. */
export type Granted = Extract<Claim, { readonly kind: Grant }>

export const isGranted = (claim: Claim): claim is Granted =>
  claim.kind === 'acquired' || claim.kind === 'retried' || claim.kind === 'recovered'

/** Reads one answer of `idempotency-claim.lua`. */
export function claimOf(answer: unknown): Claim {
  const [kind, ...rest] = answer as [Claim['kind'], ...unknown[]]
  switch (kind) {
    case 'acquired':
    case 'retried':
    case 'recovered':
      return { kind, fence: rest[0] as number, attempt: rest[1] as number, error: textOf(rest[2]) }
    case 'inFlight':
      return { kind, leaseLeft: (rest[0] as number) / 1000 }
    case 'abandoned':
      return { kind, attempt: rest[0] as number, fence: rest[1] as number }
    case 'completed':
      return { kind, result: textOf(rest[0]) }
    case 'failed':
      return { kind, error: textOf(rest[0]) }
    case 'mismatch':
      return { kind }
  }
}

/** Reads what `idempotency-peek.lua` returned. */
export function viewOf(answer: unknown): RecordView | undefined {
  if (answer === null) return undefined
  const [state, owner, fence, attempt, leaseLeft, expiresIn] = answer as [
    RecordView['state'],
    string,
    number,
    number,
    number,
    number,
  ]
  // Somebody may have made the key permanent by hand.
  const expires = expiresIn < 0 ? Number.POSITIVE_INFINITY : expiresIn
  return { state, owner, fence, attempt, leaseLeft: leaseLeft / 1000, expiresIn: expires }
}

/** The arguments of `idempotency.settle` after the record. */
export function settleArguments({ owner, fence, state, payload, ttl }: CompleteRequest): Argument[] {
  return [owner, fence, state, payload === undefined ? '0' : '1', payload ?? '', lifetime(ttl)]
}

/** The arguments of `idempotency-claim.lua` for one record. */
export function claimArguments({ owner, fingerprint, lease, retain, takeover }: ClaimRequest): Argument[] {
  return [owner, fingerprint, lease, lifetime(retain), takeover ? 1 : 0]
}

/** How Redis counts the life of a key. */
export const lifetime = (milliseconds: number): number => Math.max(1, Math.ceil(milliseconds))

const textOf = (value: unknown): string | undefined => (value as string | null | undefined) ?? undefined
