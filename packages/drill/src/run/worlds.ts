/** The two places where the load of a drill can run. */
import { type Clock, Hub, type Random, systemClock } from '@seaworthy/core'
import { seededRandom, VirtualClock } from '@seaworthy/testing'
import type { MeasuredOn } from '../events.ts'
import { withoutRealTime } from '../simulation/tripwire.ts'
import type { World } from '../world.ts'

/** A world that a drill can enter and leave. */
export interface DrillWorld extends World {
  /** What its times are. */
  readonly on: MeasuredOn
  /** Runs something in it, and waits for it. In a simulation time passes only meanwhile, and real time throws. */
  within<T>(run: () => Promise<T>): Promise<T>
}

/** @param kind - `simulated`: hours pass in seconds, and every run of the seed is the same. */
export function drillWorld(kind: 'simulated' | 'real', seed: string): DrillWorld {
  const streams = new Map<string, Random>()
  const random = (name: string): Random => {
    const stream = streams.get(name) ?? seededRandom(seed).fork(name)
    streams.set(name, stream)
    return stream
  }
  const hub = new Hub()
  if (kind === 'real')
    return { kind, on: 'real', clock: systemClock as Clock, random, hub, within: (run) => run() }
  const clock = new VirtualClock()
  return {
    kind,
    on: 'virtual',
    clock,
    random,
    hub,
    within: (run) => withoutRealTime(() => clock.runUntilSettled(run(), { limit: '30d' })),
  }
}
