/** A graph of services, as users write it in a file. */
import type { Duration } from '@seaworthy/core'
import type { ServiceTime } from '../simulation/service-time.ts'
import type { HopSettings } from './hop-settings.ts'

/** One service calls another. */
export interface TopologyCall {
  /** The name of the called node. */
  readonly to: string
  /** Whether the caller cannot answer without it. @defaultValue true */
  readonly critical?: boolean
  /**
   * What the caller can answer in place of a failed call: nothing; the same for everybody; what it remembers.
   * @defaultValue `'none'` for a critical call, `'static'` for another
   */
  readonly answers?: 'none' | 'static' | 'cache'
  /** What stands around the call. What is left out is recommended. */
  readonly hop?: Partial<HopSettings>
}

/** A service. */
export interface TopologyNode {
  /** How many pieces of work an instance does at once. @defaultValue 50 */
  readonly concurrency?: number
  /** How many wait; more are refused. @defaultValue twice `concurrency` */
  readonly queue?: number
  /** How long its own work takes, without its calls. @defaultValue lognormal, 5 ms for half of it and 20 ms for 99 % */
  readonly serviceTime?: ServiceTime
  /** How many processes of it there are. Each has circuit breakers and caches of its own. @defaultValue 1 */
  readonly instances?: number
  /** Whom it calls to answer one request, one after the other. @defaultValue nobody */
  readonly calls?: ReadonlyArray<string | TopologyCall>
}

/** A graph of services: the short form names whom each calls, the long form says more. */
export type TopologyFile =
  | Readonly<Record<string, readonly string[]>>
  | {
      readonly name?: string
      /** A good answer takes no longer than this. @defaultValue `'1s'` */
      readonly slo?: Duration
      readonly nodes: Readonly<Record<string, TopologyNode>>
    }

/** A call of a checked graph. */
export interface Edge {
  /** `from > to`. */
  readonly id: string
  readonly from: string
  readonly to: string
  readonly critical: boolean
  readonly answers: 'none' | 'static' | 'cache'
  readonly hop: Partial<HopSettings>
}

/** A node of a checked graph. */
export interface GraphNode {
  readonly name: string
  readonly concurrency: number
  readonly queue: number
  readonly serviceTime: ServiceTime
  readonly instances: number
  readonly calls: readonly Edge[]
}

/** A checked graph. Made by {@link readTopology}. */
export interface Topology {
  readonly name: string
  /** Milliseconds. */
  readonly slo: number
  /** Where requests come in: the only node that nobody calls. */
  readonly root: string
  /** Callers before those they call. */
  readonly nodes: readonly GraphNode[]
}

/**
 * A frontend, a gateway, two services, their shared database and an outside API that is nice to have. It answers from memory where it can.
 */
export const defaultTopology: TopologyFile = {
  name: 'default',
  slo: '1s',
  nodes: {
    frontend: {
      concurrency: 200,
      queue: 400,
      serviceTime: { law: 'lognormal', median: '1ms', p99: '4ms' },
      calls: ['api_gateway'],
    },
    api_gateway: {
      concurrency: 50,
      queue: 100,
      serviceTime: { law: 'lognormal', median: '1ms', p99: '5ms' },
      calls: [
        { to: 'auth_service', answers: 'cache' },
        { to: 'data_service', answers: 'cache' },
      ],
    },
    auth_service: {
      concurrency: 40,
      queue: 80,
      serviceTime: { law: 'lognormal', median: '2ms', p99: '10ms' },
      calls: [{ to: 'database', answers: 'cache' }],
    },
    data_service: {
      concurrency: 40,
      queue: 80,
      serviceTime: { law: 'lognormal', median: '3ms', p99: '12ms' },
      calls: [
        { to: 'database', answers: 'cache' },
        { to: 'external_api', critical: false },
      ],
    },
    database: {
      concurrency: 4,
      queue: 1000,
      serviceTime: { law: 'lognormal', median: '20ms', p99: '45ms' },
    },
    external_api: {
      concurrency: 50,
      queue: 100,
      serviceTime: { law: 'lognormal', median: '20ms', p99: '60ms' },
    },
  },
}
