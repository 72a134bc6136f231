/** Everything else that operators see: components, audit, charts, the stream, reports, upkeep. */

import type { Desk } from '../desk.ts'
import { timelineSeconds } from '../figures/timeline.ts'
import { json, text } from '../http/answers.ts'
import { notFound } from '../http/fault.ts'
import type { OpsRequest } from '../http/request.ts'
import type { Route } from '../http/router.ts'
import { reportAsMarkdown } from '../report/markdown.ts'
import { reliabilityReport } from '../report/report.ts'
import type { UpkeepJobStatus, UpkeepLike } from '../upkeep/status.ts'
import { componentViews } from '../views/component-view.ts'
import type { AuditAnswer, ComponentsAnswer, SeriesAnswer, SessionAnswer, UpkeepJobView } from '../wire.ts'

const patienceForStores = 400
const hour = 3_600_000
const day = 24 * hour

/** The routes below the admin path that belong to no part of their own. */
export function adminRoutes(desk: Desk): Route[] {
  const { adminPath } = desk.settings
  const get = (path: string, handle: Route['handle']): Route => ({
    method: 'GET',
    path: `${adminPath}${path}`,
    access: 'read',
    handle,
  })
  return [
    get('/session', (request) => json(sessionOf(desk, request))),
    get('/components', ({ input }) => json(components(desk, input.text('kind')))),
    get('/audit', ({ input }) => json(audit(desk, input.integer('limit', 1, 1200) ?? 100))),
    get('/series', (request) => json(series(desk, request))),
    get('/reports/reliability', (request) => report(desk, request)),
    get('/upkeep', () => json({ time: desk.wall(), jobs: upkeepOf(desk).status().map(jobView(desk)) })),
    {
      method: 'POST',
      path: `${adminPath}/upkeep/{job}/run`,
      access: 'operate',
      action: 'upkeep.run',
      handle: (request) => runJob(desk, request),
    },
    {
      ...get('/events', async (request) => {
        // The first snapshot should know how many dead letters there are.
        await desk.board.refresh(patienceForStores)
        return desk.feed.open(sessionOf(desk, request), lastEventId(request))
      }),
      unlimited: true,
    },
  ]
}

/** Who asks. */
function sessionOf(desk: Desk, { principal }: OpsRequest): SessionAnswer {
  return {
    actor: principal?.id ?? 'anonymous',
    scopes: principal?.scopes ?? [],
    service: desk.service(),
    adminPath: desk.settings.adminPath,
    time: desk.wall(),
  }
}

function components({ settings, wall }: Desk, kind: string | undefined): ComponentsAnswer {
  return {
    time: wall(),
    components: componentViews(settings.hub, (each) => (kind ?? each.kind) === each.kind),
  }
}

const audit = ({ audit: trail, wall }: Desk, limit: number): AuditAnswer => ({
  time: wall(),
  entries: trail.latest(limit),
  lost: trail.lost,
})

function series({ recorder }: Desk, { input }: OpsRequest): SeriesAnswer {
  const seconds = input.integer('seconds', 1, timelineSeconds) ?? timelineSeconds
  const kind = input.text('kind')
  const name = input.text('name')
  const { end } = recorder
  const wanted = recorder
    .timelines()
    .filter((each) => (kind ?? each.kind) === each.kind && (name ?? each.name) === each.name)
  return { end, step: 1000, series: wanted.map((each) => each.view(seconds, end)) }
}

function report(desk: Desk, { input }: OpsRequest): Response {
  const window = Math.min(day, input.duration('window', 1000) ?? hour)
  const format = input.oneOf('format', ['json', 'markdown']) ?? 'json'
  const made = reliabilityReport(desk, window)
  return format === 'json' ? json(made) : text(reportAsMarkdown(made), 'text/markdown; charset=utf-8')
}

function upkeepOf({ settings }: Desk): UpkeepLike {
  if (settings.upkeep === undefined) throw notFound('upkeep')
  return settings.upkeep
}

const jobView =
  ({ wall }: Desk) =>
  ({ last, nextIn, ...job }: UpkeepJobStatus): UpkeepJobView => ({
    ...job,
    ...(last && {
      last: { outcome: last.outcome, endedAt: Math.round(wall() - last.ago), duration: last.duration },
    }),
    ...(nextIn !== undefined && { nextAt: Math.round(wall() + nextIn) }),
  })

async function runJob(desk: Desk, { params, record, input }: OpsRequest): Promise<Response> {
  const name = params['job'] as string // part of the path
  record.target = name
  record.reason = input.reason(false)
  const upkeep = upkeepOf(desk)
  if (!upkeep.status().some((job) => job.name === name)) throw notFound('job of that name')
  const { outcome, duration } = await upkeep.runNow(name)
  record.after = outcome
  return json({ message: `${name}: ${outcome}.`, name, outcome, duration })
}

const lastEventId = ({ request, input }: OpsRequest): string | undefined =>
  request.headers.get('last-event-id') ?? input.text('lastEventId')
