/** The HTTP half as the dashboard sees it, over a real socket, with a scene in place of a process. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dashboardAssets } from '../../src/dashboard/assets.ts'
import type { CircuitView, DeltaEvent, Scope, SnapshotEvent, TransitionEvent } from '../../src/wire.ts'
import { figures, scene } from './scene.ts'

/** As the HTTP half sends it: a page that needs more than this is broken. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const base = '/admin/reliability'

export interface FakeOps {
  readonly url: string
  readonly token: string
  /** What was done: method, path and body. */
  readonly actions: {
    readonly method: string
    readonly path: string
    readonly body: Record<string, unknown>
  }[]
  /** Sends an event to all streams. */
  send(type: 'delta' | 'transition', event: Partial<DeltaEvent> | TransitionEvent): void
  /** Ends all streams. With `refuse`, new ones get no answer until it is called with false. */
  cut(refuse: boolean): void
  close(): Promise<void>
}

export interface FakeOptions {
  readonly scopes?: readonly Scope[]
  readonly strange?: readonly string[]
  /** Whether the service has upkeep. @defaultValue true */
  readonly withUpkeep?: boolean
}

export async function fakeOps({
  scopes = ['read', 'operate', 'override'],
  strange = [],
  withUpkeep = true,
}: FakeOptions = {}): Promise<FakeOps> {
  const token = 'a-token-for-tests-only'
  const streams = new Set<ServerResponse>()
  const actions: FakeOps['actions'] = []
  let world = scene(Date.now(), scopes, strange)
  let refuse = false

  const server = createServer((request, response) => {
    void handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake')
    const path = url.pathname.slice(base.length + 1)
    const asset = dashboardAssets[path === '' ? 'index.html' : path]
    if (asset !== undefined) {
      response
        .writeHead(200, {
          'content-type': asset.contentType,
          'content-security-policy': policy,
          'x-content-type-options': 'nosniff',
        })
        .end(asset.body)
      return
    }
    const json = (answer: object, status = 200): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    }
    if (refuse) return void request.socket.destroy()
    if (request.headers.authorization !== `Bearer ${token}`)
      return json({ error: { code: 'unauthorized', message: 'A token is needed.' } }, 401)
    if (request.method !== 'GET') return json(await act(request, path), 200)

    const { snapshot, series, letters, audit, upkeep, report } = world
    const time = Date.now()
    if (path === 'session') return json(snapshot.session)
    if (path === 'audit') return json({ time, entries: audit, lost: 0 })
    if (path === 'upkeep')
      return withUpkeep
        ? json({ time, jobs: upkeep })
        : json({ error: { code: 'not_found', message: 'There is no upkeep.' } }, 404)
    if (path === 'reports/reliability') {
      const hours = Number.parseInt(url.searchParams.get('window') ?? '1h', 10)
      return json({ ...report, time, window: hours * 3_600_000, from: time - hours * 3_600_000 })
    }
    if (path === 'series') return json({ end: Math.floor(time / 1000) * 1000, step: 1000, series })
    if (path === 'events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`retry: 500\n\nevent: snapshot\ndata: ${JSON.stringify({ ...snapshot, time })}\n\n`)
      streams.add(response)
      response.on('close', () => streams.delete(response))
      return
    }
    const [, queue, id] = path.split('/').map(decodeURIComponent)
    const list = queue === 'orders' ? letters : []
    if (path.startsWith('dlq/') && id === undefined) {
      const from = Number(url.searchParams.get('cursor') ?? 0)
      const to = from + Number(url.searchParams.get('limit'))
      return json({
        queue,
        time,
        letters: list.slice(from, to),
        ...(to < list.length && { next: String(to) }),
      })
    }
    const found = list.find((letter) => letter.id === id)
    if (found === undefined)
      return json({ error: { code: 'not_found', message: 'There is no such thing.' } }, 404)
    const content = { preview: '{"order":4711}', message: '{\n  "order": 4711\n}', truncated: false }
    json({
      ...found,
      queue,
      causes: [{ name: 'Error', message: 'connect ECONNREFUSED' }],
      history: [{ at: found.diedAt - 4000, event: 'attempt failed', by: 'worker-3' }],
      ...(url.searchParams.has('content') && { content }),
    })
  }

  async function act(request: IncomingMessage, path: string): Promise<object> {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const body = JSON.parse(text || '{}') as Record<string, unknown>
    actions.push({ method: request.method ?? '', path: decodeURIComponent(path), body })
    const [part, name, deed] = path.split('/').map(decodeURIComponent)
    if (part === 'circuit-breakers') {
      const state = deed === 'force-open' ? 'isolated' : 'closed'
      const before = world.snapshot.circuitBreakers.find((each) => each.name === name) as CircuitView
      const circuit: CircuitView = { ...before, state, since: Date.now() }
      change({
        circuitBreakers: world.snapshot.circuitBreakers.map((each) => (each === before ? circuit : each)),
      })
      send('delta', { circuitBreakers: [circuit] })
      return {
        message: `${name}: ${before.state} → ${state}.`,
        name,
        oldState: before.state,
        newState: state,
      }
    }
    if (part === 'dlq' && deed === 'purge') return { message: '5 letters were removed.' }
    if (part === 'upkeep') return { message: `${name}: done.` }
    if (part === 'dlq') {
      const ids = (body['ids'] as string[] | undefined) ?? [path.split('/')[2]]
      world = { ...world, letters: world.letters.filter(({ id }) => !ids.includes(id)) }
      const [first, ...rest] = world.snapshot.deadLetters
      if (first?.counts !== undefined) {
        const counts = { ...first.counts, dead: world.letters.length }
        change({ deadLetters: [{ ...first, counts }, ...rest] })
        send('delta', { deadLetters: world.snapshot.deadLetters })
      }
      return { message: `${ids.length} replayed.`, outcome: 'replayed' }
    }
    return { message: 'Done.' }
  }

  function change(changes: Partial<SnapshotEvent>): void {
    world = { ...world, snapshot: { ...world.snapshot, ...changes } }
  }

  function send(type: 'delta' | 'transition', event: Partial<DeltaEvent> | TransitionEvent): void {
    const whole =
      type === 'delta'
        ? {
            seq: 41,
            time: Date.now(),
            figures: figures(world.snapshot.circuitBreakers.length),
            points: [],
            ...event,
          }
        : event
    for (const stream of streams) stream.write(`event: ${type}\ndata: ${JSON.stringify(whole)}\n\n`)
  }

  return {
    url: `http://127.0.0.1:${port}${base}/`,
    token,
    actions,
    send,
    cut(refused) {
      refuse = refused
      for (const stream of streams) stream.destroy()
    },
    close: async () => {
      for (const stream of streams) stream.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
