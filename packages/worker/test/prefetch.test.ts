/** What is fetched ahead of the slots: only while tasks are short, never lost, never kept from others for long. */
import { memoryIdempotencyStore } from '@seaworthy/idempotency'
import { expectNoLeaks, seededRandom, sometimes } from '@seaworthy/testing'
import { type FetchRequest, memoryStream, type TaskStream, type Worker, worker } from '@seaworthy/worker'
import { describe, expect, it } from 'vitest'
import { scene, type Wire, wire } from './toys.ts'

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

/** A stream that answers after a while, as one on a server does, and how many tasks each fetch has asked for. */
function distant(stream: TaskStream, clock: { sleep(delay: number): Promise<void> }, delay: number) {
  const asked: number[] = []
  const far = new Proxy(stream, {
    get: (target, property) => {
      const value = Reflect.get(target, property, target) as unknown
      if (typeof value !== 'function') return value
      if (property !== 'fetch') return value.bind(target)
      return async (owner: string, request: FetchRequest) => {
        asked.push(request.count)
        await clock.sleep(delay)
        return target.fetch(owner, request)
      }
    },
  })
  return { stream: far, asked }
}

/**
 * A worker with two slots that has done short tasks for a while, and then got two long ones with others behind them: its slots are taken, and
 * tasks wait for them.
 */
async function withTasksWaiting(own: { heartbeat?: number; minIdle?: number; drain?: number } = {}) {
  const all = scene()
  const { clock, stream, make, add } = all
  const line = wire(stream)
  const runs: string[] = []
  const attempts: number[] = []
  const w = make<string>({
    stream: line.stream,
    concurrency: 2,
    ...own,
    handler: (task, { attempt, signal }) => {
      runs.push(task)
      attempts.push(attempt)
      return clock.sleep(task.startsWith('long') ? 60_000 : 1, signal)
    },
  })
  await add(...names('short', 60), 'long1', 'long2', ...names('behind', 6))
  w.start()
  await clock.advance(40)
  expect(runs.slice(-2)).toEqual(['long1', 'long2'])
  expect(w.debugStats()).toMatchObject({ active: 2, settling: 0 })
  const { waiting } = w.debugStats() as { waiting: number }
  expect(waiting).toBeGreaterThan(0)
  return { ...all, line, runs, attempts, w, waiting }
}

describe('tasks that are short', () => {
  it('are fetched ahead, run in the order of arrival, and never more at once than there are slots', async () => {
    const { clock, stream, make, add, close } = scene()
    const { stream: far, asked } = distant(stream, clock, 2)
    let running = 0
    let most = 0
    const runs: string[] = []
    const w = make<string>({
      stream: far,
      concurrency: 3,
      handler: async (task) => {
        runs.push(task)
        most = Math.max(most, ++running)
        await clock.sleep(0.5)
        running--
      },
    })
    const tasks = names('t', 400)
    await add(...tasks)
    w.start()
    await clock.advance('1s')
    expect(runs).toEqual(tasks)
    expect(most).toBe(3)
    expect(Math.max(...asked)).toBeGreaterThan(10)
    expect(Math.max(...asked)).toBeLessThanOrEqual(23)
    expect((await stream.stats()).acknowledged).toBe(400)
    await close(w)
    expectNoLeaks({ policies: [w], clock })
  })

  it('are not fetched ahead without leave: `prefetch: 0`, and by default with one slot', async () => {
    for (const own of [{ concurrency: 3, prefetch: 0 }, { concurrency: 1 }]) {
      const { clock, stream, make, add, close } = scene()
      const { stream: far, asked } = distant(stream, clock, 2)
      let runs = 0
      const w = make({ stream: far, ...own, handler: () => void runs++ })
      await add(...names('t', 100))
      w.start()
      await clock.advance('1s')
      expect(runs).toBe(100)
      expect(Math.max(...asked)).toBe(own.concurrency)
      await close(w)
    }
  })

  it('are claimed when they get their slot, not before', async () => {
    const { clock, stream, make, add, close } = scene()
    const { stream: far, asked } = distant(stream, clock, 2)
    const store = memoryIdempotencyStore({ clock })
    let claimed = 0
    let ended = 0
    let most = 0
    const claim = store.claim.bind(store)
    store.claim = (...args) => {
      most = Math.max(most, ++claimed - ended)
      return claim(...args)
    }
    const w = make({
      stream: far,
      concurrency: 3,
      idempotency: { store },
      handler: async () => {
        await clock.sleep(0.5)
        ended++
      },
    })
    await add(...names('t', 300))
    w.start()
    await clock.advance('1s')
    expect((await stream.stats()).acknowledged).toBe(300)
    expect(Math.max(...asked)).toBeGreaterThan(6)
    expect(most).toBe(3)
    await close(w)
  })
})

describe('fairness', () => {
  it('a worker with long tasks leaves the others to those who have a slot', async () => {
    const { clock, stream, make, add, close } = scene()
    const { stream: far, asked } = distant(stream, clock, 1)
    const busy = make({ stream: far, concurrency: 10, handler: () => clock.sleep(100) })
    await add(...names('t', 200))
    busy.start()
    await clock.advance('3s')
    expect((await stream.stats()).acknowledged).toBe(200)
    expect(Math.max(...asked)).toBeLessThanOrEqual(12) // Ten at once every 100 ms: half a task in 5 ms.
    await close(busy)
  })

  it('what waits behind long tasks is given back after 100 ms, at no cost, and runs elsewhere', async () => {
    const { clock, stream, make, close, said, runs, w, waiting } = await withTasksWaiting()
    const elsewhere: [string, number][] = []
    const other = make<string>({
      handler: (task, { attempt }) => void elsewhere.push([task, attempt]),
    })
    other.start()
    await clock.advance(120)
    const behind = names('behind', 6)
    expect(elsewhere.map(([task]) => task).sort()).toEqual(behind)
    expect(elsewhere.every(([, attempt]) => attempt === 1)).toBe(true)
    expect(runs).not.toContain('behind0')
    expect(w.debugStats()).toMatchObject({ active: 2, waiting: 0, settling: 0 })
    expect(said('postponed')).toHaveLength(waiting)
    expect(said('postponed')[0]).toMatchObject({ name: 'w1', task: 'behind0', reason: 'noSlot', delay: 0 })
    const steps = (await stream.audit('behind0')).map(({ event, reason }) => [event, reason])
    expect(steps).toEqual([
      ['enqueued', undefined],
      ['delivered', undefined],
      ['handedBack', 'noSlot'],
      ['delivered', undefined],
      ['acknowledged', undefined],
    ])
    await close(w, other)
    expectNoLeaks({ policies: [w, other], clock })
  })

  it('a worker that had to give tasks back fetches no more than it has slots for', async () => {
    const { clock, close, line, runs, w } = await withTasksWaiting()
    await clock.advance('30s')
    const fetches = line.calls['fetch']
    expect(w.debugStats()).toMatchObject({ active: 2, waiting: 0 })
    expect(line.calls['fetch']).toBe(fetches)
    await clock.advance('2m')
    expect(runs.slice(-6).sort()).toEqual(names('behind', 6))
    await close(w)
  })
})

describe('what waits for a slot', () => {
  it('gets it when one is free', async () => {
    const { clock, close, runs, w, waiting } = await withTasksWaiting()
    const before = runs.length
    w.pause() // What is in hand goes on.
    await clock.advance(50)
    expect(runs).toHaveLength(before)
    expect(w.debugStats()).toMatchObject({ waiting })
    await close(w)
  })

  it('goes back at once when the worker drains', async () => {
    const { clock, stream, said, runs, w, waiting } = await withTasksWaiting({ drain: 1000 })
    const before = runs.length
    const closing = w.close()
    await clock.settle()
    expect(said('handedBack')).toHaveLength(waiting)
    expect(said('handedBack')[0]).toMatchObject({ task: 'behind0', started: false })
    expect(await stream.stats()).toMatchObject({ pending: 2, waiting: 6 })
    await clock.runUntilSettled(closing)
    expect(runs).toHaveLength(before)
    expect(await stream.stats()).toMatchObject({ pending: 0, waiting: 8, owners: 0 })
    expectNoLeaks({ policies: [w], clock })
  })

  it('is taken over from a worker that was killed, and is no suspect: it was never started', async () => {
    const { clock, stream, make, close, line, said, w, waiting } = await withTasksWaiting()
    line.cut()
    const elsewhere: [string, number][] = []
    const other = make<string>({ handler: (task, { attempt }) => void elsewhere.push([task, attempt]) })
    other.start()
    await clock.advance('40s')
    const ran = elsewhere.map(([task]) => task).sort()
    expect(ran).toEqual([...names('behind', 6), 'long1', 'long2'])
    expect(said('claimed')).toHaveLength(waiting + 2)
    const [, , claimed] = await stream.audit('behind0')
    expect(claimed).toMatchObject({ event: 'claimed', starts: 0 })
    expect((await stream.stats()).acknowledged).toBe(68)
    await close(w, other)
  })

  it('is in the heartbeat: nobody takes it over, and once it is lost it does not run', async () => {
    const { clock, stream, close, line, said, runs, w, waiting } = await withTasksWaiting({
      heartbeat: 10,
      minIdle: 80,
    })
    const limits = { minIdle: 30, count: 100, suspects: 100, suspectAfter: 9, maxStarts: 9, maxDeliveries: 9 }
    await clock.advance(35)
    const beats = line.calls['beat'] as number
    expect(beats).toBeGreaterThan(3)
    expect((await stream.reap('thief', { ...limits, mode: 'claim', cursor: '' })).claimed).toEqual([])
    // The store has lost the beats, and another worker comes.
    const stolen = await stream.reap('thief', { ...limits, minIdle: 0, mode: 'claim', cursor: '' })
    expect(stolen.claimed).toHaveLength(waiting + 2)
    await clock.advance(15)
    expect(said('lost')).toHaveLength(waiting + 2)
    expect(w.debugStats()).toMatchObject({ waiting: 0 })
    await clock.advance(200)
    for (const { task } of stolen.claimed) expect(runs.filter((run) => run === task).length).toBeLessThan(2)
    expect(said('postponed')).toEqual([])
    await close(w)
  })

  it('stays in hand while it cannot be given back, and never runs then', async () => {
    const { clock, stream, close, line, said, runs, w, waiting } = await withTasksWaiting()
    line.fate = (method) => (method === 'handBack' ? 'fail' : 'ok')
    await clock.advance('2s')
    expect(said('storeError').some(({ operation }) => operation === 'handBack')).toBe(true)
    expect(w.debugStats()).toMatchObject({ waiting: 0, settling: waiting })
    expect(runs).not.toContain('behind0')
    line.fate = () => 'ok'
    await clock.advance('3m')
    expect(await stream.stats()).toMatchObject({ acknowledged: 68, pending: 0, waiting: 0 })
    for (const task of names('behind', 6)) expect(runs.filter((run) => run === task)).toHaveLength(1)
    await close(w)
  })
})

it('back-pressure: while the stream hears nothing of ends, no more is in hand than slots, tasks ahead and 50', async () => {
  const { clock, stream, make, add, close } = scene()
  const line = wire(stream)
  let mostInHand = 0
  let runs = 0
  const w: Worker = make({
    stream: line.stream,
    concurrency: 4,
    prefetch: 8,
    handler: async () => {
      await clock.sleep(0.2)
      if (++runs === 300) line.fate = (method) => (method === 'acknowledge' ? 'fail' : 'ok')
      const { active, waiting, settling } = w.debugStats() as Record<
        'active' | 'waiting' | 'settling',
        number
      >
      mostInHand = Math.max(mostInHand, active + waiting + settling)
    },
  })
  await add(...names('t', 1000))
  w.start()
  await clock.advance('1m')
  expect(runs).toBeGreaterThan(300)
  expect(runs).toBeLessThan(400)
  expect(mostInHand).toBeGreaterThan(54)
  expect(mostInHand).toBeLessThanOrEqual(62)
  line.fate = () => 'ok'
  await clock.advance('1m')
  expect((await stream.stats()).acknowledged).toBe(1000)
  await close(w)
})

it('suspects that were fetched ahead run one at a time', async () => {
  const { clock, stream, make, add, close, said } = scene()
  await add(...names('suspect', 5))
  // Three owners fall silent over them, one after the other; then they wait again.
  const limits = { minIdle: 0, count: 10, suspects: 10, suspectAfter: 9, maxStarts: 9, maxDeliveries: 9 }
  await stream.fetch('dead1', { count: 5, wait: 0 })
  await stream.reap('dead2', { ...limits, mode: 'claim', cursor: '' })
  await stream.reap('dead3', { ...limits, mode: 'republish', cursor: '' })
  await add(...names('short', 40))
  const order = names('short', 40)
  let suspects = 0
  let most = 0
  const w = make<string>({
    concurrency: 4,
    handler: async (task) => {
      if (order.includes(task)) return clock.sleep(0.5)
      most = Math.max(most, ++suspects)
      await clock.sleep(20)
      suspects--
    },
  })
  w.start()
  await clock.advance('10s')
  expect((await stream.stats()).acknowledged).toBe(45)
  expect(most).toBe(1)
  expect(said('postponed').some(({ reason }) => reason === 'quarantine')).toBe(true)
  await close(w)
})

it('`prefetch` has to be a number of tasks', () => {
  const stream = memoryStream()
  for (const prefetch of [-1, 0.5, Number.NaN, '3' as unknown as number])
    expect(() => worker({ stream, deadLetters: 'discard', handler: () => {}, prefetch })).toThrow('prefetch')
})

describe('short and long tasks, killed and draining workers', () => {
  const seen = sometimes(['waited', 'noSlot', 'handed back', 'taken over'])
  it.each(Array.from({ length: 4 }, (_, seed) => seed + 1))('nothing is lost (seed %i)', async (seed) => {
    const { clock, stream, make, said } = scene(seed)
    const draw = seededRandom(seed * 77)
    const workers: { worker: Worker; line: Wire }[] = []
    const done = new Set<string>()
    let running = 0
    const spawn = (): void => {
      const line = wire(stream)
      const own = new Set<string>()
      const started = make<string>({
        stream: line.stream,
        concurrency: 3,
        drain: '2s',
        handler: async (task, { signal }) => {
          own.add(task)
          expect(own.size).toBeLessThanOrEqual(3)
          running++
          try {
            await clock.sleep(draw() < 0.97 ? 0.2 + draw() : 3000, signal)
            done.add(task)
          } finally {
            own.delete(task)
            running--
          }
        },
      })
      workers.push({ worker: started, line })
      started.start()
    }
    for (let count = 0; count < 3; count++) spawn()
    for (let turn = 0; turn < 40; turn++) {
      await stream.enqueueMany(names(`${turn}-`, 60).map((id) => ({ id, payload: JSON.stringify(id) })))
      await clock.advance(draw() * 150)
      if (workers.some(({ worker }) => (worker.debugStats()['waiting'] ?? 0) > 0)) seen.mark('waited')
      const event = draw()
      if (event < 0.4) {
        const [victim] = workers.splice(Math.floor(draw() * workers.length), 1)
        if (event < 0.2) victim?.line.cut()
        else void victim?.worker.close()
        spawn()
      }
      const { waiting, pending, due, acknowledged, dead, enqueued } = await stream.stats()
      expect(waiting + pending + due + acknowledged + dead).toBe(enqueued)
    }
    await clock.advance('5m')
    expect(await stream.stats()).toMatchObject({ enqueued: 2400, acknowledged: 2400, pending: 0, dead: 0 })
    expect(done.size).toBe(2400)
    expect(running).toBe(0)
    if (said('postponed').some(({ reason }) => reason === 'noSlot')) seen.mark('noSlot')
    if (said('handedBack').some(({ started }) => started === false)) seen.mark('handed back')
    if (said('claimed').length > 0) seen.mark('taken over')
  })

  it('all of it has happened', () => seen.verify())
})
