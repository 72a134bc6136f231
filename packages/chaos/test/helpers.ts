import { Hub } from '@seaworthy/core'
import { VirtualClock } from '@seaworthy/testing'
import {
  type CallTarget,
  type ChaosController,
  type ChaosControllerOptions,
  type ChaosEvents,
  callTarget,
  chaosController,
  type Fault,
} from '../src/index.ts'

/** A controller that may do anything, on a clock and a hub of its own. */
export interface Stage {
  readonly clock: VirtualClock
  readonly hub: Hub
  readonly target: CallTarget
  readonly chaos: ChaosController
  /** All events, in order. */
  readonly events: { readonly type: keyof ChaosEvents; readonly payload: object }[]
}

export function stage(options: Partial<ChaosControllerOptions> = {}): Stage {
  const clock = new VirtualClock()
  const hub = new Hub()
  const target = callTarget('api', { clock })
  const events: Stage['events'] = []
  hub.on('*', ({ kind, type, payload }) => {
    if (kind === 'chaos') events.push({ type: type as keyof ChaosEvents, payload })
  })
  const chaos = chaosController({ targets: [target], armed: true, minGap: 0, clock, hub, ...options })
  return { clock, hub, target, chaos, events }
}

/** The calls of a target with one fault in place. */
export async function broken(fault: Fault, options: Partial<ChaosControllerOptions> = {}): Promise<Stage> {
  const set = stage(options)
  await set.chaos.inject({ fault, on: 'api', for: '10m' })
  return set
}

/** How a call ended. */
export async function outcome<T>(call: () => Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await call() }
  } catch (error) {
    return { error }
  }
}
