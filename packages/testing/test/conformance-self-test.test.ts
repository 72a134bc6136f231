/** The kits must notice what is wrong; else they prove nothing. */
import { knownBadStores, runConformance, taskStreamConformance } from '@seaworthy/testing/conformance'
import { expect, it } from 'vitest'
import { tasksBuried } from '../src/conformance/known-bad/burials.ts'
import { tasksCommitted } from '../src/conformance/known-bad/commits.ts'

it.each(knownBadStores)('a store that $mistake fails "$caughtBy"', async ({ kit, caughtBy }) => {
  const found = kit.checks.filter(({ name }) => name === caughtBy)
  expect(found).toHaveLength(1)
  const report = await runConformance(kit, { only: ({ name }) => name === caughtBy, seed: 1 })
  expect(report).toMatchObject({ level: null, passed: 0, skipped: [], failures: [{ name: caughtBy }] })
})

it.each([
  ['commits: ', tasksCommitted],
  ['burials: ', tasksBuried],
] as const)(
  'what the wrong streams are made from is right, in all that begins with "%s"',
  async (beginning, create) => {
    const kit = taskStreamConformance({ name: 'right', clock: 'controlled', create })
    const report = await runConformance(kit, { only: ({ name }) => name.startsWith(beginning), seed: 1 })
    expect(report).toMatchObject({ skipped: [], failures: [] })
    expect(report.passed).toBe(kit.checks.filter(({ name }) => name.startsWith(beginning)).length)
  },
)
