/** One handler for health, metrics, administration and the dashboard, for any server. */
import { randomBytes } from 'node:crypto'
import { Emitter } from '@seaworthy/core'
import { AuditTrail } from './audit.ts'
import { Gate } from './auth/gate.ts'
import { dashboardAssets } from './dashboard/assets.ts'
import type { Desk } from './desk.ts'
import type { OpsEvents } from './events.ts'
import { circuitKinds, circuitViews } from './figures/circuits.ts'
import { keyFigures } from './figures/key-figures.ts'
import { Recorder } from './figures/recorder.ts'
import { Exchange } from './http/exchange.ts'
import type { RequestInfo } from './http/request-info.ts'
import { Router } from './http/router.ts'
import { type OpsOptions, type OpsSettings, opsSettings } from './options.ts'
import { reliabilityReport } from './report/report.ts'
import { adminRoutes } from './routes/admin.ts'
import { circuitBreakerRoutes } from './routes/circuit-breakers.ts'
import { dashboardRoutes } from './routes/dashboard.ts'
import { deadLetterRoutes } from './routes/dead-letters.ts'
import { degradationRoutes } from './routes/degradation.ts'
import { drillRoutes } from './routes/drills.ts'
import { healthRoutes } from './routes/health.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { Feed } from './stream/feed.ts'
import type { LiveState } from './stream/live-state.ts'
import { Transitions } from './stream/transitions.ts'
import { componentViews } from './views/component-view.ts'
import { degradationView } from './views/degradation-view.ts'
import { healthView } from './views/health-view.ts'
import { QueueBoard } from './views/queue-board.ts'
import type { ReliabilityReport, ServiceFacts } from './wire.ts'

/** The handler. Made by {@link createOps}. */
export interface Ops {
  /**
   * Answers a request, whatever it is for: what is not found, with 404. It never rejects. Bound to the handler: give it away as it is.
   *
   * @param info - What the server knows besides.
   */
  readonly fetch: (request: Request, info?: RequestInfo) => Promise<Response>
  /** Whether a path is for this handler: a health or metrics route, or anything below the admin path and the path of drills. */
  match(pathname: string): boolean
  /** The reliability report of the last `window` milliseconds, at most 24 hours. */
  report(window: number): ReliabilityReport
  /** Ends all streams, so that a server can close, and watches no more. The routes still answer. */
  close(): Promise<void>
  /** Timers, streams and listeners, for leak tests. */
  debugStats(): Record<string, number>
}

/**
 * Makes the handler. It remembers what policies do from now on: make it early.
 *
 * Without `auth` nobody gets past the public routes. Timers do not keep the process running.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { circuitBreaker } from '@seaworthy/circuit-breaker'
 * import { bearer, createOps } from '@seaworthy/ops'
 *
 * const token = 'an unguessable text of your own'
 * const ops = createOps({ auth: bearer([{ id: 'grace', token, scope: 'operate' }]) })
 * const payments = circuitBreaker({ name: 'payments' })
 * payments.trip()
 *
 * const answer = await ops.fetch(
 *   new Request('http://localhost/admin/reliability/circuit-breakers/payments/reset', {
 *     method: 'POST',
 *     headers: { authorization: `Bearer ${token}` },
 *   }),
 * )
 * console.log(answer.status, payments.state) // 200 closed
 * await ops.close()
 * payments.dispose()
 * ```
 */
export function createOps(options: OpsOptions = {}): Ops {
  return new Handler(opsSettings(options))
}

class Handler implements Ops {
  readonly fetch: (request: Request, info?: RequestInfo) => Promise<Response>
  readonly #settings: OpsSettings
  readonly #router: Router
  readonly #desk: Desk
  readonly #transitions: Transitions
  readonly #events: Emitter<OpsEvents>

  constructor(settings: OpsSettings) {
    const { hub, clock, wallClock, auditSink, logger } = settings
    this.#settings = settings
    this.#events = new Emitter('ops', 'default', hub)
    const board = new QueueBoard(settings.deadLetters, clock)
    const wall = (): number => Math.round(wallClock())
    const feed = new Feed({
      clock,
      wallClock,
      transitions: () => this.#transitions,
      read: () => this.#liveState(),
      process: randomBytes(6).toString('hex'),
    })
    const recorder = new Recorder({
      hub,
      clock,
      wallClock,
      onSecond: (points) => {
        // The board asks the stores while somebody looks, and shows what it knows by then.
        if (feed.size > 0) void board.refresh(storePatience, storeInterval)
        this.#transitions.second()
        feed.second(points)
      },
    })
    const audit: AuditTrail = new AuditTrail(auditSink, () => {
      logger.warn({ event: 'opsAuditFailed', lost: audit.lost }, 'The audit sink did not take an entry')
      this.#events.emit('auditFailed', { lost: audit.lost })
    })
    const began = clock.now()
    const { name, version, releaseId } = settings.service
    const service = (): ServiceFacts => ({
      ...(name !== undefined && { name }),
      ...(version !== undefined && { version }),
      ...(releaseId !== undefined && { releaseId }),
      uptime: Math.round((clock.now() - began) / 1000),
    })
    const desk: Desk = { settings, recorder, feed, board, audit, service, wall }
    this.#desk = desk
    this.#transitions = new Transitions(hub, clock, wallClock, (transition) => feed.transition(transition))
    this.#router = new Router([
      ...healthRoutes(desk),
      ...metricsRoutes(settings),
      ...circuitBreakerRoutes(desk),
      ...degradationRoutes(desk),
      ...deadLetterRoutes(desk),
      ...adminRoutes(desk),
      ...drillRoutes(desk),
      ...dashboardRoutes(settings.adminPath, dashboardAssets),
    ])
    const gate = new Gate({ ...settings, clock })
    this.fetch = (request, info = {}) =>
      new Exchange(desk, this.#router, gate, this.#events, request, info).answer()
  }

  match(pathname: string): boolean {
    const { adminPath, drillPath, drills } = this.#settings
    const isBelow = (path: string): boolean => pathname === path || pathname.startsWith(`${path}/`)
    if (isBelow(adminPath) || (drills !== undefined && isBelow(drillPath))) return true
    try {
      return this.#router.find(pathname) !== undefined
    } catch {
      return false
    }
  }

  report(window: number): ReliabilityReport {
    return reliabilityReport(this.#desk, window)
  }

  async close(): Promise<void> {
    this.#desk.feed.close()
    this.#transitions.close()
    await this.#desk.recorder.close()
  }

  debugStats(): Record<string, number> {
    const { recorder, feed } = this.#desk
    return { timers: recorder.timers, streams: feed.size, listeners: this.#events.size }
  }

  /** For the stream. What cannot be read is left out: the rest must still be seen. */
  #liveState(): LiveState {
    const { settings, recorder, board, wall } = this.#desk
    const { hub, clock, health, degradation } = settings
    const circuitBreakers = circuitViews(hub, wall())
    const deadLetters = board.views()
    const healthNow = attempt(() => health && healthView(health.snapshot(), health.draining))
    const level = attempt(() => degradation && degradationView(degradation.snapshot()))
    return {
      figures: keyFigures(recorder, circuitBreakers, deadLetters, clock),
      ...(healthNow !== undefined && { health: healthNow }),
      ...(level !== undefined && { degradation: level }),
      circuitBreakers,
      components: componentViews(hub, ({ kind }) => !elsewhere.has(kind)),
      deadLetters,
    }
  }
}

const storePatience = 2000
const storeInterval = 5000
/** What the stream shows in a place of its own. */
const elsewhere: ReadonlySet<string> = new Set([...circuitKinds, 'health', 'degradation', 'dead-letters'])

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
