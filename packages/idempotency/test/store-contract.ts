/** What every idempotency store must do: the same tests for memory, scripts and statements. */
import {
  type Claim,
  type ClaimRequest,
  claimMachine,
  type Ending,
  type IdempotencyStore,
  type Token,
} from '@seaworthy/idempotency'
import { sometimes } from '@seaworthy/testing'
import fc from 'fast-check'
import * as vitest from 'vitest'

/** A store, and its time. */
export interface StoreUnderTest {
  /** Empty, or at least free of the keys of other tests. */
  readonly store: IdempotencyStore
  /** Lets so many milliseconds pass for the store, or a few more. */
  advance(milliseconds: number): Promise<void>
  close?(): Promise<void>
}

const { expect } = vitest

/** What collects the tests. Whoever tests the contract itself brings another one. */
export type ContractRunner = Pick<typeof vitest, 'describe' | 'it' | 'afterEach'>

/** In milliseconds; long enough for a few round trips over a network. */
const lease = 400
const retain = 1500
const day = 86_400_000

type Grant = Extract<Claim, { readonly attempt: number; readonly error: string | undefined }>

/** @param runs - How many random histories are compared with the claim machine. */
export function storeContract(
  name: string,
  create: () => Promise<StoreUnderTest>,
  runs = 200,
  { describe, it, afterEach }: ContractRunner = vitest,
): void {
  const open: StoreUnderTest[] = []
  let keys = 0

  /** A store, a key nobody has used, and short forms of what is done to it. */
  async function setUp(key = `task-${++keys}-${name}`) {
    const under = await create()
    open.push(under)
    const { store } = under
    const claim = (owner: string, request: Partial<ClaimRequest> = {}): Promise<Claim> =>
      store.claim(key, { owner, fingerprint: '', lease, retain, takeover: true, ...request })
    const granted = async (owner: string, request: Partial<ClaimRequest> = {}): Promise<Grant & Token> => {
      const answer = await claim(owner, request)
      if (!('error' in answer) || answer.kind === 'failed') throw new Error(`not granted: ${answer.kind}`)
      return { owner, ...answer }
    }
    const complete = (
      token: Token,
      state: Ending = 'completed',
      payload: string | undefined = 'done',
      ttl = day,
    ) => store.complete(key, { owner: token.owner, fence: token.fence, state, payload, ttl })
    const renew = (token: Token, length = lease, kept = retain) =>
      store.renew(key, { owner: token.owner, fence: token.fence, lease: length, retain: kept })
    return { ...under, key, claim, granted, complete, renew }
  }

  afterEach(async () => {
    for (const under of open.splice(0)) await under.close?.()
  })

  describe(`${name}: claims`, () => {
    it('verify 41: grants work to the first who asks, and tells others how long its lease is', async () => {
      const { granted, claim } = await setUp()
      expect(await granted('ann')).toMatchObject({ kind: 'acquired', attempt: 1, error: undefined })
      const busy = await claim('bob')
      expect(busy).toEqual({ kind: 'inFlight', leaseLeft: expect.any(Number) })
      if (busy.kind !== 'inFlight') throw new Error()
      expect(busy.leaseLeft).toBeGreaterThan(0)
      expect(busy.leaseLeft).toBeLessThanOrEqual(lease)
    })

    it('verify 41: grants it to one of many who ask at once', async () => {
      const { claim } = await setUp()
      const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => claim(`owner ${i}`)))
      expect(answers.filter(({ kind }) => kind === 'acquired')).toHaveLength(1)
      expect(answers.filter(({ kind }) => kind === 'inFlight')).toHaveLength(49)
    })

    it('grants a claim that was sent twice once, with the same answer and a new lease', async () => {
      const { granted, claim, complete, advance } = await setUp()
      const first = await granted('ann')
      await advance(lease * 0.75)
      expect(await granted('ann')).toEqual(first)
      await advance(lease * 0.75)
      expect(await claim('bob')).toMatchObject({ kind: 'inFlight' })
      await complete(first, 'retryable', 'oops')
      const second = await granted('bob')
      expect(second).toMatchObject({ kind: 'retried', attempt: 2, error: 'oops' })
      expect(await granted('bob')).toEqual(second)
      await advance(lease)
      const third = await granted('cy')
      expect(third).toMatchObject({ kind: 'recovered', attempt: 3, error: 'oops' })
      expect(await granted('cy')).toEqual(third)
    })

    it('gives work with a lease that is over to the next who may take over, with a greater fence', async () => {
      const { granted, claim, advance } = await setUp()
      const first = await granted('ann')
      await advance(lease)
      const { fence } = first
      expect(await claim('bob', { takeover: false })).toEqual({ kind: 'abandoned', attempt: 1, fence })
      expect(await claim('bob', { takeover: false })).toEqual({ kind: 'abandoned', attempt: 1, fence })
      const second = await granted('cy')
      expect(second).toMatchObject({ kind: 'recovered', attempt: 2 })
      expect(second.fence).toBeGreaterThan(fence)
      expect(await claim('bob')).toMatchObject({ kind: 'inFlight' })
    })

    it('makes fences of whole numbers that rise for a key, whatever happens to its record', async () => {
      const { granted, complete, store, key, renew, advance } = await setUp()
      const fences: number[] = []
      for (let round = 0; round < 3; round++) {
        const first = await granted(`a${round}`)
        await complete(first, 'retryable')
        const second = await granted(`b${round}`)
        await renew(second, 0)
        const third = await granted(`c${round}`)
        fences.push(first.fence, second.fence, third.fence)
        await store.forget(key)
      }
      fences.push((await granted('last', { retain: lease })).fence)
      await advance(lease)
      fences.push((await granted('after expiry')).fence)
      expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b))
      expect(fences.every((fence) => Number.isSafeInteger(fence) && fence > 0)).toBe(true)
    })

    it.each(['inFlight', 'abandoned', 'completed', 'failed', 'retryable'] as const)(
      'verify 46: compares fingerprints while the record is %s',
      async (state) => {
        const { granted, claim, complete, renew } = await setUp()
        const token = await granted('ann', { fingerprint: 'x' })
        if (state === 'abandoned') await renew(token, 0)
        else if (state !== 'inFlight') await complete(token, state)
        expect(await claim('bob', { fingerprint: 'y' })).toEqual({ kind: 'mismatch' })
        expect(await claim('bob', { fingerprint: 'y', takeover: false })).toEqual({ kind: 'mismatch' })
        expect((await claim('bob', { fingerprint: 'x', takeover: false })).kind).not.toBe('mismatch')
        expect((await claim('bob')).kind).not.toBe('mismatch')
        expect(await claim('cy', { fingerprint: 'y' })).toEqual({ kind: 'mismatch' })
      },
    )

    it('compares with the first fingerprint that was given', async () => {
      const { granted, claim, renew } = await setUp()
      await renew(await granted('ann'), 0)
      await renew(await granted('bob', { fingerprint: 'x' }), 0)
      expect(await claim('cy', { fingerprint: 'y' })).toEqual({ kind: 'mismatch' })
      await renew(await granted('cy'), 0)
      expect(await claim('dee', { fingerprint: 'y' })).toEqual({ kind: 'mismatch' })
    })

    it('keeps keys apart, whatever characters they have', async () => {
      const { store } = await setUp()
      const base = `${++keys}-${name}`
      const names = ['a', 'A', 'a ', '%7B', '漢字🚢', "quo'te", 'a|b', 'a:b', 'line\nbreak', 'x'.repeat(1500)]
      const request = { owner: 'ann', fingerprint: '', lease, retain, takeover: true }
      for (const each of names) {
        expect(await store.claim(`${each}${base}`, request)).toMatchObject({ kind: 'acquired', attempt: 1 })
      }
      for (const each of names)
        expect(await store.peek(`${each}${base}`)).toMatchObject({ state: 'inFlight' })
    })
  })

  describe(`${name}: renewals`, () => {
    it('keep the work as long as they come', async () => {
      const { granted, claim, renew, advance } = await setUp()
      const token = await granted('ann')
      for (let i = 0; i < 6; i++) {
        await advance(lease * 0.7)
        expect(await renew(token)).toBe('renewed')
      }
      expect(await claim('bob')).toMatchObject({ kind: 'inFlight' }) // and longer than it would have been retained
    })

    it('revive a lease that is over if nobody took the work', async () => {
      const { granted, claim, renew, advance } = await setUp()
      const token = await granted('ann')
      await advance(lease * 1.2)
      expect(await renew(token)).toBe('renewed')
      expect(await claim('bob')).toMatchObject({ kind: 'inFlight' })
    })

    it('verify 43: have no effect for another owner, another fence, settled work, or no record', async () => {
      const { granted, claim, renew, complete, store, key } = await setUp()
      const token = await granted('ann')
      expect(await renew({ ...token, owner: 'bob' })).toBe('stale')
      expect(await renew({ ...token, fence: token.fence - 1 })).toBe('stale')
      await renew(token, 0)
      const next = await granted('bob')
      expect(await renew(token)).toBe('stale')
      await complete(next, 'retryable')
      expect(await renew(next)).toBe('stale')
      const last = await granted('cy')
      await complete(last)
      expect(await renew(last)).toBe('stale')
      expect(await claim('dee')).toEqual({ kind: 'completed', result: 'done' })
      await store.forget(key)
      expect(await renew(last)).toBe('gone')
      expect(await store.peek(key)).toBeUndefined()
    })

    it('of length 0 leave the work abandoned', async () => {
      const { granted, claim, renew } = await setUp()
      const token = await granted('ann')
      expect(await renew(token, 0)).toBe('renewed')
      expect(await claim('bob', { takeover: false })).toMatchObject({ kind: 'abandoned' })
      expect(await claim('bob')).toMatchObject({ kind: 'recovered', attempt: 2 })
    })
  })

  describe(`${name}: completions`, () => {
    it.each([
      '',
      'done',
      '{"$":"undefined"}',
      'ünïcödé 漢字 🚢 \u2028 \\ " \' %7B',
      '[]',
      '12345678901234567',
      'x'.repeat(65_536),
    ])('verify 42: hand every later claim the same text (%#)', async (payload) => {
      const { granted, claim, complete } = await setUp()
      expect(await complete(await granted('ann'), 'completed', payload)).toBe('stored')
      expect(await claim('bob')).toEqual({ kind: 'completed', result: payload })
      expect(await claim('ann', { takeover: false })).toEqual({ kind: 'completed', result: payload })
    })

    it('verify 42: tell an omitted result from an empty one', async () => {
      const { granted, claim, store, key } = await setUp()
      const { owner, fence } = await granted('ann')
      await store.complete(key, { owner, fence, state: 'completed', payload: undefined, ttl: day })
      expect(await claim('bob')).toEqual({ kind: 'completed', result: undefined })
    })

    it('remember failures for good', async () => {
      const { granted, claim, complete } = await setUp()
      expect(await complete(await granted('ann'), 'failed', 'no')).toBe('stored')
      expect(await claim('bob')).toEqual({ kind: 'failed', error: 'no' })
    })

    it('are stored once: what is sent again changes nothing', async () => {
      const { granted, claim, complete } = await setUp()
      const token = await granted('ann')
      expect(await complete(token, 'completed', 'first')).toBe('stored')
      expect(await complete(token, 'completed', 'first')).toBe('already')
      expect(await complete(token, 'retryable', 'second')).toBe('already')
      expect(await claim('bob')).toEqual({ kind: 'completed', result: 'first' })
    })

    it('count after the lease, if nobody took over', async () => {
      const { granted, claim, complete, advance } = await setUp()
      const token = await granted('ann')
      await advance(lease * 1.2)
      expect(await complete(token)).toBe('stored')
      expect(await claim('bob')).toEqual({ kind: 'completed', result: 'done' })
    })

    it('verify 43: of an owner that was replaced have no effect, neither on work in flight nor on a result', async () => {
      const { granted, claim, complete, advance } = await setUp()
      const old = await granted('ann')
      await advance(lease)
      const next = await granted('bob')
      expect(await complete(old, 'completed', 'late')).toBe('stale')
      expect(await complete(old, 'retryable', 'late')).toBe('stale')
      expect(await claim('cy')).toMatchObject({ kind: 'inFlight' })
      expect(await complete(next, 'completed', 'right')).toBe('stored')
      expect(await complete(old, 'retryable', 'late')).toBe('stale')
      expect(await claim('cy')).toEqual({ kind: 'completed', result: 'right' })
    })

    it('verify 43: of another owner or fence have no effect', async () => {
      const { granted, claim, complete } = await setUp()
      const token = await granted('ann')
      expect(await complete({ ...token, owner: 'bob' })).toBe('stale')
      expect(await complete({ ...token, fence: token.fence + 1 })).toBe('stale')
      expect(await claim('cy')).toMatchObject({ kind: 'inFlight' })
    })

    it('verify 43: make no record where there is none', async () => {
      const { granted, complete, store, key } = await setUp()
      const token = await granted('ann')
      await store.forget(key)
      expect(await complete(token)).toBe('gone')
      expect(await store.peek(key)).toBeUndefined()
    })
  })

  describe(`${name}: time`, () => {
    it('forgets a settled record when its time has come, and not before', async () => {
      const { granted, claim, complete, advance } = await setUp()
      await complete(await granted('ann'), 'completed', 'done', 1000)
      await advance(600)
      expect(await claim('bob')).toEqual({ kind: 'completed', result: 'done' })
      await advance(400)
      expect(await granted('bob')).toMatchObject({ kind: 'acquired', attempt: 1, error: undefined })
    })

    it('keeps what a crash left behind for as long as it was told to, and then forgets it', async () => {
      const { granted, claim, advance, complete, renew } = await setUp()
      const token = await granted('ann')
      await advance(retain * 0.6)
      expect(await claim('bob', { takeover: false })).toMatchObject({ kind: 'abandoned' })
      await advance(retain * 0.4)
      expect(await complete(token)).toBe('gone')
      expect(await renew(token)).toBe('gone')
      expect(await granted('bob')).toMatchObject({ kind: 'acquired', attempt: 1 })
    })
  })

  describe(`${name}: by hand`, () => {
    it('drops any record, or the one with the fence that was seen', async () => {
      const { granted, complete, store, key } = await setUp()
      expect(await store.forget(key)).toBe('gone')
      const { fence } = await granted('ann')
      expect(await store.forget(key, fence + 1)).toBe('stale')
      expect(await store.forget(key, fence)).toBe('forgotten')
      expect(await store.forget(key, fence)).toBe('gone')
      await complete(await granted('bob'))
      expect(await store.forget(key)).toBe('forgotten')
      expect(await store.peek(key)).toBeUndefined()
    })

    it('shows a record in every state, and changes nothing by that', async () => {
      const { granted, complete, renew, store, key } = await setUp()
      expect(await store.peek(key)).toBeUndefined()
      const first = await granted('ann')
      const view = await store.peek(key)
      const { fence } = first
      expect(view).toMatchObject({ state: 'inFlight', owner: 'ann', fence, attempt: 1 })
      expect(view?.leaseLeft).toBeGreaterThan(0)
      expect(view?.leaseLeft).toBeLessThanOrEqual(lease)
      expect(view?.expiresIn).toBeGreaterThan(lease)
      expect(view?.expiresIn).toBeLessThanOrEqual(retain)
      await renew(first, 0)
      expect(await store.peek(key)).toMatchObject({ state: 'abandoned', leaseLeft: 0 })
      for (const state of ['retryable', 'completed'] as const) {
        const token = await granted(state)
        await complete(token, state)
        const { owner } = token
        expect(await store.peek(key)).toMatchObject({ state, owner, fence: token.fence, leaseLeft: 0 })
      }
      expect(await store.peek(key)).not.toHaveProperty('payload')
    })
  })

  describe(`${name}: hints`, () => {
    it.each(['complete', 'forget', 'give up'] as const)('wake those who wait (%s)', async (what) => {
      const { granted, complete, renew, store, key, advance } = await setUp()
      if (store.waitFor === undefined) return
      const token = await granted('ann')
      const controller = new AbortController()
      const heard = store.waitFor(key, controller.signal).then(() => 'heard')
      await advance(100) // to subscribe
      if (what === 'complete') await complete(token)
      else if (what === 'forget') await store.forget(key)
      else await renew(token, 0)
      expect(await Promise.race([heard, advance(1000).then(() => 'nothing')])).toBe('heard')
    })

    it('end when their signal aborts, or has aborted', async () => {
      const { store, key } = await setUp()
      if (store.waitFor === undefined) return
      const controller = new AbortController()
      const waiting = store.waitFor(key, controller.signal)
      controller.abort()
      const ended = await Promise.allSettled([waiting, store.waitFor(key, controller.signal)])
      expect(ended).toHaveLength(2)
    })
  })

  it(`${name}: does what the claim machine does, for any sequence of steps`, async () => {
    const seen = sometimes([
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
    ])
    const under = await create()
    open.push(under)
    await fc.assert(
      fc.asyncProperty(fc.array(anyInput, { size: '+1', maxLength: 60 }), async (inputs) => {
        const key = `history-${++keys}-${name}`
        await compare(under.store, key, inputs, (outcome) => seen.mark(outcome as 'stored'))
      }),
      { numRuns: runs },
    )
    seen.verify()
  })
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
        const step = claimMachine.claim(record, request, now, floor)
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
        const step = claimMachine.renew(record, { ...request, ...modelled }, now)
        record = step.record
        expect(await store.renew(key, { ...request, ...real })).toBe(step.outcome)
        saw(step.outcome)
        break
      }
      case 'complete': {
        const { real, modelled } = grantBack(input.back)
        const request = { state: input.state, payload: input.payload, ttl: day }
        const step = claimMachine.complete(record, { ...request, ...modelled }, now)
        record = step.record
        expect(await store.complete(key, { ...request, ...real })).toBe(step.outcome)
        saw(step.outcome)
        break
      }
      case 'forget': {
        const fences = input.back === undefined ? undefined : grantBack(input.back)
        const step = claimMachine.forget(record, fences?.modelled.fence, now)
        record = step.record
        expect(await store.forget(key, fences?.real.fence)).toBe(step.outcome)
        saw(step.outcome)
        break
      }
      case 'peek': {
        const view = claimMachine.peek(record, now)
        const shown = await store.peek(key)
        expect(shown?.state).toBe(view?.state)
        expect(shown?.owner).toBe(view?.owner)
        expect(shown?.attempt).toBe(view?.attempt)
      }
    }
  }
}
