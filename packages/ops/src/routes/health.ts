/** The probes, and what everybody may know about how the process does. */
import type { Desk } from '../desk.ts'
import { circuitViews, summaryOf } from '../figures/circuits.ts'
import { json } from '../http/answers.ts'
import { notFound } from '../http/fault.ts'
import type { OpsRequest } from '../http/request.ts'
import type { Route } from '../http/router.ts'
import { within } from '../http/within.ts'
import type { HealthReportLike } from '../parts.ts'
import { redactText } from '../redact.ts'
import { timeText } from '../time-text.ts'
import { degradationView, publicDegradationView } from '../views/degradation-view.ts'
import { checkView, healthSummary, publicNotes } from '../views/health-view.ts'
import type {
  CircuitBreakersAnswer,
  DeadLetterHealthAnswer,
  DegradationAnswer,
  HealthAnswer,
  HealthCheckView,
} from '../wire.ts'

type Kind = 'liveness' | 'readiness' | 'startup' | undefined

/** A kubelet waits for a second, and the way to it takes some time. */
const patience = 850
/** Stores of dead letters have less: they are one part of several. */
const patienceForStores = 400
/** Slots of the ledger reach back a day. */
const day = 86_400_000

/** The routes under `/health`. None of them has a prefix that would let others in. */
export function healthRoutes(desk: Desk): Route[] {
  const base = `${desk.settings.basePath}/health`
  const probe = (path: string, kind: Kind): Route => ({
    method: 'GET',
    path: `${base}${path}`,
    access: 'details',
    unlimited: true,
    handle: (request) => healthAnswer(desk, request, kind, request.input.flag('verbose')),
  })
  return [
    probe('', undefined),
    probe('/live', 'liveness'),
    probe('/ready', 'readiness'),
    probe('/startup', 'startup'),
    {
      method: 'GET',
      path: `${base}/detailed`,
      access: 'details',
      unlimited: true,
      handle: (request) => healthAnswer(desk, request, undefined, true, true),
    },
    {
      method: 'GET',
      path: `${base}/circuit-breakers`,
      access: 'details',
      handle: ({ detailed }) => json(circuitBreakersAnswer(desk, detailed)),
    },
    {
      method: 'GET',
      path: `${base}/degradation`,
      access: 'details',
      handle: ({ detailed }) => json(degradationAnswer(desk, detailed)),
    },
    {
      method: 'GET',
      path: `${base}/dlq`,
      access: 'details',
      unlimited: true,
      handle: async ({ detailed }) => json(await deadLetterHealth(desk, detailed)),
    },
  ]
}

/** How the circuits are; names and figures if `detailed`. */
export function circuitBreakersAnswer(desk: Desk, detailed: boolean): CircuitBreakersAnswer {
  const circuitBreakers = circuitViews(desk.settings.hub, desk.wall())
  const summary = summaryOf(circuitBreakers)
  return {
    status: summary.closed === summary.total ? 'pass' : 'warn',
    time: desk.wall(),
    summary,
    ...(detailed && { circuitBreakers }),
  }
}

/** How the level is. @throws Fault 404 when there is no manager of it. */
export function degradationAnswer({ settings, wall }: Desk, detailed: boolean): DegradationAnswer {
  const { degradation } = settings
  if (degradation === undefined) throw notFound('manager of the level')
  const snapshot = degradation.snapshot()
  return {
    status: snapshot.level === 'normal' ? 'pass' : 'warn',
    time: wall(),
    ...(detailed ? degradationView(snapshot) : publicDegradationView(snapshot)),
  }
}

async function healthAnswer(
  desk: Desk,
  { detailed, receivedAt }: OpsRequest,
  kind: Kind,
  verbose: boolean,
  components = false,
): Promise<Response> {
  const { settings } = desk
  const refreshed = components && detailed ? desk.board.refresh(patienceForStores) : undefined
  const report = await reportOf(desk, kind, receivedAt + patience - settings.clock.now())
  await refreshed
  const { name: _name, ...service } = desk.service()
  const { serviceId, description } = settings.service
  const answer: HealthAnswer = {
    status: report.status,
    ...service,
    ...(serviceId !== undefined && { serviceId }),
    ...(description !== undefined && { description }),
    time: timeText(desk.wall()),
    notes: detailed ? report.notes.map((note) => redactText(note)) : publicNotes(report.notes),
    ...(verbose && { summary: healthSummary(report.checks) }),
    ...(verbose && detailed && { checks: byName(report.checks) }),
    ...(components && detailed && { components: componentsOf(desk) }),
  }
  // Worked out from the report each time, never kept: a failure that is remembered stays one.
  return json(answer, report.status === 'fail' ? 503 : 200, {
    'content-type': 'application/health+json; charset=utf-8',
  })
}

/** The report, or what is known when there is none in time, or it fails, which it never should. */
async function reportOf({ settings, wall }: Desk, kind: Kind, left: number): Promise<HealthReportLike> {
  const { health, clock } = settings
  if (health === undefined) return { status: 'pass', time: wall(), notes: [], checks: [] }
  // That the registry does not answer is no reason to kill the process, but one not to send it requests.
  const none: HealthReportLike = {
    status: kind === 'liveness' ? 'pass' : 'fail',
    time: wall(),
    notes: [],
    checks: [
      {
        name: 'health',
        status: 'unknown',
        lastStatus: 'unknown',
        code: 'hung',
        criticality: 'critical',
        kinds: ['readiness'],
        consecutive: 0,
        flapping: false,
      },
    ],
  }
  try {
    return await within(
      clock,
      left,
      () => health.report(kind),
      // Time may have gone by until it was known who asks; then what is known must do.
      () => (kind === undefined ? health.snapshot() : none),
    )
  } catch {
    return none
  }
}

function byName(checks: readonly HealthCheckView[]): Record<string, HealthCheckView[]> {
  const named: Record<string, HealthCheckView[]> = {}
  for (const check of checks) named[`${check.name}:responseTime`] = [checkView(check)]
  return named
}

function componentsOf({ settings, board, wall }: Desk): NonNullable<HealthAnswer['components']> {
  const { degradation, hub } = settings
  return {
    circuitBreakers: summaryOf(circuitViews(hub, wall())),
    ...(degradation !== undefined && { degradation: degradationView(degradation.snapshot()) }),
    deadLetters: board.views(),
  }
}

async function deadLetterHealth(desk: Desk, detailed: boolean): Promise<DeadLetterHealthAnswer> {
  const { board, recorder, settings, wall } = desk
  await board.refresh(patienceForStores)
  const queues = board.views()
  const happened = new Map<string, number>()
  const byReason: Record<string, number> = {}
  for (const { kind, what, value } of recorder.ledger.sums(settings.clock.now(), day)) {
    if (kind !== 'dead-letters' || value === 0) continue
    if (what.startsWith('added ')) byReason[what.slice('added '.length)] = value
    else happened.set(what, (happened.get(what) ?? 0) + value)
  }
  const of = (what: string): number => happened.get(what) ?? 0
  const depth = queues.reduce((sum, { counts }) => sum + (counts?.dead ?? 0), 0)
  const stale = queues.some((queue) => queue.stale)
  return {
    status: depth === 0 && !stale ? 'pass' : 'warn',
    time: wall(),
    depth,
    oldestAgeSeconds: Math.round(Math.max(0, ...queues.map(({ oldestAge }) => oldestAge ?? 0)) / 1000),
    added: of('added'),
    processed: of('replayed') + of('resolved') + of('discarded') + of('expired'),
    failed: of('replayFailed'),
    stale,
    ...(detailed && { byReason, queues }),
  }
}
