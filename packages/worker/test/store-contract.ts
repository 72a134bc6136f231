/** What every stream has to do: the conformance kit, as tests. Times are those of a real clock, so any stream can run it. */
import {
  registerConformance,
  type TaskStreamUnderTest,
  taskStreamConformance,
} from '@seaworthy/testing/conformance'
import * as vitest from 'vitest'

/** A stream that is new and empty, with a capacity of 20, and command over its time. */
export type StreamUnderTest = TaskStreamUnderTest

/** What the suite registers its tests with: vitest, or whoever wants to run them by itself. */
export interface Registry {
  describe(name: string, register: () => void): unknown
  it(name: string, run: () => Promise<void>): unknown
  beforeEach(run: () => Promise<void>): unknown
  afterEach(run: () => Promise<void>): unknown
}

/**
 * Runs the suite.
 *
 * @param pace - Makes all times so many times longer: on a server time goes on while a busy machine stands still.
 * Fewer random histories are tried then, since every step goes over a network.
 */
export function streamContract(
  name: string,
  create: () => Promise<StreamUnderTest>,
  registry: Pick<Registry, 'describe' | 'it'> = vitest,
  pace = 1,
): void {
  const histories = pace === 1 ? 100 : 25
  const kit = taskStreamConformance({ name, clock: 'real', pace, histories, create })
  registerConformance(kit, registry, { levels: ['L0', 'L1', 'L2'] })
}
