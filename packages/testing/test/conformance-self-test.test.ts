/** The kits must notice what is wrong; else they prove nothing. */
import { knownBadStores, runConformance } from '@seaworthy/testing/conformance'
import { expect, it } from 'vitest'

it.each(knownBadStores)('a store that $mistake fails "$caughtBy"', async ({ kit, caughtBy }) => {
  const found = kit.checks.filter(({ name }) => name === caughtBy)
  expect(found).toHaveLength(1)
  const report = await runConformance(kit, { only: ({ name }) => name === caughtBy, seed: 1 })
  expect(report).toMatchObject({ level: null, passed: 0, skipped: [], failures: [{ name: caughtBy }] })
})
