/** Breaking the service on purpose, watching its memory, and testing all of it, by those who may. */
import { isSeaworthyError } from '@seaworthy/core'
import type { Desk } from '../desk.ts'
import { json } from '../http/answers.ts'
import { badInput, Fault } from '../http/fault.ts'
import type { OpsRequest } from '../http/request.ts'
import type { Route } from '../http/router.ts'
import type { DrillCallerLike, DrillControlLike } from '../parts.ts'
import { redactText } from '../redact.ts'
import { drillView } from '../views/drill-view.ts'
import type { DrillInjectionAnswer, DrillTestsAnswer } from '../wire.ts'

type Act = (control: DrillControlLike, request: OpsRequest) => object | Promise<object>

/** The routes of drills; none without something that runs them. */
export function drillRoutes({ settings, wall }: Desk): Route[] {
  const { drills, drillPath } = settings
  if (drills === undefined) return []
  const get = (path: string, act: Act): Route => ({
    method: 'GET',
    path: `${drillPath}${path}`,
    access: 'read',
    handle: (request) => answer(drills, request, act),
  })
  const post = (path: string, action: string, act: Act, more: Partial<Route> = {}, status = 200): Route => ({
    method: 'POST',
    path: `${drillPath}${path}`,
    access: 'chaos',
    action: `drill.${action}`,
    handle: (request) => answer(drills, request, act, status),
    ...more,
  })
  // Who may mend things may end what breaks them.
  const ends: Partial<Route> = { access: ['operate', 'chaos'] }
  // They compute for seconds, and say themselves when they have had enough.
  const long: Partial<Route> = { unlimited: true }
  return [
    post('/chaos/start', 'startChaos', (control, request) =>
      control.startChaos(bodyOf(request), callerOf(request)),
    ),
    post('/chaos/{id}/inject', 'inject', inject),
    get('/chaos/{id}/status', (control, request) => control.chaos(idOf(request))),
    post('/chaos/{id}/stop', 'stopChaos', (control, request) => control.stopChaos(idOf(request)), ends),
    post('/memory/start', 'startMemory', (control, request) =>
      control.startMemory(bodyOf(request), callerOf(request)),
    ),
    get('/memory/{id}/status', (control, request) => control.memory(idOf(request))),
    get('/memory/{id}/history', (control, request) => control.memoryHistory(idOf(request), hoursOf(request))),
    post('/memory/{id}/stop', 'stopMemory', (control, request) => control.stopMemory(idOf(request)), ends),
    post('/circuit-breakers/test', 'testBreaker', testBreaker, long),
    post('/circuit-breakers/cascade-test', 'testCascades', testCascades, long),
    post(
      '/tests/comprehensive',
      'startTest',
      (control, request) => control.startTest(bodyOf(request), callerOf(request)),
      {},
      202,
    ),
    get('/tests', (control): DrillTestsAnswer => ({ time: wall(), tests: control.tests() })),
    get('/tests/{id}/status', (control, request) => control.test(idOf(request))),
    get('/tests/{id}/report', (control, request) =>
      control.testReport(idOf(request), {
        partial: request.input.flag('partial'),
        events: request.input.flag('events'),
      }),
    ),
    post('/tests/{id}/stop', 'stopTest', (control, request) => control.stopTest(idOf(request)), ends),
    get('/status', (control) => control.status()),
    post('/cleanup', 'cleanup', cleanUp, ends),
  ]
}

async function answer(
  control: DrillControlLike,
  request: OpsRequest,
  act: Act,
  status = 200,
): Promise<Response> {
  const { record, input, url } = request
  // A body may be a graph with a service of that name.
  const isGraph = url.pathname.includes('/cascade-test')
  record.reason = isGraph ? url.searchParams.get('reason')?.slice(0, 200) : input.reason(false)
  try {
    const result = await act(control, request)
    const { id, state } = result as { readonly id?: unknown; readonly state?: unknown }
    if (record.target === '' && typeof id === 'string') record.target = id
    if (typeof state === 'string') record.after ??= state
    return json(drillView(result) as object, status) // A copy of an object.
  } catch (error) {
    throw ofControl(error)
  }
}

async function inject(control: DrillControlLike, request: OpsRequest): Promise<DrillInjectionAnswer> {
  const { record, input } = request
  const { scenario, target_service } = input.body
  // What is refused is written down with what it would have broken.
  const what = [scenario, 'on', target_service].filter((each) => each !== undefined).join(' ')
  record.target = redactText(`${idOf(request)}: ${what}`)
  const injection = await control.inject(idOf(request), bodyOf(request), callerOf(request))
  record.after = `${injection.id} ${injection.phase}`
  return injection
}

const cleanUp: Act = (control, { record }) => {
  const ended = control.cleanup()
  const { chaos, memory, tests, faults } = ended
  record.after = `${chaos.length + memory.length + tests.length} ended, ${faults} faults left`
  return ended
}

const testBreaker: Act = async (control, request) => {
  const name = request.input.text('circuit_name')
  request.record.target = name ?? ''
  const result = await control.testBreaker(name, callerOf(request))
  request.record.after = result.passed ? 'passed' : 'failed'
  return result
}

const testCascades: Act = async (control, request) => {
  const only = request.url.searchParams.get('only')?.split(',')
  const result = await control.testCascades(request.input.body, only, callerOf(request))
  request.record.after = result.passed ? 'passed' : 'failed'
  return result
}

const idOf = ({ params }: OpsRequest): string => params['id'] as string // part of the path

/** What is for the control: the reason is for the audit. */
function bodyOf({ input }: OpsRequest): Readonly<Record<string, unknown>> {
  const { reason: _, ...body } = input.body
  return body
}

function callerOf({ request, principal }: OpsRequest): DrillCallerLike {
  const idempotencyKey = request.headers.get('idempotency-key')
  return {
    ...(principal !== undefined && { actor: principal.id }),
    ...(idempotencyKey !== null && { idempotencyKey }),
  }
}

function hoursOf({ input }: OpsRequest): number | undefined {
  const given = input.text('hours')
  if (given === undefined) return undefined
  const hours = /^\d+(\.\d+)?$/.test(given) ? Number(given) : 0
  if (hours > 0) return hours
  throw badInput('hours must be a number above 0.')
}

const byCode: Readonly<Record<string, readonly [status: number, code: string]>> = {
  ERR_DRILL_NOT_FOUND: [404, 'not_found'],
  ERR_DRILL_INVALID: [422, 'invalid'],
  ERR_DRILL_LIMIT: [409, 'limit'],
  ERR_DRILL_DUPLICATE: [409, 'duplicate'],
  ERR_DRILL_RUNNING: [409, 'running'],
  ERR_DRILL_ENDED: [409, 'ended'],
  ERR_DRILL_REFUSED: [409, 'refused'],
}

/** Gates that stay closed until somebody does something about it; the others open with time. */
const locked: ReadonlySet<unknown> = new Set([
  'killSwitch',
  'disarmed',
  'dryRun',
  'notOptedIn',
  'notSteady',
  'notRecorded',
])

/** Errors of the control have texts of ours, which may repeat what was sent. */
function ofControl(error: unknown): unknown {
  const known = isSeaworthyError(error) ? byCode[error.code] : undefined
  if (known === undefined || !isSeaworthyError(error)) return error
  const { problems, reason } = error as { readonly problems?: unknown; readonly reason?: unknown }
  const [status, code] = known
  const more = {
    ...(Array.isArray(problems) && problems.length > 0 && { problems: drillView(problems) as [] }), // of the same shape
    ...(typeof reason === 'string' && { reason }),
  }
  const text = redactText(error.message, 1000)
  const message = `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`
  return new Fault(locked.has(reason) ? 423 : status, code, message, {}, more)
}
