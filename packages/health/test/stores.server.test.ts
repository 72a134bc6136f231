/** The ready-made checks against servers that die and come back. */

import { Hub } from '@seaworthy/core'
import { postgresForTests, startRedis } from '@seaworthy/testing/servers'
import { Redis } from 'ioredis'
import pg from 'pg'
import { expect, it, onTestFinished, vi } from 'vitest'
import { postgresCheck } from '../src/checks/postgres.ts'
import { redisCheck } from '../src/checks/redis.ts'
import { createHealth } from '../src/health.ts'

const brisk = { interval: 50, failureTtl: 50, timeout: 300, maxStale: '10s' } as const

it('sees Redis die and come back, and probes are answered meanwhile', async () => {
  const server = await startRedis()
  const client = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 })
  client.on('error', () => {})
  const health = createHealth({ hub: new Hub() })
  onTestFinished(async () => {
    await health.close()
    client.disconnect()
    await server.stop()
  })
  health.register('redis', redisCheck(client, brisk))
  const readiness = async () => (await health.report('readiness')).status
  await vi.waitFor(async () => expect(await readiness()).toBe('pass'), { timeout: 10_000 })
  await server.kill()
  await vi.waitFor(async () => expect(await readiness()).toBe('fail'), { timeout: 10_000 })
  expect((await health.report('liveness')).status).toBe('pass')
  await server.restart()
  await vi.waitFor(async () => expect(await readiness()).toBe('pass'), { timeout: 10_000 })
})

it('asks PostgreSQL over the pool, and fails by the time limit when the pool is used up', async () => {
  const { url } = await postgresForTests()
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  const health = createHealth({ hub: new Hub() })
  onTestFinished(async () => {
    await health.close()
    await pool.end()
  })
  health.register('postgres', postgresCheck(pool, brisk))
  const check = async () => (await health.report()).checks[0]
  await vi.waitFor(async () => expect(await check()).toMatchObject({ status: 'pass' }), { timeout: 10_000 })
  const taken = await pool.connect()
  await vi.waitFor(async () => expect(await check()).toMatchObject({ status: 'fail', code: 'hung' }), {
    timeout: 10_000,
  })
  taken.release()
  await vi.waitFor(async () => expect(await check()).toMatchObject({ status: 'pass' }), { timeout: 10_000 })
})
