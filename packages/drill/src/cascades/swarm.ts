/** Random faults at random places, a different mix for each seed. */
import type { SimulatedWorld } from '../simulation/simulate.ts'
import type { ServiceSystem } from './system.ts'

/** The kinds of faults. */
const swarmFaults: readonly SwarmFault[] = Object.freeze<SwarmFault[]>([
  'errors',
  'slow',
  'hang',
  'cut',
  'loss',
])

/** One kind of fault. */
export type SwarmFault = 'errors' | 'slow' | 'hang' | 'cut' | 'loss'

/** A fault that happened. */
export interface Episode {
  readonly fault: SwarmFault
  /** A service, or a connection. */
  readonly at: string
  /** Milliseconds. */
  readonly from: number
  readonly lasts: number
}

/** On average so long between the beginnings of two faults, and each takes up to so long. Milliseconds. */
const gap = 240_000
const longest = 90_000

/**
 * Breaks things until `until`. Each kind of fault is left out of every third run or so: a mix of everything hides what only one of them shows.
 *
 * Source: A. Groce and others, "Swarm testing" (ISSTA 2012).
 */
export async function swarm(world: SimulatedWorld, system: ServiceSystem, until: number): Promise<Episode[]> {
  const { clock } = world
  const random = world.random('swarm')
  const kinds = swarmFaults.filter(() => random() < 2 / 3)
  const chosen = kinds.length > 0 ? kinds : swarmFaults
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const nodes = system.topology.nodes
    .filter(({ name }) => name !== system.topology.root)
    .map(({ name }) => name)
  const links = [...system.links.keys()]
  const episodes: Episode[] = []
  const endings: Promise<void>[] = []
  for (;;) {
    const wait = -gap * Math.log(1 - random())
    if (clock.now() + wait > until) break
    await clock.sleep(wait)
    const fault = pick(chosen)
    const at = fault === 'cut' || fault === 'loss' ? pick(links) : pick(nodes)
    const lasts = Math.min(longest * random(), until - clock.now())
    const heal = begin(system, fault, at, random())
    const episode = { fault, at, from: clock.now(), lasts }
    episodes.push(episode)
    world.record({ type: 'fault', ...episode })
    endings.push(
      clock.sleep(lasts).then(() => {
        heal()
        world.record({ type: 'healed', fault, at })
      }),
    )
  }
  await Promise.all(endings)
  return episodes
}

function begin(system: ServiceSystem, fault: SwarmFault, at: string, strength: number): () => void {
  if (fault === 'cut' || fault === 'loss') {
    const link = system.links.get(at)
    if (fault === 'cut') link?.cut()
    else link?.setDrop(strength)
    return () => (fault === 'cut' ? link?.restore() : link?.setDrop(0))
  }
  const faults = {
    errors: { errors: Math.max(0.2, strength) },
    slow: { delay: 2000 * strength },
    hang: { hangs: true },
  }
  const heal = system.places(at).map((place) => place.inject({ ...faults[fault] }))
  return () => {
    for (const each of heal) each()
  }
}
