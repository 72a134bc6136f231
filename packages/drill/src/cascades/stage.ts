/** One run of a cascade: load that goes on, a time line, figures against bounds. */

import type { Priority } from '../service.ts'
import { poissonLoad } from '../simulation/load.ts'
import type { SimulatedWorld } from '../simulation/simulate.ts'
import type { ServiceSystem } from './system.ts'
import type { Period } from './tally.ts'
import type { Topology } from './topology.ts'

/** A figure and what it has to be. */
export interface CascadeMetric {
  readonly name: string
  readonly value: number
  readonly op: '<=' | '>='
  readonly limit: number
  /** How many observations it is made of. Of none it never passes. */
  readonly samples: number
  readonly passed: boolean
}

/** Compares a figure with its bound. */
export function metric(
  name: string,
  value: number,
  op: '<=' | '>=',
  limit: number,
  samples: number,
): CascadeMetric {
  const holds = op === '<=' ? value <= limit : value >= limit
  return {
    name,
    value: Number(value.toFixed(4)),
    op,
    limit: Number(limit.toFixed(4)),
    samples,
    passed: samples > 0 && holds,
  }
}

/** How the load is made up. */
export interface LoadShape {
  /** Requests a second. */
  readonly rate: number
  /** Requests a second once the fault is over: those who waited come back. @defaultValue `rate` */
  readonly rateAfter?: number
  /** How many things they ask for. */
  readonly keys: number
}

/** When the fault began and ended, and when the load did. */
export interface TimeLine {
  readonly faultAt: number
  healedAt: number
  endedAt: number
}

/** What the users have time for after the load has ended. Milliseconds. */
const drain = 5000

/** A system with its load. */
export class Stage {
  readonly world: SimulatedWorld
  readonly system: ServiceSystem
  readonly topology: Topology
  readonly shape: LoadShape
  readonly time: TimeLine

  constructor(world: SimulatedWorld, system: ServiceSystem, shape: LoadShape, warmUp: number) {
    this.world = world
    this.system = system
    this.topology = system.topology
    this.shape = shape
    this.time = { faultAt: warmUp, healedAt: warmUp, endedAt: warmUp }
  }

  /**
   * Load from the beginning to `after` milliseconds past the end of the fault.
   *
   * @param fault - Begins when the load has warmed up; the fault has been taken away when it settles.
   * @param lasts - How long that takes, in milliseconds.
   */
  async run(fault: () => Promise<void>, lasts: number, after: number): Promise<void> {
    const { time, system } = this
    const { clock } = this.world
    const load = this.#load(time.faultAt + lasts, after)
    await clock.sleep(time.faultAt)
    this.#begin('during')
    await fault()
    time.healedAt = clock.now()
    this.#begin('after')
    await clock.sleep(time.faultAt + lasts + after - clock.now())
    time.endedAt = clock.now()
    // Requests that nothing limits may be waiting for ever; they count as bad.
    await Promise.race([load, clock.sleep(drain)])
    system.stop()
  }

  #begin(period: Period): void {
    this.system.tally.period = period
    this.world.record({ type: 'period', period })
  }

  async #load(until: number, after: number): Promise<void> {
    const random = this.world.random('requests')
    const { rate, rateAfter = rate, keys } = this.shape
    const send = (): Promise<void> =>
      this.system.request(`key ${Math.floor(random() * keys)}`, priorityOf(random()))
    const first = poissonLoad(this.world, { rate, for: until }, send)
    await this.world.clock.sleep(until)
    await poissonLoad(this.world, { rate: rateAfter, for: after }, send)
    await first
  }
}

/** One request in five is critical, and three in ten are of little importance. */
export const priorityOf = (draw: number): Priority =>
  draw < 0.2 ? 'critical' : draw < 0.7 ? 'normal' : 'low'
