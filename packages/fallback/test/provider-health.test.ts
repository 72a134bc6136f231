import { explore } from '@seaworthy/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  admits,
  availableAt,
  type HealthInput,
  type HealthRules,
  newHealth,
  nextHealth,
  type ProviderHealth,
  slowStartShare,
} from '../src/provider-health.ts'
import { freshQuota, nextQuota, type Quota } from '../src/quota.ts'

const rules: HealthRules = {
  failures: 3,
  failureRate: 1, // Off: counts without a bound have no place in a search.
  window: 4,
  cooldown: { initial: 2, max: 4 },
  successes: 2,
  slowStart: 2,
}

/** A provider, the time, and the tokens that are out: some of them from before the last cooldown. */
interface Scene {
  readonly health: ProviderHealth
  readonly now: number
  readonly tokens: readonly { readonly epoch: number; readonly trial: boolean }[]
}

type Move =
  | { readonly type: 'wait' }
  | { readonly type: 'begin' }
  | { readonly type: 'force' }
  | { readonly type: 'end'; readonly token: number; readonly as: 'succeeded' | 'failed' | 'refused' | 'left' }

function step({ health, now, tokens }: Scene, move: Move): Scene {
  if (move.type === 'wait') return { health, now: now + 1, tokens }
  if (move.type === 'end') {
    const token = tokens[move.token] as Scene['tokens'][number]
    const input: HealthInput = { type: move.as, token, roll: 0 }
    return { health: nextHealth(health, input, now, rules), now, tokens: tokens.toSpliced(move.token, 1) }
  }
  const trial = move.type === 'begin' && admits(health, now) === 'trial'
  const token = { epoch: health.epoch, trial }
  return {
    health: trial ? nextHealth(health, { type: 'trial' }, now, rules) : health,
    now,
    tokens: [...tokens, token],
  }
}

/** What of a state has an influence on its future. All happens within the time after which a provider counts as stable. */
function timeless(health: ProviderHealth, now: number): readonly unknown[] {
  const { name, cooldown } = health
  if (name === 'healthy')
    return [name, cooldown, health.consecutive, Math.min(now - health.since, rules.slowStart)]
  if (name === 'cooling') return [name, cooldown, Math.max(0, health.until - now)]
  return [name, cooldown, health.successes, health.underway]
}

it('every history of two attempts at a time: one trial at most, no dead end, and time alone heals nobody', () => {
  const trialsOut = ({ health, tokens }: Scene): number =>
    tokens.filter(({ epoch, trial }) => trial && epoch === health.epoch).length
  const seen = explore<Scene, Move>({
    initial: { health: newHealth(0), now: 0, tokens: [] },
    inputs: ({ health, now, tokens }) => [
      { type: 'wait' },
      ...(tokens.length < 2 && admits(health, now) !== undefined ? [{ type: 'begin' } as const] : []),
      ...(tokens.length < 2 && health.name !== 'healthy' ? [{ type: 'force' } as const] : []),
      ...tokens.flatMap((_, token) =>
        (['succeeded', 'failed', 'refused', 'left'] as const).map(
          (as) => ({ type: 'end', token, as }) as const,
        ),
      ),
    ],
    next: step,
    key: ({ health, now, tokens }) =>
      [
        ...timeless(health, now),
        ...tokens.map((token) => `${token.epoch === health.epoch} ${token.trial}`),
      ].join(),
    invariants: {
      'one trial at most': ({ to }) => trialsOut(to) <= 1,
      'a trial is under way exactly while its token is out': ({ to }) =>
        to.health.name !== 'probing' || to.health.underway === (trialsOut(to) === 1),
      'whoever is down admits no second call': ({ to }) =>
        to.health.name === 'healthy' || admits(to.health, to.now) !== 'call',
      'only successes make it healthy': ({ from, to, input }) =>
        to.health.name !== 'healthy' ||
        from.health.name === 'healthy' ||
        (input.type === 'end' && input.as === 'succeeded'),
      'outcomes of an earlier epoch change nothing': ({ from, to, input }) =>
        input.type !== 'end' ||
        from.tokens[input.token]?.epoch === from.health.epoch ||
        from.health === to.health,
      'a cooldown is never longer than the longest': ({ to }) =>
        to.health.name !== 'cooling' || to.health.until - to.now <= rules.cooldown.max,
      'whoever is down can be tried in time': ({ to }) =>
        to.health.name === 'healthy' ||
        trialsOut(to) === 1 ||
        availableAt(to.health) <= to.now + rules.cooldown.max,
    },
    sometimes: {
      'it cools down': ({ to }) => to.health.name === 'cooling',
      'it recovers': ({ from, to }) => from.health.name === 'probing' && to.health.name === 'healthy',
      'a trial fails': ({ from, to }) => from.health.name === 'probing' && to.health.name === 'cooling',
      'a forced attempt brings news': ({ from, to }) =>
        from.health.name === 'cooling' && to.health.name === 'probing',
    },
  })
  expect(seen.states).toBeGreaterThan(100)
})

it('the share of calls grows from a tenth to all of them during the slow start', () => {
  const slow = { ...rules, slowStart: 1000 }
  const recovered: ProviderHealth = { ...newHealth(0), name: 'healthy', since: 5000 } as ProviderHealth
  const shares = [5000, 5500, 6000, 9000].map((now) => slowStartShare(recovered, now, slow))
  expect(shares).toEqual([0.1, expect.closeTo(0.55), 1, 1])
})

it('failures are weighed against calls only within the window', () => {
  const outcome = (type: 'succeeded' | 'failed') =>
    ({ type, token: { epoch: 0, trial: false }, roll: 0 }) as const
  const mixed: HealthRules = { ...rules, failures: 3, failureRate: 0.5, window: 1000 }
  const play = (gap: number): string => {
    let health = newHealth(0)
    for (let call = 0; call < 8; call++)
      health = nextHealth(health, outcome(call % 3 === 0 ? 'succeeded' : 'failed'), call * gap, mixed)
    return health.name
  }
  expect(play(10)).toBe('cooling')
  expect(play(1000)).toBe('healthy')
})

it('a quota is never available before a time that a server named, whatever comes before or after', () => {
  const input = fc.record({
    after: fc.integer({ min: 0, max: 3000 }),
    age: fc.integer({ min: 0, max: 5000 }),
    hint: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined }),
    answered: fc.boolean(),
    roll: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })
  let hinted = 0
  fc.assert(
    fc.property(fc.array(input, { maxLength: 20, size: 'max' }), (inputs) => {
      let now = 0
      let named = 0
      let quota: Quota = freshQuota
      for (const { after, age, hint, answered, roll } of inputs) {
        now += after
        const startedAt = now - age
        if (answered) quota = nextQuota(quota, { type: 'answered', startedAt }, now)
        else {
          quota = nextQuota(quota, { type: 'limited', hint, startedAt, roll }, now)
          if (hint !== undefined) {
            hinted++
            named = Math.max(named, now + hint)
          }
        }
        expect(quota.until).toBeGreaterThanOrEqual(named === 0 ? Number.NEGATIVE_INFINITY : named)
        // Without a hint it is out for 15 s at most, and jitter adds a tenth or a second.
        expect(quota.until).toBeLessThanOrEqual(Math.max(named + 1000, now + 16_500))
      }
    }),
  )
  expect(hinted).toBeGreaterThan(0)
})

it('without a hint each refusal in a row doubles the time, up to the longest; an answer begins anew', () => {
  let quota: Quota = freshQuota
  const waits: number[] = []
  let now = 0
  for (let refusal = 0; refusal < 6; refusal++) {
    quota = nextQuota(quota, { type: 'limited', hint: undefined, startedAt: now, roll: 0 }, now)
    waits.push(quota.until - now)
    now = quota.until
  }
  expect(waits).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000])
  quota = nextQuota(quota, { type: 'answered', startedAt: now }, now)
  quota = nextQuota(quota, { type: 'limited', hint: undefined, startedAt: now, roll: 0 }, now)
  expect(quota.until - now).toBe(1000)
})
