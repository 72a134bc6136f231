import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { type AnyPolicy, Hub, pipeline } from '@seaworthy/core'
import { bulkhead, timeout } from '@seaworthy/flow'
import { retry } from '@seaworthy/retry'
import { seededRandom, sometimes, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { callTarget, chaosController, injectFault, storeTarget } from '../src/index.ts'

/** How the function behaves at its n-th run: after a while, a value or an error. */
interface Behavior {
  readonly after: number
  readonly fails: boolean
  readonly sync: boolean
}

interface Plan {
  readonly layers: readonly ('retry' | 'breaker' | 'timeout' | 'bulkhead' | 'cooperative')[]
  /** Where the chaos policy goes. */
  readonly at: number
  readonly behaviors: readonly Behavior[]
  /** When calls begin, and after how long their caller gives up, if ever. */
  readonly calls: readonly { readonly begin: number; readonly patience: number | undefined }[]
}

const plans: fc.Arbitrary<Plan> = fc.record({
  layers: fc.array(fc.constantFrom('retry', 'breaker', 'timeout', 'bulkhead', 'cooperative'), {
    maxLength: 4,
  }),
  at: fc.nat({ max: 4 }),
  behaviors: fc.array(
    fc.record({ after: fc.constantFrom(0, 1, 40, 60, 200), fails: fc.boolean(), sync: fc.boolean() }),
    { minLength: 1, maxLength: 6 },
  ),
  calls: fc.array(
    fc.record({
      begin: fc.constantFrom(0, 0, 10, 50, 300),
      patience: fc.constantFrom(undefined, undefined, 5, 45),
    }),
    { minLength: 1, maxLength: 5 },
  ),
})

type Variant = (clock: VirtualClock) => AnyPolicy | Promise<AnyPolicy>

/** All that can be seen from outside: how and when each call ended, each run of the function, each event. */
async function observe(plan: Plan, chaos: Variant | undefined): Promise<unknown[]> {
  const clock = new VirtualClock()
  const hub = new Hub()
  const seen: unknown[] = []
  hub.on('*', ({ kind, name, type, payload }) => seen.push([clock.now(), kind, name, type, payload]))
  const layers: AnyPolicy[] = plan.layers.map((layer, index): AnyPolicy => {
    const common = { name: `${layer} ${index}`, hub, clock }
    const random = seededRandom(index)
    if (layer === 'retry') return retry({ ...common, attempts: 3, random })
    if (layer === 'breaker') return circuitBreaker({ ...common, failureThreshold: 2, random })
    if (layer === 'bulkhead') return bulkhead({ ...common, concurrency: 1, queue: 0 })
    return timeout('50ms', { ...common, mode: layer === 'timeout' ? 'aggressive' : 'cooperative' })
  })
  if (chaos !== undefined) layers.splice(Math.min(plan.at, layers.length), 0, await chaos(clock))
  const policy = pipeline(...layers) as AnyPolicy
  let runs = 0
  const run = (context: { signal: AbortSignal; attempt: number }): unknown => {
    const number = runs++
    const { after, fails, sync } = plan.behaviors[number % plan.behaviors.length] as Behavior
    seen.push([clock.now(), 'run', context.attempt])
    if (sync && fails) throw new Error(`error ${number}`)
    if (sync) return number
    return clock.sleep(after).then(() => {
      seen.push([clock.now(), 'signal', context.signal.aborted])
      if (fails) throw new Error(`error ${number}`)
      return number
    })
  }
  const calls = plan.calls.map(async ({ begin, patience }, index) => {
    await clock.sleep(begin)
    const caller = new AbortController()
    if (patience !== undefined) clock.setTimer(() => caller.abort(`given up ${index}`), patience)
    const result = await policy.settle(run, patience === undefined ? undefined : { signal: caller.signal })
    const reason = result.status === 'rejected' ? String(result.reason) : undefined
    seen.push([clock.now(), 'end', index, result.status, reason ?? (result as { value: unknown }).value])
  })
  await clock.advance('5m')
  await Promise.all(calls)
  const held = Object.values(policy.debugStats()).flatMap((stat) => Object.values(stat))
  seen.push(['left', clock.pendingTimers, held.filter((value) => value !== 0)])
  return seen
}

describe('verify 60: disarmed chaos changes nothing', () => {
  const variants: Record<string, Variant> = {
    'a target without a fault': (clock) => callTarget('api', { clock }).policy,
    'a target whose fault has ended': async (clock) => {
      const target = callTarget('api', { clock })
      const controller = chaosController({ targets: [target], armed: true, clock, hub: new Hub() })
      await controller.inject({ scenario: 'provider_outage', on: 'api', for: '1s' })
      controller.kill()
      return target.policy
    },
    'a policy that is not enabled': (clock) => injectFault({ kind: 'error' }, { enabled: false, clock }),
    'a fault with a rate of 0': (clock) => injectFault({ kind: 'error', rate: 0 }, { enabled: true, clock }),
  }

  it.each(Object.keys(variants))('over random pipelines: %s', async (name) => {
    const seen = sometimes(['retried', 'opened', 'timed out', 'gave up', 'full'])
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const without = await observe(plan, undefined)
        expect(await observe(plan, variants[name])).toEqual(without)
        const text = JSON.stringify(without)
        if (text.includes('"run",2')) seen.mark('retried')
        if (text.includes('"open"')) seen.mark('opened')
        if (text.includes('TimeoutError')) seen.mark('timed out')
        if (text.includes('given up')) seen.mark('gave up')
        if (text.includes('BulkheadFullError')) seen.mark('full')
      }),
      { numRuns: 150, seed: 60 },
    )
    seen.verify()
  })

  it('a plain call gets the promise of its own function, not one around it', () => {
    const target = callTarget('api')
    const own = Promise.resolve(1)
    expect(target.policy.execute(() => own)).toBe(own)
    expect(injectFault({ kind: 'error' }, { enabled: false }).execute(() => own)).toBe(own)
  })
})

describe('storeTarget', () => {
  class Store {
    readonly #items = new Map<string, number>([['lamp', 4]])
    readonly size = 1

    async get(item: string): Promise<number | undefined> {
      return this.#items.get(item)
    }
  }

  it('puts all methods within reach of faults, private fields and all, and leaves the rest alone', async () => {
    const target = storeTarget('stock', new Store())
    const chaos = chaosController({ targets: [target], armed: true, hub: new Hub() })
    expect([await target.store.get('lamp'), target.store.size]).toEqual([4, 1])
    expect(target.store.get).toBe(target.store.get)
    await chaos.inject({ scenario: 'datastore_outage', on: 'stock', for: '1m' })
    await expect(target.store.get('lamp')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    chaos.kill()
    expect(await target.store.get('lamp')).toBe(4)
  })
})
