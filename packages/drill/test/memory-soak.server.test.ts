import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { activeHandles, newHandles } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { nodeFlags } from '../../../tools/processes/start-process.ts'
import { childProcess } from '../src/memory/child-process.ts'
import { memoryMonitor } from '../src/memory/monitor.ts'
import { otherProcess } from '../src/memory/other-process.ts'
import { type SoakReport, soakChild } from '../src/memory/soak-child.ts'
import { thisProcess } from '../src/memory/this-process.ts'

const file = (name: string): string => fileURLToPath(new URL(`./memory-processes/${name}`, import.meta.url))

/** The test runner may have children of its own. */
const before = activeHandles()

/** Handles are closed at the end of the turn of the event loop in which their process exits. */
async function expectNothingLeft(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(newHandles(before)['ProcessWrap'] ?? 0).toBe(0)
}

const soak = async (subject: string, objectTracking = false): Promise<SoakReport> => {
  const report = await soakChild({
    program: file('subjects.ts'),
    args: [subject],
    execArgv: nodeFlags,
    warmUp: '1s',
    duration: '8s',
    readings: 30,
    rate: 400,
    objectTracking,
  })
  expect(report.points.length).toBeGreaterThanOrEqual(24)
  expect(report.points.every(({ heapFloor }) => heapFloor !== undefined)).toBe(true)
  expect(report.failures).toBe(0)
  expect(report.operations).toBeGreaterThan(1000)
  await expectNothingLeft()
  return report
}

// A machine that is busy with other things takes a multiple of the 15 seconds that each needs.
describe('a soaked child', { timeout: 180_000 }, () => {
  it('that keeps nothing does not leak', async () => {
    const { leaks, verdict, gaugesLeft, objects, unfinished } = await soak('clean', true)
    expect({ leaks, gaugesLeft, accumulating: objects.accumulating, unfinished }).toEqual({
      leaks: false,
      gaugesLeft: [],
      accumulating: [],
      unfinished: 0,
    })
    expect(['none', 'plateaued']).toContain(verdict.verdict)
  })

  it('that forgets to remove listeners leaks: by count, and by memory', async () => {
    const { leaks, gaugesLeft, objects } = await soak('listeners')
    expect(leaks).toBe(true)
    expect(gaugesLeft).toMatchObject([{ name: 'abort listeners of shutdown' }])
    expect(objects.accumulating).toMatchObject([{ name: 'abort listeners of shutdown', perOperation: 1 }])
  })

  it('that never deletes from a map leaks', async () => {
    const { verdict, objects, gaugesLeft } = await soak('map')
    expect(verdict).toMatchObject({ verdict: 'leak', outcome: 'fail', signal: 'heap' })
    expect(objects.accumulating).toMatchObject([{ name: 'map', perOperation: 1 }])
    expect(gaugesLeft).toMatchObject([{ name: 'map' }])
  })

  it('whose closures hold what they were made among leaks, though nothing counts them', async () => {
    const { verdict, objects, gaugesLeft, leaks } = await soak('closures')
    expect(verdict).toMatchObject({ verdict: 'leak', outcome: 'fail', signal: 'heap' })
    expect({ leaks, objects: objects.accumulating, gaugesLeft }).toEqual({
      leaks: true,
      objects: [],
      gaugesLeft: [],
    })
  })

  it('that keeps buffers leaks outside of its heap', async () => {
    const { verdict, leaks } = await soak('buffers')
    expect(leaks).toBe(true)
    expect(verdict).toMatchObject({ verdict: 'native-or-fragmentation', outcome: 'fail', signal: 'external' })
  })

  it('that keeps its objects is told by class', async () => {
    const { objects, leaks } = await soak('objects', true)
    expect(leaks).toBe(true)
    expect(objects.accumulating).toMatchObject([{ name: 'objects of Session', perOperation: 1 }])
  })

  it('that does not start, or ends too soon, is an error, and no child is left', async () => {
    const program = file('subjects.ts')
    await expect(soakChild({ program, args: ['ends'], execArgv: nodeFlags })).rejects.toThrow(
      /The child has (ended|closed)/,
    )
    await expect(soakChild({ program, readings: 3 })).rejects.toThrow(
      'readings must be a whole number of at least 24',
    )
    await expectNothingLeft()
  })
})

describe('a program that serves its memory', () => {
  it('is read by its parent, and by its process id from outside', async () => {
    const child = spawn(process.execPath, [...nodeFlags, file('server.ts')], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    try {
      const source = childProcess(child)
      const own = await source.read(true)
      expect(own.floor?.heapUsed).toBeGreaterThan(2 ** 20)
      expect(own.heapTotal).toBeGreaterThan(own.heapUsed ?? Number.NaN)
      expect(own.limits.heap).toBeGreaterThan(0)
      expect(own.collecting).toBeGreaterThan(0)
      const outside = await otherProcess(child.pid as number).read(false)
      expect(outside.rss / own.rss).toBeGreaterThan(0.8)
      expect(outside.rss / own.rss).toBeLessThan(1.25)
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
      await expect(source.read(false)).rejects.toThrow(/The child has (ended|closed)/)
    } finally {
      child.kill('SIGKILL')
    }
    await expectNothingLeft()
  })

  it('is not kept running by it', async () => {
    const child = spawn(process.execPath, [...nodeFlags, file('server.ts'), 'ends'], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})

describe('this process', () => {
  it('says what is left after collections, forced and of its own accord', async () => {
    const source = thisProcess()
    const forced = await source.read(true)
    expect(forced.floor?.heapUsed).toBe(forced.heapUsed)
    expect(forced.busy).toBeGreaterThanOrEqual(forced.collecting)
    let held: unknown[] = []
    let reading = await source.read(false)
    // Garbage until the collector comes by itself.
    for (let turn = 0; turn < 400 && reading.collections <= forced.collections + 2; turn++) {
      held = Array.from({ length: 200_000 }, (_, index) => ({ index }))
      await new Promise((resolve) => setImmediate(resolve))
      reading = await source.read(false)
    }
    expect(held).toHaveLength(200_000)
    expect(reading.collections).toBeGreaterThan(forced.collections)
    source.close()
  })

  it('H3: costs under 5 % even at ten readings a second, 300 times as many as by default', async () => {
    const monitor = memoryMonitor({ interval: '100ms', duration: '900ms', keepAlive: true })
    monitor.start()
    const { overhead, points } = await monitor.finished
    expect(points.length).toBeGreaterThanOrEqual(5)
    console.info(
      `memory monitor: ${(overhead.busy / points.length).toFixed(3)} ms a reading, ${overhead.percent.toFixed(2)} % at 10 readings a second`,
    )
    expect(overhead.percent).toBeLessThan(5)
  })
})
