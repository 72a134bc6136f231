/** Level L5: what is left behind, and how fast it is. */
import { systemClock } from '@seaworthy/core'
import { activeHandles, newHandles } from '@seaworthy/testing'
import { expect } from 'expect'
import type { CheckContext } from './kit.ts'

/** Handles go away a few turns of the event loop after their `close` event, those of sockets after a round trip. */
const patience = 40

/**
 * That stores leave nothing behind: what keeps the process alive after some were made, used and closed is no more than after the
 * first, which may have made what all share.
 */
export async function expectNothingLeft<
  Under extends { leftBehind?(): readonly string[]; close?(): Promise<void> },
>(create: () => Promise<Under>, use: (under: Under) => Promise<unknown>): Promise<void> {
  const once = async (): Promise<readonly string[]> => {
    const under = await create()
    await use(under)
    await under.close?.()
    return under.leftBehind?.() ?? []
  }
  await once()
  const before = activeHandles()
  for (let i = 0; i < 5; i++) expect(await once()).toEqual([])
  const left = (): object => newHandles(before)
  for (let i = 0; i < patience && Object.keys(left()).length > 0; i++) await systemClock.sleep(50)
  expect(left()).toEqual({})
}

/** Does something so often, one after the other, and reports and judges how long it took. */
export async function measure(
  { floor, figure }: CheckContext,
  operation: () => Promise<unknown>,
  times = 300,
): Promise<void> {
  for (let i = 0; i < 20; i++) await operation() // connections, scripts, compilers
  const began = systemClock.now()
  const took: number[] = []
  for (let i = 0; i < times; i++) {
    const start = systemClock.now()
    await operation()
    took.push(systemClock.now() - start)
  }
  const operationsPerSecond = Math.round((times / (systemClock.now() - began)) * 1000)
  took.sort((a, b) => a - b)
  const quantile = (share: number): number => took[Math.floor(share * (times - 1))] as number
  figure('p50', quantile(0.5))
  figure('p99', quantile(0.99))
  figure('operationsPerSecond', operationsPerSecond)
  if (floor.p99 !== undefined) expect(quantile(0.99)).toBeLessThanOrEqual(floor.p99)
  if (floor.operationsPerSecond !== undefined)
    expect(operationsPerSecond).toBeGreaterThanOrEqual(floor.operationsPerSecond)
}
