import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { callTarget } from '@seaworthy/chaos'
import { Hub } from '@seaworthy/core'
import {
  type DrillControlOptions,
  type DrillProfile,
  type DrillService,
  drillControl,
} from '@seaworthy/drill'
import { VirtualClock } from '@seaworthy/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { nodeOps } from '../src/adapters.ts'
import { type AuditEntryView, bearer, createOps, type OpsOptions, type Principal } from '../src/index.ts'
import { auth, tokens } from './toys.ts'

const base = '/api/resilience'
const secret = 'hunter2hunter2'
const planted = `password=${secret} postgres://admin:${secret}@10.9.8.7:5432/orders Bearer ${secret}`

/** Seconds of virtual time. */
const tiny: DrillProfile = {
  name: 'tiny',
  simulated: {
    rate: 10,
    baseline: '10s',
    faultFor: '2s',
    rounds: 1,
    pairs: 0,
    recovery: '5s',
    recovered: { probes: 2, every: '1s', stable: '1s' },
  },
  memoryFor: 0,
  loadWhileSoaking: false,
  simulatedHours: 0,
  memoryGrowthPercent: 10,
}

/** One dependency without any protection. @param failing - What it fails with from the first request on. */
const service = (failing?: Error): DrillService => ({
  name: 'a shop',
  async start({ clock }) {
    const dependency = callTarget('dependency', { clock })
    return {
      targets: [dependency],
      request: (_request, { aborted }) =>
        dependency.policy.execute(async () => {
          if (aborted) throw new Error('given up')
          return 'full' as const
        }),
      circuits: () => ({ dependency: 'closed' }),
      async stop() {
        if (failing !== undefined) throw failing
      },
    }
  },
})

/** Everything that has to be ended. */
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A service whose drills are controlled over a real server. */
async function start(options: DrillControlOptions = {}, opsOptions: OpsOptions = {}) {
  const hub = new Hub()
  const clock = new VirtualClock()
  const betting = callTarget('betting_service', { clock })
  const others = ['odds_provider', 'prop_analyzer', 'database_service'].map((id) => callTarget(id, { clock }))
  const control = drillControl({
    targets: [betting, ...others],
    armed: true,
    chaos: { minGap: 0 },
    drill: { simulated: service(), real: false },
    profiles: { tiny },
    clock,
    hub,
    ...options,
  })
  const audited: AuditEntryView[] = []
  const ops = createOps({
    hub,
    auth,
    profile: 'production',
    drills: control,
    audit: { sink: (entry) => audited.push(entry) },
    logger: { warn: () => {} },
    ...opsOptions,
  })
  const server: Server = createServer(nodeOps(ops))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  ends.push(async () => {
    await ops.close()
    await control.close()
    await new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    })
    await clock.settle()
    expect(Object.values(control.debugStats()).filter((size) => size !== 0)).toEqual([])
    expect(clock.pendingTimers).toBe(0)
    expect(betting.policy.debugStats()).toMatchObject({ faults: 0, held: 0 })
    expect(ops.debugStats()).toEqual({ timers: 0, streams: 0, listeners: 0 })
  })
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    token: string | undefined = tokens.breaker,
    headers: Record<string, string> = {},
    // biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect
  ): Promise<{ status: number; body: any; text: string }> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        ...(token !== '' && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, text, body: JSON.parse(text) }
  }
  const post = (path: string, ...rest: [unknown?, string?, Record<string, string>?]) =>
    ask('POST', base + path, ...rest)
  const get = (path: string, token?: string) => ask('GET', base + path, undefined, token)
  const call = betting.wrap(async (value: number) => value)
  return { hub, clock, control, ops, audited, ask, post, get, call, betting }
}

/** Asks now and then, as clients do, until a test is over. */
async function finished<T extends { readonly body: { readonly state: string } }>(
  ask: () => Promise<T>,
): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (answer.body.state === 'finished') return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const timeout = { scenario: 'provider_timeout', target_service: 'betting_service', duration: 300 }
const outage = { ...timeout, scenario: 'provider_outage' }
/** What of a complete test is about the service itself. */
const serviceOnly = {
  enable_memory_monitoring: false,
  enable_circuit_breaker_testing: false,
  enable_cascading_failure_testing: false,
}
const posts = [
  'chaos/start',
  'chaos/x/inject',
  'memory/start',
  'circuit-breakers/test',
  'circuit-breakers/cascade-test',
  'tests/comprehensive',
]
const stops = ['chaos/x/stop', 'memory/x/stop', 'tests/x/stop', 'cleanup']
const reads = [
  'chaos/x/status',
  'memory/x/status',
  'memory/x/history',
  'tests',
  'tests/x/status',
  'tests/x/report',
  'status',
]

describe('who may do what', () => {
  it('nobody without credentials, on any route', async () => {
    const { ask, audited } = await start()
    for (const path of [...posts, ...stops])
      expect([path, (await ask('POST', `${base}/${path}`, {}, '')).status]).toEqual([path, 401])
    for (const path of reads)
      expect([path, (await ask('GET', `${base}/${path}`, undefined, '')).status]).toEqual([path, 401])
    expect(audited.map(({ outcome, actor }) => `${actor} ${outcome}`)).toEqual(
      Array<string>(posts.length + stops.length).fill('anonymous denied'),
    )
  })

  it('breaking and starting takes the scope chaos, which no other scope includes', async () => {
    const { ask, control } = await start()
    for (const path of posts)
      for (const token of [tokens.reader, tokens.operator, tokens.admin]) {
        const { status, body } = await ask('POST', `${base}/${path}`, {}, token)
        expect([path, status, body.error.message]).toEqual([path, 403, "This needs the scope 'chaos'."])
      }
    expect(control.status()).toMatchObject({ chaos: [], memory: [], tests: [] })
  })

  it('who may operate may end what others broke, and who may only look may not', async () => {
    const { ask } = await start()
    for (const path of stops) {
      const denied = await ask('POST', `${base}/${path}`, {}, tokens.reader)
      expect([denied.status, denied.body.error.message]).toEqual([
        403,
        "This needs the scope 'operate' or 'chaos'.",
      ])
      for (const token of [tokens.operator, tokens.admin, tokens.breaker])
        expect((await ask('POST', `${base}/${path}`, {}, token)).status).toBe(path === 'cleanup' ? 200 : 404)
    }
    for (const path of reads) {
      const { status } = await ask('GET', `${base}/${path}`, undefined, tokens.reader)
      expect([path, status]).toEqual([path, path.includes('/x/') ? 404 : 200])
    }
  })

  it('the scope chaos lets nobody act on anything else; a token may have several scopes', async () => {
    const { ask } = await start()
    const reset = '/admin/reliability/circuit-breakers/payments/reset'
    expect((await ask('POST', reset)).status).toBe(403)
    const scopes = async (scope: Parameters<typeof bearer>[0][number]['scope']): Promise<unknown> => {
      const token = 'a-token-of-more-than-16'
      const request = new Request('http://localhost', { headers: { authorization: `Bearer ${token}` } })
      return ((await bearer([{ id: 'a', token, scope }])(request, {})) as Principal).scopes
    }
    expect(await scopes('chaos')).toEqual(['read', 'chaos'])
    expect(await scopes(['chaos', 'operate'])).toEqual(['read', 'chaos', 'operate'])
    expect(await scopes('override')).toEqual(['read', 'operate', 'override'])
    await expect(scopes([])).rejects.toThrow('scope must be one scope at least')
    await expect(scopes(['read', 'root' as 'read'])).rejects.toThrow('scope must be one of')
  })

  it('no other site makes a browser break anything', async () => {
    const { ask, control } = await start({}, { auth: () => ({ id: 'grace', scopes: ['chaos'] }) })
    const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    for (const path of [...posts, ...stops]) {
      const { status, body } = await ask('POST', `${base}/${path}`, {}, '', evil)
      expect([path, status, body.error.code]).toEqual([path, 403, 'cross_site'])
    }
    expect(control.status().chaos).toEqual([])
    expect(
      (await ask('POST', `${base}/chaos/start`, {}, '', { 'sec-fetch-site': 'same-origin' })).status,
    ).toBe(200)
  })

  it('without drills there are no such routes, and with them the path can be another', async () => {
    const { hub, clock, control } = await start()
    const ask = async (options: OpsOptions, path: string): Promise<[boolean, number]> => {
      const ops = createOps({ hub, clock, auth, ...options, logger: { warn: () => {} } })
      const headers = { authorization: `Bearer ${tokens.breaker}` }
      const { status } = await ops.fetch(new Request(`http://localhost${path}`, { headers }))
      const matched = ops.match(path)
      await ops.close()
      return [matched, status]
    }
    expect(await ask({}, `${base}/status`)).toEqual([false, 404])
    const moved = { drills: control, basePath: '/ops', drillPath: '/drills' }
    expect(await ask(moved, '/ops/drills/status')).toEqual([true, 200])
    expect(await ask(moved, '/ops/drills/nothing')).toEqual([true, 404])
    expect(await ask(moved, `${base}/status`)).toEqual([false, 404])
    expect(() => createOps({ hub, drillPath: '/' })).toThrow('drillPath must be')
  })
})

describe('the requests of the documents', () => {
  it('break something: it is in effect before the answer arrives, and gone when it is stopped', async () => {
    const { post, get, call, betting } = await start()
    const started = await post('/chaos/start', {
      timeout_probability: 1,
      valuation_exception_rate: 0.5,
      latency_spike_probability: 0.05,
      auto_recovery: true,
      max_concurrent_chaos: 3,
    })
    expect(started).toMatchObject({
      status: 200,
      body: { state: 'running', armed: true, startedBy: 'kay', settings: { maxConcurrentChaos: 3 } },
    })
    const { id } = started.body
    const injected = await post(`/chaos/${id}/inject`, timeout)
    expect(injected).toMatchObject({ status: 200, body: { phase: 'active', duration: 300_000, service: id } })
    const hanging = call(1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(betting.policy.debugStats()).toMatchObject({ held: 1 })
    const status = await get(`/chaos/${id}/status`, tokens.reader)
    expect(status).toMatchObject({ status: 200, body: { injections: [{ affected: 1, phase: 'active' }] } })
    const stopped = await post(`/chaos/${id}/stop`, undefined, tokens.operator)
    expect(stopped.status).toBe(200)
    expect(await hanging).toBe(1)
    expect(await post(`/chaos/${id}/stop`)).toMatchObject({ status: 200, body: { state: 'stopped' } })
  })

  it('without a content type, as curl sends them', async () => {
    const { ask, post } = await start()
    const { id } = (await post('/chaos/start')).body
    const bodies = [
      '{"scenario": "provider_timeout", "target_service": "odds_provider", "duration": 600}',
      '{"scenario": "valuation_exception", "target_service": "prop_analyzer", "duration": 300}',
      '{"scenario": "latency_spike", "target_service": "database_service", "duration": 180}',
    ]
    for (const body of bodies) {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const { status, text } = await ask('POST', `${base}/chaos/${id}/inject`, body, tokens.breaker, headers)
      expect([text, status]).toEqual([expect.stringContaining('"phase":"active"'), 200])
    }
  })

  it('watch memory', async () => {
    const { post, get, clock } = await start()
    const started = await post('/memory/start', {
      duration_hours: 4,
      sampling_interval_seconds: 30,
      memory_growth_threshold_percent: 10,
      critical_memory_threshold_percent: 90,
      enable_object_tracking: true,
      enable_detailed_analysis: false,
    })
    expect(started).toMatchObject({
      status: 200,
      body: { state: 'running', verdict: { verdict: 'inconclusive' } },
    })
    const { id } = started.body
    await clock.advance('5m')
    expect(await get(`/memory/${id}/status`)).toMatchObject({ status: 200, body: { state: 'running' } })
    const { points } = (await get(`/memory/${id}/history?hours=1`)).body
    expect(points.length).toBeGreaterThan(5)
    expect((await get(`/memory/${id}/history?hours=0.05`)).body.points.length).toBeLessThan(points.length)
    expect((await get(`/memory/${id}/history?hours=all`)).status).toBe(400)
    for (let i = 0; i < 2; i++)
      expect(await post(`/memory/${id}/stop`)).toMatchObject({ status: 200, body: { state: 'stopped' } })
  })

  it('test a circuit breaker and cascades', async () => {
    const { post, audited } = await start()
    const breaker = await post('/circuit-breakers/test?circuit_name=test_circuit')
    expect(breaker).toMatchObject({ status: 200, body: { passed: true, passedTests: 7 } })
    expect(await post('/circuit-breakers/test?circuit_name=nobody')).toMatchObject({ status: 404 })
    const graph = { web: ['database'], database: [] }
    const cascade = await post('/circuit-breakers/cascade-test?only=CF2,CF3&reason=release%2042', graph)
    expect(cascade).toMatchObject({
      status: 200,
      body: {
        passed: true,
        cascades: [
          { id: 'CF2', notApplicable: expect.any(String) },
          { id: 'CF3', control: { passed: false } },
        ],
      },
    })
    const wrong = await post('/circuit-breakers/cascade-test', { ...graph, reason: ['databse'] })
    expect(wrong).toMatchObject({
      status: 422,
      body: { error: { problems: [{ path: 'nodes.reason.calls[0].to' }] } },
    })
    expect(
      audited.map(({ action, target, outcome, reason, after }) => [action, target, outcome, reason, after]),
    ).toEqual([
      ['drill.testBreaker', 'test_circuit', 'ok', undefined, 'passed'],
      ['drill.testBreaker', 'nobody', 'error', undefined, undefined],
      ['drill.testCascades', '', 'ok', 'release 42', 'passed'],
      ['drill.testCascades', '', 'error', undefined, undefined],
    ])
  })

  it('run a complete test, which can be followed to its report', async () => {
    const { post, get } = await start()
    const request = {
      profile: 'tiny',
      enable_chaos_testing: true,
      enable_circuit_breaker_testing: true,
      enable_memory_monitoring: false,
      enable_cascading_failure_testing: false,
      chaos_intensity: 'low',
      min_recovery_success_rate: 0.8,
    }
    const started = await post('/tests/comprehensive', request)
    expect(started).toMatchObject({ status: 202, body: { state: 'running', profile: 'tiny' } })
    const { id } = started.body
    const early = await get(`/tests/${id}/report`)
    expect(early).toMatchObject({ status: 409, body: { error: { code: 'running' } } })
    expect(await get(`/tests/${id}/report?partial=1`)).toMatchObject({
      status: 200,
      body: { partial: true, test_id: id },
    })
    expect(await post('/tests/comprehensive', request)).toMatchObject({
      status: 409,
      body: { error: { code: 'limit' } },
    })
    const status = await finished(() => get(`/tests/${id}/status`, tokens.reader))
    expect(status.body).toMatchObject({ state: 'finished', phase: 'CLEANUP', result: expect.any(String) })
    const { body: report } = await get(`/tests/${id}/report`)
    expect(report).toMatchObject({
      test_id: id,
      partial: false,
      phases_completed: expect.arrayContaining(['INITIALIZATION', 'CHAOS_INJECTION', 'CLEANUP']),
      circuit_breaker_tests_passed: 7,
      event_hash: expect.stringMatching(/^[\da-f]{64}$/),
    })
    expect(report.chaos_events_triggered).toBeGreaterThanOrEqual(8)
    expect(report.events).toBeUndefined()
    expect((await get(`/tests/${id}/report?events=1`)).body.events.length).toBeGreaterThan(50)
    expect((await get('/tests')).body.tests).toMatchObject([{ id, state: 'finished' }])
    expect((await get('/status')).body).toMatchObject({ armed: true, faults: 0, tests: [{ id }] })
  })

  it('clean up: hung calls are let go, everything ends, and the second time is as good', async () => {
    const { post, get, call, betting } = await start()
    const { id } = (await post('/chaos/start', { timeout_probability: 1 })).body
    await post(`/chaos/${id}/inject`, timeout)
    const monitor = (await post('/memory/start')).body.id
    const test = (await post('/tests/comprehensive', { total_duration_hours: 4 })).body.id
    const hanging = call(5)
    await new Promise((resolve) => setImmediate(resolve))
    expect(betting.policy.debugStats()).toMatchObject({ held: 1 })
    const first = await post('/cleanup', { reason: 'users suffer' }, tokens.operator)
    expect(first).toMatchObject({
      status: 200,
      body: { chaos: [id], memory: [monitor], tests: [test], faults: 0 },
    })
    expect(await hanging).toBe(5)
    expect(await post('/cleanup')).toMatchObject({
      status: 200,
      body: { chaos: [], memory: [], tests: [], faults: 0 },
    })
    await finished(() => get(`/tests/${test}/status`))
    expect((await get(`/tests/${test}/report`)).body).toMatchObject({ interrupted: true })
    expect(await post(`/chaos/${id}/inject`, outage)).toMatchObject({
      status: 409,
      body: { error: { code: 'ended' } },
    })
  })
})

describe('refusals', () => {
  it('of what makes no sense name each field, and the scenarios that there are', async () => {
    const { post, control } = await start()
    const bad = await post('/chaos/start', { timeout_probability: 2, max_concurrent_chaos: 0, hello: 1 })
    expect([bad.status, bad.body.error.code]).toEqual([422, 'invalid'])
    expect(bad.body.error.problems.map(({ path }: { path: string }) => path).sort()).toEqual([
      'hello',
      'max_concurrent_chaos',
      'timeout_probability',
    ])
    const { id } = (await post('/chaos/start', {})).body
    const unknown = await post(`/chaos/${id}/inject`, { ...outage, scenario: 'meteor' })
    expect(unknown).toMatchObject({ status: 422, body: { error: { problems: [{ path: 'scenario' }] } } })
    for (const scenario of control.chaos(id).scenarios) expect(unknown.text).toContain(scenario)
    expect(await post(`/chaos/${id}/inject`)).toMatchObject({
      status: 422,
      body: { error: { problems: { length: 3 } } },
    })
    for (const body of [{ duration_hours: -1 }, { enable_object_tracking: 'yes' }])
      expect((await post('/memory/start', body)).status).toBe(422)
    expect((await post('/tests/comprehensive', { chaos_intensity: 'extreme' })).status).toBe(422)
    expect((await post('/chaos/start', '{')).status).toBe(400)
  })

  it('by a gate are 423 while somebody has to act, and 409 where time will do', async () => {
    let armed = false
    const { post } = await start({ armed: () => armed })
    const { id } = (await post('/chaos/start', { max_concurrent_chaos: 1 })).body
    const refused = async (body: object): Promise<[number, string, string]> => {
      const { status, body: answer } = await post(`/chaos/${id}/inject`, body)
      return [status, answer.error.code, answer.error.reason]
    }
    expect(await refused(outage)).toEqual([423, 'refused', 'disarmed'])
    expect((await post('/tests/comprehensive')).status).toBe(423)
    armed = true
    expect(await refused({ ...outage, target_service: 'payroll' })).toEqual([423, 'refused', 'notOptedIn'])
    expect((await post(`/chaos/${id}/inject`, outage)).status).toBe(200)
    expect(await refused({ ...outage, target_service: 'odds_provider' })).toEqual([
      409,
      'refused',
      'maxConcurrentChaos',
    ])
    expect(await post('/chaos/start')).toMatchObject({ status: 409, body: { error: { code: 'limit' } } })
  })

  it('of ids that nobody knows are 404', async () => {
    const { post, get } = await start()
    for (const path of [
      '/chaos/x/status',
      '/memory/x/status',
      '/memory/x/history',
      '/tests/x/status',
      '/tests/x/report',
    ])
      expect([path, (await get(path)).status]).toEqual([path, 404])
    for (const path of ['/chaos/x/inject', '/chaos/x/stop', '/memory/x/stop', '/tests/x/stop'])
      expect([path, (await post(path, outage)).status]).toEqual([path, 404])
  })
})

it('a request that is sent twice with one key is carried out once', async () => {
  const { post, control } = await start()
  const key = { 'idempotency-key': '4c1f' }
  const first = await post('/chaos/start', {}, tokens.breaker, key)
  expect((await post('/chaos/start', {}, tokens.breaker, key)).body).toEqual(first.body)
  const other = await post('/chaos/start', { auto_recovery: false }, tokens.breaker, key)
  expect(other).toMatchObject({ status: 409, body: { error: { code: 'duplicate' } } })
  const again = { 'idempotency-key': 'another' }
  const { id } = first.body
  const injection = await post(`/chaos/${id}/inject`, outage, tokens.breaker, again)
  expect((await post(`/chaos/${id}/inject`, outage, tokens.breaker, again)).body.id).toBe(injection.body.id)
  expect(control.chaos(id).counters.injected).toBe(1)
})

it('everything that is done or refused is in the audit, with who and why', async () => {
  const { post, audited } = await start()
  const { id } = (await post('/chaos/start', { reason: 'game day' })).body
  await post(`/chaos/${id}/inject`, { ...outage, reason: 'does it fail over?' })
  await post(`/chaos/${id}/inject`, { ...outage, target_service: 'payroll' })
  await post(`/chaos/${id}/stop`, { reason: 'enough' }, tokens.operator)
  await post('/cleanup', { reason: 'to be sure' }, tokens.operator)
  await post('/cleanup', {}, tokens.reader)
  const rows = audited.map(({ actor, action, target, outcome, reason, code }) => [
    actor,
    action,
    target,
    outcome,
    reason ?? code,
  ])
  expect(rows).toEqual([
    ['kay', 'drill.startChaos', id, 'ok', 'game day'],
    ['kay', 'drill.inject', `${id}: provider_outage on betting_service`, 'ok', 'does it fail over?'],
    ['kay', 'drill.inject', `${id}: provider_outage on payroll`, 'error', 'refused'],
    ['otto', 'drill.stopChaos', id, 'ok', 'enough'],
    ['otto', 'drill.cleanup', '', 'ok', 'to be sure'],
    ['rita', 'drill.cleanup', '', 'denied', 'forbidden'],
  ])
})

it('secrets of the service do not leave with answers, reports or the audit', async () => {
  const sticky = {
    id: 'sticky',
    supports: ['refuse' as const],
    apply: () => {
      throw new Error(planted)
    },
  }
  const { post, get, audited, clock } = await start({
    targets: [sticky],
    memory: {
      source: () => ({ read: () => Promise.reject(new Error(planted)), close: () => {} }),
      gauges: () => ({ [`Bearer ${secret}`]: Math.random() }),
    },
    drill: { simulated: service(new Error(planted)), real: false },
  })
  const seen: string[] = []
  const { id } = (await post('/chaos/start')).body
  seen.push((await post(`/chaos/${id}/inject`, { ...outage, target_service: 'sticky' })).text)
  seen.push((await post(`/chaos/${id}/inject`, { ...outage, target_service: planted, reason: 'x' })).text)
  seen.push((await post(`/chaos/${id}/inject`, { ...outage, scenario: planted.slice(0, 100) })).text)
  seen.push((await post('/tests/comprehensive', { profile: planted })).text)
  const monitor = (await post('/memory/start', { enable_object_tracking: true })).body.id
  await clock.advance('1s')
  const test = (await post('/tests/comprehensive', { profile: 'tiny', ...serviceOnly })).body.id
  await finished(() => get(`/tests/${test}/status`))
  for (const path of [
    '/status',
    `/chaos/${id}/status`,
    `/memory/${monitor}/status`,
    `/tests/${test}/status`,
    `/tests/${test}/report?events=1`,
  ])
    seen.push((await get(path)).text)
  seen.push(JSON.stringify(audited))
  expect(seen.filter((text) => text.includes(secret)).map((text) => text.slice(0, 300))).toEqual([])
  // The test sees what is there: each of them with its mask.
  expect(seen.join()).toMatch(
    /notApplied[\s\S]*"failure":"password=\*\*\*[\s\S]*could not be stopped[^"]*\*\*\*/,
  )
})
