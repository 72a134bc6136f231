/** The test of the contract: it must catch scripts that are wrong. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ContractRunner, storeContract } from '../../idempotency/test/store-contract.ts'
import type { RecordStore } from '../src/idempotency-store.ts'
import { type Checks, checksOf } from './contract-checks.ts'
import { changedScripts, connect, storeWith } from './idempotency-servers.ts'
import { wrongScripts } from './idempotency-wrong-scripts.ts'

let client: Redis
const begun: { readonly checks: Checks; readonly store: RecordStore }[] = []

beforeAll(async () => {
  client = await connect()
})

afterAll(async () => {
  for (const { checks, store } of begun) {
    await checks.finish()
    store.close()
  }
  client.disconnect()
})

/** Comparing random histories takes long, and catches most by itself. */
const examples = (name: string): boolean => !name.includes('any sequence of steps')

async function check(change?: readonly [string, string]): Promise<string | undefined> {
  const store = storeWith(client, change && changedScripts(...change))
  // Once it listens, nothing but a message wakes those who wait.
  await store.waitFor?.('nothing', new AbortController().signal)
  const advance = (milliseconds: number): Promise<void> => sleep(milliseconds + 2)
  const contract = (runner: ContractRunner): void =>
    storeContract('contract', async () => ({ store, advance }), 200, runner)
  const checks = checksOf(contract, change && examples)
  begun.push({ checks, store })
  return checks.firstFailure()
}

describe('the contract', () => {
  it('passes scripts that are right, also with all of its tests at once', async () => {
    expect(await check()).toBeUndefined()
  })

  it.each(Object.entries(wrongScripts))('catches scripts where %s', async (_name, change) => {
    // The first test of the contract that fails; the one above has none.
    expect(await check(change)).not.toBeUndefined()
  })
})
