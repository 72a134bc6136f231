/** What the functions take and answer, and the contract's words for it. */
import { createHash } from 'node:crypto'
import type { Claim, ClaimRequest, Grant, RecordView } from '@seaworthy/idempotency'
import { lasting } from './functions.ts'

/** A claim that was granted. */
export type Granted = Extract<Claim, { readonly kind: Grant }>

export const isGranted = (claim: Claim): claim is Granted =>
  claim.kind === 'acquired' || claim.kind === 'retried' || claim.kind === 'recovered'

/** What `idempotency_claim` answers. */
interface RawClaim {
  readonly kind: Claim['kind']
  readonly fence: number
  readonly attempt: number
  readonly leaseLeft: number
  readonly payload: string | null
}

export const claimOf = (answer: string | null): Claim => toClaim(JSON.parse(answer ?? '') as RawClaim)

export const claimsOf = (answer: string | null): Claim[] =>
  (JSON.parse(answer ?? '') as RawClaim[]).map(toClaim)

function toClaim({ kind, fence, attempt, leaseLeft, payload }: RawClaim): Claim {
  switch (kind) {
    case 'acquired':
    case 'retried':
    case 'recovered':
      return { kind, fence, attempt, error: payload ?? undefined }
    case 'inFlight':
      return { kind, leaseLeft }
    case 'abandoned':
      return { kind, attempt, fence }
    case 'completed':
      return { kind, result: payload ?? undefined }
    case 'failed':
      return { kind, error: payload ?? undefined }
    case 'mismatch':
      return { kind }
  }
}

/** What `idempotency_peek` answers has the names of the contract. */
export const viewOf = (answer: string | null): RecordView | undefined =>
  answer === null ? undefined : (JSON.parse(answer) as RecordView)

/** The arguments of `idempotency_claim` after the key, in order. */
export const claimArguments = ({ owner, fingerprint, lease, retain, takeover }: ClaimRequest): unknown[] => [
  owner,
  fingerprint,
  lasting(lease),
  lasting(retain),
  takeover,
]

/** A key as it is stored. `recordKey` of the policy encodes every `%`, so no two keys meet. */
export const storedKey = (key: string): string => key.replaceAll('\0', '%00')

/** What `idempotency_wake` calls a key. */
export const wakeName = (key: string): string =>
  createHash('sha256').update(storedKey(key)).digest('hex').slice(0, 32)
