/** The service that a drill runs when it is given none: a shop that calls what shops call, with the library's own policies. */
import { type CallTarget, type ChaosTarget, callTarget, resourceTarget } from '@seaworthy/chaos'
import { type CircuitBreaker, circuitBreaker } from '@seaworthy/circuit-breaker'
import { pipeline } from '@seaworthy/core'
import { createDegradation, loadShed, type Rule } from '@seaworthy/degradation'
import { failover, fallback, staleCache } from '@seaworthy/fallback'
import { bulkhead, timeout } from '@seaworthy/flow'
import { retry, retryBudget } from '@seaworthy/retry'
import type { Answer, DrillRequest, DrillService, Priority, RunningService } from '../service.ts'
import type { World } from '../world.ts'

/**
 * A shop in one process. A request reads a product from a datastore (stale if need be), has it valued (an estimate if need be), and asks a
 * provider for a price (another provider if need be). Circuits, levels and load shedding are those of the library.
 *
 * It runs in virtual time as well as in real time.
 *
 * @example
 * ```ts
 * import { sampleService } from '@seaworthy/drill'
 *
 * console.log(sampleService().name) // shop
 * ```
 */
export function sampleService(): DrillService {
  return { name: 'shop', start: async (world) => new Shop(world) }
}

const latency = { datastore: 3, valuation: 8, provider: 25 } as const
/** So many requests may be under way, and so many may wait. */
const slots = 64
const criticality = { critical: 'critical-plus', normal: 'critical', low: 'sheddable' } as const

class Shop implements RunningService {
  readonly targets: readonly ChaosTarget[]
  readonly #world: World
  readonly #datastore: CallTarget
  readonly #valuation: CallTarget
  readonly #primary: CallTarget
  readonly #breakers: readonly CircuitBreaker[]
  readonly #degradation
  readonly #shed
  readonly #slots
  readonly #products
  readonly #values
  readonly #prices

  constructor(world: World) {
    this.#world = world
    const { clock, hub } = world
    const common = { clock, hub }
    const random = (name: string) => world.random(`shop ${name}`)
    this.#datastore = callTarget('datastore', { clock })
    this.#valuation = callTarget('valuation', { clock })
    this.#primary = callTarget('primary provider', { clock })
    this.#slots = bulkhead({ name: 'shop', concurrency: slots, queue: slots, ...common })
    const pool = resourceTarget('resources', { clock, pool: this.#slots })
    // Memory and the event loop are not simulated; using them up would only slow the simulation down.
    const resources = world.kind === 'real' ? pool : only(pool, 'exhaust')
    this.targets = [this.#datastore, this.#valuation, this.#primary, resources]

    const breaker = (name: string): CircuitBreaker =>
      circuitBreaker({
        name,
        recoveryTimeout: { initial: '2s', factor: 2, max: '10s', jitter: 0.2 },
        halfOpen: { lease: '5s' },
        random: random(`breaker ${name}`),
        ...common,
      })
    const [datastore, valuation] = [breaker('datastore'), breaker('valuation')]
    this.#breakers = [datastore, valuation]
    const budget = retryBudget({ clock })
    const retrying = (name: string) =>
      retry({ attempts: 2, delay: '50ms', budget, random: random(`retry ${name}`), clock })
    this.#products = pipeline(
      fallback(() => ({ stock: undefined })),
      staleCache({ ttl: 0, staleFor: '1h', clock }),
      timeout('1500ms', { clock }), // in all: nobody waits for ten seconds because a server asks for it
      retrying('datastore'),
      datastore,
      timeout('400ms', { clock }),
      this.#datastore.policy,
    )
    this.#values = pipeline(
      fallback(() => undefined),
      timeout('1500ms', { clock }),
      retrying('valuation'),
      valuation,
      timeout('500ms', { clock }),
      this.#valuation.policy,
    )
    this.#prices = failover<string, number>(
      [
        { name: 'primary', call: (_item, context) => this.#askPrimary(context.signal) },
        {
          name: 'secondary',
          call: (_item, context) => this.#work('secondary', 2 * latency.provider, context.signal),
        },
      ],
      { name: 'prices', firstByteTimeout: '800ms', random: random('prices'), ...common },
    )
    this.#degradation = createDegradation({
      name: 'shop',
      rules: circuitRules,
      interval: '1s',
      recoverAfter: '2s',
      resources: false,
      // Before anybody is turned away, those who matter least get estimates, see below.
      shedding: { minor: { sheddable: 0 }, moderate: { sheddable: 0, 'sheddable-plus': 0 } },
      random: random('degradation'),
      // It dates what operators did, and nothing else.
      wallClock: () => clock.now(),
      ...common,
    })
    const shed = (priority: Priority) => loadShed(this.#degradation, { criticality: criticality[priority] })
    this.#shed = { critical: shed('critical'), normal: shed('normal'), low: shed('low') }
  }

  async request({ key, priority }: DrillRequest, signal: AbortSignal): Promise<Answer> {
    try {
      return await this.#shed[priority].execute(
        (outer) => this.#slots.execute(({ signal }) => this.#serve(key, priority, signal), outer),
        { signal },
      )
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ERR_LOAD_SHED') return 'shed'
      throw error
    }
  }

  async #serve(key: string, priority: Priority, signal: AbortSignal): Promise<Answer> {
    let read = false
    const product = this.#products.execute(
      async (context) => {
        const found = await this.#work('datastore', latency.datastore, context.signal)
        read = true
        return { stock: found }
      },
      { key, signal },
    )
    const estimate = priority === 'low' && this.#degradation.level !== 'normal'
    const value = estimate
      ? undefined
      : this.#values.execute(({ signal }) => this.#work('valuation', latency.valuation, signal), { signal })
    const price = this.#prices.call(key, { signal })
    const [, valued] = await Promise.all([product, value, price])
    return read && valued !== undefined ? 'full' : 'degraded'
  }

  #askPrimary(signal: AbortSignal): Promise<number> {
    return this.#primary.policy.execute(
      (context) => this.#work('primary', latency.provider, context.signal),
      {
        signal,
      },
    )
  }

  /** What a dependency does: it takes its time, log-normally distributed. */
  async #work(name: string, median: number, signal: AbortSignal): Promise<number> {
    const random = this.#world.random(`work ${name}`)
    const [u, v] = [1 - random(), random()]
    const normal = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v)
    await this.#world.clock.sleep(median * Math.exp(0.3 * normal), signal)
    return u
  }

  circuits(): Record<string, string> {
    const { providers } = this.#prices.snapshot()
    const ofProviders = providers.map(({ provider, state }) => [
      `provider ${provider}`,
      state === 'healthy' ? 'closed' : 'open',
    ])
    return Object.fromEntries([...this.#breakers.map(({ name, state }) => [name, state]), ...ofProviders])
  }

  level(): number {
    return levelNumber[this.#degradation.level]
  }

  gauges(): Record<string, number> {
    const { active, queued } = this.#slots.debugStats()
    return { active: active ?? 0, queued: queued ?? 0, waiting: this.#prices.debugStats()['waiting'] ?? 0 }
  }

  async stop(): Promise<void> {
    this.#degradation.close()
    for (const each of [...this.#breakers, this.#slots, this.#prices, ...Object.values(this.#shed)])
      each.dispose()
  }
}

const levelNumber = { normal: 0, minor: 1, moderate: 2, severe: 3, critical: 4 } as const

/** One circuit that is open is minor, two are moderate. */
const circuitRules: readonly Rule[] = [
  { id: 'a circuit is open', level: 'minor', when: (signals) => open(signals) >= 1, exitAfter: '1s' },
  { id: 'two circuits are open', level: 'moderate', when: (signals) => open(signals) >= 2, exitAfter: '1s' },
]

const open: (signals: Parameters<Rule['when']>[0]) => number = ({ circuits }) =>
  circuits.filter(({ state }) => state === 'open').length

/** A target of which one kind of fault is left. */
function only(target: ChaosTarget, kind: ChaosTarget['supports'][number]): ChaosTarget {
  return { id: target.id, supports: [kind], apply: (fault, injection) => target.apply(fault, injection) }
}
