/** Several processes on one store that now and then fails, in any order of events. */
import { idempotencyOf } from '@seaworthy/idempotency'
import {
  expectNoLeaks,
  seededRandom,
  sometimes,
  trackUnhandledRejections,
  VirtualClock,
} from '@seaworthy/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { processOn, type Run, Runs } from './policies.ts'
import { ScriptedStore } from './scripted-store.ts'

type Input =
  | { readonly type: 'call'; readonly process: number; readonly key: string }
  | { readonly type: 'end'; readonly run: number; readonly how: 'succeed' | 'fail' }
  | { readonly type: 'giveUp'; readonly call: number }
  | { readonly type: 'pass'; readonly time: number }
  | {
      readonly type: 'fault'
      readonly step: 'claim' | 'renew' | 'complete'
      readonly fault: 'fail' | 'lose' | 'hang' | number
    }
  | { readonly type: 'outage'; readonly step: 'claim' | 'renew' }
  | { readonly type: 'works' }

const anyInput: fc.Arbitrary<Input> = fc.oneof(
  {
    arbitrary: fc.record({
      type: fc.constant('call' as const),
      process: fc.nat(2),
      key: fc.constantFrom('a', 'a', 'b'),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({
      type: fc.constant('end' as const),
      run: fc.nat(3),
      how: fc.constantFrom('fail' as const, 'fail' as const, 'succeed' as const),
    }),
    weight: 3,
  },
  fc.record({ type: fc.constant('giveUp' as const), call: fc.nat(5) }),
  {
    arbitrary: fc.record({
      type: fc.constant('pass' as const),
      time: fc.constantFrom(0, 1, 300, 999, 3000, 8000, 30_000),
    }),
    weight: 3,
  },
  fc.record({
    type: fc.constant('fault' as const),
    step: fc.constantFrom('claim' as const, 'renew' as const, 'complete' as const),
    fault: fc.constantFrom<('fail' | 'lose' | 'hang' | number)[]>('fail', 'lose', 'hang', 1500),
  }),
  fc.record({
    type: fc.constant('outage' as const),
    step: fc.constantFrom('claim' as const, 'renew' as const),
  }),
  { arbitrary: fc.constant({ type: 'works' as const }), weight: 2 },
)

const seen = sometimes([
  'second run of a key',
  'recovered',
  'lease lost',
  'given up while running',
  'shared',
  'recorded late',
  'served from the record',
  'store failed',
])

/** Two of the processes wait for work in flight, one does not. */
class World {
  readonly clock = new VirtualClock()
  readonly store = new ScriptedStore(this.clock)
  readonly runs = new Runs()
  readonly processes = [0, 1, 2].map((number) =>
    processOn(this.clock, this.store, {
      whenInFlight: number === 0 ? 'reject' : 'wait',
      maxWait: '20s',
      random: seededRandom(1), // the same for all: names of owners must differ all the same
    }),
  )
  readonly calls: {
    readonly controller: AbortController
    readonly key: string
    readonly outcome: Promise<PromiseSettledResult<unknown>>
  }[] = []
  readonly running = new Map<Run, string>()
  readonly fences = new Map<string, number>()
  readonly values = new Map<string, unknown>()
  #values = 0

  async take(input: Input): Promise<void> {
    switch (input.type) {
      case 'call':
        this.call(input.process, input.key)
        break
      case 'end': {
        const run = [...this.running.keys()][input.run]
        if (run === undefined) break
        this.running.delete(run)
        if (input.how === 'succeed') run.succeed(`value ${++this.#values}`)
        else run.fail(new Error('reset'))
        break
      }
      case 'giveUp':
        this.calls.at(-1 - input.call)?.controller.abort(new Error('given up'))
        break
      case 'pass':
        await this.clock.advance(input.time)
        break
      case 'fault':
        this.store.will(input.step, input.fault)
        break
      case 'outage':
        this.store.willAlways(input.step, 'fail')
        break
      case 'works':
        this.store.works()
    }
    await this.clock.settle()
    this.check()
  }

  call(number: number, key: string): void {
    const controller = new AbortController()
    const { policy } = this.processes[number] as ReturnType<typeof processOn>
    const run = (context: Parameters<Runs['start']>[0]): Promise<unknown> => {
      const result = this.runs.start(context)
      this.began(this.runs.run(), key)
      return result
    }
    const outcome = policy.settle(run, { key, signal: controller.signal })
    this.calls.push({ controller, key, outcome })
    outcome.then((settled) => {
      if (settled.status === 'rejected') return
      // A later run could only have another value.
      expect(this.values.get(key) ?? settled.value).toBe(settled.value)
      this.values.set(key, settled.value)
    })
  }

  began(run: Run, key: string): void {
    const { fence = 0, grant } = idempotencyOf(run.context) ?? {}
    const before = this.fences.get(key)
    expect(fence).toBeGreaterThan(before ?? 0)
    if (before !== undefined) seen.mark('second run of a key')
    if (grant === 'recovered') seen.mark('recovered')
    this.fences.set(key, fence)
    this.running.set(run, key)
    expect(this.values.has(key)).toBe(false) // verify 42: done is done
  }

  /** verify 41: of the runs of a key, one at most has not been told to stop. */
  check(): void {
    const allowed = [...this.running].filter(([run]) => !run.context.signal.aborted).map(([, key]) => key)
    expect(new Set(allowed).size).toBe(allowed.length)
    for (const [run] of this.running)
      if (run.context.signal.reason?.message === 'given up') seen.mark('given up while running')
  }

  /** Everybody comes to an end, and nothing is left. */
  async end(): Promise<void> {
    this.store.works()
    for (const { controller } of this.calls) controller.abort(new Error('the end'))
    for (const run of this.running.keys()) run.fail(new Error('the end'))
    await this.clock.advance('1m')
    const outcomes = await Promise.all(this.calls.map(({ outcome }) => outcome))
    const policies = this.processes.map(({ policy }) => policy)
    const signals = this.calls.map(({ controller }) => controller.signal)
    expectNoLeaks({ policies, except: ['listeners'], clock: this.clock, signals })
    expect(this.store.memory.debugStats()).toMatchObject({ waiting: 0 })
    // A claim whose answer was lost blocks its key no longer than its lease.
    for (const key of ['a', 'b']) expect((await this.store.peek(key))?.state).not.toBe('inFlight')
    this.mark(outcomes)
  }

  mark(outcomes: readonly PromiseSettledResult<unknown>[]): void {
    for (const [type, payload] of this.processes.flatMap(({ events }) => events)) {
      const { source } = payload as { source?: string }
      if (type === 'leaseLost') seen.mark('lease lost')
      if (type === 'recordedLate') seen.mark('recorded late')
      if (type === 'duplicate') seen.mark(source === 'record' ? 'served from the record' : 'shared')
    }
    for (const outcome of outcomes)
      if (outcome.status === 'rejected' && outcome.reason.code === 'ERR_STORE_UNAVAILABLE')
        seen.mark('store failed')
  }
}

it('verify 41, 42, 44: one run at a time, rising fences, one result, and nothing left behind', async () => {
  const tracker = trackUnhandledRejections()
  await fc.assert(
    fc.asyncProperty(fc.array(anyInput, { size: '+1', maxLength: 60 }), async (inputs) => {
      const world = new World()
      for (const input of inputs) await world.take(input)
      await world.end()
    }),
    { numRuns: 400 },
  )
  expect(await tracker.stop()).toEqual([])
  seen.verify()
})
