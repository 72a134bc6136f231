import type { Context } from '@seaworthy/core'
import { type IdempotencyOptions, type IdempotencyPolicy, idempotency } from '@seaworthy/idempotency'
import { expectNoLeaks, seededRandom, VirtualClock } from '@seaworthy/testing'
import { ScriptedStore } from './scripted-store.ts'

export const key = 'task-1'

/** One run of a function, to be ended by the test. */
export interface Run {
  readonly context: Context
  succeed(value: unknown): void
  fail(error: unknown): void
}

/** A function whose runs end when and how a test says so. It ignores its signal unless it is `obedient`. */
export class Runs {
  readonly all: Run[] = []
  readonly #obedient: boolean

  constructor(obedient = false) {
    this.#obedient = obedient
  }

  readonly start = (context: Context): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (this.#obedient) context.signal.addEventListener('abort', () => reject(context.signal.reason))
      this.all.push({ context, succeed: resolve, fail: reject })
    })

  get count(): number {
    return this.all.length
  }

  /** The run begun last, or the one at `index`. */
  run(index: number = this.all.length - 1): Run {
    const run = this.all[index]
    if (run === undefined) throw new Error(`There is no run ${index}`)
    return run
  }
}

export type Event = readonly [type: string, payload: object]

const types = [
  'claimed',
  'recovered',
  'finished',
  'duplicate',
  'waited',
  'rejected',
  'mismatch',
  'leaseLost',
  'outcomeNotRecorded',
  'recordedLate',
  'omitted',
  'unprotected',
  'forgotten',
] as const

/** Collects the events of a policy, without its name. */
function eventsOf(policy: IdempotencyPolicy): Event[] {
  const events: Event[] = []
  for (const type of types) policy.on(type, ({ name: _name, ...payload }) => events.push([type, payload]))
  return events
}

/** One process, so to speak: a policy on a store that others may share. */
export function processOn(
  clock: VirtualClock,
  store: ScriptedStore,
  options: Partial<IdempotencyOptions> = {},
) {
  const policy = idempotency({ store, clock, random: seededRandom(7), ...options })
  const events = eventsOf(policy)
  return { policy, events, names: () => events.map(([type]) => type) }
}

export function setUp(options: Partial<IdempotencyOptions> = {}) {
  const clock = new VirtualClock()
  const store = new ScriptedStore(clock)
  const runs = new Runs()
  const first = processOn(clock, store, options)
  /** Nothing is left of calls that have ended. */
  const expectNothingLeft = (...signals: AbortSignal[]): void => {
    expectNoLeaks({ policies: [first.policy], except: ['listeners'], clock, signals })
    const { waiting } = store.memory.debugStats()
    if (waiting !== 0) throw new Error(`${waiting} still listen to the store`)
  }
  return { ...first, clock, store, runs, expectNothingLeft }
}
