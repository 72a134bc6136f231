/** Random histories of one client, compared with the claim machine step by step. */
import type { claimMachine, Ending, IdempotencyStore, Token } from '@seaworthy/idempotency'
import { sometimes } from '@seaworthy/testing'
import { expect } from 'expect'
import fc from 'fast-check'
import { assertUntilSeen } from '../until-seen.ts'
import { day, freshKey, type Hands } from './under-test.ts'

/** The functions of `claimMachine` of `@seaworthy/idempotency`. */
export type ClaimMachine = typeof claimMachine

/** Everything that can be answered. */
const outcomes = [
  'acquired',
  'retried',
  'recovered',
  'inFlight',
  'abandoned',
  'completed',
  'failed',
  'mismatch',
  'stored',
  'already',
  'stale',
  'gone',
  'renewed',
  'forgotten',
] as const

/** @param runs - How many histories. */
export async function compareWithMachine({ store }: Hands, runs: number, seed: number): Promise<void> {
  // Where it is needed and not before: who tests another kind of store may not have this package.
  const { claimMachine: machine } = await import('@seaworthy/idempotency')
  const seen = sometimes(outcomes)
  await assertUntilSeen(
    seen,
    fc.asyncProperty(fc.array(anyInput, { size: '+1', maxLength: 60 }), (inputs) =>
      compare(machine, store, freshKey(), inputs, (outcome) => seen.mark(outcome as 'stored')),
    ),
    { numRuns: runs, seed },
  )
}

type Input =
  | {
      readonly type: 'claim'
      readonly owner: string
      readonly fingerprint: string
      readonly takeover: boolean
    }
  | { readonly type: 'renew'; readonly back: number; readonly lease: number }
  | {
      readonly type: 'complete'
      readonly back: number
      readonly state: Ending
      readonly payload: string | undefined
    }
  | { readonly type: 'forget'; readonly back: number | undefined }
  | { readonly type: 'peek' }

/** How many grants ago: tokens come back late. */
const back = fc.integer({ min: 0, max: 2 })

const claimInput: fc.Arbitrary<Input> = fc.record({
  type: fc.constant('claim' as const),
  owner: fc.constantFrom('ann', 'bob', 'cy'),
  fingerprint: fc.constantFrom('', 'x', 'x', 'x', 'y'),
  takeover: fc.boolean(),
})

const anyInput: fc.Arbitrary<Input> = fc.oneof(
  { arbitrary: claimInput, weight: 4 },
  {
    arbitrary: fc.record({ type: fc.constant('renew' as const), back, lease: fc.constantFrom(0, day) }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      type: fc.constant('complete' as const),
      back,
      state: fc.constantFrom<Ending[]>('completed', 'failed', 'retryable', 'retryable', 'retryable'),
      payload: fc.option(fc.string(), { nil: undefined }),
    }),
    weight: 2,
  },
  fc.record({ type: fc.constant('forget' as const), back: fc.option(back, { nil: undefined }) }),
  fc.record({ type: fc.constant('peek' as const) }),
)

/** Time stands still for the machine, and leases are long: what ends does so by hand. Fences are compared by their order. */
async function compare(
  machine: ClaimMachine,
  store: IdempotencyStore,
  key: string,
  inputs: readonly Input[],
  saw: (outcome: string) => void,
): Promise<void> {
  let record: claimMachine.IdempotencyRecord | undefined
  let floor = 0
  const now = 1000
  const none = { owner: 'nobody', fence: Number.MAX_SAFE_INTEGER }
  const grants: { readonly real: Token; readonly modelled: Token }[] = []
  const grantBack = (steps: number) => grants.at(-1 - steps) ?? { real: none, modelled: none }
  for (const input of inputs) {
    switch (input.type) {
      case 'claim': {
        const { type: _type, ...rest } = input
        const request = { ...rest, lease: day, retain: 2 * day }
        const step = machine.claim(record, request, now, floor)
        const answer = await store.claim(key, request)
        record = step.record
        const fence = 'fence' in answer ? answer.fence : 0
        if ('fence' in step.outcome) {
          floor = Math.max(floor, step.outcome.fence)
          const modelled = { owner: input.owner, fence: step.outcome.fence }
          const known = grants.find((grant) => grant.modelled.fence === modelled.fence)
          if (known !== undefined) expect(fence).toBe(known.real.fence)
          else {
            expect(fence).toBeGreaterThan(grants.at(-1)?.real.fence ?? 0)
            grants.push({ real: { owner: input.owner, fence }, modelled })
          }
          expect({ ...answer, fence: 0 }).toEqual({ ...step.outcome, fence: 0 })
        } else if (step.outcome.kind === 'inFlight') expect(answer).toMatchObject({ kind: 'inFlight' })
        else expect(answer).toEqual(step.outcome)
        saw(answer.kind)
        break
      }
      case 'renew': {
        const { real, modelled } = grantBack(input.back)
        const request = { lease: input.lease, retain: 2 * day }
        const step = machine.renew(record, { ...request, ...modelled }, now)
        record = step.record
        expect(await store.renew(key, { ...request, ...real })).toBe(step.outcome)
        saw(step.outcome)
        break
      }
      case 'complete': {
        const { real, modelled } = grantBack(input.back)
        const request = { state: input.state, payload: input.payload, ttl: day }
        const step = machine.complete(record, { ...request, ...modelled }, now)
        record = step.record
        expect(await store.complete(key, { ...request, ...real })).toBe(step.outcome)
        saw(step.outcome)
        break
      }
      case 'forget': {
        const fences = input.back === undefined ? undefined : grantBack(input.back)
        const step = machine.forget(record, fences?.modelled.fence, now)
        record = step.record
        expect(await store.forget(key, fences?.real.fence)).toBe(step.outcome)
        saw(step.outcome)
        break
      }
      case 'peek': {
        const view = machine.peek(record, now)
        const shown = await store.peek(key)
        expect(shown?.state).toBe(view?.state)
        expect(shown?.owner).toBe(view?.owner)
        expect(shown?.attempt).toBe(view?.attempt)
      }
    }
  }
}
