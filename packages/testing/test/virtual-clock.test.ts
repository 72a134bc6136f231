import { DeadlineList, duration } from '@seaworthy/core'
import { seededRandom, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'

describe('time', () => {
  test('stands still until it is moved', async () => {
    const clock = new VirtualClock()
    expect(clock.now()).toBe(0)
    await clock.settle()
    expect(clock.now()).toBe(0)
    await clock.advance('1.5s')
    expect(clock.now()).toBe(1500)
  })

  test('can start anywhere', () => {
    expect(new VirtualClock(1e9).now()).toBe(1e9)
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '5 minutes' as '5m'])(
    'does not move by %s',
    async (by) => {
      const clock = new VirtualClock()
      await expect(clock.advance(by)).rejects.toThrow('advance must be a duration not below 0')
      expect(clock.now()).toBe(0)
    },
  )

  test('moves that overlap run one after the other', async () => {
    const clock = new VirtualClock()
    const times: number[] = []
    clock.setTimer(() => times.push(clock.now()), 1500)
    await Promise.all([clock.advance('1s'), clock.advance('1s'), clock.settle()])
    expect(clock.now()).toBe(2000)
    expect(times).toEqual([1500])
  })

  test('can be moved from within a timer: that move comes after the present one', async () => {
    const clock = new VirtualClock()
    const times: number[] = []
    clock.setTimer(() => {
      void clock.advance(100).then(() => times.push(clock.now()))
    }, 10)
    await clock.advance(50)
    await clock.settle()
    expect(times).toEqual([150])
  })
})

describe('timers', () => {
  test('run at their own time, in order of due time and then of creation', async () => {
    const clock = new VirtualClock()
    const seen: [string, number][] = []
    const note = (name: string) => () => seen.push([name, clock.now()])
    clock.setTimer(note('late'), 30)
    clock.setTimer(note('first'), 10)
    clock.setTimer(note('second'), 10)
    clock.setTimer(note('at once'), 0)
    clock.setTimer(note('overdue'), -5)
    await clock.advance(29)
    expect(seen).toEqual([
      ['at once', 0],
      ['overdue', 0],
      ['first', 10],
      ['second', 10],
    ])
    await clock.advance(1)
    expect(seen.at(-1)).toEqual(['late', 30])
  })

  test('that are started on the way run on the way', async () => {
    const clock = new VirtualClock()
    const times: number[] = []
    const again = (): void => {
      times.push(clock.now())
      if (times.length < 5) clock.setTimer(again, 10)
    }
    clock.setTimer(again, 10)
    await clock.advance(45)
    expect(times).toEqual([10, 20, 30, 40])
  })

  test('that promises start before the first one is due are not missed', async () => {
    const clock = new VirtualClock()
    const done = Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => clock.sleep(10))
    await clock.advance(10)
    await done
    expect(clock.pendingTimers).toBe(0)
  })

  test('see all promises run after each of them, however long the chains are', async () => {
    const clock = new VirtualClock()
    const order: string[] = []
    const chain = async (name: string, length: number): Promise<void> => {
      for (let i = 0; i < length; i++) await undefined
      order.push(name)
    }
    clock.setTimer(() => void chain('1000 promises', 1000), 5)
    clock.setTimer(() => order.push('next timer'), 5)
    await clock.advance(5)
    expect(order).toEqual(['1000 promises', 'next timer'])
  })

  test('vanish when cancelled, also twice, also after they fired', async () => {
    const clock = new VirtualClock()
    const callback = vi.fn()
    const gone = clock.setTimer(callback, 10)
    const fired = clock.setTimer(() => {}, 5)
    expect([clock.pendingTimers, clock.timers()]).toEqual([2, [5, 10]])
    gone.cancel()
    gone.cancel()
    expect([clock.pendingTimers, clock.timers()]).toEqual([1, [5]])
    await clock.advance(20)
    fired.cancel()
    expect(callback).not.toHaveBeenCalled()
    expect(clock.pendingTimers).toBe(0)
  })

  test('can cancel one another at the same instant', async () => {
    const clock = new VirtualClock()
    const second = vi.fn()
    clock.setTimer(() => timer.cancel(), 10)
    const timer = clock.setTimer(second, 10)
    await clock.advance(10)
    expect(second).not.toHaveBeenCalled()
  })

  test('that throw make the move reject at their time; it can go on', async () => {
    const clock = new VirtualClock()
    const later = vi.fn()
    clock.setTimer(() => {
      throw new Error('broken callback')
    }, 10)
    clock.setTimer(later, 20)
    await expect(clock.advance(100)).rejects.toThrow('broken callback')
    expect(clock.now()).toBe(10)
    await clock.advance(10)
    expect(later).toHaveBeenCalledOnce()
  })

  test('of NaN are refused', () => {
    expect(() => new VirtualClock().setTimer(() => {}, Number.NaN)).toThrow('got NaN')
  })

  test('of Infinity wait for ever', async () => {
    const clock = new VirtualClock()
    clock.setTimer(() => {}, Number.POSITIVE_INFINITY)
    await clock.advance('365d')
    expect(clock.pendingTimers).toBe(1)
    expect(await clock.advanceToNextTimer()).toBe(false)
  })

  test('that restart themselves without a delay are an error, not an endless loop', async () => {
    const clock = new VirtualClock()
    const again = (): void => {
      clock.setTimer(again, 0)
    }
    clock.setTimer(again, 7)
    await expect(clock.advance(10)).rejects.toThrow(
      '100,000 timers were started and due at 7ms and time did not move',
    )
  })

  test('come in the order of a sorted list, with any mix of starts and cancellations', async () => {
    const operation = fc.oneof(
      { weight: 3, arbitrary: fc.record({ start: fc.nat(20) }) },
      fc.record({ cancel: fc.nat(30) }),
      fc.record({ advance: fc.nat(10) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { size: '+1' }), async (operations) => {
        const clock = new VirtualClock()
        const fired: number[] = []
        const expected: number[] = []
        let waiting: { id: number; due: number }[] = []
        const timers: { cancel(): void }[] = []
        for (const step of operations) {
          if ('start' in step) {
            const id = timers.length
            timers.push(clock.setTimer(() => fired.push(id), step.start))
            waiting.push({ id, due: clock.now() + step.start })
          } else if ('cancel' in step) {
            timers[step.cancel]?.cancel()
            waiting = waiting.filter(({ id }) => id !== step.cancel)
          } else {
            await clock.advance(step.advance)
            const due = waiting.filter((timer) => timer.due <= clock.now())
            waiting = waiting.filter((timer) => timer.due > clock.now())
            expected.push(...due.sort((a, b) => a.due - b.due || a.id - b.id).map(({ id }) => id))
          }
          expect(clock.timers()).toEqual(waiting.map(({ due }) => due).sort((a, b) => a - b))
        }
        expect(fired).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })

  test('of 20,000 sleepers all wake at their time', async () => {
    const clock = new VirtualClock()
    const random = seededRandom('sleepers')
    let early = 0
    let awake = 0
    const sleeper = async (): Promise<void> => {
      const delay = Math.floor(random() * 1000)
      await clock.sleep(delay)
      awake++
      if (clock.now() !== delay) early++
    }
    for (let i = 0; i < 20_000; i++) void sleeper()
    await clock.advance('1s')
    expect([awake, early, clock.pendingTimers]).toEqual([20_000, 0, 0])
  })
})

describe('sleep', () => {
  test('rejects with the reason of the signal, whatever its type, and leaves nothing behind', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    const nap = clock.sleep(100, controller.signal)
    controller.abort('enough')
    await expect(nap).rejects.toBe('enough')
    await expect(clock.sleep(100, controller.signal)).rejects.toBe('enough')
    expect(clock.pendingTimers).toBe(0)
  })

  test('works behind the coarse timers of core', async () => {
    const clock = new VirtualClock()
    const list = new DeadlineList(clock, 100)
    let expiredAt = 0
    list.add({
      previous: undefined,
      next: undefined,
      due: 0,
      expire: () => {
        expiredAt = clock.now()
      },
    })
    await clock.advance(99)
    expect(expiredAt).toBe(0)
    await clock.advance(1)
    expect([expiredAt, clock.pendingTimers]).toEqual([100, 0])
  })
})

describe('advanceToNextTimer', () => {
  test('goes to the next timer, runs all that are due then, and says whether there was one', async () => {
    const clock = new VirtualClock()
    const callback = vi.fn()
    clock.setTimer(callback, 10)
    clock.setTimer(callback, 10)
    clock.setTimer(callback, 20)
    expect(await clock.advanceToNextTimer()).toBe(true)
    expect([clock.now(), callback.mock.calls.length]).toEqual([10, 2])
    expect(await clock.advanceToNextTimer()).toBe(true)
    expect(await clock.advanceToNextTimer()).toBe(false)
    expect(clock.now()).toBe(20)
  })
})

describe('runUntilSettled', () => {
  test('goes as far as the promise needs and no further', async () => {
    const clock = new VirtualClock()
    clock.setTimer(() => {}, 10_000)
    const work = async (): Promise<string> => {
      await clock.sleep(100)
      await clock.sleep(200)
      return 'done'
    }
    expect(await clock.runUntilSettled(work())).toBe('done')
    expect([clock.now(), clock.pendingTimers]).toEqual([300, 1])
  })

  test('rejects as the promise does, also when it has rejected already', async () => {
    const clock = new VirtualClock()
    const failure = new Error('upstream')
    await expect(clock.runUntilSettled(clock.sleep(5).then(() => Promise.reject(failure)))).rejects.toBe(
      failure,
    )
    await expect(clock.runUntilSettled(Promise.reject(failure))).rejects.toBe(failure)
  })

  test('says so when no timer is left that could settle it', async () => {
    const clock = new VirtualClock()
    clock.setTimer(() => {}, 5)
    const never = new Promise(() => {})
    await expect(clock.runUntilSettled(never)).rejects.toThrow(
      'did not settle by 5ms of virtual time, and no timer can settle it any more',
    )
  })

  test('names the timers that wait when the limit is reached', async () => {
    const clock = new VirtualClock()
    const tick = (): void => {
      clock.setTimer(tick, duration('tick', '20s'))
    }
    tick()
    for (let i = 0; i < 11; i++) clock.setTimer(() => {}, 100_000)
    await expect(clock.runUntilSettled(new Promise(() => {}), { limit: '1m' })).rejects.toThrow(
      /did not settle by 1m of virtual time; the limit is 1m. Timers are due at 1.33m, 1.67m, .* and 2 more\.$/,
    )
  })
})
