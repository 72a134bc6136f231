/** The order service as a drill sees it. */
import type { ChaosTarget } from '@seaworthy/chaos'
import type { Answer, DrillRequest, DrillService, RunningService, World } from '@seaworthy/drill'
import { type Claim, claim } from '@seaworthy/example-order-service/claim'
import { audit } from './audit.ts'
import { Customers } from './customers.ts'
import { Operator } from './operator.ts'
import { type System, startSystem } from './system.ts'
import { targetsOf } from './targets.ts'
import { circuitsOf, levelOf, Watch } from './watch.ts'

/** The order service, with what is to be said about its orders in the end. */
export interface DrilledOrderService extends DrillService {
  /** Empty until it was stopped. */
  readonly claims: readonly Claim[]
}

/** @param tell - Gets a line about what was started. */
export function drilledOrderService(tell: (line: string) => void = () => {}): DrilledOrderService {
  let claims: readonly Claim[] = []
  return {
    name: 'order service',
    get claims() {
      return claims
    },
    async start(world) {
      const system = await startSystem()
      const pids = [...system.workers.values()].map(({ pid }) => pid)
      tell(
        `an API (process ${system.api.pid}), two workers (${pids.join(', ')}) and a Redis (${system.redis.pid})`,
      )
      const watch = await Watch.start(system, world.clock)
      return new Running(system, watch, world, (found) => {
        claims = found
      })
    },
  }
}

class Running implements RunningService {
  readonly targets: readonly ChaosTarget[]
  /** Its memory is watched from outside. */
  readonly processId: number
  readonly #system: System
  readonly #watch: Watch
  readonly #customers: Customers
  readonly #operator: Operator
  readonly #report: (claims: readonly Claim[]) => void

  constructor(system: System, watch: Watch, world: World, report: (claims: readonly Claim[]) => void) {
    const { api, token } = system
    this.#system = system
    this.#watch = watch
    this.#report = report
    this.#customers = new Customers(api.url, world.clock, world.random('customers'))
    this.#operator = new Operator(api.url, token)
    this.processId = api.pid
    this.targets = targetsOf(system, world.clock)
  }

  request(request: DrillRequest, signal: AbortSignal): Promise<Answer> {
    return this.#customers.request(request, signal)
  }

  circuits(): Record<string, string> {
    return circuitsOf(this.#watch.view)
  }

  level(): number {
    return levelOf(this.#watch.view)
  }

  async gauges(): Promise<Record<string, number>> {
    const { underWay } = await this.#operator.queue()
    const { api, workers } = this.#watch.view
    const inHand = Object.values({ api, ...workers }).reduce((sum, part) => sum + (part?.working ?? 0), 0)
    return {
      'orders under way': underWay,
      'orders in hand': inHand,
      'connections to payments': this.#system.toPayments.connections,
    }
  }

  async kept(): Promise<Record<string, number>> {
    const { dead } = await this.#operator.queue()
    return { 'dead letters': dead }
  }

  async stop(): Promise<void> {
    try {
      this.#report(await audit(this.#system, this.#customers))
    } catch (error) {
      this.#report([claim('the books could be looked through', String(error), false)])
    } finally {
      await this.#watch.stop()
      await this.#system.close()
    }
  }
}
