/** The end of a worker. */
import { expectNoLeaks } from '@seaworthy/testing'
import { expect, it } from 'vitest'
import { scene, wire } from './toys.ts'

it('waits for what runs, fetches nothing more, and leaves nothing behind', async () => {
  const { clock, stream, make, add, close, said } = scene()
  await add('a', 'b', 'c')
  const w = make({ concurrency: 2, handler: () => clock.sleep(5000) })
  w.start()
  await clock.advance('1s')
  const before = clock.now()
  await close(w)
  expect(clock.now() - before).toBe(4000)
  expect(await stream.stats()).toMatchObject({ acknowledged: 2, waiting: 1, pending: 0, owners: 0 })
  expect(w.state).toBe('closed')
  expect(said('stateChange').map(({ from, to }) => `${from} > ${to}`)).toEqual([
    'idle > running',
    'running > draining',
    'draining > closed',
  ])
  expect(Object.values(w.debugStats())).toEqual([0, 0, 0, 0, 0, 0])
  expectNoLeaks({ policies: [w], clock })
  expect(() => w.start()).toThrow('closed')
  await w.close()
})

it('aborts what takes longer than drain, and hands it back at no cost', async () => {
  const { clock, stream, make, add, close, said } = scene()
  await add('obeys', 'ignores')
  const reasons: unknown[] = []
  const w = make({
    drain: '3s',
    handler: async (payload, { signal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason))
      if (payload === 'obeys') await clock.sleep(60_000, signal)
      else await clock.sleep(60_000)
    },
  })
  w.start()
  await clock.advance('10s') // A beat has marked the starts.
  const before = clock.now()
  await close(w)
  expect(clock.now() - before).toBe(4000) // And a second to react.
  expect(reasons).toMatchObject([
    { code: 'ERR_TASK_ABORTED', reason: 'drain' },
    { code: 'ERR_TASK_ABORTED', reason: 'drain' },
  ])
  expect(
    said('handedBack')
      .map(({ task }) => task)
      .sort(),
  ).toEqual(['ignores', 'obeys'])
  expect(said('handedBack').every(({ started }) => started)).toBe(true)
  expect(said('retried')).toEqual([])
  expect(await stream.stats()).toMatchObject({ waiting: 2, pending: 0, owners: 0 })
  const again = await stream.fetch('next', { count: 5, wait: 0 })
  expect(again.map(({ deliveries, starts, failures }) => [deliveries, starts, failures])).toEqual([
    [1, 0, 0],
    [1, 0, 0],
  ])
  // The one that ignores its signal comes back into the void.
  await clock.advance('2m')
  expect(said('late')).toMatchObject([{ task: 'ignores', outcome: 'success' }])
  expect((await stream.stats()).pending).toBe(2)
  expectNoLeaks({ policies: [w], clock })
})

it('a handler that finishes while it drains counts as done, even after its signal', async () => {
  const { clock, stream, make, add, close } = scene()
  await add('a')
  const w = make({ drain: '1s', handler: () => clock.sleep(1500) })
  w.start()
  await clock.settle()
  await close(w)
  expect(await stream.stats()).toMatchObject({ acknowledged: 1, pending: 0 })
})

it('a second call does not wait', async () => {
  const { clock, stream, make, add, said } = scene()
  await add('a')
  const w = make({ drain: '1h', handler: () => clock.sleep(600_000) })
  w.start()
  await clock.advance('1s')
  const first = w.close()
  await clock.advance('1s')
  expect(w.state).toBe('draining')
  const second = w.close()
  expect(second).toBe(first)
  await clock.settle()
  expect(w.state).toBe('closed')
  await first
  expect(said('handedBack')).toHaveLength(1)
  expect(await stream.stats()).toMatchObject({ waiting: 1, pending: 0 })
})

it('says a last time what is done, so that nobody does it again', async () => {
  const { clock, stream, make, add, close } = scene()
  const line = wire(stream)
  await add('a')
  line.fate = (method) => (method === 'acknowledge' ? 'fail' : 'ok')
  const w = make({ stream: line.stream, drain: '3s', handler: () => {} })
  w.start()
  await clock.advance('30s')
  const closed = w.close()
  await clock.advance('3.9s')
  line.fate = () => 'ok'
  void w.close()
  await clock.settle()
  await closed
  expect(await stream.stats()).toMatchObject({ acknowledged: 1, pending: 0 })
  await close(w)
  await clock.advance('10s')
  expectNoLeaks({ policies: [w], clock })
})

it('gives back at once what has not started', async () => {
  const { clock, stream, make, add, close, said } = scene()
  await add('a')
  await stream.fetch('dead', { count: 1, wait: 0 })
  const limits = { suspectAfter: 2, maxStarts: 5, maxDeliveries: 20 }
  await stream.reap('r', { ...limits, minIdle: 0, count: 1, suspects: 1, mode: 'republish', cursor: '' })
  const line = wire(stream)
  // The start of what was taken over has to be marked before it runs, and that does not get through.
  line.fate = (method) => (method === 'beat' ? 'fail' : 'ok')
  const w = make({ stream: line.stream, handler: () => {} })
  w.start()
  await clock.advance('6s')
  expect(w.active).toBe(1)
  await close(w)
  expect(said('started')).toEqual([])
  expect(said('handedBack')).toMatchObject([{ task: 'a', started: false }])
  expect(await stream.stats()).toMatchObject({ waiting: 1, pending: 0 })
})

it('hands back what was handed out and got lost on the way', async () => {
  const { clock, stream, make, add, close } = scene()
  const line = wire(stream)
  const w = make({ stream: line.stream, handler: () => {} })
  line.fate = (method) => (method === 'fetch' ? 'loseAnswer' : 'ok')
  w.start()
  await clock.settle()
  await add('a')
  await clock.settle()
  expect((await stream.stats()).pending).toBe(1)
  await close(w)
  expect(await stream.stats()).toMatchObject({ waiting: 1, pending: 0 })
})

it('ends even if nothing gets through to the stream any more', async () => {
  for (const fate of ['fail', 'hang'] as const) {
    const { clock, stream, make, add } = scene()
    const line = wire(stream)
    await add('a', 'b')
    const w = make({
      stream: line.stream,
      drain: '5s',
      handler: (payload) => clock.sleep(payload === 'a' ? 2000 : 60_000),
    })
    w.start()
    await clock.advance('1s')
    line.fate = () => fate
    const closed = w.close()
    await clock.advance('1m')
    expect(w.state).toBe('closed')
    await closed
    await clock.advance('2m')
    expectNoLeaks({ policies: [w], clock })
  }
})

it('one that was never started closes at once', async () => {
  const { clock, make } = scene()
  const w = make({ handler: () => {} })
  await w.close()
  expect(w.state).toBe('closed')
  expect(clock.pendingTimers).toBe(0)
})

it('closes while it is paused', async () => {
  const { clock, make, close } = scene()
  const w = make({ handler: () => {} })
  w.start()
  w.pause()
  await clock.advance('3s')
  await close(w)
  expectNoLeaks({ policies: [w], clock })
})
