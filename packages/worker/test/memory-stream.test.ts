/** The memory stream: the contract of all streams, and what is its own. */
import { InvalidOptionError } from '@seaworthy/core'
import { memoryDeadLetters } from '@seaworthy/dead-letter'
import { abortListeners, seededRandom, VirtualClock } from '@seaworthy/testing'
import { registerConformance, taskStreamConformance } from '@seaworthy/testing/conformance'
import { type MemoryStreamOptions, memoryStream } from '@seaworthy/worker'
import * as vitest from 'vitest'

const { expect, it } = vitest

const kit = taskStreamConformance({
  name: 'memoryStream',
  clock: 'controlled',
  async create({ capacity, maxLetters }) {
    const clock = new VirtualClock()
    const stream = memoryStream({ capacity, clock, random: seededRandom(1) })
    return {
      stream,
      letters: memoryDeadLetters({ clock, maxCount: maxLetters }),
      advance: (milliseconds) => clock.advance(milliseconds),
      close: () => stream.close(),
    }
  },
})
registerConformance(kit, vitest, {
  levels: ['L0', 'L1', 'L2'],
  // No records live beside it. What commits have to do is tried on a toy; see `together.test.ts`.
  only: ({ name }) => !name.startsWith('commits: ') || name.includes('elsewhere'),
})

it('leaves nothing behind: no timer, no listener, no entry, no owner', async () => {
  const clock = new VirtualClock()
  const stream = memoryStream({ clock })
  const controller = new AbortController()
  const { signal } = controller
  const waits = [1, 2, 3].map((index) => stream.fetch(`w${index}`, { count: 1, wait: 1000, signal }))
  expect(stream.debugStats()).toMatchObject({ fetching: 3, owners: 3 })
  await stream.enqueue({ payload: '' })
  const [delivery] = await (waits[0] as Promise<readonly { receipt: string }[]>)
  await stream.acknowledge('w1', [delivery?.receipt as string])
  await clock.advance(1000)
  expect(await Promise.all(waits.slice(1))).toEqual([[], []])
  for (const index of [1, 2, 3]) await stream.leave(`w${index}`)
  expect(Object.values(stream.debugStats()).every((value) => value === 0)).toBe(true)
  expect(clock.pendingTimers).toBe(0)
  expect(abortListeners(signal)).toBe(0)
})

it('serves those who wait in the order they came', async () => {
  const stream = memoryStream({ clock: new VirtualClock() })
  const first = stream.fetch('first', { count: 2, wait: 1000 })
  const second = stream.fetch('second', { count: 2, wait: 1000 })
  await stream.enqueueMany([1, 2, 3].map((id) => ({ id: String(id), payload: '' })))
  expect((await first).map(({ task }) => task)).toEqual(['1', '2'])
  expect((await second).map(({ task }) => task)).toEqual(['3'])
})

it('answers with nothing when it is closed, and refuses all that comes after', async () => {
  const clock = new VirtualClock()
  const stream = memoryStream({ name: 'mails', clock })
  const waiting = stream.fetch('w', { count: 1, wait: 1000 })
  await stream.close()
  expect(await waiting).toEqual([])
  expect(clock.pendingTimers).toBe(0)
  const closed = { code: 'ERR_DISPOSED', message: "Stream 'mails' is closed" }
  await expect(stream.enqueue({ payload: '' })).rejects.toMatchObject(closed)
  await expect(stream.fetch('w', { count: 1, wait: 0 })).rejects.toMatchObject(closed)
  await expect(stream.stats()).rejects.toMatchObject(closed)
  await stream.close()
})

it('keeps the audit up to its limit', async () => {
  const stream = memoryStream({ auditLimit: 3, clock: new VirtualClock() })
  for (const id of ['a', 'b', 'a', 'b']) await stream.enqueue({ id, payload: '' })
  expect(await stream.audit('a')).toHaveLength(1)
  expect(await stream.audit('b')).toHaveLength(2)
  const silent = memoryStream({ auditLimit: 0 })
  await silent.enqueue({ id: 'a', payload: '' })
  expect(await silent.audit('a')).toEqual([])
})

it.each([
  [{ capacity: 0 }, 'capacity must be a whole number of at least 1, or Infinity; got 0'],
  [{ auditLimit: -1 }, 'auditLimit must be a whole number of at least 0, or Infinity; got -1'],
  [{ size: 1 }, "memoryStream option 'size' must be one of name, capacity, auditLimit, clock, random"],
])('refuses options that make no sense: %j', (options, message) => {
  expect(() => memoryStream(options as MemoryStreamOptions)).toThrow(InvalidOptionError)
  expect(() => memoryStream(options as MemoryStreamOptions)).toThrow(message)
})

it('refuses a delay that makes no sense, and enqueues nothing then', async () => {
  const stream = memoryStream()
  const tasks = [{ payload: '' }, { payload: '', delay: Number.NaN }]
  await expect(stream.enqueueMany(tasks)).rejects.toThrow('delay must be a duration')
  expect((await stream.stats()).enqueued).toBe(0)
})
