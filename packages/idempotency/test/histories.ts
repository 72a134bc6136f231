/** All short histories of one key, checked against what a store promises. */
import type { claimMachine, Token } from '@seaworthy/idempotency'
import { type Explored, explore } from '@seaworthy/testing'
import * as promises from './promises.ts'

type Owner = 'ann' | 'bob'

type Input =
  | { readonly type: 'tick' }
  | {
      readonly type: 'claim'
      readonly owner: Owner
      readonly fingerprint: string
      readonly takeover: boolean
    }
  /** `grant` is the place in the list of all grants: old ones come back late. */
  | { readonly type: 'renew'; readonly grant: number; readonly lease: number }
  | {
      readonly type: 'complete'
      readonly grant: number
      readonly state: 'completed' | 'failed' | 'retryable'
    }
  | { readonly type: 'forget'; readonly grant: number | undefined }
  | { readonly type: 'lose' }

interface World {
  readonly now: number
  readonly record: claimMachine.IdempotencyRecord | undefined
  /** What the memory store remembers: the greatest fence. A store that lost its memory begins at 0. */
  readonly floor: number
  readonly history: promises.History
  /** Completions so far, to give each its own payload. */
  readonly payloads: number
}

/** Enough for a zombie, the one that took over from it, and one more. */
const mostGrants = 3

/** What a history of one key went through, by name; `kind` of the answer first. */
const parts = [
  'acquired',
  'retried',
  'recovered',
  'inFlight',
  'abandoned',
  'completed',
  'failed',
  'mismatch',
] as const

/**
 * @throws Counterexample when the machine breaks a promise.
 */
export function exploreHistories(machine: promises.Machine): Explored {
  const seen = new Set<string>()
  const explored = explore<World, Input>({
    initial: { now: 1, record: undefined, floor: 0, history: promises.nothing, payloads: 0 },
    inputs,
    next: (world, input) => next(machine, world, input, seen),
    key,
    transition: ({ input }) => input.type,
    goals: {
      'the work can always be claimed again, or its result be had': {
        reached: ({ record }) => record === undefined || record.state === 'completed',
        using: (input) => input.type === 'tick' || input.type === 'claim' || input.type === 'complete',
      },
    },
    limit: 400_000,
  })
  for (const part of parts) if (!seen.has(part)) throw new Error(`Never happened: ${part}`)
  return explored
}

function* inputs({ history }: World): Iterable<Input> {
  yield { type: 'tick' }
  if (history.grants.length < mostGrants) {
    for (const owner of ['ann', 'bob'] as const) {
      for (const fingerprint of ['', 'x', 'y']) {
        for (const takeover of [true, false]) yield { type: 'claim', owner, fingerprint, takeover }
      }
    }
  }
  for (const grant of history.grants.keys()) {
    yield { type: 'renew', grant, lease: promises.lease }
    yield { type: 'renew', grant, lease: 0 }
    for (const state of ['completed', 'failed', 'retryable'] as const)
      yield { type: 'complete', grant, state }
    yield { type: 'forget', grant }
  }
  yield { type: 'forget', grant: undefined }
  if (history.grants.length > 0) yield { type: 'lose' }
}

function next(machine: promises.Machine, world: World, input: Input, seen: Set<string>): World {
  const { now, record, history } = world
  const tokenOf = (grant: number): Token => {
    const { owner, fence } = history.grants[grant] as Token
    return { owner, fence }
  }
  switch (input.type) {
    case 'tick':
      return { ...world, now: now + 1 }
    case 'claim': {
      const { lease, retain } = promises
      const step = machine.claim(record, { ...input, lease, retain }, now, world.floor)
      const after = promises.claimed(history, step.outcome, input, now)
      seen.add(step.outcome.kind)
      return {
        ...world,
        record: step.record,
        history: after,
        floor: Math.max(world.floor, step.record?.fence ?? 0),
      }
    }
    case 'renew': {
      const { retain } = promises
      const token = tokenOf(input.grant)
      const step = machine.renew(record, { ...token, lease: input.lease, retain }, now)
      return {
        ...world,
        record: step.record,
        history: promises.renewed(history, token, input.lease, step.outcome, now),
      }
    }
    case 'complete': {
      const token = tokenOf(input.grant)
      const payload = `payload ${world.payloads}`
      const request = { ...token, state: input.state, payload, ttl: promises.ttl }
      const step = machine.complete(record, request, now)
      const after = promises.completed(history, token, input.state, payload, step.outcome, now)
      const payloads = step.outcome === 'stored' ? world.payloads + 1 : world.payloads
      return { ...world, record: step.record, history: after, payloads }
    }
    case 'forget': {
      const fence = input.grant === undefined ? undefined : tokenOf(input.grant).fence
      const step = machine.forget(record, fence, now)
      return { ...world, record: step.record, history: promises.forgotten(history, fence, step.outcome, now) }
    }
    case 'lose':
      return { ...world, record: undefined, floor: 0, history: promises.lost(history) }
  }
}

/** Times relative to now, and no further than they matter; payloads only by whether they are those that should be there. */
function key({ now, record, floor, history }: World): string {
  const ahead = (time: number): number => Math.max(0, time - now)
  return JSON.stringify([
    record && [
      record.state,
      record.grant,
      record.owner,
      history.grants.findIndex(({ owner, fence }) => owner === record.owner && fence === record.fence),
      record.attempt,
      record.fingerprint,
      ahead(record.leaseUntil),
      ahead(record.expiresAt),
      record.payload === undefined,
      record.payload === history.settled?.payload,
      record.payload === history.lastError,
    ],
    history.grants.map(({ owner, fence, believesUntil }) => [
      owner,
      ahead(believesUntil),
      Math.max(-1, fence - now * 1000),
    ]),
    floor > 0,
    history.risesFrom,
    history.current,
    ahead(history.expires),
    history.settled?.state,
    history.fingerprint,
    history.attempts,
    history.lastError === undefined,
  ])
}
