/** The memory of a real process as part of a drill. */
import { fileURLToPath } from 'node:url'
import { type DrillReport, drill } from '@seaworthy/drill'
import { expect, it } from 'vitest'
import { nodeFlags } from '../../../tools/processes/start-process.ts'
import { brief } from './run-services.ts'

const program = fileURLToPath(new URL('./soak-programs.ts', import.meta.url))

const watched = (...args: string[]): Promise<DrillReport> =>
  drill({
    profile: { ...brief, memoryFor: '4s' },
    simulated: false,
    real: false,
    without: ['CIRCUIT_BREAKER_TESTING', 'CASCADING_FAILURE_TESTING'],
    memory: { program, execArgv: nodeFlags, args },
  })

it('a listener that is left behind fails the drill, and is named', async () => {
  const report = await watched('listener')
  expect(report).toMatchObject({ overall_result: 'FAILED', exit_code: 1, memory_leak_detected: true })
  const growth = report.criteria.find(({ id }) => id === 'memory_growth')
  expect(growth?.status).toBe('fail')
  expect(growth?.detail).toMatch(/abort listeners of forever: 1 more with each operation/)
})

it('a service that leaves nothing behind is not accused', async () => {
  const report = await watched()
  expect(report.memory_leak_detected).toBe(false)
  expect(report.criteria.filter(({ status }) => status === 'fail')).toEqual([])
  expect(report.max_memory_usage_mb).toBeGreaterThan(20)
})
