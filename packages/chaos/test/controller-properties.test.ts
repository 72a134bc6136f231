import { Hub } from '@seaworthy/core'
import { sometimes, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  type ChaosController,
  type ChaosTarget,
  callTarget,
  chaosController,
  type FaultKind,
} from '../src/index.ts'

/** A target that counts, and whose end may take a while or fail. */
class Counting implements ChaosTarget {
  readonly supports: readonly FaultKind[] = ['refuse', 'kill']
  injected = 0
  recovered = 0
  most = 0
  failing = false
  readonly id: string
  readonly clock: VirtualClock
  readonly slow: boolean

  constructor(id: string, clock: VirtualClock, slow: boolean) {
    this.id = id
    this.clock = clock
    this.slow = slow
  }

  apply(): { recover: () => void | Promise<void> } {
    this.injected++
    this.most = Math.max(this.most, this.injected - this.recovered)
    let over = false
    const end = (): void => {
      if (this.failing) throw new Error('cannot be mended')
      if (!over) this.recovered++
      over = true
    }
    return { recover: () => (this.slow ? this.clock.sleep(500).then(end) : end()) }
  }
}

interface Real {
  readonly clock: VirtualClock
  readonly chaos: ChaosController
  readonly targets: readonly Counting[]
}

const seen = sometimes([
  'injected',
  'refused',
  'recovered',
  'cleanup failed',
  'killed while active',
  'reset',
  'slow end',
])

const maxConcurrent = 2

/** What must hold after every command, whatever it was. */
function check({ chaos, targets }: Real): void {
  for (const target of targets) {
    // verify 58
    expect([0, 1]).toContain(target.injected - target.recovered)
    expect(target.most).toBeLessThanOrEqual(1)
    if (target.slow && target.injected > target.recovered && chaos.killed) seen.mark('slow end')
  }
  const { injections, counters } = chaos.snapshot()
  const { active = 0, faults = 0 } = chaos.debugStats()
  expect(active).toBeLessThanOrEqual(maxConcurrent) // verify 59
  expect(faults).toBe(targets.reduce((sum, target) => sum + target.injected - target.recovered, 0))
  if (chaos.killed) {
    // verify 62
    expect(
      injections.filter(({ phase }) => ['planned', 'gated', 'injecting', 'active'].includes(phase)),
    ).toEqual([])
  }
  expect(counters.planned).toBeGreaterThanOrEqual(counters.refused + counters.injected)
}

class Command implements fc.AsyncCommand<object, Real> {
  readonly name: string
  readonly act: (real: Real) => Promise<void>

  constructor(name: string, act: (real: Real) => Promise<void>) {
    this.name = name
    this.act = act
  }

  check(): boolean {
    return true
  }

  async run(_model: object, real: Real): Promise<void> {
    await this.act(real)
    check(real)
  }

  toString(): string {
    return this.name
  }
}

const inject = fc
  .record({ target: fc.nat({ max: 2 }), duration: fc.constantFrom(1, 1000, 5000), waits: fc.boolean() })
  .map(
    ({ target, duration, waits }) =>
      new Command(`inject(${target}, ${duration})`, async ({ chaos, targets }) => {
        const request = chaos
          .inject({ fault: { kind: 'refuse' }, on: targets[target]?.id ?? '', for: duration })
          .then(
            () => seen.mark('injected'),
            () => seen.mark('refused'),
          )
        if (waits) await request
      }),
  )
const advance = fc
  .constantFrom(0, 1, 499, 500, 1000, 5000)
  .map((time) => new Command(`advance(${time})`, async ({ clock }) => clock.advance(time)))
const kill = fc.constant(
  new Command('kill', async ({ chaos }) => {
    if ((chaos.debugStats()['active'] ?? 0) > 0) seen.mark('killed while active')
    chaos.kill()
  }),
)
const reset = fc.constant(
  new Command('reset', async ({ chaos }) => {
    try {
      if (chaos.killed) {
        chaos.reset()
        seen.mark('reset')
      }
    } catch {
      expect(chaos.debugStats()['faults']).toBeGreaterThan(0)
    }
  }),
)
const stop = fc.constant(new Command('stop', async ({ chaos }) => void chaos.stop()))
const reconcile = fc.constant(new Command('reconcile', async ({ chaos }) => chaos.reconcile()))
const fail = fc.record({ target: fc.nat({ max: 2 }), failing: fc.boolean() }).map(
  ({ target, failing }) =>
    new Command(`failing(${target}, ${failing})`, async ({ targets }) => {
      const chosen = targets[target]
      if (chosen !== undefined) chosen.failing = failing
    }),
)

it('verify 58, 59, 62: over random histories of a real controller; after the kill switch and a repair nothing is left', async () => {
  const commands = fc.commands(
    [inject, inject, inject, advance, advance, kill, reset, reset, stop, reconcile, fail],
    {
      size: '+1',
    },
  )
  await fc.assert(
    fc.asyncProperty(commands, async (commands) => {
      const clock = new VirtualClock()
      const targets = ['a', 'b', 'c'].map((id, index) => new Counting(id, clock, index === 2))
      const chaos = chaosController({
        targets,
        armed: true,
        minGap: 0,
        maxConcurrentChaos: maxConcurrent,
        clock,
        hub: new Hub(),
      })
      chaos.on('recovered', () => seen.mark('recovered'))
      chaos.on('recoverFailed', () => seen.mark('cleanup failed'))
      await fc.asyncModelRun(() => ({ model: {}, real: { clock, chaos, targets } }), commands)
      for (const target of targets) target.failing = false
      chaos.kill()
      await clock.advance('1s')
      chaos.reconcile()
      await clock.advance('1s')
      for (const { injected, recovered } of targets) expect(injected - recovered).toBe(0)
      expect(chaos.debugStats()).toMatchObject({ active: 0, faults: 0, timers: 0, tracking: 0, schedules: 0 })
      expect(clock.pendingTimers).toBe(0)
    }),
    { numRuns: 150, seed: 58 },
  )
  seen.verify()
})

it('verify 61: the same seed makes the same decisions, however the calls of several targets are interleaved', async () => {
  const run = async (seed: number, order: readonly number[]): Promise<string[]> => {
    const clock = new VirtualClock()
    const targets = ['a', 'b', 'c'].map((id) => callTarget(id, { clock }))
    const chaos = chaosController({ targets, armed: true, minGap: 0, seed, clock, hub: new Hub() })
    for (const { id } of targets) {
      await chaos.inject({
        fault: [
          {
            kind: 'error',
            rate: 0.3,
            error: [
              { weight: 1, error: { code: 'A' } },
              { weight: 1, error: { code: 'B' } },
            ],
          },
          {
            kind: 'latency',
            rate: 0.3,
            delay: { distribution: 'lognormal', median: 20, sigma: 1, cap: '1s' },
          },
        ],
        on: id,
        for: '10m',
      })
    }
    const fates: string[] = ['', '', '']
    const calls = order.map(async (which) => {
      const start = clock.now()
      const slot = fates[which]?.length ?? 0
      fates[which] += ' '
      const ended = await (targets[which] as ReturnType<typeof callTarget>)
        .wrap(() => 'ok')()
        .catch(({ code }: { code: string }) => code)
      return [which, slot, `${ended}@${clock.now() - start}`] as const
    })
    const all = Promise.all(calls)
    await clock.advance('2s')
    const ends = await all
    chaos.kill()
    return [0, 1, 2].map((which) =>
      ends
        .filter(([of]) => of === which)
        .sort(([, a], [, b]) => a - b)
        .map(([, , fate]) => fate)
        .join(),
    )
  }
  const base = [0, 1, 2].flatMap((which) => new Array<number>(30).fill(which))
  const expected = await run(7, base)
  expect(expected.join()).toMatch(/A@0.*B@0|B@0.*A@0/)
  expect(expected.join()).toMatch(/ok@[1-9]/)
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(base, { minLength: base.length }), async (order) => {
      expect(await run(7, order)).toEqual(expected)
    }),
    { numRuns: 15, seed: 61 },
  )
  expect(await run(8, base)).not.toEqual(expected)
})
