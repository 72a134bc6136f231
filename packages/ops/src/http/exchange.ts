/** One request and its answer: route, permission, input, work, audit. */
import type { Emitter } from '@seaworthy/core'
import type { Principal } from '../auth/authenticate.ts'
import type { Gate } from '../auth/gate.ts'
import type { Desk } from '../desk.ts'
import type { OpsEvents } from '../events.ts'
import type { AuditEntryView } from '../wire.ts'
import { faultAnswer, faultOf } from './answers.ts'
import { Fault, notFound } from './fault.ts'
import { readInput } from './input.ts'
import type { ActionRecord, OpsRequest } from './request.ts'
import type { RequestInfo } from './request-info.ts'
import type { Match, Route, Router } from './router.ts'
import { tooLate, within } from './within.ts'

export class Exchange {
  readonly #desk: Desk
  readonly #router: Router
  readonly #gate: Gate
  readonly #events: Emitter<OpsEvents>
  readonly #request: Request
  readonly #info: RequestInfo
  readonly #record: ActionRecord = { target: '', before: undefined, after: undefined, reason: undefined }
  #principal: Principal | undefined = undefined

  constructor(
    desk: Desk,
    router: Router,
    gate: Gate,
    events: Emitter<OpsEvents>,
    request: Request,
    info: RequestInfo,
  ) {
    this.#desk = desk
    this.#router = router
    this.#gate = gate
    this.#events = events
    this.#request = request
    this.#info = info
  }

  async answer(): Promise<Response> {
    let route: Route | undefined
    let response: Response
    try {
      const url = new URL(this.#request.url)
      const match = this.#router.find(url.pathname)
      if (match === undefined) throw notFound('such route')
      if (this.#request.method === 'OPTIONS') return options(match)
      route = routeOf(match, this.#request.method)
      response = await this.#perform(route, match, url)
      this.#writeDown(route, undefined)
    } catch (error) {
      const fault = faultOf(error)
      if (route !== undefined) this.#writeDown(route, fault)
      response = faultAnswer(fault)
    }
    return this.#request.method === 'HEAD' ? withoutBody(response) : response
  }

  async #perform(route: Route, match: Match, url: URL): Promise<Response> {
    const { settings } = this.#desk
    const { access } = route
    const receivedAt = settings.clock.now()
    // The target is known before anybody is let in: what was refused is written down, too.
    this.#record.target = Object.values(match.params).join('/')
    if (access !== 'public' && access !== 'details') {
      this.#principal = await this.#gate.identify(this.#request, this.#info)
      this.#gate.admit(this.#request, this.#principal, ...(typeof access === 'string' ? [access] : access))
    }
    const detailed = access === 'details' ? await this.#mayHaveDetails(url) : access !== 'public'
    const work = async (): Promise<Response> => {
      const input = await readInput(this.#request, url)
      const request: OpsRequest = {
        request: this.#request,
        url,
        receivedAt,
        params: match.params,
        input,
        principal: this.#principal,
        detailed,
        record: this.#record,
      }
      return route.handle(request)
    }
    return route.unlimited ? work() : within(settings.clock, settings.timeout, work, tooLate)
  }

  /** Nobody is asked who they are for a probe, which shows no details. */
  async #mayHaveDetails({ pathname, searchParams }: URL): Promise<boolean> {
    const { details, basePath } = this.#desk.settings
    if (details !== 'authorized') return details === 'always'
    const isProbe = probes.some((probe) => pathname.replace(/\/+$/, '') === `${basePath}${probe}`)
    if (isProbe && !searchParams.has('verbose')) return false
    this.#principal = await this.#gate.recognize(this.#request, this.#info)
    return this.#principal !== undefined
  }

  #writeDown({ action, access }: Route, fault: Fault | undefined): void {
    if (action === undefined) return
    const { audit, wall } = this.#desk
    const { target, before, after, reason } = this.#record
    const { headers } = this.#request
    const remote = this.#gate.addressOf(this.#request, this.#info)
    const requestId = headers
      .get('x-request-id')
      ?.replaceAll(/[^\w.:-]/g, '')
      .slice(0, 100)
    const outcome: AuditEntryView['outcome'] =
      fault === undefined ? 'ok' : denials.has(fault.status) && access !== 'public' ? 'denied' : 'error'
    const actor = this.#principal?.id ?? 'anonymous'
    audit.add({
      time: wall(),
      actor,
      scopes: this.#principal?.scopes ?? [],
      action,
      target: target.slice(0, 200),
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
      ...(reason !== undefined && { reason }),
      ...(remote !== undefined && { remote: remote.slice(0, 100) }),
      ...(requestId && { requestId }),
      outcome,
      ...(fault !== undefined && { code: fault.code }),
    })
    // Who floods the server with refused requests must not flood those who watch it.
    if (outcome !== 'denied' || this.#principal !== undefined)
      this.#events.emit('adminAction', { actor, action, target: target.slice(0, 200), outcome })
  }
}

const denials: ReadonlySet<number> = new Set([401, 403, 429])
const probes = ['/health', '/health/live', '/health/ready', '/health/startup']

function routeOf({ routes }: Match, method: string): Route {
  const route = routes.get(method)
  if (route !== undefined) return route
  throw new Fault(405, 'method_not_allowed', `Use ${allowed(routes)}.`, { allow: allowed(routes) })
}

const allowed = (routes: Match['routes']): string => [...routes.keys()].join(', ')

/** No headers for other sites: none of them may. */
const options = ({ routes }: Match): Response =>
  new Response(null, {
    status: 204,
    headers: { allow: `${allowed(routes)}, OPTIONS`, 'cache-control': 'no-store' },
  })

function withoutBody(response: Response): Response {
  void response.body?.cancel()
  return new Response(null, { status: response.status, headers: response.headers })
}
