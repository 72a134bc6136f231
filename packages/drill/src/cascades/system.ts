/** A graph of services at work in a simulation: nodes, connections, the policies of every hop, and users. */
import { type AnyPolicy, failureClass } from '@seaworthy/core'
import type { Degradation, Level, LoadShed } from '@seaworthy/degradation'
import type { Priority } from '../service.ts'
import { SimulatedFailure } from '../simulation/errors.ts'
import { SimulatedLink } from '../simulation/link.ts'
import { SimulatedNode } from '../simulation/node.ts'
import type { SimulatedWorld } from '../simulation/simulate.ts'
import { nodeOf } from './graph.ts'
import { buildHop, type Hop, type OnAdmitted, type ServiceAnswer } from './hop.ts'
import type { Defence, HopSettings } from './hop-settings.ts'
import { levelRules } from './level-rules.ts'
import type { DefencePolicies } from './policies.ts'
import { Tally, type UserRequest } from './tally.ts'
import type { Edge, GraphNode, Topology } from './topology.ts'

/** A change of the level. */
export interface LevelChange {
  readonly at: number
  readonly from: Level
  readonly to: Level
}

/** A change of a circuit. */
export interface CircuitChange {
  readonly at: number
  readonly circuit: string
  readonly edge: string
  readonly from: string
  readonly to: string
  readonly reason: string
}

/** One process of a service. */
interface Process {
  readonly node: GraphNode
  readonly place: SimulatedNode
  readonly hops: readonly Hop[]
}

const criticalities = { critical: 'critical-plus', normal: 'critical', low: 'sheddable' } as const

/** How long a step down of the level waits. Short, so that a run shows the whole way. Milliseconds. */
export const levelHold = 3000

/** The services, running. */
export class ServiceSystem {
  readonly topology: Topology
  readonly tally: Tally = new Tally()
  readonly links: Map<string, SimulatedLink> = new Map()
  readonly circuitChanges: CircuitChange[] = []
  readonly levelChanges: LevelChange[] = []
  readonly hops: readonly Hop[]
  readonly level: Degradation | undefined
  /** Circuits that were not closed when it was stopped. */
  openAtEnd: readonly string[] = []
  readonly #world: SimulatedWorld
  readonly #processes = new Map<string, readonly Process[]>()
  readonly #next = new Map<string, number>()
  readonly #shedding: Readonly<Record<Priority, LoadShed>> | undefined
  #requests = 0
  #ended = 0

  constructor(
    world: SimulatedWorld,
    topology: Topology,
    defence: Defence,
    policies: DefencePolicies,
    onAdmitted?: OnAdmitted,
  ) {
    const { clock, hub } = world
    this.#world = world
    this.topology = topology
    for (const node of topology.nodes) {
      const processes = Array.from({ length: node.instances }, (_, instance) =>
        this.#start(node, defence, policies, instance, onAdmitted),
      )
      this.#processes.set(node.name, processes)
      for (const { id } of node.calls) this.links.set(id, new SimulatedLink(world, id))
    }
    this.hops = [...this.#processes.values()].flatMap((processes) => processes.flatMap(({ hops }) => hops))
    for (const { breaker, edge, name } of this.hops)
      breaker?.on('stateChange', ({ from, to, reason }) => {
        if (to === 'disposed') return
        this.circuitChanges.push({ at: clock.now(), circuit: name, edge: edge.id, from, to, reason })
      })
    if (!defence.degradation) return
    const level = policies.createDegradation({
      name: topology.name,
      rules: levelRules,
      interval: '1s',
      recoverAfter: levelHold,
      resources: false,
      hub,
      clock,
      wallClock: () => clock.now(),
      random: world.random('degradation'),
    })
    level.on('changed', ({ from, to }) => this.levelChanges.push({ at: clock.now(), from, to }))
    const shed = (priority: Priority): LoadShed =>
      policies.loadShed(level, { criticality: criticalities[priority], hub })
    this.level = level
    this.#shedding = { critical: shed('critical'), normal: shed('normal'), low: shed('low') }
  }

  /** The places of all processes of a service. */
  places(node: string): readonly SimulatedNode[] {
    return (this.#processes.get(node) ?? []).map(({ place }) => place)
  }

  /** Requests that have not ended. */
  get underway(): number {
    return this.#requests - this.#ended
  }

  /** One request of a user, from its arrival to its end. Never rejects. */
  async request(key: string, priority: Priority): Promise<void> {
    const { clock } = this.#world
    const number = ++this.#requests
    const request: UserRequest = { at: clock.now(), priority, period: this.tally.period, ended: undefined }
    this.tally.requests.push(request)
    const answer = await this.#answer(key, priority)
    const took = clock.now() - request.at
    // A request that ends twice would be counted twice here and break the sum.
    this.#ended++
    request.ended = { took, answer }
    this.#world.record({ type: 'request', number, answer, took })
  }

  async #answer(key: string, priority: Priority): Promise<'full' | 'degraded' | 'shed' | 'failed'> {
    const { root } = this.topology
    try {
      const work = (): Promise<ServiceAnswer> => this.#visit(root, key)
      const answer = await (this.#shedding?.[priority].execute(work) ?? work())
      return answer.degraded ? 'degraded' : 'full'
    } catch (error) {
      return (error as { code?: unknown }).code === 'ERR_LOAD_SHED' ? 'shed' : 'failed'
    }
  }

  /** One call of a service, at its next process. */
  async #visit(name: string, key: string): Promise<ServiceAnswer> {
    const { clock } = this.#world
    const processes = this.#processes.get(name) as readonly Process[]
    const turn = this.#next.get(name) ?? 0
    this.#next.set(name, (turn + 1) % processes.length)
    const process = processes[turn] as Process
    const counts = this.tally.of(this.tally.nodes, name)
    const arrivals = this.tally.arrivals.get(name) ?? []
    this.tally.arrivals.set(name, arrivals)
    const arrivedAt = clock.now()
    arrivals.push(arrivedAt)
    counts.calls++
    const answer = await process.place.serve(() => this.#work(process, key))
    if (clock.now() - arrivedAt <= this.topology.slo) counts.good++
    return answer
  }

  /** What a service does besides its own work: it asks those below, one after the other. */
  async #work({ node, hops }: Process, key: string): Promise<ServiceAnswer> {
    let degraded = false
    for (const hop of hops) {
      try {
        if (await this.#call(hop, key)) degraded = true
      } catch (error) {
        // What went wrong further down is for that service to know; its caller learns whether asking again makes sense.
        if (hop.edge.critical) throw new SimulatedFailure(`${node.name} has no answer`, failureClass(error))
        degraded = true
      }
    }
    return { degraded, at: this.#world.clock.now() }
  }

  /** One call over a hop. @returns Whether the answer is degraded. */
  async #call({ edge, policy, settings }: Hop, key: string): Promise<boolean> {
    const { clock } = this.#world
    const link = this.links.get(edge.id) as SimulatedLink
    const began = clock.now()
    const answer = (await policy.execute(
      async (context) => {
        const counts = this.tally.of(this.tally.edges, edge.id)
        counts.calls++
        const sentAt = clock.now()
        const came = await link.call(() => this.#visit(edge.to, key), context)
        if (settings.timeout === false || clock.now() - sentAt <= settings.timeout) counts.good++
        return came
      },
      { key },
    )) as ServiceAnswer
    return answer.degraded || answer.at < began - settings.cache.ttl
  }

  /** Sums of what policies, nodes and links hold; all 0 when nothing is under way. */
  gauges(): Record<string, number> {
    const sums: Record<string, number> = {}
    const add = (of: string, values: Readonly<Record<string, number>>): void => {
      for (const [name, value] of Object.entries(values))
        sums[`${of}.${name}`] = (sums[`${of}.${name}`] ?? 0) + value
    }
    for (const { policy } of this.hops) add('policies', policy.debugStats())
    for (const processes of this.#processes.values())
      for (const { place } of processes) add('nodes', place.debugStats())
    for (const link of this.links.values()) add('links', link.debugStats())
    if (this.level !== undefined) add('degradation', this.level.debugStats())
    sums['requests.underway'] = this.underway
    return sums
  }

  /** Circuits that are not closed. */
  openCircuits(): string[] {
    return this.hops
      .filter(({ breaker }) => breaker !== undefined && breaker.state !== 'closed')
      .map(({ name }) => name)
  }

  /** Takes everything off the hub. */
  stop(): void {
    this.openAtEnd = this.openCircuits()
    this.level?.close()
    const policies: readonly AnyPolicy[] = Object.values(this.#shedding ?? {})
    for (const policy of policies) policy.dispose()
    for (const hop of this.hops) hop.dispose()
  }

  #start(
    node: GraphNode,
    { hops }: Defence,
    policies: DefencePolicies,
    instance: number,
    onAdmitted: OnAdmitted | undefined,
  ): Process {
    const { name, concurrency, queue, serviceTime } = node
    const place = new SimulatedNode(this.#world, `${name} #${instance}`, { concurrency, queue, serviceTime })
    const settings = ({ id }: Edge): HopSettings => hops[id] as HopSettings
    const own = node.calls.map((edge) =>
      buildHop(this.#world, edge, settings(edge), policies, instance, onAdmitted),
    )
    return { node: nodeOf(this.topology, name), place, hops: own }
  }
}
