/** A drill of policies that are broken on purpose: it has to fail, and for the right reason. */

import { type DrillOptions, type DrillReport, drill } from '@seaworthy/drill'
import type { RetryBudget } from '@seaworthy/retry'
import { expect, it } from 'vitest'
import { brief } from './run-services.ts'
import { toyBreaker } from './toy-breaker.ts'

const failures = async (options: DrillOptions): Promise<string[]> => {
  const report = await drill({ profile: brief, simulated: false, real: false, ...options })
  expect(report).toMatchObject({ overall_result: 'FAILED', exit_code: 1 })
  return failed(report)
}
const failed = ({ criteria }: DrillReport): string[] =>
  criteria.filter(({ status }) => status === 'fail').map(({ id, detail }) => `${id}: ${detail}`)
const load = [
  'BASELINE_ESTABLISHMENT',
  'CHAOS_INJECTION',
  'RECOVERY_VALIDATION',
  'MEMORY_SOAK_TESTING',
] as const

it('a breaker without epochs', async () => {
  const without = [...load, 'CASCADING_FAILURE_TESTING'] as const
  expect(await failures({ without, breaker: { factory: toyBreaker('no epoch') } })).toEqual([
    expect.stringMatching(/^breaker_tests: failed: CB7 /),
  ])
})

it('a breaker that is right fails nothing, whoever made it', async () => {
  const without = [...load, 'CASCADING_FAILURE_TESTING'] as const
  const options = { profile: brief, simulated: false, real: false, without } as const
  const report = await drill({ ...options, breaker: { factory: toyBreaker() } })
  expect(report).toMatchObject({ overall_result: 'PASSED', circuit_breaker_tests_passed: 7 })
})

it('a retry budget that never says no', async () => {
  const without = [...load, 'CIRCUIT_BREAKER_TESTING'] as const
  const generous = (): RetryBudget => ({
    deposit: () => {},
    tryWithdraw: () => 1,
    refund: () => {},
    balance: 1,
  })
  expect(
    await failures({ without, cascades: { only: ['CF3'], policies: { retryBudget: generous } } }),
  ).toEqual([expect.stringMatching(/^cascades: they did in CF3 budget;/)])
}, 300_000)
