/** A manager on a virtual clock with a hub of its own, and components that say what they are told to. */
import { Hub } from '@seaworthy/core'
import { seededRandom, VirtualClock } from '@seaworthy/testing'
import { onTestFinished } from 'vitest'
import type { Degradation } from '../src/degradation.ts'
import { createDegradation } from '../src/manager.ts'
import type { DegradationOptions } from '../src/options.ts'
import type { Signals } from '../src/signals.ts'

export const calendar = Date.UTC(2026, 0, 1)
export const ada = { actor: 'ada', reason: 'rehearsal' }

export function setUp(options: DegradationOptions = {}, clock: VirtualClock = new VirtualClock()) {
  const hub = options.hub ?? new Hub()
  const degradation: Degradation = createDegradation({
    hub,
    clock,
    wallClock: () => calendar + clock.now(),
    random: seededRandom(7),
    resources: false,
    ...options,
  })
  onTestFinished(() => degradation.close())
  return { degradation, clock, hub }
}

export const quiet: Signals = {
  circuits: [],
  checks: [],
  deadLetters: [],
  bulkheads: [],
  heap: 0.1,
  eventLoopDelay: 1,
}
