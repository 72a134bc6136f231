/** Where a drill takes place: in virtual time within one process, or in real time against real processes. */
import type { Clock, Hub, Random } from '@seaworthy/core'

/** Time, chance and events of a drill. */
export interface World {
  readonly kind: 'simulated' | 'real'
  /** The only time there is. Virtual in a simulation. */
  readonly clock: Clock
  /** A stream of random numbers of its own for each name, from the seed of the run: who draws more does not disturb the others. */
  random(name: string): Random
  /** Where policies register and publish. Private to the run. */
  readonly hub: Hub
}
