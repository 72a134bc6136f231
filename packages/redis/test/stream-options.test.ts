/** The options of streams, and receipts; no server needed. */
import { InvalidOptionError } from '@seaworthy/core'
import { type RedisStreamOptions, redisStream } from '@seaworthy/redis'
import { Redis } from 'ioredis'
import { afterAll, expect, it } from 'vitest'
import { HandedOut } from '../src/handed-out.ts'
import { lostOf, receiptsOf } from '../src/stream-receipts.ts'

const redis = new Redis({ lazyConnect: true })
afterAll(() => redis.disconnect())

it.each([
  [{ redis: undefined }, 'redis must be a client of ioredis, or redisConnection()'],
  [{ redis, name: 'a{b}' }, 'name must be a text without { and }'],
  [{ redis, name: '' }, 'name must be a text without { and }'],
  [{ redis, prefix: '{q}:' }, 'prefix must be a text without { and }'],
  [{ redis, capacity: 0 }, 'capacity must be a whole number of at least 1, or Infinity'],
  [{ redis, auditLimit: -1 }, 'auditLimit must be a whole number of at least 0, or Infinity'],
  [{ redis, block: 0 }, 'block must be a duration'],
  [{ redis, codec: {} }, 'codec must be a codec such as aesGcm()'],
  [{ redis, size: 1 }, "redisStream option 'size' must be one of redis, name"],
])('refuses options that make no sense: %#', (options, message) => {
  expect(() => redisStream(options as unknown as RedisStreamOptions)).toThrow(InvalidOptionError)
  expect(() => redisStream(options as unknown as RedisStreamOptions)).toThrow(message)
})

it('refuses a delay that makes no sense before anything is sent', async () => {
  const stream = redisStream({ redis })
  await expect(stream.enqueueMany([{ payload: '' }, { payload: '', delay: Number.NaN }])).rejects.toThrow(
    'delay must be a duration',
  )
  expect(await stream.enqueueMany([])).toEqual([])
  expect(redis.status).toBe('wait')
  await stream.close()
})

it('finds the range of receipts by number, not by text', () => {
  expect(receiptsOf(['9-10.1', '10-9.1', 'x', '10-10.2', '9-9.1'])).toEqual({
    valid: ['9-10.1', '10-9.1', '10-10.2', '9-9.1'],
    first: '9-9',
    last: '10-10',
  })
})

it.each([
  [['1-1.1', '2-1.1'], [2], ['2-1.1']],
  [['x', '1-1.1', 'y', '2-1.1', '3-1.1'], [2], ['x', 'y', '2-1.1']],
  [['1-1.1', 'x'], [], ['x']],
  [
    ['1-1.1', '1-1.1', 'x', '1-1.1'],
    [2, 3],
    ['1-1.1', 'x', '1-1.1'],
  ],
])('tells which of %j are lost', (receipts, positions, lost) => {
  expect(lostOf(receipts, receiptsOf(receipts), positions)).toEqual(lost)
})

it('remembers no more than some thousand hand-outs, the newest', () => {
  const known = new HandedOut()
  const counts = { deliveries: 1, starts: 0, failures: 0 }
  const delivery = (receipt: string) => ({
    receipt,
    entry: '1-1',
    task: 'a "b"',
    payload: '',
    headers: {},
    journey: undefined,
    age: 0,
    ...counts,
  })
  known.remember(Array.from({ length: 10_001 }, (_, index) => delivery(`${index}-1.1`)))
  expect(known.size).toBe(10_000)
  expect(known.stepOf('0-1.1')).toBe('')
  known.start(['10000-1.1', 'unknown'])
  expect(JSON.parse(known.stepOf('10000-1.1'))).toEqual(['a "b"', '1-1', 1, 1, 0, false, false, false])
  known.forget(['10000-1.1'])
  expect(known.stepOf('10000-1.1')).toBe('')
})
