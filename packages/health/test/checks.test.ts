import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { CheckFinding, HealthCheck } from '../src/check.ts'
import { diskCheck } from '../src/checks/disk.ts'
import { eventLoopCheck } from '../src/checks/event-loop.ts'
import { httpCheck } from '../src/checks/http.ts'
import { leastLevel, mostLevel } from '../src/checks/levels.ts'
import { memoryCheck } from '../src/checks/memory.ts'
import { postgresCheck } from '../src/checks/postgres.ts'
import { redisCheck } from '../src/checks/redis.ts'

const ask = async (check: HealthCheck): Promise<unknown> =>
  check.check({ signal: new AbortController().signal })

describe('levels', () => {
  it('begin at their value where more is worse, and below it where less is', () => {
    const levels = { warn: 0.5, fail: 0.9 }
    expect([0.49, 0.5, 0.89, 0.9].map((value) => mostLevel(value, levels))).toEqual([
      'pass',
      'warn',
      'warn',
      'fail',
    ])
    const free = { warn: 0.1, fail: 0.02 }
    expect([0.1, 0.09, 0.02, 0.01].map((value) => leastLevel(value, free))).toEqual([
      'pass',
      'warn',
      'warn',
      'fail',
    ])
  })
})

describe('the check of a disk', () => {
  it('tells the share that is free', async () => {
    const check = diskCheck('/', { warn: 0, fail: 0 })
    expect(await ask(check)).toMatchObject({ status: 'pass', observedUnit: 'share free' })
    expect(await ask(diskCheck('/', { warn: 1, fail: 0 }))).toMatchObject({ status: 'warn' })
    expect(check.criticality).toBe('important')
    await expect(ask(diskCheck('/no/such/place'))).rejects.toThrow(/ENOENT/)
  })
})

describe('the check of memory', () => {
  it('tells the share that is used', async () => {
    const { status, observedValue } = (await ask(memoryCheck())) as CheckFinding
    expect(status).toBe('pass')
    expect(observedValue).toBeGreaterThan(0)
    expect(await ask(memoryCheck({ warn: 0.0001 }))).toMatchObject({ status: 'warn' })
    expect(await ask(memoryCheck({ warn: 0.0001, fail: 0.0001 }))).toMatchObject({ status: 'fail' })
    expect(() => memoryCheck({ fail: 0.5 })).toThrow(/fail must be at least warn/)
  })
})

describe('the check of the event loop', () => {
  it('answers for liveness, and fails only after several late answers in a row', async () => {
    const check = eventLoopCheck({ warn: 10, fail: 20, samples: 2 })
    onTestFinished(() => check.close?.())
    expect(check.kinds).toEqual(['liveness'])
    expect(await ask(check)).toBe(true)
    expect(await afterBlocking(check)).toMatchObject({ status: 'warn', observedUnit: 'ms' })
    expect(await afterBlocking(check)).toMatchObject({ status: 'fail' })
  })
})

/** The answer after the loop has stood still for long enough for the histogram to see it. */
async function afterBlocking(check: HealthCheck): Promise<unknown> {
  const wait = (milliseconds: number): void => {
    const until = performance.now() + milliseconds
    while (performance.now() < until);
  }
  for (let i = 0; i < 4; i++) {
    await turn()
    wait(60)
  }
  await turn()
  return ask(check)
}

describe('the check of an address', () => {
  it('passes by the status alone, sends what it was given, and never shows the address', async () => {
    const seen: unknown[] = []
    const server = createServer((request, response) => {
      seen.push([request.method, request.url, request.headers['x-key']])
      response.writeHead(Number(request.url?.slice(1, 4))).end('secret')
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const url = (status: number): string => `http://127.0.0.1:${port}/${status}?key=hunter2`
    expect(await ask(httpCheck(url(204), { headers: { 'x-key': 'k' } }))).toBe(true)
    expect(await ask(httpCheck(url(302)))).toBe(true)
    expect(await ask(httpCheck(url(503)))).toEqual({
      status: 'fail',
      code: 'error',
      observedValue: 503,
      observedUnit: 'status',
    })
    expect(await ask(httpCheck(url(404), { method: 'HEAD', accepts: (status) => status === 404 }))).toBe(true)
    expect(seen[0]).toEqual(['GET', '/204?key=hunter2', 'k'])
    expect(seen[3]).toEqual(['HEAD', '/404?key=hunter2', undefined])
    expect(() => httpCheck('no address')).toThrow(/Invalid URL/)
  })
})

describe('the checks of stores', () => {
  it('ask for a sign of life', async () => {
    const asked: string[] = []
    expect(await ask(redisCheck({ ping: async () => asked.push('PING') }))).toBe(true)
    expect(await ask(postgresCheck({ query: async (text) => asked.push(text) }))).toBe(true)
    expect(asked).toEqual(['PING', 'SELECT 1'])
  })

  it('does not put a question in the queue of a client that is reconnecting', async () => {
    const client = { status: 'reconnecting', ping: () => Promise.reject(new Error('asked')) }
    expect(await ask(redisCheck(client))).toMatchObject({ status: 'fail', code: 'refused' })
  })
})
