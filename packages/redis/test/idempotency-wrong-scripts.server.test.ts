/** The test of the conformance kit: it must catch scripts that are wrong. */
import { setTimeout as sleep } from 'node:timers/promises'
import { idempotencyStoreConformance, runConformance } from '@seaworthy/testing/conformance'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { changedScripts, connect, storeWith } from './idempotency-servers.ts'
import { wrongScripts } from './idempotency-wrong-scripts.ts'
import { expectToNotice, type WrongScripts } from './wrong-scripts.ts'

let client: Redis

beforeAll(async () => {
  client = await connect()
})

afterAll(() => client.disconnect())

async function made(rewrite: (lua: string) => string): Promise<WrongScripts> {
  const scripts = changedScripts(rewrite)
  const store = storeWith(client, scripts, { queue: 'tasks' })
  // Once it listens, nothing but a message wakes those who wait.
  await store.waitFor?.('nothing', new AbortController().signal)
  const kit = idempotencyStoreConformance({
    name: 'scripts',
    clock: 'real',
    // One store for all checks: their keys differ, and all that differs between stores is the prefix.
    create: async () => ({ store, advance: (milliseconds) => sleep(milliseconds + 2) }),
  })
  // Only examples: random histories take long, and catch most by themselves.
  return { scripts: Object.values(scripts), kit, levels: ['L0'], close: () => store.close() }
}

describe('the contract', () => {
  it('passes scripts that are right, also with many of its checks at once', async () => {
    const { kit, close } = await made((lua) => lua)
    const report = await runConformance(kit, { levels: ['L0'], concurrency: 20 })
    close?.()
    expect(report).toMatchObject({ level: 'L0', failures: [], skipped: [] })
  })

  it.concurrent.each(Object.entries(wrongScripts))('catches scripts where %s', (mistake, [right, wrong]) =>
    expectToNotice(client, { mistake, right, wrong }, made),
  )
})
