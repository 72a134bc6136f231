import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { retry } from '@seaworthy/retry'
import { describe, expect, it } from 'vitest'
import {
  canonicalJson,
  clientLoad,
  EventHash,
  poissonLoad,
  RealTimeError,
  type SimulatedFailure,
  SimulatedLink,
  SimulatedNode,
  type SimulatedWorld,
  simulate,
  timeLaw,
} from '../src/index.ts'

/** A small busy world: load on a node behind a link, with faults. */
async function busy(world: SimulatedWorld): Promise<number> {
  const node = new SimulatedNode(world, 'stock', {
    concurrency: 2,
    queue: 5,
    serviceTime: { law: 'lognormal', median: '20ms', p99: '100ms' },
  })
  const link = new SimulatedLink(world, 'to stock', { delay: { law: 'exponential', mean: 3 }, drop: 0.01 })
  const { clock, random, hub } = world
  const breaker = circuitBreaker({ name: 'stock', clock, random: random('breaker'), hub })
  node.inject({ errors: 0.4 })
  return poissonLoad(world, { rate: 80, for: '30s' }, async (request) => {
    const { status } = await breaker.settle((context) => link.call(() => node.serve(() => request), context))
    world.record({ type: 'request', request, status })
  })
}

describe('a simulation', () => {
  it('moves time by itself as long as something waits, and says how long it took', async () => {
    const { value, duration } = await simulate(1, async ({ clock }) => {
      await clock.sleep(4 * 3_600_000)
      return clock.now()
    })
    expect([value, duration]).toEqual([14_400_000, 14_400_000])
  })

  it('has the same event hash for every run of a seed, and another for another seed', async () => {
    const first = await simulate('a', busy)
    const again = await simulate('a', busy)
    const other = await simulate('b', busy)
    expect(first.events).toBeGreaterThan(2000)
    expect(again).toEqual(first)
    expect(other.hash).not.toBe(first.hash)
  })

  it('writes changes of circuits down by itself', async () => {
    const seen: unknown[] = []
    await simulate(1, async (world) => {
      const { clock, random, hub } = world
      world.watch((event) => seen.push(event))
      circuitBreaker({ name: 'stock', clock, random: random('breaker'), hub }).trip()
      await clock.sleep(1)
    })
    expect(seen).toEqual([
      expect.objectContaining({ type: 'stateChange', name: 'stock', from: 'closed', to: 'open' }),
    ])
  })

  it('gives each name a stream of random numbers that others do not disturb', async () => {
    const draws = (noise: number) =>
      simulate(1, ({ random }) => {
        for (let i = 0; i < noise; i++) random('other')()
        return [random('mine')(), random('mine')()]
      })
    const { value } = await draws(0)
    expect((await draws(10)).value).toEqual(value)
    expect(value[0]).not.toBe(value[1])
  })

  it('rejects as its run does', async () => {
    await expect(simulate(1, () => Promise.reject(new Error('boom')))).rejects.toThrow('boom')
  })

  it('says that it is stuck when nothing can settle it, and when it goes on for too long', async () => {
    await expect(simulate(1, () => new Promise(() => {}))).rejects.toThrow('nothing waits for time to pass')
    const endless = simulate(1, ({ clock }) => clock.sleep(10_000), { limit: '5s' })
    await expect(endless).rejects.toThrow('the limit is 5s')
  })
})

describe('the event hash', () => {
  it('depends on the order of events, and not on the order of fields', () => {
    const hash = (...events: object[]): string => {
      const all = new EventHash()
      for (const event of events) all.add(event)
      return all.digest()
    }
    expect(hash({ a: 1, b: [2] }, { c: 3 })).toBe(hash({ b: [2], a: 1 }, { c: 3 }))
    expect(hash({ a: 1 }, { c: 3 })).not.toBe(hash({ c: 3 }, { a: 1 }))
    expect(canonicalJson({ b: Number.POSITIVE_INFINITY, a: undefined, c: null })).toBe(
      '{"b":"Infinity","c":null}',
    )
  })
})

describe('the tripwire', () => {
  const misuses: Readonly<Record<string, () => unknown>> = {
    'Date.now': () => Date.now(),
    'new Date()': () => new Date(),
    'performance.now': () => performance.now(),
    'Math.random': () => Math.random(),
    setTimeout: () => setTimeout(() => {}, 0),
    setImmediate: () => setImmediate(() => {}),
    'AbortSignal.timeout': () => AbortSignal.timeout(1),
    'crypto.randomUUID': () => crypto.randomUUID(),
  }
  const globals = () => [Date, performance.now, Math.random, setTimeout, setImmediate, AbortSignal.timeout]

  it.each(Object.entries(misuses))(
    'throws on %s within a simulation, and is gone afterwards',
    async (used, misuse) => {
      const before = globals()
      await expect(simulate(1, misuse)).rejects.toMatchObject({ name: 'RealTimeError', used })
      expect(globals()).toEqual(before)
      expect(Object.hasOwn(performance, 'now')).toBe(false)
    },
  )

  it('is not hidden by code that catches all errors', async () => {
    const { clock } = await new Promise<SimulatedWorld>((resolve) => void simulate(1, resolve))
    const policy = retry({ attempts: 2, delay: 0, clock })
    await expect(simulate(1, () => policy.settle(() => Date.now()))).rejects.toThrow(RealTimeError)
  })

  it('leaves plain dates, and what runs beside the simulation, alone', async () => {
    let beside = 0
    const { value } = await simulate(1, async ({ clock }) => {
      await clock.sleep(10)
      return new Date(0).getTime()
    })
    const running = simulate(1, ({ clock }) => clock.sleep(100_000))
    await new Promise<void>((resolve) => setTimeout(resolve, 0))
    beside = Date.now()
    await running
    expect(value).toBe(0)
    expect(beside).toBeGreaterThan(0)
  })

  it('lets retries pass, whose loop reads a clock that it does not need', async () => {
    const { value } = await simulate(1, ({ clock, random }) =>
      retry({ attempts: 3, clock, random: random('retry') }).execute(({ attempt }) => {
        if (attempt < 3) throw new Error('again')
        return attempt
      }),
    )
    expect(value).toBe(3)
  })

  it('stays until the last of several simulations has ended', async () => {
    const long = simulate(1, async ({ clock }) => {
      await clock.sleep(60_000)
      return Math.random()
    })
    await simulate(2, ({ clock }) => clock.sleep(1))
    await expect(long).rejects.toThrow('Math.random was used inside a simulation')
  })

  it('can be switched off', async () => {
    const { value } = await simulate(1, () => Math.random(), { tripwire: false })
    expect(value).toBeLessThan(1)
  })
})

describe('a simulated node', () => {
  it('runs so many at once, lets so many wait in order, and refuses the others', async () => {
    const { value } = await simulate(1, async (world) => {
      const node = new SimulatedNode(world, 'stock', { concurrency: 1, queue: 1, serviceTime: 100 })
      const ends: string[] = []
      const serve = (name: string) =>
        node
          .serve(() => name)
          .then(
            () => ends.push(`${name} at ${world.clock.now()}`),
            (error: SimulatedFailure) => ends.push(error.message),
          )
      await Promise.all(['a', 'b', 'c'].map(serve))
      return { ends, stats: node.debugStats(), refused: node.refused, peak: node.peak }
    })
    expect(value.ends).toEqual(['stock is full', 'a at 100', 'b at 200'])
    expect(value).toMatchObject({ stats: { active: 0, queued: 0, hanging: 0 }, refused: 1, peak: 1 })
  })

  it('goes on when its caller has given up, unless it cancels', async () => {
    const run = (cancels: boolean) =>
      simulate(1, async (world) => {
        const node = new SimulatedNode(world, 'stock', { concurrency: 1, serviceTime: 100, cancels })
        const giveUp = new AbortController()
        const first = node.serve(() => 1, giveUp).catch(() => 'given up')
        const second = node.serve(() => 2, giveUp).catch(() => 'given up')
        await world.clock.sleep(10)
        giveUp.abort(new Error('enough'))
        const third = node.serve(() => 3)
        const answers = [await first, await second, await third, world.clock.now()]
        return { answers, stats: node.debugStats() }
      })
    expect((await run(false)).value.answers).toEqual([1, 2, 3, 300])
    expect((await run(true)).value.answers).toEqual(['given up', 'given up', 3, 110])
    expect((await run(true)).value.stats).toEqual({ active: 0, queued: 0, hanging: 0 })
  })

  it('fails, is slow, or hangs until the fault is taken away', async () => {
    const { value } = await simulate(1, async (world) => {
      const { clock } = world
      const node = new SimulatedNode(world, 'stock', { concurrency: 5, serviceTime: 10 })
      const serve = () =>
        node.serve(() => `well at ${clock.now()}`).catch((error: SimulatedFailure) => error.message)
      const heal = node.inject({ errors: 1 })
      const failed = await serve()
      heal()
      node.inject({ delay: 90 })
      const slow = await serve()
      const wake = node.inject({ hangs: true })
      const hanging = serve()
      await clock.sleep(890)
      wake()
      return [failed, slow, await hanging]
    })
    expect(value).toEqual(['stock failed', 'well at 110', 'well at 1010'])
  })
})

describe('a simulated link', () => {
  it('loses calls while it is cut, also those under way, until they are given up or the connection breaks', async () => {
    const { value } = await simulate(1, async (world) => {
      const { clock } = world
      const link = new SimulatedLink(world, 'to stock', { delay: 5, lostAfter: '10s' })
      const giveUp = new AbortController()
      const ends: unknown[] = []
      const note = (what: unknown) => ends.push([clock.now(), what])
      const sent = link.call(async () => clock.sleep(100)).catch((error: Error) => note(error.message))
      await clock.sleep(50)
      link.cut()
      const lost = link.call(async () => 1, giveUp).catch(note)
      await clock.sleep(500)
      giveUp.abort('enough')
      await lost
      link.restore()
      note(await link.call(async () => 'well'))
      await sent
      return { ends, stats: link.debugStats(), lost: link.lost }
    })
    expect(value.ends).toEqual([
      [550, 'enough'],
      [555, 'well'],
      [10_105, 'to stock lost a call'],
    ])
    expect(value).toMatchObject({ stats: { hanging: 0 }, lost: 2 })
  })
})

describe('load', () => {
  it('arrives at its rate, whether or not anybody answers', async () => {
    const { value } = await simulate(3, (world) =>
      poissonLoad(world, { rate: 50, for: '200s' }, () => world.clock.sleep(60_000)),
    )
    expect(value).toBeGreaterThan(9_700)
    expect(value).toBeLessThan(10_300)
  })

  it('of clients waits for answers', async () => {
    let most = 0
    const { value } = await simulate(3, (world) => {
      let underway = 0
      return clientLoad(world, { clients: 4, think: '1s', for: '100s' }, async () => {
        most = Math.max(most, ++underway)
        await world.clock.sleep(1000)
        underway--
      })
    })
    expect(most).toBeLessThanOrEqual(4)
    expect(value).toBeGreaterThan(150)
    expect(value).toBeLessThan(250)
  })

  it('takes as long as its distribution says', async () => {
    const { value } = await simulate(5, ({ random }) => {
      const sample = (law: Parameters<typeof timeLaw>[1]) => {
        const { draw, mean, p99 } = timeLaw('serviceTime', law)
        const drawn = Array.from({ length: 20_000 }, () => draw(random('times'))).sort((a, b) => a - b)
        const average = drawn.reduce((sum, time) => sum + time) / drawn.length
        return [average / mean, (drawn[19_800] as number) / p99]
      }
      return [
        sample({ law: 'lognormal', median: '20ms', p99: '90ms' }),
        sample({ law: 'exponential', mean: 8 }),
      ]
    })
    for (const ratio of value.flat()) expect(Math.abs(ratio - 1)).toBeLessThan(0.06)
    expect(() => timeLaw('serviceTime', { law: 'lognormal', median: 5, p99: 1 })).toThrow('serviceTime.p99')
  })
})
