import { pipeline } from '@seaworthy/core'
import {
  budgetPerKey,
  type RetryBudget,
  type RetryBudgetOptions,
  retry,
  retryBudget,
  retryInfo,
} from '@seaworthy/retry'
import { expectNoLeaks, seededRandom, sometimes, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { busy, failing, listen, reset, setup, Toy } from './toys.ts'

function budgetOn(options: RetryBudgetOptions = {}) {
  const clock = new VirtualClock()
  return { clock, budget: retryBudget({ clock, ...options }) }
}

/** Withdraws as different calls until the budget says no. */
function drain(budget: RetryBudget): number {
  let drawn = 0
  while (budget.tryWithdraw(0) !== undefined) drawn++
  return drawn
}

describe('retryBudget', () => {
  it('opens with the floor: a retry a second for ten seconds', () => {
    const { budget } = budgetOn()
    expect(budget.balance).toBe(10)
    expect(drain(budget)).toBe(10)
    expect(budget.balance).toBe(0)
  })

  it('earns a tenth of a retry with each first attempt, exactly', () => {
    const { budget } = budgetOn({ minPerSecond: 0 })
    for (let call = 0; call < 9; call++) budget.deposit()
    expect(budget.tryWithdraw(0)).toBeUndefined()
    budget.deposit()
    expect(budget.balance).toBe(1)
    expect(drain(budget)).toBe(1)
    for (let call = 0; call < 1000; call++) budget.deposit()
    expect(drain(budget)).toBe(100)
  })

  it('forgets what is older than its ttl', async () => {
    const { clock, budget } = budgetOn({ minPerSecond: 0, ttl: '20s' })
    for (let call = 0; call < 50; call++) budget.deposit()
    await clock.advance('19s')
    expect(budget.balance).toBe(5)
    await clock.advance('1s')
    expect(budget.balance).toBe(0)
  })

  it('gives one call half of what there is at most, and one retry at least', () => {
    const { budget } = budgetOn()
    const receipts = [0, 1, 2, 3, 4, 5].map((taken) => budget.tryWithdraw(taken))
    expect(receipts.map((receipt) => receipt !== undefined)).toEqual([true, true, true, true, true, false])
    expect(budget.balance).toBe(5)
    expect(budget.tryWithdraw(0)).toBeDefined()
    const { budget: small } = budgetOn({ minPerSecond: 0.1 })
    expect(small.tryWithdraw(0)).toBeDefined()
    expect(small.tryWithdraw(1)).toBeUndefined()
  })

  it('takes a retry back that never ran, unless its time is over', async () => {
    const { clock, budget } = budgetOn()
    const receipt = budget.tryWithdraw(0) as number
    budget.refund(receipt)
    expect(budget.balance).toBe(10)
    const old = budget.tryWithdraw(0) as number
    await clock.advance('10s')
    expect(budget.balance).toBe(10)
    budget.refund(old)
    expect(budget.balance).toBe(10)
  })

  it('keeps no timer', () => {
    const { clock, budget } = budgetOn()
    budget.deposit()
    drain(budget)
    expect(clock.pendingTimers).toBe(0)
  })

  it.each([
    [{ ratio: 1.1 }, 'ratio must be a share from 0 to 1'],
    [{ minPerSecond: -1 }, 'minPerSecond must be a number of at least 0'],
    [{ ttl: '500ms' }, 'ttl must be a duration of at least 1s'],
    [{ rate: 1 }, "retryBudget option 'rate' must be one of"],
  ])('%o is refused', (options, message) => {
    expect(() => retryBudget(options as RetryBudgetOptions)).toThrow(message)
  })
})

/** The budget as a list of everything that ever happened, added up anew each time. */
interface Ledger {
  now: number
  readonly entries: { readonly at: number; tokens: number }[]
}

interface Real {
  readonly clock: VirtualClock
  readonly budget: RetryBudget
  readonly receipts: { readonly receipt: number; readonly entry: Ledger['entries'][number] }[]
}

const rules = { share: 0.3, floor: 4, ttl: 10_000 }
const seen = sometimes([
  'granted',
  'refused',
  'refused for its share',
  'refunded',
  'refunded too late',
  'expired',
])

const slotOf = (time: number): number => Math.floor(time / (rules.ttl / 10))
const inWindow = ({ now }: Ledger, at: number): boolean => slotOf(at) > slotOf(now) - 10

function held(ledger: Ledger): number {
  const known = ledger.entries.filter(({ at }) => inWindow(ledger, at))
  if (known.length < ledger.entries.length) seen.mark('expired')
  return Math.round(known.reduce((sum, { tokens }) => sum + tokens * 1000, rules.floor * 1000)) / 1000
}

type BudgetCommand = fc.AsyncCommand<Ledger, Real>

const command = (label: string, run: (ledger: Ledger, real: Real) => Promise<void>): BudgetCommand => ({
  check: () => true,
  run: async (ledger, real) => {
    await run(ledger, real)
    expect(real.budget.balance).toBe(Math.max(0, held(ledger)))
  },
  toString: () => label,
})

const deposit = (times: number): BudgetCommand =>
  command(`deposit ${times} times`, async (ledger, { budget }) => {
    for (let call = 0; call < times; call++) {
      budget.deposit()
      ledger.entries.push({ at: ledger.now, tokens: rules.share })
    }
  })

const withdraw = (taken: number): BudgetCommand =>
  command(`withdraw after ${taken}`, async (ledger, { budget, receipts }) => {
    const holds = held(ledger)
    const share = taken === 0 || taken + 1 <= (holds + taken) / 2
    const receipt = budget.tryWithdraw(taken)
    expect(receipt !== undefined).toBe(holds >= 1 && share)
    if (receipt === undefined) {
      seen.mark(holds >= 1 ? 'refused for its share' : 'refused')
      return
    }
    const entry = { at: ledger.now, tokens: -1 }
    ledger.entries.push(entry)
    receipts.push({ receipt, entry })
    seen.mark('granted')
  })

const refund = command('refund the oldest', async (ledger, { budget, receipts }) => {
  const oldest = receipts.shift()
  if (oldest === undefined) return
  budget.refund(oldest.receipt)
  oldest.entry.tokens = 0 // As if it had never been.
  seen.mark(inWindow(ledger, oldest.entry.at) ? 'refunded' : 'refunded too late')
})

const wait = (length: number): BudgetCommand =>
  command(`wait ${length}`, async (ledger, { clock }) => {
    await clock.advance(length)
    ledger.now += length
  })

describe('the budget as a list of facts (verify 25)', () => {
  it('agrees with a recount after every step', async () => {
    const commands = fc.commands(
      [
        fc.constantFrom(1, 3, 20).map(deposit),
        fc.constantFrom(0, 0, 1, 2, 5).map(withdraw),
        fc.constantFrom(0, 0, 1, 2, 5).map(withdraw),
        fc.constant(refund),
        fc.constantFrom(1, 999, 1000, 1001, 4000, 9999, 10_000, 30_000).map(wait),
      ],
      { size: '+1' },
    )
    await fc.assert(
      fc.asyncProperty(commands, async (steps) => {
        const clock = new VirtualClock()
        const budget = retryBudget({ clock, ratio: rules.share, minPerSecond: rules.floor / 10 })
        const setup = () => ({ model: { now: 0, entries: [] }, real: { clock, budget, receipts: [] } })
        await fc.asyncModelRun(setup, steps)
      }),
      { numRuns: 300 },
    )
    seen.verify()
  })

  it('retries of random traffic stay below the share of the calls plus the floor, in every window', async () => {
    const happened = sometimes(['retried', 'refused', 'refunded'])
    const scenario = fc.tuple(fc.integer(), fc.constantFrom(0.05, 0.1, 0.5), fc.constantFrom(0, 0.5, 2))
    await fc.assert(
      fc.asyncProperty(scenario, async ([seed, ratio, minPerSecond]) => {
        const random = seededRandom(seed)
        const clock = new VirtualClock()
        const traffic = watched(clock, retryBudget({ clock, ratio, minPerSecond }))
        const policies = [3, 8].map((attempts) =>
          retry({ clock, budget: traffic.budget, attempts, delay: 700, random: random.fork('jitter') }),
        )
        const calls: Promise<unknown>[] = []
        for (let call = 0; call < 150; call++) {
          const controller = new AbortController()
          const operation = () => (random() < 0.7 ? Promise.reject(reset()) : Promise.resolve())
          calls.push(policies[call % 2]?.settle(operation, { signal: controller.signal }) as Promise<unknown>)
          await clock.advance(Math.floor(random() * 300))
          if (random() < 0.1) controller.abort()
        }
        await clock.runUntilSettled(Promise.all(calls))
        for (const { at: end } of traffic.retries) {
          const within = ({ at }: { at: number }): boolean => at <= end && slotOf(at) > slotOf(end) - 10
          const allowed = ratio * traffic.requests.filter(within).length + minPerSecond * 10
          expect(traffic.retries.filter(within).length).toBeLessThanOrEqual(allowed + 1e-9)
        }
        for (const name of traffic.happened) happened.mark(name)
        expectNoLeaks({ policies, clock })
      }),
      { numRuns: 15 },
    )
    happened.verify()
  })
})

/** A budget that remembers when calls paid in and when retries that were not given back took something. */
function watched(clock: VirtualClock, inner: RetryBudget) {
  const requests: { at: number }[] = []
  const retries: { at: number; receipt: number }[] = []
  const happened = new Set<'retried' | 'refused' | 'refunded'>()
  const budget: RetryBudget = {
    deposit() {
      requests.push({ at: clock.now() })
      inner.deposit()
    },
    tryWithdraw(taken) {
      const receipt = inner.tryWithdraw(taken)
      happened.add(receipt === undefined ? 'refused' : 'retried')
      if (receipt !== undefined) retries.push({ at: clock.now(), receipt })
      return receipt
    },
    refund(receipt) {
      happened.add('refunded')
      retries.splice(
        retries.findIndex((each) => each.receipt === receipt),
        1,
      )
      inner.refund(receipt)
    },
    get balance() {
      return inner.balance
    },
  }
  return { budget, requests, retries, happened }
}

describe('a policy with a budget', () => {
  it('stops retrying when it is exhausted: the error as it is, and an event', async () => {
    const budget = retryBudget({ minPerSecond: 0.2, ratio: 0 })
    const { clock, policy, events } = setup({ budget, delay: 10 })
    const errors = [reset(), reset(), reset()]
    await expect(clock.runUntilSettled(policy.execute(failing(clock, ...errors)))).rejects.toBe(errors[1])
    expect(retryInfo(errors[1])).toEqual({ attempts: 2, reason: 'budget' })
    expect(events.slice(-3)).toEqual([
      expect.objectContaining({ type: 'attemptFailed', attempt: 2, willRetry: false, delay: 0 }),
      { type: 'budgetExhausted', attempt: 2, balance: 1 },
      expect.objectContaining({ type: 'gaveUp', reason: 'budget', attempts: 2 }),
    ])
  })

  it('pays in with first attempts only, whether they fail or not', async () => {
    const { clock, budget } = budgetOn({ minPerSecond: 2, ratio: 0.5 })
    const policy = retry({ clock, budget, delay: 10 })
    for (let call = 0; call < 4; call++) await policy.execute(() => 'done')
    expect(budget.balance).toBe(22)
    await clock.runUntilSettled(policy.execute(failing(clock, reset(), reset())))
    expect(budget.balance).toBe(22 + 0.5 - 2)
  })

  it('is charged when a retry is scheduled, not when it runs', async () => {
    const time = new VirtualClock()
    const budget = retryBudget({ clock: time, ratio: 0 })
    const policy = retry({ clock: time, budget, delay: '5s', jitter: 'none' })
    const calls = Array.from({ length: 12 }, () => policy.settle(failing(time, reset())))
    await time.settle()
    expect(budget.balance).toBe(0)
    const settled = await time.runUntilSettled(Promise.all(calls))
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
  })

  it('gives back what an abort kept from running', async () => {
    const time = new VirtualClock()
    const budget = retryBudget({ clock: time, ratio: 0 })
    const policy = retry({ clock: time, budget, delay: '1s', jitter: 'none' })
    const controller = new AbortController()
    const call = policy.settle(failing(time, reset(), reset(), reset()), { signal: controller.signal })
    await time.advance(1500)
    expect(budget.balance).toBe(8)
    controller.abort()
    await call
    expect(budget.balance).toBe(9) // The first retry did run.
  })

  it('does not charge what is not retried', async () => {
    const budget = retryBudget({ ratio: 0 })
    const { clock, policy } = setup({ budget })
    await policy.settle(failing(clock, new TypeError('bug')))
    await policy.settle(failing(clock, busy(1e9)))
    await policy.settle(failing(clock, reset()), { deadline: 0 })
    expect(budget.balance).toBe(10)
  })

  it('shares it with others', async () => {
    const time = new VirtualClock()
    const budget = retryBudget({ clock: time, ratio: 0, minPerSecond: 0.3 })
    const policies = [retry({ clock: time, budget, delay: 10 }), retry({ clock: time, budget, delay: 10 })]
    const runs = [1, 2, 3, 4].map((call) => policies[call % 2]?.settle(failing(time, reset())))
    const settled = await time.runUntilSettled(Promise.all(runs))
    expect(settled.map((each) => each?.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected'])
  })

  it('neither pays in nor takes inside another retry', async () => {
    const time = new VirtualClock()
    const budget = retryBudget({ clock: time, ratio: 1, minPerSecond: 0 })
    const outer = retry({ clock: time, delay: 10, attempts: 3 })
    const inner = retry({ clock: time, delay: 10, budget })
    const told = listen(inner)
    await time.runUntilSettled(outer.settle((context) => inner.execute(failing(time, reset()), context)))
    expect(budget.balance).toBe(0)
    expect(told.every(({ type }) => type !== 'budgetExhausted')).toBe(true)
  })

  it('is not paid for attempts of a retry outside', async () => {
    const time = new VirtualClock()
    const budget = retryBudget({ clock: time, ratio: 1, minPerSecond: 0 })
    const outer = retry({ clock: time, delay: 10, attempts: 3 })
    const inner = retry({ clock: time, delay: 10, budget, nested: 'multiply', retryIf: () => false })
    await time.runUntilSettled(pipeline(outer, inner).settle(() => Promise.reject(reset())))
    expect(budget.balance).toBe(1)
  })

  it('keeps retries of three layers from multiplying', async () => {
    const load = async (withBudget: boolean): Promise<number> => {
      const time = new VirtualClock()
      let hits = 0
      const dead = () => {
        hits++
        return Promise.reject(reset())
      }
      const layer = (inner: () => Promise<unknown>): (() => Promise<unknown>) => {
        const budget = withBudget && retryBudget({ clock: time, minPerSecond: 0 })
        const policy = retry({ clock: time, attempts: 4, delay: 10, budget })
        return () => policy.execute(inner)
      }
      const service = layer(layer(layer(dead)))
      for (let request = 0; request < 100; request++) {
        await time.runUntilSettled(service().catch(() => {}))
      }
      return hits / 100
    }
    expect(await load(false)).toBe(64)
    expect(await load(true)).toBeLessThan(1.4)
  })
})

describe('budgetPerKey', () => {
  it('keeps keys apart', async () => {
    const time = new VirtualClock()
    const budget = budgetPerKey({ clock: time, ratio: 0, minPerSecond: 0.1 })
    const policy = retry({ clock: time, budget, delay: 10 })
    const call = (key?: string) => time.runUntilSettled(policy.settle(failing(time, reset()), { key }))
    expect((await call('blue')).status).toBe('fulfilled')
    expect((await call('blue')).status).toBe('rejected')
    expect((await call('red')).status).toBe('fulfilled')
    expect((await call()).status).toBe('fulfilled')
    expect((await call()).status).toBe('rejected')
    expect(budget.size).toBe(3)
  })

  it('forgets the key that was used longest ago when there are too many', () => {
    const budget = budgetPerKey({ clock: new VirtualClock(), max: 3, ratio: 0 })
    for (const key of ['a', 'b', 'c']) drain(budget.forKey(key))
    budget.forKey('a')
    budget.forKey('d')
    expect(budget.size).toBe(3)
    expect(budget.forKey('a').balance).toBe(0)
    expect(budget.forKey('c').balance).toBe(0)
    expect(budget.forKey('b').balance).toBe(10) // A new one.
  })

  it('forgets idle keys as others come', async () => {
    const clock = new VirtualClock()
    const budget = budgetPerKey({ clock, idle: '1m' })
    budget.forKey('a')
    budget.forKey('b')
    await clock.advance('30s')
    budget.forKey('b')
    await clock.advance('30s')
    expect(budget.size).toBe(2)
    budget.forKey('c')
    expect(budget.size).toBe(2)
    await clock.advance('1h')
    budget.forKey('d')
    expect(budget.size).toBe(2) // Until now nobody came after c.
    await clock.advance('59s')
    budget.forKey('e')
    expect(budget.size).toBe(3)
    await clock.advance('1s')
    budget.forKey('f')
    expect(budget.size).toBe(3)
    expect(clock.pendingTimers).toBe(0)
  })

  it('gives a retry back to the budget it came from, even if that was forgotten', async () => {
    const time = new VirtualClock()
    const budget = budgetPerKey({ clock: time, max: 1, ratio: 0 })
    const policy = retry({ clock: time, budget, delay: '1s' })
    const controller = new AbortController()
    const call = policy.settle(failing(time, reset()), { key: 'a', signal: controller.signal })
    await time.settle()
    const other = budget.forKey('b')
    controller.abort()
    await call
    expect(other.balance).toBe(10)
    expect(budget.forKey('a').balance).toBe(10)
  })

  it.each([
    [{ max: 0 }, 'max must be a whole number of at least 1'],
    [{ idle: '5s' }, 'idle must be a duration of at least 10s'],
    [{ ratio: 2 }, 'ratio must be'],
    [{ size: 2 }, "option 'size'"],
  ])('%o is refused', (options, message) => {
    expect(() => budgetPerKey(options as never)).toThrow(message)
  })
})

it('a policy without a budget looks at no key and reads no clock', async () => {
  const clock = new VirtualClock()
  const policy = retry({ clock })
  expect(policy.layers()[0]?.enter).toBeUndefined()
  expect(retry({ budget: retryBudget() }).layers()[0]?.enter).toBeDefined()
})

it('a budget of your own can take part', async () => {
  const log: string[] = []
  const own: RetryBudget = {
    deposit: () => void log.push('deposit'),
    tryWithdraw: (taken) => {
      log.push(`withdraw after ${taken}`)
      return taken < 2 ? taken : undefined
    },
    refund: (receipt) => void log.push(`refund ${receipt}`),
    balance: 7,
  }
  const { clock, policy, events } = setup({ budget: own, delay: 10 })
  const layered = pipeline(new Toy({ kind: 'nothing' }), policy)
  await clock.runUntilSettled(layered.settle(failing(clock, reset(), reset(), reset())))
  expect(log).toEqual(['deposit', 'withdraw after 0', 'withdraw after 1', 'withdraw after 2'])
  expect(events).toContainEqual({ type: 'budgetExhausted', attempt: 3, balance: 7 })
})
