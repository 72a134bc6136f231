/** Idempotency records as an object to be checked: the claim machine, with fences as the server made them. */
import type { Claim, ClaimRequest, CompleteRequest, claimMachine, RenewRequest } from '@seaworthy/idempotency'
import type { Model } from '../linearizability.ts'
import type { ClaimMachine } from './histories.ts'

/** What a client asked for. */
export type RecordInput =
  | { readonly type: 'claim'; readonly request: ClaimRequest }
  | { readonly type: 'renew'; readonly request: RenewRequest }
  | { readonly type: 'complete'; readonly request: CompleteRequest }
  | { readonly type: 'forget'; readonly fence: number | undefined }
  /** What a store does by itself with a grant whose answer came too late. */
  | { readonly type: 'giveBack'; readonly owner: string }

/** What it was told. Undefined in JSON is left out. */
export type RecordOutput = Claim | string

/** A record, and what is known of it. */
export interface KnownRecord {
  readonly record: claimMachine.IdempotencyRecord | undefined
  /** The greatest fence that anybody was told. */
  readonly floor: number
}

/** Leases are long, or end at once: time does not matter. */
const now = 1

/** A fence that nobody was told: whoever was granted it is not known to the others. */
const untold = Number.NaN

/**
 * The claim machine as a model of one key, for {@link checkLinearizability}. Fences are those that clients were told. Leases must be long or
 * end at once, since no time passes in it.
 */
export const recordModel = (machine: ClaimMachine): Model<KnownRecord, RecordInput, RecordOutput> => ({
  initial: { record: undefined, floor: 0 },
  key: ({ record, floor }) => JSON.stringify([record, floor]),
  next({ record, floor }, input, output) {
    switch (input.type) {
      case 'claim': {
        const step = machine.claim(record, input.request, now)
        return claimed({ record: step.record, floor }, record, step.outcome, output as Claim | undefined)
      }
      case 'renew':
        return same(machine.renew(record, input.request, now), floor, output)
      case 'complete':
        return same(machine.complete(record, input.request, now), floor, output)
      case 'forget':
        return same(machine.forget(record, input.fence, now), floor, output)
      case 'giveBack':
        return { record: givenBack(record, input.owner), floor }
    }
  },
})

function same(
  { record, outcome }: claimMachine.Step<string>,
  floor: number,
  output: RecordOutput | undefined,
): KnownRecord | undefined {
  return output === undefined || output === outcome ? { record, floor } : undefined
}

function claimed(
  after: KnownRecord,
  before: claimMachine.IdempotencyRecord | undefined,
  expected: Claim,
  seen: Claim | undefined,
): KnownRecord | undefined {
  const { record, floor } = after
  const isNew = record !== undefined && (record.owner !== before?.owner || before.state !== 'inFlight')
  if (seen === undefined) return isNew ? { record: { ...record, fence: untold }, floor } : after
  if (seen.kind !== expected.kind) return undefined
  if (!isNew || !('fence' in seen)) return matches(seen, expected) ? after : undefined
  if (seen.fence <= floor || !matches({ ...seen, fence: 0 }, { ...expected, fence: 0 } as Claim))
    return undefined
  return { record: { ...record, fence: seen.fence }, floor: seen.fence }
}

/** But for how much is left of a lease. */
function matches(seen: Claim, expected: Claim): boolean {
  const text = (claim: Claim): string =>
    JSON.stringify({ ...claim, leaseLeft: 0 }, Object.keys({ ...claim, leaseLeft: 0 }).sort())
  // The fence of a grant whose owner was never told it may show up as that of an abandoned record.
  if ('fence' in expected && Number.isNaN(expected.fence)) return seen.kind === expected.kind
  return text(seen) === text(expected)
}

function givenBack(
  record: claimMachine.IdempotencyRecord | undefined,
  owner: string,
): claimMachine.IdempotencyRecord | undefined {
  if (record?.owner !== owner || record.state !== 'inFlight') return record
  if (record.grant === 'acquired') return undefined
  return record.grant === 'recovered' ? { ...record, leaseUntil: now } : { ...record, state: 'retryable' }
}
