import { Hub } from '@seaworthy/core'
import { bulkhead } from '@seaworthy/flow'
import { VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import {
  type ChaosTarget,
  clockTarget,
  type Fault,
  type FaultProxy,
  processTarget,
  resourceTarget,
  tcpTarget,
} from '../src/index.ts'
import { stage } from './helpers.ts'

async function injected(target: ChaosTarget, fault: Fault, clock = new VirtualClock()) {
  const set = stage({ targets: [target], clock, hub: new Hub() })
  const injection = await set.chaos.inject({ fault, on: target.id, for: '10s' })
  return { ...set, injection }
}

describe('tcpTarget', () => {
  function proxy(): { proxy: FaultProxy; said: string[] } {
    const said: string[] = []
    const names = [
      'latency',
      'throttle',
      'stall',
      'drop',
      'dropNextReply',
      'cut',
      'reset',
      'refuse',
      'heal',
    ] as const
    const entries = names.map((name) => [
      name,
      (...args: unknown[]) => {
        said.push([name, ...args.filter((each) => each !== undefined)].join(' '))
      },
    ])
    return { proxy: Object.fromEntries(entries) as FaultProxy, said }
  }

  it.each<[Fault, string[]]>([
    [{ kind: 'latency', delay: '50ms' }, ['latency 50 0', 'heal']],
    [
      { kind: 'latency', delay: { distribution: 'uniform', min: 10, max: 30 }, direction: 'down' },
      ['latency 20 10 down', 'heal'],
    ],
    [{ kind: 'bandwidth', bytesPerSecond: 100 }, ['throttle 100', 'heal']],
    [{ kind: 'partition', direction: 'up' }, ['stall up', 'heal']],
    [{ kind: 'blackhole' }, ['drop down', 'heal']],
    [{ kind: 'refuse' }, ['refuse', 'heal']],
    [{ kind: 'reset' }, ['reset']],
    [{ kind: 'cut' }, ['cut']],
    [{ kind: 'dropReply', count: 2 }, ['dropNextReply', 'dropNextReply', 'heal']],
  ])('%j', async (fault, expected) => {
    const { proxy: fake, said } = proxy()
    const { chaos } = await injected(tcpTarget('redis', fake), fault)
    chaos.kill()
    chaos.kill()
    expect(said).toEqual(expected)
  })

  it('resets again and again, and no more when it has ended', async () => {
    const { proxy: fake, said } = proxy()
    const clock = new VirtualClock()
    const { injection } = await injected(
      tcpTarget('redis', fake, { clock }),
      { kind: 'reset', every: '3s' },
      clock,
    )
    await clock.advance('1m')
    expect(said).toEqual(['reset', 'reset', 'reset', 'reset'])
    expect(injection.status().affected).toBe(4)
    expect(clock.pendingTimers).toBe(0)
  })

  it('keeps the other faults in place when one ends', async () => {
    const { proxy: fake, said } = proxy()
    const target = tcpTarget('redis', fake)
    const { chaos } = stage({ targets: [target] })
    const slow = await chaos.inject({ fault: { kind: 'latency', delay: 5 }, on: 'redis', for: '1m' })
    await chaos.inject({ fault: { kind: 'bandwidth', bytesPerSecond: 9 }, on: 'redis', for: '1m' })
    await slow.recover()
    expect(said).toEqual(['latency 5 0', 'throttle 9', 'heal', 'throttle 9'])
  })

  it('cannot draw delays from a long-tailed distribution, and says so', async () => {
    const delay = { distribution: 'pareto', scale: 1, shape: 1, cap: '1s' } as const
    const request = injected(tcpTarget('redis', proxy().proxy), { kind: 'latency', delay })
    await expect(request).rejects.toMatchObject({
      reason: 'notApplied',
      cause: { code: 'ERR_INVALID_OPTION' },
    })
  })
})

describe('processTarget', () => {
  it('kills, and starts again when the fault ends; the injection is over when the process serves', async () => {
    const clock = new VirtualClock()
    const said: string[] = []
    const target = processTarget('worker', {
      kill: () => said.push('kill'),
      restart: async () => {
        await clock.sleep(2000)
        said.push('serves')
      },
    })
    const { chaos, injection } = await injected(target, { kind: 'kill' }, clock)
    await clock.advance('10s')
    expect(injection.status().phase).toBe('recovering')
    expect(chaos.debugStats()).toMatchObject({ active: 1, faults: 1 })
    chaos.kill()
    await clock.advance('2s')
    expect(injection.status().phase).toBe('recovered')
    expect(said).toEqual(['kill', 'serves'])
  })

  it('tries a restart again that has failed', async () => {
    let tries = 0
    const restart = async (): Promise<void> => {
      if (++tries === 1) throw new Error('port is taken')
    }
    const { chaos, injection, clock } = await injected(processTarget('worker', { kill: () => {}, restart }), {
      kind: 'kill',
    })
    chaos.kill()
    expect(await injection.settled).toMatchObject({ outcome: 'cleanupFailed' })
    chaos.reconcile()
    await clock.settle()
    expect([tries, chaos.debugStats()['faults']]).toEqual([2, 0])
  })

  it('supports what it can undo', () => {
    const nothing = (): void => {}
    expect(processTarget('a', { pid: 1 }).supports).toEqual(['pause'])
    expect(processTarget('a', { pid: 1, restart: nothing }).supports).toEqual(['kill', 'pause'])
    expect(processTarget('a', { pause: nothing, resume: nothing }).supports).toEqual(['pause'])
    expect(() => processTarget('a', { kill: nothing })).toThrow('processTarget options must be')
    expect(() => processTarget('a', { pid: 1, pause: nothing })).toThrow('both or neither')
  })
})

describe('resourceTarget', () => {
  it('takes memory a piece at a time, holds it, and takes no more once it is over', async () => {
    const clock = new VirtualClock()
    const held = (): number => Math.round(process.memoryUsage().arrayBuffers / 2 ** 20)
    const before = held()
    const fault = { kind: 'ballast', megabytes: 100 } as const
    const { chaos, injection } = await injected(resourceTarget('self', { clock }), fault, clock)
    expect(held() - before).toBeLessThan(50)
    expect(injection.status().affected).toBe(1)
    await clock.advance(1)
    expect(held() - before).toBeGreaterThan(95)
    chaos.kill()
    expect(clock.pendingTimers).toBe(0)

    const second = await injected(resourceTarget('self', { clock }), fault, clock)
    second.chaos.kill()
    expect(clock.pendingTimers).toBe(0)
  })

  it('blocks the event loop every so often, first after one interval', async () => {
    const clock = new VirtualClock()
    const blocked: [number, number][] = []
    const target = resourceTarget('self', { clock, block: (length) => blocked.push([clock.now(), length]) })
    await injected(target, { kind: 'stall', block: '200ms', every: '4s' }, clock)
    await clock.advance('1m')
    expect(blocked).toEqual([
      [4000, 200],
      [8000, 200],
    ])
    expect(clock.pendingTimers).toBe(0)
  })

  it('blocks the thread for real where nothing else was given', async () => {
    const clock = new VirtualClock()
    await injected(resourceTarget('self', { clock }), { kind: 'stall', block: 20, every: '9s' }, clock)
    const before = process.hrtime.bigint()
    await clock.advance('9s')
    expect(Number(process.hrtime.bigint() - before)).toBeGreaterThanOrEqual(19e6)
  })

  it('holds the slots of a bulkhead, no more than there are, and gives all of them back', async () => {
    const pool = bulkhead({ concurrency: 3 })
    const { chaos, clock } = await injected(resourceTarget('self', { pool }), { kind: 'exhaust', slots: 5 })
    await expect(pool.execute(() => 1)).rejects.toMatchObject({ code: 'ERR_BULKHEAD_FULL' })
    chaos.kill()
    await clock.settle()
    expect(await pool.execute(() => 1)).toBe(1)
    expect(pool.debugStats()).toMatchObject({ active: 0, queued: 0 })
    expect(resourceTarget('self').supports).not.toContain('exhaust')
  })
})

describe('clockTarget', () => {
  it('moves the calendar, either way, and back', async () => {
    const target = clockTarget('calendar', { wallClock: () => 1_000_000, clock: new VirtualClock() })
    const { chaos } = await injected(target, { kind: 'skew', by: '-5m' })
    expect(target.wallClock()).toBe(700_000)
    expect(target.clock.now()).toBe(0)
    chaos.kill()
    chaos.reconcile()
    expect(target.wallClock()).toBe(1_000_000)
  })

  it('lets the monotonic clock jump forward, whose timers fire late, and never back', async () => {
    const clock = new VirtualClock()
    const target = clockTarget('sleepy', { clock })
    let fired = -1
    target.clock.setTimer(() => {
      fired = target.clock.now()
    }, 1000)
    const { chaos } = await injected(target, { kind: 'skew', by: '1h', of: 'monotonic' }, clock)
    expect(target.clock.now()).toBe(3_600_000)
    expect(fired).toBe(-1)
    chaos.kill()
    await clock.advance('1s')
    expect(fired).toBe(3_601_000)
  })
})
