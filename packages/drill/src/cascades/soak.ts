/** Hours of use under random faults, in virtual time: nothing may go wrong on the way, and nothing may be left behind. */
import { type Duration, duration, knownOptions } from '@seaworthy/core'
import { clientLoad } from '../simulation/load.ts'
import { type SimulatedWorld, simulate } from '../simulation/simulate.ts'
import { type DefencePolicies, realPolicies } from './policies.ts'
import { readTopology } from './read-topology.ts'
import { recommendDefence } from './recommend-defence.ts'
import { Safety } from './safety.ts'
import { priorityOf } from './stage.ts'
import { type Episode, swarm } from './swarm.ts'
import { ServiceSystem } from './system.ts'
import { defaultTopology, type TopologyFile } from './topology.ts'

/** Options of {@link runSoak}. */
export interface RunSoakOptions {
  /** @defaultValue 1 */
  readonly seed?: number | string
  /** How long the faults go on, in virtual time. @defaultValue `'4h'` */
  readonly for?: Duration
  /** How many send one request after the other. @defaultValue 10 */
  readonly clients?: number
  /** How long each waits between them, on average. @defaultValue `'10s'` */
  readonly think?: Duration
  /** How soon after the last fault everything must be well again. @defaultValue `'2m'` */
  readonly recoverWithin?: Duration
  /** Policies of another make, in place of the real ones. @defaultValue none */
  readonly policies?: Partial<DefencePolicies>
  /** Whether real time and chance throw; takes half as long again. @defaultValue false */
  readonly tripwire?: boolean
}

/** What a soak came to. */
export interface SoakResult {
  /** No rule was broken, everything was well again in time, and nothing was left behind. */
  readonly passed: boolean
  readonly seed: string
  readonly hash: string
  /** How many events the hash is made of, at each of which all rules were checked. */
  readonly events: number
  /** Milliseconds of virtual time. */
  readonly duration: number
  readonly requests: Readonly<Record<'full' | 'degraded' | 'shed' | 'failed', number>>
  readonly faults: readonly Episode[]
  /** Rules that were broken, in words; the first ten. */
  readonly violations: readonly string[]
  /** Milliseconds from the last fault until all circuits were closed and the level was normal; undefined if they never were. */
  readonly timeToSteady: number | undefined
  /** Sizes of everything that policies, nodes and connections hold: before the load, and a while after it. */
  readonly gauges: {
    readonly before: Readonly<Record<string, number>>
    readonly after: Readonly<Record<string, number>>
  }
  /** How often interesting things happened. A soak in which one of them did not says little about it. */
  readonly sometimes: Readonly<Record<string, number>>
}

/** Lost calls hang for a minute, and levels and rules take their time. Milliseconds. */
const rest = 120_000
/** What they ask for. */
const keys = 30

/**
 * Lets clients use a graph of services for hours while services and connections fail at random. At every event it checks that no bulkhead and
 * no node exceeds its limits, that no open circuit lets a call through, and that each request ends exactly once. Then everything is
 * mended and has to be well within a time, and all that is counted has to be what it was before the load.
 *
 * @example
 * ```ts
 * import { runSoak } from '@seaworthy/drill'
 *
 * const { passed, requests, hash } = await runSoak(undefined, { for: '20m' })
 * console.log(passed, requests.full > 0, hash.length) // true true 64
 * ```
 */
export async function runSoak(
  topology: TopologyFile = defaultTopology,
  options: RunSoakOptions = {},
): Promise<SoakResult> {
  knownOptions('runSoak', options, [
    'seed',
    'for',
    'clients',
    'think',
    'recoverWithin',
    'policies',
    'tripwire',
  ])
  const { seed = 1, tripwire = false } = options
  const length = duration('for', options.for ?? '4h')
  const within = duration('recoverWithin', options.recoverWithin ?? '2m')
  const graph = readTopology(topology)
  const policies: DefencePolicies = { ...realPolicies, ...options.policies }
  const run = async (
    world: SimulatedWorld,
  ): Promise<Omit<SoakResult, 'seed' | 'hash' | 'events' | 'duration'>> => {
    const safety = new Safety()
    const system = new ServiceSystem(world, graph, recommendDefence(graph), policies, safety.onAdmitted)
    safety.watch(world, system)
    const before = gaugesOf(world, system)
    const request = world.random('requests')
    const load = clientLoad(
      world,
      { clients: options.clients ?? 10, think: options.think ?? '10s', for: length + within },
      () => {
        const key = `key ${Math.floor(keys * request())}`
        return system.request(key, priorityOf(request()))
      },
    )
    const faults = await swarm(world, system, length)
    const timeToSteady = await steady(world, system, within)
    await load
    await world.clock.sleep(rest)
    const after = gaugesOf(world, system)
    safety.finish(system)
    system.stop()
    const left = Object.keys({ ...before, ...after }).filter((gauge) => before[gauge] !== after[gauge])
    const passed = safety.violations.length === 0 && timeToSteady !== undefined && left.length === 0
    const { violations, sometimes, requests } = safety
    return { passed, requests, faults, violations, timeToSteady, gauges: { before, after }, sometimes }
  }
  const { value, hash, events, duration: took } = await simulate(`${seed}/soak`, run, { tripwire })
  return { ...value, seed: String(seed), hash, events, duration: took }
}

/** What is held, without the answers that caches keep on purpose. */
function gaugesOf({ clock }: SimulatedWorld, system: ServiceSystem): Record<string, number> {
  const { 'policies.entries': _kept, ...gauges } = system.gauges()
  return { ...gauges, 'clock.timers': clock.pendingTimers }
}

/** Waits until every circuit is closed and the level is normal. @returns How long it took. */
async function steady(
  { clock }: SimulatedWorld,
  system: ServiceSystem,
  within: number,
): Promise<number | undefined> {
  const from = clock.now()
  while (clock.now() - from <= within) {
    if (system.openCircuits().length === 0 && (system.level?.level ?? 'normal') === 'normal')
      return clock.now() - from
    await clock.sleep(1000)
  }
  return undefined
}
