/** Work that is repeated on a timer. */
import { VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { Periodic } from '../src/periodic.ts'

describe('what is done again and again', () => {
  it('never runs beside itself, and never after its end', async () => {
    const clock = new VirtualClock()
    let running = 0
    let runs = 0
    const job = new Periodic({
      clock,
      random: () => 1,
      interval: 1000,
      jitter: 0.2,
      run: async () => {
        expect(++running).toBe(1)
        runs++
        await clock.sleep(500)
        running--
      },
    })
    await job.trigger()
    expect(runs).toBe(0)
    job.start()
    await clock.advance(1199)
    expect(runs).toBe(0)
    await clock.advance(1)
    expect(runs).toBe(1)
    void job.trigger()
    await clock.advance(500)
    expect(runs).toBe(1)
    void job.trigger()
    await clock.settle()
    expect(runs).toBe(2)
    const stopped = job.stop()
    await clock.advance('1m')
    await stopped
    expect(runs).toBe(2)
    expect(job.timers).toBe(0)
    expect(clock.pendingTimers).toBe(0)
  })

  it('comes sooner when the job says so', async () => {
    const clock = new VirtualClock()
    const runs: number[] = []
    const job = new Periodic({
      clock,
      random: () => 0,
      interval: 1000,
      run: async () => {
        runs.push(clock.now())
        return runs.length === 1 ? 10 : undefined
      },
    })
    job.start()
    await clock.advance(2500)
    expect(runs).toEqual([1000, 1010, 2010])
    await job.stop()
  })

  it('begins soon if asked to, once, and may begin again after its end', async () => {
    const clock = new VirtualClock()
    const runs: number[] = []
    const run = async () => void runs.push(clock.now())
    const job = new Periodic({ clock, random: () => 0.5, interval: 1000, keepAlive: false, run })
    job.start(0)
    job.start(0)
    await clock.advance(0)
    expect(runs).toEqual([0])
    expect([job.timers, job.running]).toEqual([1, false])
    await job.stop()
    job.start()
    await clock.advance(1000)
    expect(runs).toEqual([0, 1000])
    await job.stop()
  })
})
