/** Tests that break nothing: circuit breakers and cascades, in virtual time. */
import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { type Clock, InvalidOptionError } from '@seaworthy/core'
import { breakerOptions } from '../breakers/port.ts'
import { testBreaker } from '../breakers/test-breaker.ts'
import { type CascadeId, cascadeIds } from '../cascades/cascade.ts'
import { readTopology } from '../cascades/read-topology.ts'
import { runCascade } from '../cascades/run-cascade.ts'
import { defaultTopology, type TopologyFile } from '../cascades/topology.ts'
import { DrillControlError, invalidRequest } from './control-error.ts'
import type { BreakerSubject } from './control-options.ts'
import type { BreakerTestsView, CascadeTestsView, CascadeView } from './control-views.ts'

/** Runs one test at a time: each takes a processor for itself. */
export class Laboratory {
  readonly #breakers: Readonly<Record<string, BreakerSubject>>
  readonly #clock: Clock
  #running: { readonly what: string; stopped: boolean } | undefined = undefined

  constructor(breakers: Readonly<Record<string, BreakerSubject>>, clock: Clock) {
    this.#breakers = breakers
    this.#clock = clock
  }

  get running(): boolean {
    return this.#running !== undefined
  }

  /** Ends what runs at the next possible moment. */
  stop(): void {
    if (this.#running !== undefined) this.#running.stopped = true
  }

  async testBreaker(circuitName = 'test_circuit'): Promise<BreakerTestsView> {
    const subject = Object.hasOwn(this.#breakers, circuitName) ? this.#breakers[circuitName] : undefined
    if (subject === undefined)
      throw new DrillControlError(
        'ERR_DRILL_NOT_FOUND',
        `there is no circuit breaker of that name to test; there is ${Object.keys(this.#breakers).join(', ')}`,
      )
    const { options, factory = (setup) => circuitBreaker(breakerOptions(setup)) } = subject
    return this.#alone('the test of a circuit breaker', async () => {
      const began = this.#clock.now()
      const report = await testBreaker(factory, { ...(options !== undefined && { options }) })
      return {
        circuitName,
        passed: report.passed,
        passedTests: report.tests.filter(({ passed }) => passed).length,
        tests: report.tests.map(({ transitions: _, ...test }) => test),
        coverage: report.coverage,
        took: this.#clock.now() - began,
      }
    })
  }

  async testCascades(topology: unknown, only: unknown): Promise<CascadeTestsView> {
    const graph = readGraph(topology)
    const ids = readIds(only)
    return this.#alone('a test of cascades', async (isStopped) => {
      const began = this.#clock.now()
      const cascades: CascadeView[] = []
      for (const id of ids) if (!isStopped()) cascades.push(await testCascade(id, graph, isStopped))
      const applicable = cascades.filter(({ notApplicable }) => notApplicable === undefined)
      const passed = applicable.every((each) => each.passed && each.control?.passed === false)
      return {
        passed: passed && applicable.length > 0 && !isStopped(),
        cascades,
        interrupted: isStopped(),
        took: this.#clock.now() - began,
      }
    })
  }

  async #alone<T>(what: string, run: (isStopped: () => boolean) => Promise<T>): Promise<T> {
    if (this.#running !== undefined)
      throw new DrillControlError(
        'ERR_DRILL_LIMIT',
        `${this.#running.what} is under way; one may run at once`,
      )
    const running = { what, stopped: false }
    this.#running = running
    try {
      return await run(() => running.stopped)
    } finally {
      this.#running = undefined
    }
  }
}

async function testCascade(
  id: CascadeId,
  graph: TopologyFile,
  isStopped: () => boolean,
): Promise<CascadeView> {
  const result = await runCascade(id, graph)
  const { name, fault, passed, metrics, recommendations, requests, notApplicable } = result
  const view = { id, name, fault, passed, metrics, recommendations, requests }
  if (notApplicable !== undefined) return { ...view, notApplicable }
  if (isStopped()) return view
  const control = await runCascade(id, graph, { control: true })
  return { ...view, control: { leftOut: control.control ?? '', passed: control.passed } }
}

/** A slip of the keyboard must not take along the process that serves the request. */
const mostProcesses = 500

/** No services at all: those of the default topology. */
function readGraph(topology: unknown): TopologyFile {
  const isObject = typeof topology === 'object' && topology !== null && !Array.isArray(topology)
  if (topology === undefined || (isObject && Object.keys(topology).length === 0)) return defaultTopology
  try {
    const { nodes } = readTopology(topology as TopologyFile) // It checks what it is given.
    const processes = nodes.reduce((sum, { instances }) => sum + instances, 0)
    if (processes <= mostProcesses) return topology as TopologyFile
    throw new InvalidOptionError('nodes', `${mostProcesses} processes at most in all`, processes)
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error
    const { option, message } = error
    throw invalidRequest([{ path: option, message: message.replace(`${option} `, '') }], error)
  }
}

function readIds(only: unknown): readonly CascadeId[] {
  if (only === undefined) return cascadeIds
  const ids = Array.isArray(only) ? only : [only]
  const known = cascadeIds.filter((id) => ids.includes(id))
  if (known.length === ids.length && known.length > 0) return known
  throw invalidRequest([{ path: 'only', message: `must be some of ${cascadeIds.join(', ')}` }])
}
