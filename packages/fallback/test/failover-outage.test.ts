import { expectNoLeaks, seededRandom, VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { failover } from '../src/index.ts'
import { type Behaviour, error, hang, limit, ok, ScriptedProvider } from './scripted-provider.ts'

const outages: Record<string, Behaviour> = {
  'answers 503': error(),
  hangs: hang,
  'cannot be found': error(404),
  'says 429 without a time': limit(),
  'says 429 for two seconds': limit(2000),
}

const began = 20_000
const mended = 80_000
const end = 120_000

interface Answer {
  readonly at: number
  readonly took: number
  readonly by: string
}

/** Two minutes of even traffic, one of which the primary is down. */
async function play(outage: Behaviour, every: number, probed: boolean, quiet = { from: end, to: end }) {
  const clock = new VirtualClock()
  const random = seededRandom(42)
  const down = (now: number): boolean => now >= began && now < mended
  const primary = new ScriptedProvider('primary', clock, (now) =>
    down(now) ? outage : ok(150 + 250 * random()),
  )
  const secondary = new ScriptedProvider('secondary', clock, () => ok(150 + 250 * random()))
  const probes: number[] = []
  const providers = failover<unknown, string>([primary.with(), secondary.with()], {
    clock,
    random,
    ...(probed && {
      probe: (_name: string, signal: AbortSignal) => {
        probes.push(clock.now())
        return primary.answer(signal)
      },
    }),
  })
  const answers: Answer[] = []
  const lost: unknown[] = []
  const states: string[] = []
  for (let at = 0; at < end; at += every) {
    await clock.advance(at - clock.now())
    states.push(providers.snapshot().providers[0]?.state ?? '')
    if (at >= quiet.from && at < quiet.to) continue
    providers.call('question').then(
      (by) => answers.push({ at, took: clock.now() - at, by }),
      (reason: unknown) => lost.push(reason),
    )
  }
  await clock.advance('40s')
  const back = backAt(answers)
  return { clock, providers, primary, answers, lost, back, probes, states }
}

/** When the primary began to have all calls again: after the last one that went elsewhere. */
function backAt(answers: readonly Answer[]): number {
  return Math.max(0, ...answers.filter(({ by }) => by !== 'primary').map(({ at }) => at))
}

describe.each(Object.entries(outages))('the primary %s for a minute', (name, outage) => {
  it.each([
    [2, false],
    [2, true],
    [50, false],
    [50, true],
  ])(
    'at %s requests a second, probed: %s: no request is lost, all answer in 5 s, and the primary is back in 30 s',
    async (rate, probed) => {
      const { clock, providers, primary, answers, lost, back, probes } = await play(
        outage,
        1000 / rate,
        probed,
      )
      expect(lost).toEqual([])
      expect(answers).toHaveLength((end / 1000) * rate)
      expect(Math.max(...answers.map(({ took }) => took))).toBeLessThan(5000)
      expect(answers.find(({ at, by }) => at >= began && by === 'secondary')?.at).toBeLessThan(began + 5000)
      expect(back).toBeGreaterThan(mended - 1000)
      expect(back).toBeLessThan(mended + 30_000)
      expect(answers.filter(({ at }) => at > back + 1).every(({ by }) => by === 'primary')).toBe(true)
      expect(primary.early).toEqual([])
      const wasted = primary.received.filter(({ at }) => at >= began && at < mended).length
      expect(wasted).toBeLessThan(name.startsWith('says') ? 1500 : 250)
      expect(probes.length > 0).toBe(probed && !name.startsWith('says'))
      // What hangs in a provider that ignores its signal is the provider's.
      expectNoLeaks({ policies: [providers], clock, except: name === 'hangs' ? ['attempts'] : [] })
    },
  )
})

describe('without traffic', () => {
  const quiet = { from: began + 15_000, to: mended + 28_000 }

  it('a probe brings the primary back within 30 s of its recovery', async () => {
    const { states, probes, answers, lost } = await play(hang, 500, true, quiet)
    expect(states[(mended - 500) / 500]).not.toBe('healthy')
    expect(states[(mended + 25_000) / 500]).toBe('healthy')
    expect(probes.length).toBeGreaterThan(3)
    expect(lost).toEqual([])
    expect(answers.filter(({ at }) => at > quiet.to).every(({ by }) => by === 'primary')).toBe(true)
  })

  it('without a probe the first calls after the silence are the trials', async () => {
    const { answers, lost, back } = await play(hang, 500, false, quiet)
    expect(lost).toEqual([])
    expect(answers.find(({ at }) => at >= quiet.to)?.by).toBe('primary')
    expect(back).toBeLessThan(quiet.to + 7000)
  })
})

it('worst case of the arithmetic: a trial hangs just before the recovery, and the primary is back in 30 s all the same', async () => {
  // Every phase of the recovery against the trials, in steps of 250 ms.
  const worst: number[] = []
  for (let shift = 0; shift < 17_000; shift += 1000) {
    const clock = new VirtualClock()
    const healed = 60_000 + shift
    const primary = new ScriptedProvider('primary', clock, (now) => (now < healed ? hang : ok(400)))
    const secondary = new ScriptedProvider('secondary', clock, ok(400))
    // The longest jitter; a primary that starts slowly is passed over whenever it may be.
    const providers = failover<unknown, string>([primary.with(), secondary.with()], {
      clock,
      random: () => 0.999_999,
    })
    let elsewhere = 0
    for (let at = 0; at < 110_000; at += 500) {
      await clock.advance(at - clock.now())
      providers.call('question').then((by) => {
        if (by === 'secondary') elsewhere = at
      })
    }
    await clock.advance('10s')
    worst.push(elsewhere - healed)
  }
  expect(Math.max(...worst)).toBeLessThan(30_000)
  expect(Math.max(...worst)).toBeGreaterThan(20_000)
})
