import { sometimes, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CriticalMemory } from '../src/memory/critical.ts'
import { memoryMonitor } from '../src/memory/monitor.ts'
import { type MemoryMonitorOptions, memoryMonitorOptions } from '../src/memory/monitor-options.ts'
import { otherProcess } from '../src/memory/other-process.ts'
import { type MemoryPoint, memoryHistory } from '../src/memory/points.ts'
import { type MemoryReading, type MemorySource, residentLimit } from '../src/memory/source.ts'

const megabyte = 2 ** 20

/** A process whose memory is what a function of time and of the number of the reading says. */
function fakeProcess(clock: VirtualClock, figures: (at: number, reading: number) => Partial<MemoryReading>) {
  const asked: { at: number; collect: boolean }[] = []
  let closed = 0
  const source: MemorySource = {
    async read(collect) {
      asked.push({ at: clock.now(), collect })
      const own = figures(clock.now(), asked.length)
      const heapUsed = own.heapUsed ?? 100 * megabyte
      const reading = {
        rss: 200 * megabyte,
        heapUsed,
        heapTotal: 150 * megabyte,
        external: 2 * megabyte,
        floor: { heapUsed, external: 2 * megabyte },
        collections: asked.length,
        limits: { rss: 1000 * megabyte, heap: 500 * megabyte },
        busy: 0.02,
        collecting: 0,
        ...own,
      }
      if (reading.collecting > 0) await clock.sleep(reading.collecting)
      return reading
    },
    close: () => closed++,
  }
  return { source, asked, closed: () => closed }
}

function setUp(
  figures: (at: number, reading: number) => Partial<MemoryReading> = () => ({}),
  options: MemoryMonitorOptions = {},
) {
  const clock = new VirtualClock()
  const fake = fakeProcess(clock, figures)
  const monitor = memoryMonitor({ source: fake.source, clock, ...options })
  return { clock, monitor, ...fake }
}

/** Has no trend. */
const ripple = (reading: number): number => Math.sin(reading * 2.399) * 0.3 * megabyte

describe('the monitor', () => {
  it('H3: samples resident memory and heap at its interval, for its duration, and judges', async () => {
    const { clock, monitor, asked, closed } = setUp((_, reading) => ({
      heapUsed: 100 * megabyte + ripple(reading),
    }))
    expect(monitor.status().state).toBe('idle')
    monitor.start()
    monitor.start()
    const report = await clock.runUntilSettled(monitor.finished, { limit: '5h' })
    expect(asked).toHaveLength(481) // every 30 s of 4 h, both ends included
    expect(asked[1]).toEqual({ at: 30_000, collect: false })
    expect(report).toMatchObject({ state: 'stopped', failure: undefined, critical: undefined })
    expect(report.verdict).toMatchObject({
      verdict: 'none',
      outcome: 'pass',
      extrapolated: false,
      samples: 481,
    })
    expect(report.peakRss).toBe(200 * megabyte)
    expect(report.points).toHaveLength(481)
    expect(closed()).toBe(1)
    expect(clock.pendingTimers).toBe(0)
  })

  it('finds a leak, and says so while it still runs', async () => {
    const leak = (at: number, reading: number) => ({
      heapUsed: (100 + at / 1e6) * megabyte + ripple(reading),
    })
    const { clock, monitor } = setUp(leak)
    monitor.start()
    await clock.advance('2h')
    expect(monitor.status()).toMatchObject({
      state: 'running',
      verdict: { verdict: 'leak', extrapolated: true },
    })
    const report = await clock.runUntilSettled(monitor.finished, { limit: '5h' })
    expect(report.verdict).toMatchObject({ verdict: 'leak', pattern: 'linear', outcome: 'fail' })
  })

  it('can be stopped at any time, twice, and leaves nothing behind', async () => {
    const { clock, monitor, asked, closed } = setUp()
    monitor.start()
    await clock.advance('1m')
    const report = await monitor.stop()
    expect(await monitor.stop()).toBe(report)
    expect(report).toMatchObject({ state: 'stopped', verdict: { verdict: 'inconclusive' } })
    expect(report.overhead.elapsed).toBe(60_000)
    await clock.advance('10m')
    expect(asked).toHaveLength(3)
    expect(monitor.status().overhead.elapsed).toBe(60_000)
    expect(closed()).toBe(1)
    expect(clock.pendingTimers).toBe(0)
  })

  it('one that was never started can be stopped', async () => {
    const { clock, monitor, asked } = setUp()
    await monitor.stop()
    monitor.start()
    await clock.advance('1m')
    expect(asked).toEqual([])
  })

  it('history is of the last so many hours', async () => {
    const { clock, monitor } = setUp()
    monitor.start()
    await clock.advance('3h')
    expect(monitor.history()).toHaveLength(361)
    expect(monitor.history(1)).toHaveLength(121)
    expect(monitor.history(1)[0]?.at).toBe(2 * 3_600_000)
    await monitor.stop()
  })

  it('a process that goes away ends it; what was seen is judged', async () => {
    const { clock, monitor, closed } = setUp((_, reading) => {
      if (reading === 100) throw new Error('The child has ended with SIGKILL')
      return { heapUsed: 100 * megabyte + ripple(reading) }
    })
    monitor.start()
    const report = await clock.runUntilSettled(monitor.finished, { limit: '5h' })
    expect(report.failure).toBe('The child has ended with SIGKILL')
    expect(report.verdict).toMatchObject({ verdict: 'none', samples: 99, extrapolated: true })
    expect(closed()).toBe(1)
    expect(clock.pendingTimers).toBe(0)
  })

  it('a listener that throws changes nothing', async () => {
    const { clock, monitor } = setUp(() => ({ rss: 950 * megabyte }), {
      onSample: () => {
        throw new Error('mine')
      },
      onCritical: () => {
        throw new Error('mine too')
      },
    })
    monitor.start()
    await clock.advance('5m')
    expect(monitor.status()).toMatchObject({ failure: undefined, state: 'running' })
    expect((await monitor.stop()).points).toHaveLength(11)
  })

  it('options that make no sense are refused by name', () => {
    const refused = (options: object, message: string) =>
      expect(() => memoryMonitor(options)).toThrow(message)
    refused({ interval: 0 }, 'interval must be a duration of at least 1ms')
    refused({ collectShare: 1 }, 'collectShare must be a share above 0 and below 1; got 1')
    refused({ capacity: 61 }, 'capacity must be an even whole number of at least 60; got 61')
    refused({ onCritical: 3 }, 'onCritical must be a function')
    refused({ intervall: 3 }, "memoryMonitor option 'intervall'")
  })
})

describe('what it costs', () => {
  it('H3: forced collections stay under 5 % of the time, however long they take', async () => {
    for (const took of [1, 40, 400, 3000, 20_000]) {
      const { clock, monitor, asked } = setUp(() => ({ collecting: took, busy: took + 0.02 }), {
        collect: true,
        interval: '1s',
        duration: '2h',
      })
      monitor.start()
      const { overhead } = await clock.runUntilSettled(monitor.finished, { limit: '3h' })
      expect(asked.length).toBeGreaterThan(10)
      expect(asked.every(({ collect }) => collect)).toBe(true)
      expect(overhead.percent).toBeGreaterThan(0)
      expect(overhead.percent).toBeLessThan(5)
      expect(overhead.busy).toBeCloseTo(asked.length * (took + 0.02), 3)
    }
  })

  it('verify 2.6: the interval is the longer of its own and 25 times the last collection', async () => {
    const { clock, monitor, asked } = setUp((_, reading) => ({ collecting: reading === 1 ? 200 : 1 }), {
      collect: true,
      interval: '1s',
      duration: '1h',
    })
    monitor.start()
    await clock.advance('10s')
    // The first takes 200 ms and is followed by 5 s of rest; the others take 1 ms and are followed by the interval.
    expect(asked.slice(0, 4).map(({ at }) => at)).toEqual([0, 5200, 6201, 7202])
    await monitor.stop()
  })
})

describe('critical memory', () => {
  const watch = async (
    figures: (at: number, reading: number) => Partial<MemoryReading>,
    options: MemoryMonitorOptions = {},
  ) => {
    const told: CriticalMemory[] = []
    const { clock, monitor } = setUp(figures, { ...options, onCritical: (critical) => told.push(critical) })
    monitor.start()
    await clock.advance('2h')
    return { told, report: await monitor.stop() }
  }

  it('H3: 90 % of what may be used, twice in a row, calls for a stop, once', async () => {
    const { told, report } = await watch((_, reading) => ({ rss: (reading >= 10 ? 910 : 500) * megabyte }))
    expect(told).toEqual([{ cause: 'rss', percent: 91, limitPercent: 90, at: 10 * 30_000 }])
    expect(report.verdict).toMatchObject({ verdict: 'critical', outcome: 'fail' })
    expect(report.verdict.reason).toBe(
      'Resident memory is at 91 % of what the process may use; 90 % is critical.',
    )
    expect(report.critical).toBe(told[0])
  })

  it('one reading above is none, however often', async () => {
    const { told, report } = await watch((_, reading) => ({
      rss: (reading % 2 === 0 ? 990 : 500) * megabyte,
    }))
    expect(told).toEqual([])
    expect(report.verdict.verdict).not.toBe('critical')
  })

  it('the heap has a limit of its own', async () => {
    const { told } = await watch((_, reading) => ({ heapUsed: (reading >= 5 ? 470 : 100) * megabyte }))
    expect(told).toMatchObject([{ cause: 'heap', percent: 94 }])
  })

  it('growth of the floor by 15 % does not wait for a verdict, if asked for', async () => {
    const grows = (at: number, reading: number) => ({
      heapUsed: (100 + at / 100_000) * megabyte + ripple(reading),
    })
    const { told } = await watch(grows, { maxGrowthPercent: 15 })
    expect(told).toMatchObject([{ cause: 'growth', limitPercent: 15 }])
    expect((await watch(grows)).told).toEqual([])
    const peaks = (_: number, reading: number) => ({ heapUsed: (reading % 5 === 0 ? 140 : 100) * megabyte })
    expect((await watch(peaks, { maxGrowthPercent: 15 })).told).toEqual([])
  })

  it('verify 2.6: without a limit for the container, that of the machine holds', () => {
    const total = 16 * 2 ** 30
    expect(residentLimit(2 ** 30, total)).toBe(2 ** 30)
    for (const none of [undefined, 0, 1.8446744073709552e19, 2 ** 63])
      expect(residentLimit(none, total)).toBe(total)
  })
})

describe('long runs', () => {
  it('memory of the monitor is fixed: a month of samples is at most 500 points, and covers all of it', async () => {
    const { clock, monitor } = setUp((_, reading) => ({ heapUsed: 100 * megabyte + ripple(reading) }), {
      interval: '5m',
      duration: '30d',
      contract: '30d',
    })
    monitor.start()
    const { points, verdict } = await clock.runUntilSettled(monitor.finished, { limit: '31d' })
    expect(points.length).toBeGreaterThan(240)
    expect(points.length).toBeLessThanOrEqual(500)
    expect(points[0]?.at).toBe(0)
    expect(points[points.length - 1]?.until).toBe(30 * 86_400_000)
    expect(points.reduce((sum, { samples }) => sum + samples, 0)).toBe(8641)
    expect(verdict).toMatchObject({ verdict: 'none', samples: 8641 })
  })

  it('whatever is merged: no more than the capacity, no gap, no sample lost, no floor and no peak lost', () => {
    const seen = sometimes(['merged', 'not merged'])
    const sample = fc.record({ rss: fc.nat(1000), floor: fc.option(fc.nat(1000), { nil: undefined }) })
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 2, max: 20 }),
        (samples, half) => {
          const history = memoryHistory(2 * half)
          samples.forEach(({ rss, floor }, at) => {
            history.add({
              at,
              until: at,
              samples: 1,
              rss,
              rssHighest: rss,
              collections: at,
              ...(floor !== undefined && { heapFloor: floor }),
            })
            expect(history.points.length).toBeLessThanOrEqual(2 * half)
          })
          const { points } = history
          seen.mark(points.some((point) => point.samples > 1) ? 'merged' : 'not merged')
          let next = 0
          for (const point of points) {
            const own = samples.slice(next, next + point.samples)
            expect(point).toMatchObject({
              at: next,
              until: next + point.samples - 1,
              rss: Math.min(...own.map(({ rss }) => rss)),
              rssHighest: Math.max(...own.map(({ rss }) => rss)),
            })
            const floors = own.flatMap(({ floor }) => (floor === undefined ? [] : [floor]))
            expect(point.heapFloor).toBe(floors.length > 0 ? Math.min(...floors) : undefined)
            next += point.samples
          }
          expect(next).toBe(samples.length)
          const sizes = new Set(points.slice(0, -1).map((point) => point.samples))
          expect(sizes.size).toBeLessThanOrEqual(1)
        },
      ),
      { numRuns: 200 },
    )
    seen.verify()
  })
})

describe('configuration', () => {
  it('the names of configuration files are understood, with their defaults', () => {
    expect(memoryMonitorOptions({})).toEqual({
      contract: 14_400_000,
      interval: 30_000,
      growthThresholdPercent: 10,
      criticalThresholdPercent: 90,
      collect: false,
    })
    expect(
      memoryMonitorOptions({
        duration_hours: 24,
        sampling_interval_seconds: 15,
        memory_growth_threshold_percent: 5,
        critical_memory_threshold_percent: 80,
        enable_object_tracking: true,
        enable_detailed_analysis: true,
      }),
    ).toEqual({
      contract: 86_400_000,
      interval: 15_000,
      growthThresholdPercent: 5,
      criticalThresholdPercent: 80,
      collect: true,
    })
  })

  it('what it gets wrong is named as it is written there', () => {
    expect(() => memoryMonitorOptions({ duration_hours: -1 })).toThrow('duration_hours must be')
    expect(() => memoryMonitorOptions({ enable_object_tracking: 'yes' as never })).toThrow(
      'enable_object_tracking must be true or false',
    )
    expect(() => memoryMonitorOptions({ hours: 3 } as never)).toThrow("memory option 'hours'")
  })
})

describe('a process that knows nothing of it', () => {
  it('resident memory comes from the system, and nothing else is known', async () => {
    const clock = new VirtualClock()
    const read = async (path: string) => `Name:\tnode\n# ${path}\nVmRSS:\t  123456 kB\nThreads:\t7\n`
    const reading = await otherProcess(42, { clock, read }).read(true)
    expect(reading).toMatchObject({ rss: 123_456 * 1024, collections: 0, collecting: 0 })
    expect(reading.heapUsed).toBeUndefined()
  })

  it('one that is gone is an error that says so', async () => {
    const gone = otherProcess(42, { read: () => Promise.reject(new Error('ENOENT')) })
    await expect(gone.read(false)).rejects.toThrow('Process 42 is gone, or this is not Linux')
    const zombie = otherProcess(42, { read: async () => 'Name:\tnode\nState:\tZ (zombie)\n' })
    await expect(zombie.read(false)).rejects.toThrow('Process 42 has ended')
    expect(() => otherProcess(0)).toThrow('pid must be a whole number of at least 1')
  })

  it('a point of it has resident memory only', async () => {
    const clock = new VirtualClock()
    const points: MemoryPoint[] = []
    const monitor = memoryMonitor({
      source: otherProcess(7, { clock, read: async () => 'VmRSS:\t 2048 kB\n' }),
      clock,
      onSample: (point) => points.push(point),
    })
    monitor.start()
    await clock.advance('1m')
    await monitor.stop()
    expect(points[0]).toEqual({
      at: 0,
      until: 0,
      samples: 1,
      rss: 2 * megabyte,
      rssHighest: 2 * megabyte,
      collections: 0,
    })
  })
})
