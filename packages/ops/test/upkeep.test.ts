import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub } from '@seaworthy/core'
import { seededRandom, VirtualClock } from '@seaworthy/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  memoryUpkeepStore,
  standardJobs,
  type Upkeep,
  type UpkeepOptions,
  type UpkeepStore,
  upkeep,
} from '../src/index.ts'
import { admin, ask, brokenQueue, posted, service, tokens } from './toys.ts'
import { upkeepStoreContract } from './upkeep-store-contract.ts'

let clock: VirtualClock
let all: Upkeep[]
beforeEach(() => {
  clock = new VirtualClock()
  all = []
})
afterEach(async () => {
  for (const each of all) {
    await clock.runUntilSettled(each.close())
    expect(each.debugStats()).toEqual({ timers: 0, running: 0, listeners: 0 })
  }
  expect(clock.pendingTimers).toBe(0)
})

function make(options: Omit<UpkeepOptions, 'hub'> & { hub?: Hub }, seed = 1): Upkeep {
  const made = upkeep({ hub: new Hub(), clock, random: seededRandom(seed), ...options })
  all.push(made)
  return made
}

describe('upkeep', () => {
  it('does nothing before it is started, then each job in its time, give or take a tenth', async () => {
    const at: number[] = []
    const made = make({ jobs: { tidy: { every: '10m', run: () => at.push(clock.now()) } } })
    await clock.advance('1h')
    expect([at, made.status()[0]?.state]).toEqual([[], 'stopped'])
    made.start()
    made.start()
    await clock.advance('10h')
    expect(at.length).toBeGreaterThanOrEqual(55)
    expect((at[0] as number) - 3_600_000).toBeLessThan(60_000)
    const gaps = at.slice(1).map((time, i) => time - (at[i] as number))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(540_000)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(660_000)
    expect(new Set(gaps).size).toBeGreaterThan(10)
  })

  it('never runs a job beside itself, and joins who asks for it', async () => {
    let running = 0
    let most = 0
    let runs = 0
    const run = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await clock.sleep(90_000)
      running--
      runs++
    }
    const made = make({ jobs: { slow: { every: '1m', run } } })
    made.start()
    const both = [made.runNow('slow'), made.runNow('slow')]
    expect(made.status()[0]?.state).toBe('running')
    await clock.advance('30m')
    expect(await Promise.all(both)).toEqual([
      { name: 'slow', outcome: 'done', duration: 90_000 },
      { name: 'slow', outcome: 'done', duration: 90_000 },
    ])
    expect([most, runs > 5]).toEqual([1, true])
  })

  it('tells how jobs do; one that fails is tried again sooner, and never stops', async () => {
    let broken = true
    const run = (): void => {
      if (broken) throw new Error('hunter2')
    }
    const hub = new Hub()
    const told: object[] = []
    hub.on('ran', ({ payload }) => told.push(payload))
    const made = make({ hub, jobs: { tidy: { every: '1h', run } } })
    made.start()
    await clock.advance('1m')
    expect(made.status()[0]).toMatchObject({ failures: 3, runs: 3, failed: 3, last: { outcome: 'failed' } })
    expect(
      JSON.stringify([made.status(), told, hub.component('upkeep', 'default')?.snapshot()]),
    ).not.toContain('hunter2')
    await clock.advance('1d')
    expect(made.status()[0]?.failures).toBeGreaterThan(20)
    broken = false
    expect((await made.runNow('tidy')).outcome).toBe('done')
    const [status] = made.status()
    expect(status?.failures).toBe(0)
    expect(status?.nextIn).toBeGreaterThan(3_000_000)
    expect(told.at(-1)).toEqual({ job: 'tidy', outcome: 'done', duration: 0, failures: 0 })
  })

  it('is done once across instances, and by another when one falls silent', async () => {
    const store = memoryUpkeepStore({ clock })
    const by: string[] = []
    const job = (who: string) => ({ every: '10m' as const, run: () => void by.push(who) })
    const instances = ['a', 'b', 'c'].map((who, i) =>
      make({ store, instance: who, jobs: { tidy: job(who) } }, i),
    )
    for (const each of instances) each.start()
    await clock.advance('10h')
    expect(by.length).toBeGreaterThanOrEqual(50)
    expect(by.length).toBeLessThanOrEqual(61)
    // One dies with the turn in its hands.
    await store.begin({ job: 'tidy', owner: 'dead', leaseFor: 60_000, early: true })
    const before = by.length
    expect((await instances[0]?.runNow('tidy'))?.outcome).toBe('elsewhere')
    await clock.advance('12m')
    expect(by.length).toBeGreaterThan(before)
  })

  it('keeps its turn while a long run goes on', async () => {
    const store = memoryUpkeepStore({ clock })
    let running = 0
    let most = 0
    const run = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await clock.sleep(600_000)
      running--
    }
    for (const instance of ['a', 'b'])
      make({ store, instance, lease: '30s', jobs: { long: { every: '5m', run } } }).start()
    await clock.advance('5h')
    expect(most).toBe(1)
  })

  it('goes on when the store fails or hangs', async () => {
    const broken: UpkeepStore[] = [
      { begin: () => Promise.reject(new Error('down')), end: () => Promise.reject(new Error('down')) },
      { begin: () => new Promise(() => {}), end: () => new Promise(() => {}) },
      {
        begin: () => {
          throw new Error('down')
        },
        end: async () => {},
      },
    ]
    for (const store of broken) {
      let runs = 0
      let failures = 0
      const made = make({ store, jobs: { tidy: { every: '1m', run: () => void runs++ } } })
      made.on('storeFailed', () => void failures++)
      made.start()
      await clock.advance('30m')
      expect(runs).toBeGreaterThan(20)
      expect(failures).toBeGreaterThan(20)
    }
  })

  it('closes cleanly: what runs is told and waited for, and nothing begins', async () => {
    let ended = false
    const run = async (signal: AbortSignal): Promise<void> => {
      await clock.sleep(3_600_000, signal).catch(() => {})
      await clock.sleep(500)
      ended = true
    }
    const made = make({ store: memoryUpkeepStore({ clock }), jobs: { slow: { every: '1m', run } } })
    made.start()
    await clock.advance('2m')
    expect(made.debugStats()['running']).toBe(1)
    await clock.runUntilSettled(made.close())
    expect(ended).toBe(true)
    await expect(made.runNow('slow')).rejects.toMatchObject({ code: 'ERR_DISPOSED' })
    made.start()
    expect(clock.pendingTimers).toBe(0)
  })

  it('refuses what makes no sense', async () => {
    const run = (): void => {}
    expect(() => make({ jobs: { tidy: { every: '0s', run } } })).toThrow(/jobs.tidy.every/)
    expect(() => make({ jobs: { tidy: { every: '1m' } as never } })).toThrow(/jobs.tidy.run/)
    await expect(make({ jobs: { tidy: { every: '1m', run } } }).runNow('other')).rejects.toThrow(
      /one of tidy/,
    )
  })
})

describe('the ready-made jobs', () => {
  it('do what a service needs, and one queue that is down does not stop the others', async () => {
    const shop = service()
    const heard: string[] = []
    const jobs = standardJobs({
      deadLetters: { broken: brokenQueue({}), orders: shop.letters },
      deadLetterAge: 60_000,
      health: shop.health,
      hub: shop.hub,
      ops: shop.ops,
      onHealth: ({ status }) => heard.push(`health ${status}`),
      onCircuits: ({ open }) => heard.push(`${open} open`),
      onReport: ({ availability }) => heard.push(`${availability.calls} calls`),
    })
    expect(Object.entries(jobs).map(([name, { every }]) => [name, every])).toEqual([
      ['processDeadLetters', '5m'],
      ['cleanDeadLetters', '1d'],
      ['watchCircuitBreakers', '2m'],
      ['checkHealth', '1m'],
      ['reliabilityReport', '1h'],
    ])
    const made = upkeep({ jobs, hub: shop.hub, clock: shop.clock })
    await shop.letters.add({ order: 1 }, new Error('down'))
    await shop.clock.advance('2m')
    const other = circuitBreaker({ name: 'other', hub: shop.hub, clock: shop.clock })
    other.trip()
    for (const name of Object.keys(jobs)) await made.runNow(name)
    expect(heard).toEqual(['1 open', 'health warn', '0 calls'])
    expect(made.status().map(({ last }) => last?.outcome)).toEqual([
      'failed',
      'failed',
      'done',
      'done',
      'done',
    ])
    expect((await shop.letters.stats()).dead).toBe(0)
    await made.close()
    await shop.close()
  })

  it('are looked at and run through the handler', async () => {
    const made = make({ jobs: { tidy: { every: '1h', run: () => {} } } })
    const shop = service({ upkeep: made })
    made.start()
    const run = (job: string, token: string) => ask(shop, `${admin}/upkeep/${job}/run`, token, posted())
    expect((await run('tidy', tokens.reader)).status).toBe(403)
    expect((await run('other', tokens.operator)).status).toBe(404)
    expect((await run('tidy', tokens.operator)).body).toMatchObject({ name: 'tidy', outcome: 'done' })
    const { body } = await ask(shop, `${admin}/upkeep`, tokens.reader)
    expect(body.jobs).toMatchObject([{ name: 'tidy', state: 'waiting', runs: 1, last: { outcome: 'done' } }])
    await shop.close()
  })
})

upkeepStoreContract('in memory', async () => {
  const own = new VirtualClock()
  return { store: memoryUpkeepStore({ clock: own }), advance: (time) => own.advance(time) }
})
