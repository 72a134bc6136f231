/** What happens when workers die, freeze or lose their connection. */
import { expectNoLeaks } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { scene, wire } from './toys.ts'

describe('a worker that dies', () => {
  it('A5: loses nothing: another one takes over between 25 s and 27 s after its last sign of life', async () => {
    const { clock, stream, make, add, close, said } = scene()
    await add('a', 'b', 'c')
    const line = wire(stream)
    const victim = make({ stream: line.stream, handler: () => clock.sleep(1e9) })
    victim.start()
    await clock.advance('12s') // Its last beat is at 8 s.
    line.cut()
    const runs: [string, number, number][] = []
    const heir = make({
      handler: (payload, { attempt }) => runs.push([payload as string, attempt, clock.now()]),
    })
    heir.start()
    await clock.advance('60s')
    expect(runs.map(([task, attempt]) => [task, attempt])).toEqual([
      ['a', 2],
      ['b', 2],
      ['c', 2],
    ])
    for (const [, , at] of runs) {
      expect(at).toBeGreaterThanOrEqual(33_000)
      expect(at).toBeLessThanOrEqual(34_500)
    }
    expect(said('claimed')).toHaveLength(3)
    expect(said('claimed')[0]).toMatchObject({ task: 'a', previousOwner: victim.owner, deliveries: 2 })
    expect(await stream.stats()).toMatchObject({ pending: 0, acknowledged: 3 })
    await close(heir)
  })

  it('verify 50: a long task is safe as long as its worker beats, for hours', async () => {
    const { clock, stream, make, add, close, said } = scene()
    await add('long')
    let runs = 0
    const busy = make({
      maxProcessing: '5h',
      handler: () => {
        runs++
        return clock.sleep(4 * 3_600_000)
      },
    })
    busy.start()
    await clock.advance('1s')
    const other = make({ handler: () => runs++ })
    other.start()
    await clock.advance('4h')
    expect(runs).toBe(1)
    expect(said('claimed')).toEqual([])
    expect((await stream.stats()).acknowledged).toBe(1)
    await close(busy, other)
  })

  it('is forgotten by the stream once nothing of it is left', async () => {
    const { clock, stream, make, add, close } = scene()
    await add('a')
    const line = wire(stream)
    make({ stream: line.stream, handler: () => clock.sleep(1e9) }).start()
    await clock.advance('1s')
    line.cut()
    const heir = make({ handler: () => {} })
    heir.start()
    await clock.advance('3m')
    expect((await stream.stats()).owners).toBe(1)
    await close(heir)
    expect((await stream.stats()).owners).toBe(0)
  })
})

describe('a worker that is never at rest', () => {
  it('verify 53: takes over from the dead all the same, before the backlog is done', async () => {
    const { clock, stream, make, add, close } = scene()
    await add('orphan')
    await stream.fetch('dead', { count: 1, wait: 0 })
    await add(...Array.from({ length: 200 }, (_, index) => `t${index}`))
    let rescuedAt = 0
    const w = make({
      concurrency: 1,
      handler: async (payload) => {
        if (payload === 'orphan') rescuedAt = clock.now()
        await clock.sleep(700)
      },
    })
    w.start()
    await clock.advance('3m')
    expect(rescuedAt).toBeGreaterThanOrEqual(25_000)
    expect(rescuedAt).toBeLessThan(28_000)
    await close(w)
  })
})

describe('a worker that cannot be heard', () => {
  it('gives its tasks up by itself before anybody may take them over, and its late results count for nothing', async () => {
    const { clock, stream, make, add, close, said } = scene()
    await add('a')
    const line = wire(stream)
    const aborts: number[] = []
    const isolated = make({
      name: 'isolated',
      stream: line.stream,
      handler: async (_, { signal }) => {
        signal.addEventListener('abort', () => aborts.push(clock.now()))
        await clock.sleep(40_000) // It ignores the signal.
      },
    })
    isolated.start()
    await clock.advance('9s')
    line.fate = () => 'fail'
    const healthy = make({ name: 'healthy', handler: () => clock.sleep(20_000) })
    healthy.start()
    await clock.advance('30s')
    const taken = said('claimed')
    expect(taken).toHaveLength(1)
    // The last beat was at 8 s: others may take over from 33 s on, so it gives up by 30 s to 31 s.
    expect(aborts).toHaveLength(1)
    expect(aborts[0]).toBeGreaterThanOrEqual(30_000)
    expect(aborts[0]).toBeLessThanOrEqual(31_000)
    expect(said('lost')).toMatchObject([{ name: 'isolated', task: 'a', reason: 'fenced' }])
    line.fate = () => 'ok'
    await clock.advance('30s')
    expect(said('late')).toMatchObject([{ name: 'isolated', task: 'a', outcome: 'success' }])
    expect(said('completed')).toMatchObject([{ name: 'healthy', task: 'a' }])
    expect(await stream.stats()).toMatchObject({ acknowledged: 1, pending: 0 })
    await close(isolated, healthy)
    expectNoLeaks({ policies: [isolated, healthy], clock })
  })

  it('is told by the next beat that a task was taken, and aborts it', async () => {
    const { clock, stream, make, add, close, said } = scene()
    await add('a')
    const w = make({ handler: (_, { signal }) => clock.sleep(50_000, signal) })
    w.start()
    await clock.advance('1s')
    // Somebody takes it by force.
    const { claimed } = await stream.reap('thief', {
      minIdle: 0,
      count: 1,
      suspects: 1,
      suspectAfter: 2,
      maxStarts: 5,
      maxDeliveries: 20,
      mode: 'claim',
      cursor: '',
    })
    expect(claimed).toHaveLength(1)
    await clock.advance('8s')
    expect(said('lost')).toMatchObject([{ task: 'a', reason: 'taken' }])
    expect(said('late')).toMatchObject([{ task: 'a', outcome: 'failure' }])
    expect(said('retried')).toEqual([])
    await close(w)
  })

  it('puts down what has not started yet, and its slot is free again', async () => {
    const { clock, stream, make, add, close, said } = scene()
    await add('a')
    await stream.fetch('dead', { count: 1, wait: 0 })
    const limits = { suspectAfter: 2, maxStarts: 5, maxDeliveries: 20 }
    await stream.reap('r', { ...limits, minIdle: 0, count: 1, suspects: 1, mode: 'republish', cursor: '' })
    const line = wire(stream)
    line.fate = (method) => (method === 'beat' ? 'fail' : 'ok')
    const w = make({ stream: line.stream, handler: () => {} })
    w.start()
    await clock.advance('24s')
    expect(said('lost')).toMatchObject([{ task: 'a', reason: 'fenced' }])
    expect(w.active).toBe(0)
    line.fate = () => 'ok'
    await clock.advance('1m')
    expect(said('completed')).toMatchObject([{ task: 'a' }])
    expect(w.debugStats()).toMatchObject({ active: 0, settling: 0 })
    await close(w)
  })

  it('notices when the event loop was blocked, and says for how long', async () => {
    const { clock, make, add, close, said } = scene()
    await add('a')
    let skipped = 0
    // A clock that jumps: what a blocked loop or a stopped process looks like from inside.
    const jumping = {
      grain: 0,
      now: () => clock.now() + skipped,
      setTimer: clock.setTimer.bind(clock),
      sleep: clock.sleep.bind(clock),
    }
    const w = make({ clock: jumping, handler: (_, { signal }) => clock.sleep(100_000, signal) })
    w.start()
    await clock.advance('2s')
    skipped = 30_000
    await clock.advance('1s')
    expect(said('lag')).toMatchObject([{ lag: 30_000 }])
    expect(said('lost')).toMatchObject([{ reason: 'fenced' }])
    await close(w)
  })
})

describe('what is lost on the wire', () => {
  it('a hand-out whose answer got lost is found again, by its own worker, in seconds', async () => {
    const { clock, stream, make, add, close } = scene()
    const line = wire(stream)
    await add('a')
    let lose = true
    line.fate = (method) => {
      if (method !== 'fetch' || !lose) return 'ok'
      lose = false
      return 'loseAnswer'
    }
    const runs: number[] = []
    const w = make({ stream: line.stream, handler: (_, { attempt }) => runs.push(attempt) })
    w.start()
    await clock.advance('20s')
    expect(runs).toEqual([1])
    expect((await stream.audit('a')).map(({ event }) => event)).toContain('resent')
    expect((await stream.stats()).acknowledged).toBe(1)
    await close(w)
  })

  it('a fetch that never comes back does not stop the worker: another one takes its place', async () => {
    const { clock, stream, make, add, close, said } = scene()
    const line = wire(stream)
    let hang = true
    line.fate = (method) => {
      if (method !== 'fetch' || !hang) return 'ok'
      hang = false
      return 'hang'
    }
    const w = make({ stream: line.stream, handler: () => {} })
    w.start()
    await add('a')
    await clock.advance('6s')
    expect((await stream.stats()).acknowledged).toBe(0)
    await clock.advance('2s')
    expect(said('stalled')).toMatchObject([{ waited: 7000 }])
    expect((await stream.stats()).acknowledged).toBe(1)
    await close(w)
    expectNoLeaks({ policies: [w], clock })
  })

  it('a fetch that comes back after all brings nothing twice', async () => {
    const { clock, stream, make, add, close } = scene()
    // The first fetch hands out at once, and its answer takes longer than anybody waits for it.
    let slow = true
    const late = new Proxy(stream, {
      get: (target, property) => {
        const value = Reflect.get(target, property, target) as unknown
        if (property !== 'fetch' || !slow) return typeof value === 'function' ? value.bind(target) : value
        return async (owner: string) => {
          slow = false
          const answer = stream.fetch(owner, { count: 1, wait: 0 })
          await clock.sleep(25_000)
          return answer
        }
      },
    })
    await add('a')
    let runs = 0
    const w = make({
      stream: late,
      handler: () => {
        runs++
        return clock.sleep(1000)
      },
    })
    w.start()
    await clock.advance('1m')
    expect(runs).toBe(1)
    expect((await stream.stats()).acknowledged).toBe(1)
    await close(w)
  })

  it('an acknowledgement whose answer got lost is repeated, and harms nobody', async () => {
    const { clock, stream, make, add, close, said } = scene()
    const line = wire(stream)
    let lose = 2
    line.fate = (method) => (method === 'acknowledge' && lose-- > 0 ? 'loseAnswer' : 'ok')
    await add('a', 'b')
    const w = make({ stream: line.stream, handler: () => {} })
    w.start()
    await clock.advance('10s')
    expect(await stream.stats()).toMatchObject({ acknowledged: 2, pending: 0 })
    expect(w.debugStats()).toMatchObject({ active: 0, settling: 0, unsent: 0 })
    expect(said('storeError').filter(({ operation }) => operation === 'acknowledge').length).toBeGreaterThan(
      0,
    )
    expect(said('storeRecovered')).toMatchObject([{ operation: 'acknowledge' }])
    await close(w)
  })

  it('reconciling does not run twice what ends in the meantime', async () => {
    const { clock, stream, make, close } = scene()
    // The answer to reconcile is slow: it was made before the task ended, and comes after.
    const slow = new Proxy(stream, {
      get: (target, property) => {
        const value = Reflect.get(target, property, target) as unknown
        if (property !== 'reconcile') return typeof value === 'function' ? value.bind(target) : value
        return async () => {
          await stream.enqueue({ id: 'a', payload: '1' })
          const answer = stream.reconcile(w.owner, [], { idle: 0, limit: 10 })
          await clock.sleep(3000)
          return answer
        }
      },
    })
    let runs = 0
    const w = make({
      stream: slow,
      handler: async () => {
        runs++
        await clock.sleep(100)
      },
    })
    w.start()
    await clock.advance('16s')
    expect(runs).toBe(1)
    await close(w)
  })
})

describe('a stream that is down', () => {
  it('is asked again for ever, with backoff and events, and work goes on when it is back', async () => {
    const { clock, stream, make, add, close, said } = scene()
    const line = wire(stream)
    const runs: string[] = []
    const w = make({ stream: line.stream, handler: (payload) => runs.push(payload as string) })
    w.start()
    await add('a')
    await clock.advance('1s')
    line.fate = () => 'fail'
    await add('b')
    await clock.advance('10m')
    const errors = said('storeError').filter(({ operation }) => operation === 'fetch')
    expect(errors.length).toBeGreaterThan(100)
    expect(errors.length).toBeLessThan(400)
    expect(errors.at(-1)).toMatchObject({ name: 'w1', failureClass: 'transient', failures: errors.length })
    expect(JSON.stringify(errors)).not.toContain('connection reset')
    line.fate = () => 'ok'
    await clock.advance('6s')
    expect(runs).toEqual(['a', 'b'])
    expect(said('storeRecovered').map(({ operation }) => operation)).toContain('fetch')
    await close(w)
    expectNoLeaks({ policies: [w], clock })
  })

  it('goes on fetching when it owes a look at the silent and is not heard itself', async () => {
    const { clock, stream, make, add, close } = scene()
    const line = wire(stream)
    await add('a', 'b')
    const w = make({ stream: line.stream, concurrency: 1, handler: () => clock.sleep(5000) })
    line.fate = (method) => (method === 'beat' ? 'fail' : 'ok')
    w.start()
    await clock.advance('12s')
    expect(line.calls['reap']).toBeUndefined()
    expect((await stream.stats()).acknowledged).toBe(2)
    line.fate = () => 'ok'
    await clock.advance('30s')
    expect(line.calls['reap']).toBeGreaterThan(10)
    await close(w)
  })

  it('keeps finished work in hand until it can be told, and takes on no more than a little', async () => {
    const { clock, stream, make, add, close } = scene()
    const line = wire(stream)
    await add(...Array.from({ length: 100 }, (_, index) => `t${index}`))
    line.fate = (method) => (method === 'acknowledge' ? 'fail' : 'ok')
    let runs = 0
    const w = make({ stream: line.stream, concurrency: 4, handler: () => runs++ })
    w.start()
    await clock.advance('2m')
    expect(runs).toBe(74) // 4 slots, 20 that may be fetched ahead, and 50 that wait to be told.
    expect(w.debugStats()).toMatchObject({ active: 0, waiting: 0, settling: 74 })
    expect((await stream.stats()).pending).toBe(74)
    line.fate = () => 'ok'
    await clock.advance('10s')
    expect(runs).toBe(100)
    expect(await stream.stats()).toMatchObject({ acknowledged: 100, pending: 0 })
    await close(w)
  })

  it('dead letters that cannot be written are never acknowledged away', async () => {
    const { clock, stream, deadLetters, make, add, close, said } = scene()
    await add('a')
    deadLetters.state.failing = true
    let runs = 0
    const handler = (): void => {
      runs++
      throw new Error('no luck')
    }
    const w = make({ retries: { attempts: 1 }, handler })
    w.start()
    await clock.advance('5m')
    expect(await stream.stats()).toMatchObject({ pending: 1, dead: 0, acknowledged: 0 })
    expect(runs).toBe(1)
    expect(said('storeError')).toContainEqual(expect.objectContaining({ operation: 'deadLetters.add' }))
    deadLetters.state.failing = false
    await clock.advance('6s')
    expect(deadLetters.letters).toHaveLength(1)
    expect(await stream.stats()).toMatchObject({ pending: 0, dead: 1 })
    await close(w)
  })

  it('a dead letter queue that hangs is asked again, and the letter is written once', async () => {
    const { clock, stream, deadLetters, make, add, close } = scene()
    await add('a')
    let hang = true
    const w = make({
      retries: { attempts: 1 },
      deadLetters: {
        add: (...given) => {
          const answer = deadLetters.add(...given)
          if (!hang) return answer
          hang = false
          return new Promise(() => {})
        },
      },
      handler: () => {
        throw new Error('no luck')
      },
    })
    w.start()
    await clock.advance('10s')
    expect(deadLetters.state.calls).toBe(2)
    expect(deadLetters.letters).toHaveLength(1)
    expect((await stream.stats()).dead).toBe(1)
    await close(w)
  })
})

describe('poison', () => {
  /** Starts workers one after the other; each dies as soon as the poison runs. */
  async function epidemic(options: { innocents: number; concurrency: number; crashAfter: number }) {
    const all = scene()
    const { clock, stream, make, add } = all
    const innocents = Array.from({ length: options.innocents }, (_, index) => `innocent-${index}`)
    await add('poison', ...innocents)
    const starts: Record<string, number> = {}
    let deaths = 0
    const spawn = (): void => {
      const line = wire(stream)
      let dead = false
      make({
        stream: line.stream,
        concurrency: options.concurrency,
        handler: async (payload) => {
          const task = payload as string
          starts[task] = (starts[task] ?? 0) + 1
          await clock.sleep(task === 'poison' ? options.crashAfter : 2000)
          if (dead) return new Promise(() => {})
          if (task === 'poison') {
            deaths++
            dead = true
            line.cut()
            spawn()
            return new Promise(() => {})
          }
          return undefined
        },
      }).start()
    }
    spawn()
    await clock.advance('15m')
    return { ...all, starts, deaths: () => deaths, innocents }
  }

  it('verify 48, 53: is found by its starts, and innocents that run beside it get their work done', async () => {
    const { stream, deadLetters, starts, deaths, innocents, said } = await epidemic({
      innocents: 9,
      concurrency: 10,
      crashAfter: 500,
    })
    // The first start may go uncounted: it crashed before the first beat.
    expect(starts['poison']).toBe(6)
    expect(deaths()).toBe(6)
    expect(deadLetters.letters.map(({ options }) => options)).toMatchObject([
      { taskId: 'poison', failure: 'worker_crash' },
    ])
    expect(deadLetters.letters[0]?.error).toMatchObject({ code: 'ERR_TASK_CRASHED' })
    expect(said('deadLettered')).toMatchObject([{ task: 'poison', reason: 'crashed' }])
    expect(await stream.stats()).toMatchObject({ acknowledged: innocents.length, dead: 1, pending: 0 })
    for (const innocent of innocents) expect(starts[innocent]).toBeLessThanOrEqual(3)
  })

  it('runs exactly maxStarts times when its starts are seen', async () => {
    const { starts, deadLetters } = await epidemic({ innocents: 0, concurrency: 2, crashAfter: 9000 })
    expect(starts['poison']).toBe(5)
    expect(deadLetters.letters).toHaveLength(1)
  })

  it('is kept away from other suspects: a worker runs one of them at a time, and others beside it', async () => {
    const { clock, stream, make, add, close, said } = scene()
    await add('s1', 's2', 's3')
    const request = { suspectAfter: 2, maxStarts: 5, maxDeliveries: 20, cursor: '', mode: 'claim' } as const
    await stream.fetch('dead-1', { count: 3, wait: 0 })
    await stream.reap('dead-2', { ...request, minIdle: 0, count: 3, suspects: 3 })
    await stream.reap('r', { ...request, minIdle: 0, count: 3, suspects: 3, mode: 'republish' })
    const running = new Set<string>()
    let together = 0
    let beside = 0
    const w = make({
      handler: async (payload) => {
        const task = payload as string
        running.add(task)
        const suspects = [...running].filter((each) => each.startsWith('s')).length
        together = Math.max(together, suspects)
        if (suspects > 0 && running.size > suspects) beside++
        await clock.sleep(3000)
        running.delete(task)
      },
    })
    w.start()
    await clock.advance('1s')
    await add('fresh-1', 'fresh-2')
    await clock.advance('1m')
    expect(together).toBe(1)
    expect(beside).toBeGreaterThan(0)
    expect(said('postponed').every(({ reason }) => reason === 'quarantine')).toBe(true)
    expect(said('postponed').length).toBeGreaterThan(0)
    expect(await stream.stats()).toMatchObject({ acknowledged: 5, pending: 0, due: 0 })
    await close(w)
  })

  it('is buried by a worker, and again if it died over that, with one letter', async () => {
    const { clock, stream, deadLetters, make, add, close } = scene()
    await add('poison')
    const request = {
      suspectAfter: 2,
      maxStarts: 1,
      maxDeliveries: 20,
      minIdle: 0,
      count: 1,
      suspects: 1,
      cursor: '',
    }
    const [delivery] = await stream.fetch('dead', { count: 1, wait: 0 })
    await stream.beat('dead', [delivery?.receipt as string], [delivery?.receipt as string])
    // A reaper writes the letter and dies.
    const { poison } = await stream.reap('dead reaper', { ...request, mode: 'republish' })
    await deadLetters.add({ payload: '', headers: {} }, new Error(), {
      dedupeKey: `tasks/${poison[0]?.entry}`,
    })
    let runs = 0
    const w = make({ maxStarts: 1, handler: () => runs++ })
    w.start()
    await clock.advance('30s')
    expect(runs).toBe(0)
    expect(deadLetters.letters).toHaveLength(1)
    expect(deadLetters.state.calls).toBe(2)
    expect((await stream.stats()).dead).toBe(1)
    await close(w)
  })
})
