import {
  type AnyPolicy,
  type Clock,
  defaultHub,
  Emitter,
  type Hub,
  InvalidOptionError,
  knownOptions,
  type Listener,
  type Random,
  systemClock,
  systemRandom,
} from '@seaworthy/core'
import { type AnswerTexts, checkTexts } from './answer.ts'
import type { IncomingEvents } from './events.ts'
import { PathTable } from './paths.ts'
import type { Exchange } from './request.ts'
import { ambiguousRoute, type IncomingRule, type Route, routeOf } from './rules.ts'
import { type Shedding, type SheddingOptions, shedding } from './shedding.ts'
import { Visit, type VisitHost } from './visit.ts'

/** Options of {@link protect}. */
export interface ProtectOptions {
  /**
   * A name, for errors, events and the hub. The policies that rules make from options are then called
   * by it and the name of their rule. @defaultValue none; then neither it nor they are on the hub
   */
  readonly name?: string
  /** Where it shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub
  /** Times deadlines, and everything in the policies of the rules. @defaultValue the system clock */
  readonly clock?: Clock
  /** Spreads `Retry-After`. @defaultValue the randomness of the machine */
  readonly random?: Random
  /** Sheds load over all rules together, by their priorities. @defaultValue none is shed */
  readonly shedding?: SheddingOptions
  /** What users read in answers, in place of the usual texts. */
  readonly messages?: AnswerTexts
  /**
   * Whether `/api` and `/API` are different. If they are to the rules and not to the server, `/API` has no protection.
   * @defaultValue as the server says, and where it says nothing, they are not
   */
  readonly caseSensitive?: boolean
}

/** What a protection does at the moment. */
export interface ProtectionSnapshot {
  /** Requests that wait for their policies. */
  readonly waiting: number
  /** Requests whose response is not complete. */
  readonly running: number
  /** How many requests load shedding lets run at once; undefined without it. */
  readonly limit: number | undefined
  readonly rules: readonly string[]
}

/** Rules for incoming requests. Made by {@link protect}; adapters bring it into a server. */
export interface Protection {
  readonly name: string | undefined
  /** Subscribes to an event. @returns A function that unsubscribes. */
  on<E extends keyof IncomingEvents>(event: E, listener: Listener<IncomingEvents[E]>): () => void
  snapshot(): ProtectionSnapshot
  /** Exact numbers of what it holds. */
  debugStats(): Record<string, number>
  /** Takes it and the policies that it made off the hub. Requests that run go on. */
  dispose(): void
  /**
   * The route that a request belongs to; undefined if no rule holds for it. For authors of adapters.
   *
   * @param target - The request target as the server reads it.
   * @param exactCase - Whether the server tells upper and lower case apart.
   */
  find(target: string, method: string, exactCase: boolean): Route | undefined
  /** One request on a route. For authors of adapters. */
  visit(route: Route, exchange: Exchange): Visit
}

/**
 * Protects the routes of a server: limits rate, concurrency and time of its requests, sheds load by priority, and stops
 * calling handlers that keep failing. The rule with the longest path that matches holds.
 *
 * Requests that are turned away get `{ "error": { "code", "message" } }` with 429, 503 or 504 and `Retry-After`.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when a rule or an option makes no sense.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { nodeHandler, protect } from '@seaworthy/http/incoming'
 *
 * const protection = protect([
 *   { path: '/api', breaker: { failureThreshold: 5 }, deadline: '5s' },
 *   { path: '/api/reports', bulkhead: { concurrency: 2 }, priority: 'sheddable' },
 * ])
 * const server = createServer(nodeHandler(protection, (_request, response) => response.end('fine')))
 * server.listen(0, async () => {
 *   const { port } = server.address() as { port: number }
 *   const response = await fetch(`http://127.0.0.1:${port}/api/stock`, { headers: { connection: 'close' } })
 *   console.log(response.status, await response.text()) // 200 fine
 *   server.close()
 * })
 * ```
 */
export function protect(rules: readonly IncomingRule[], options: ProtectOptions = {}): Protection {
  knownOptions('protect', options, [
    'name',
    'hub',
    'clock',
    'random',
    'shedding',
    'messages',
    'caseSensitive',
  ])
  if (!Array.isArray(rules)) throw new InvalidOptionError('rules', 'a list of rules', rules)
  return new ProtectionOfRules(rules, options)
}

class ProtectionOfRules implements Protection, VisitHost {
  readonly name: string | undefined
  readonly clock: Clock
  readonly random: Random
  readonly texts: AnswerTexts
  readonly events: Emitter<IncomingEvents>
  waiting = 0
  running = 0
  timers = 0
  /** The policies to dispose of. */
  private readonly made: AnyPolicy[] = []
  private readonly routes: readonly Route[]
  private readonly table: PathTable<Route>
  private readonly caseSensitive: boolean | undefined
  private readonly shedding: Shedding | undefined
  private readonly unregister: (() => void) | undefined

  constructor(rules: readonly IncomingRule[], options: ProtectOptions) {
    const { name, hub, clock = systemClock, random = systemRandom, messages = {} } = options
    this.name = name
    this.clock = clock
    this.random = random
    this.texts = checkTexts(messages)
    this.caseSensitive = options.caseSensitive
    this.events = new Emitter('incoming', name, hub ?? defaultHub)
    this.shedding = options.shedding && shedding(options.shedding, { name, hub, clock })
    if (this.shedding !== undefined) this.made.push(this.shedding.policy)
    const defaults = { name, hub, clock, random, shedding: this.shedding?.policy, made: this.made }
    try {
      this.routes = rules.map((rule, index) => routeOf(rule, index, defaults))
    } catch (error) {
      for (const policy of this.made) policy.dispose()
      throw error
    }
    this.table = new PathTable(this.routes, ambiguousRoute)
    this.unregister =
      name === undefined
        ? undefined
        : (hub ?? defaultHub).register({
            kind: 'incoming',
            name,
            snapshot: () => this.snapshot(),
            actions: {},
          })
  }

  on<E extends keyof IncomingEvents>(event: E, listener: Listener<IncomingEvents[E]>): () => void {
    return this.events.on(event, listener)
  }

  snapshot(): ProtectionSnapshot {
    const { waiting, running } = this
    return { waiting, running, limit: this.shedding?.limit.limit, rules: this.routes.map(({ name }) => name) }
  }

  debugStats(): Record<string, number> {
    const { waiting, running, timers } = this
    const sums: Record<string, number> = { listeners: this.events.size, waiting, running, timers }
    for (const policy of this.made) {
      for (const [name, value] of Object.entries(policy.debugStats())) sums[name] = (sums[name] ?? 0) + value
    }
    return sums
  }

  dispose(): void {
    this.unregister?.()
    for (const policy of this.made) policy.dispose()
    this.events.clear()
  }

  find(target: string, method: string, exactCase: boolean): Route | undefined {
    return this.table.find(target, method, this.caseSensitive ?? exactCase)
  }

  visit(route: Route, exchange: Exchange): Visit {
    return new Visit(this, route, exchange)
  }
}
