/** The parts of a drill that need no service: breakers, cascades, memory. */
import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { type Duration, duration } from '@seaworthy/core'
import { breakerOptions } from '../breakers/port.ts'
import { testBreaker } from '../breakers/test-breaker.ts'
import { cascadeIds } from '../cascades/cascade.ts'
import { amplification, budgetAlone } from '../cascades/retry-storm.ts'
import { type CascadeResult, runCascade } from '../cascades/run-cascade.ts'
import { runSoak } from '../cascades/soak.ts'
import { type MemoryReport, memoryMonitor } from '../memory/monitor.ts'
import { otherProcess } from '../memory/other-process.ts'
import { soakChild } from '../memory/soak-child.ts'
import type { EventLog } from './event-log.ts'
import type { DrillOptions, MemoryPart } from './options.ts'

/** How often the memory of a process is read from outside, over the whole time. */
const pointsWanted = 480

/** Tests the circuit breaker, in virtual time. */
export async function testBreakers(
  log: EventLog,
  { breaker, seed = 1 }: Pick<DrillOptions, 'breaker' | 'seed'>,
): Promise<void> {
  const { factory, ...options } = breaker ?? {
    factory: (setup) => circuitBreaker(breakerOptions(setup)),
  }
  const { tests, coverage } = await testBreaker(factory, { seed, ...options })
  for (const { id, name, passed, evidence } of tests)
    log.add('virtual', { type: 'breaker.test', id, name, passed, evidence })
  const seen = Object.values(coverage.seen)
  log.add('virtual', {
    type: 'breaker.coverage',
    seen: seen.filter((count) => count > 0).length,
    legal: seen.length,
    illegal: coverage.illegal,
  })
}

/** Watches the memory of a process under load, in real time. */
export async function soakMemory(
  log: EventLog,
  memory: MemoryPart,
  length: Duration,
  growthThresholdPercent: number,
  signal: AbortSignal,
): Promise<void> {
  const report = await soakChild({ ...memory, duration: length, growthThresholdPercent, signal })
  const { gaugesLeft, objects, unfinished } = report
  writeVerdict(log, report, [
    ...gaugesLeft.map(({ name, before, after }) => `${name}: ${after} instead of ${before}`),
    ...objects.accumulating.map(
      ({ name, perOperation }) => `${name}: ${perOperation} more with each operation`,
    ),
    ...(unfinished > 0 ? [`${unfinished} operations never ended`] : []),
  ])
}

/** @param held - What was found by counting, which leaves no doubt. */
function writeVerdict(log: EventLog, { points, verdict }: MemoryReport, held: readonly string[]): void {
  for (const { rss, heapFloor } of points)
    log.add('real', { type: 'memory.sample', rss, ...(heapFloor !== undefined && { heap: heapFloor }) })
  log.add('real', {
    type: 'memory.verdict',
    verdict: held.length > 0 ? 'leak' : verdict.verdict,
    outcome: held.length > 0 ? 'fail' : verdict.outcome,
    ...(verdict.growthPercent !== undefined && { growthPercent: verdict.growthPercent }),
    ...(verdict.pattern !== undefined && { pattern: verdict.pattern }),
    reason: [verdict.reason, ...held].join(' '),
    evidence: verdict.evidence,
  })
}

/** Watches the memory of a process that a service runs in, from outside. */
export async function watchMemory(
  log: EventLog,
  processId: number,
  length: Duration,
  growthThresholdPercent: number,
  signal: AbortSignal,
): Promise<void> {
  const monitor = memoryMonitor({
    source: otherProcess(processId),
    duration: length,
    interval: duration('memoryFor', length) / pointsWanted,
    growthThresholdPercent,
  })
  monitor.start()
  const stop = (): void => void monitor.stop()
  signal.addEventListener('abort', stop)
  const report = await monitor.finished.finally(() => signal.removeEventListener('abort', stop))
  signal.throwIfAborted()
  writeVerdict(log, report, [])
}

/** Runs every kind of cascade with its defence and without, and the retry storm once more with the budget alone, in virtual time. */
export async function runCascades(
  log: EventLog,
  { cascades, seed = 1 }: Pick<DrillOptions, 'cascades' | 'seed'>,
  signal: AbortSignal,
): Promise<void> {
  const { topology, defence, policies, only = cascadeIds } = cascades ?? {}
  const options = { seed, ...(defence && { defence }), ...(policies && { policies }) }
  for (const id of cascadeIds) {
    if (!only.includes(id)) {
      log.add('virtual', { type: 'cascade.skipped', id, reason: 'left out' })
      continue
    }
    for (const control of [false, true]) {
      signal.throwIfAborted()
      const result = await runCascade(id, topology, { ...options, control })
      if (result.notApplicable !== undefined) {
        log.add('virtual', { type: 'cascade.skipped', id, reason: result.notApplicable })
        break
      }
      log.add('virtual', {
        type: 'cascade.test',
        id,
        control,
        passed: result.passed,
        evidence: evidenceOf(result),
      })
    }
  }
  if (!only.includes('CF3')) return
  const alone = await runCascade('CF3', topology, { ...options, policies: budgetAlone(policies) })
  const metrics = alone.metrics.filter(({ name }) => name === amplification)
  if (metrics.length === 0) return
  const passed = metrics.every((each) => each.passed)
  const evidence = {
    ...evidenceOf(alone),
    name: `${alone.name}, by the retry budget alone`,
    metrics,
    recommendations: [],
  }
  log.add('virtual', { type: 'cascade.test', id: 'CF3 budget', control: false, passed, evidence })
}

function evidenceOf({ name, fault, metrics, recommendations, report }: CascadeResult): object {
  return { name, fault, metrics, recommendations, report }
}

/** Hours of use under random faults in virtual time, every object counted. */
export async function simulateSoak(
  log: EventLog,
  { cascades, seed = 1 }: Pick<DrillOptions, 'cascades' | 'seed'>,
  hours: number,
): Promise<void> {
  const { topology, policies } = cascades ?? {}
  const { passed, ...evidence } = await runSoak(topology, {
    seed,
    for: hours * 3_600_000,
    ...(policies && { policies }),
  })
  log.add('virtual', { type: 'soak.simulated', hours, passed, evidence })
}
