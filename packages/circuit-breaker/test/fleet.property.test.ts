/** Instances that share a circuit, under any interleaving of calls, outages, delays, crashes and commands. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fleet, type Instance } from './fleets.ts'

const size = 3
/** The lease of a trial, in milliseconds. */
const lease = 20_000

type Step = (run: Run) => Promise<void>

/** One history. */
class Run {
  readonly all = fleet(
    size,
    {
      halfOpen: { concurrency: 1, lease },
      recoveryTimeout: { initial: '4s', factor: 2, max: '15s', jitter: 0.2 },
    },
    { timeout: '200ms', interval: '3s' },
  )
  /** When the trials began that run with the leave of the store. */
  readonly trials = new Set<{ readonly since: number }>()
  readonly hanging: (() => void)[] = []
  readonly dead: Instance[] = []
  seen = { follows: 0, fleetCloses: 0, refusals: 0, storeDowns: 0, hangs: 0, changes: 0 }
  private readonly up = new WeakMap<Instance, boolean>()

  constructor() {
    for (const instance of this.all.instances) this.watch(instance)
  }

  at(index: number): Instance {
    return this.all.instances[index] as Instance
  }

  /** A call that takes its time, or never ends until it is told to. */
  call(index: number, takes: number | undefined): void {
    const { clock } = this.all
    const instance = this.at(index)
    const wasUp = this.up.get(instance)
    const call = instance.breaker.settle(async () => {
      const trial = { since: clock.now() }
      const counts = instance.breaker.state === 'halfOpen' && wasUp && this.up.get(instance)
      if (counts) this.trials.add(trial)
      this.check()
      if (takes === undefined) {
        this.seen.hangs++
        await new Promise<void>((resolve) => this.hanging.push(resolve))
      } else if (takes > 0) await clock.sleep(takes)
      this.trials.delete(trial)
      if (instance.broken) throw new Error('down')
    })
    void call.then((outcome) => {
      if (outcome.status === 'rejected' && (outcome.reason as { retryAfter?: number }).retryAfter === 250)
        this.seen.refusals++
    })
  }

  /** I21: no more trials than one in all instances, while the store answers. */
  check(): void {
    const { clock } = this.all
    const running = [...this.trials].filter(({ since }) => clock.now() - since < lease)
    if (running.length > 1) throw new Error(`${running.length} trials at once`)
  }

  replace(index: number, how: 'stopped' | 'killed'): void {
    const old = this.at(index)
    if (how === 'killed') {
      old.way.mode = 'lost'
      this.dead.push(old)
    } else old.breaker.dispose()
    const fresh = this.all.start()
    fresh.broken = old.broken
    this.all.instances[index] = fresh
    this.watch(fresh)
  }

  private watch(instance: Instance): void {
    const { breaker } = instance
    this.up.set(instance, true)
    breaker.on('storeDown', () => {
      this.seen.storeDowns++
      this.up.set(instance, false)
    })
    breaker.on('storeUp', () => void this.up.set(instance, true))
    breaker.on('stateChange', ({ to, reason }) => {
      this.seen.changes++
      if (reason === 'fleet') this.seen[to === 'open' ? 'follows' : 'fleetCloses']++
    })
  }
}

const index = fc.nat(size - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(index, fc.constantFrom(0, 0, 0, 50, 1000)).map(
      ([i, takes]) =>
        async (run: Run) =>
          run.call(i, takes),
    ),
  },
  { weight: 1, arbitrary: index.map((i) => async (run: Run) => run.call(i, undefined)) },
  { weight: 1, arbitrary: fc.constant(async (run: Run) => run.hanging.pop()?.()) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(0, 10, 100, 1000, 5000, 25_000)
      .map((by) => async (run: Run) => run.all.clock.advance(by)),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(index, fc.boolean()).map(([i, broken]) => async (run: Run) => {
      // Mostly it is the dependency that is down, for all.
      for (const [j, instance] of run.all.instances.entries())
        if (i === 0 || i === j) instance.broken = broken
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(index, fc.constantFrom('up', 'up', 'rejects', 'lost', 'deaf'), fc.constantFrom(0, 0, 5, 90, 150))
      .map(([i, mode, delay]) => async (run: Run) => {
        Object.assign(run.at(i).way, { mode, delay: () => delay })
      }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(index, fc.constantFrom('stopped', 'killed')).map(
      ([i, how]) =>
        async (run: Run) =>
          run.replace(i, how),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(index, fc.constantFrom('trip', 'reset', 'isolate', 'release'))
      .map(([i, command]) => async (run: Run) => {
        const { everywhere } = run.at(i).breaker
        void (command === 'isolate' ? everywhere?.isolate('test') : everywhere?.[command as 'reset']())
      }),
  },
)

/** Bursts of failing calls, which open circuits. */
const burst: fc.Arbitrary<Step> = index.map((i) => async (run: Run) => {
  for (const [j, instance] of run.all.instances.entries()) {
    if (i !== 0 && i !== j) continue
    instance.broken = true
    for (let k = 0; k < 3; k++) run.call(j, 0)
  }
  await run.all.clock.settle()
})

it('never runs more trials than one while the store answers, always recovers, and then stays well', async () => {
  const seen = { follows: 0, fleetCloses: 0, refusals: 0, storeDowns: 0, hangs: 0, changes: 0 }
  const history = fc.array(fc.oneof({ weight: 9, arbitrary: step }, { weight: 1, arbitrary: burst }), {
    minLength: 20,
    maxLength: 70,
  })
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      const run = new Run()
      const { all } = run
      const { clock } = all
      for (const each of steps) {
        await each(run)
        run.check()
      }

      // Everything is well again, and there is traffic.
      for (const resolve of run.hanging) resolve()
      for (const instance of all.instances) {
        instance.broken = false
        Object.assign(instance.way, { mode: 'up', delay: () => 0 })
      }
      await clock.advance('4s')
      await run.at(0).breaker.everywhere?.release()
      for (let second = 0; second < 75; second++) {
        for (let i = 0; i < size; i++) run.call(i, 0)
        await clock.advance('1s')
        run.check()
      }
      expect(all.states()).toEqual(Array(size).fill('closed'))

      // Nothing stale opens or closes anything any more.
      const { changes } = run.seen
      for (let i = 0; i < size; i++) run.call(i, 0)
      await clock.advance('2m')
      expect(run.seen.changes).toBe(changes)

      for (const { breaker } of [...all.instances, ...run.dead]) breaker.dispose()
      await clock.advance('1m')
      expect(clock.pendingTimers).toBe(0)
      for (const name of Object.keys(seen) as (keyof typeof seen)[]) seen[name] += run.seen[name]
    }),
    { numRuns: 150 },
  )
  for (const [name, count] of Object.entries(seen)) expect([name, count > 0]).toEqual([name, true])
})
