import { breakerPerKey } from '@seaworthy/circuit-breaker'
import { type Rule, standardRules } from '@seaworthy/degradation'
import { afterEach, describe, expect, it } from 'vitest'
import { type AuditEntryView, bearer, createOps } from '../src/index.ts'
import { admin, ask, epoch, posted, request, type Service, service, tokens } from './toys.ts'

let shop: Service
afterEach(async () => {
  await shop.close()
  expect(shop.clock.pendingTimers).toBe(0)
})

const readable = ['session', 'circuit-breakers', 'components', 'degradation', 'dlq', 'dlq/orders', 'audit']
const readableToo = ['series', 'reports/reliability', 'events', 'upkeep']

describe('authentication', () => {
  it('is required everywhere, and without auth nobody gets in', async () => {
    const warnings: string[] = []
    const logger = { warn: (_fields: object, message: string) => warnings.push(message) }
    shop = service({ logger })
    const { hub, clock } = shop
    const closed = createOps({ hub, clock, logger, profile: 'production' })
    for (const path of [...readable, ...readableToo]) {
      const { status, headers, body } = await ask(shop, `${admin}/${path}`)
      expect([path, status, headers.get('www-authenticate')]).toEqual([path, 401, 'Bearer'])
      expect(body.error.code).toBe('unauthorized')
      expect((await ask({ ops: closed, clock }, `${admin}/${path}`, tokens.admin)).status).toBe(401)
    }
    expect(warnings).toEqual(['createOps has no auth: every admin route answers 401'])
    await closed.close()
  })

  it('in development without auth takes a token that is told once', async () => {
    const told: { token?: string }[] = []
    const logger = { warn: (fields: object) => told.push(fields) }
    shop = service()
    const { hub, clock } = shop
    const ops = createOps({ hub, clock, profile: 'development', logger })
    expect((await ask({ ops, clock }, `${admin}/session`)).status).toBe(401)
    expect((await ask({ ops, clock }, `${admin}/session`, told[0]?.token)).body.actor).toBe('developer')
    expect(told).toHaveLength(1)
    await ops.close()
  })

  it('takes the scheme in whatever case, each of several tokens, and none from a query', async () => {
    shop = service()
    const { clock, ops } = shop
    const session = `${admin}/session`
    for (const authorization of [`bearer ${tokens.reader}`, `BEARER   ${tokens.reader}`])
      expect((await ops.fetch(request(session, undefined, { headers: { authorization } }))).status).toBe(200)
    const wrong = [
      `Basic ${tokens.reader}`,
      tokens.reader,
      'Bearer',
      `Bearer ${tokens.reader}x`,
      'Bearer x'.repeat(3000),
    ]
    for (const authorization of wrong)
      expect((await ops.fetch(request(session, undefined, { headers: { authorization } }))).status).toBe(401)
    expect(
      (await ask({ ops, clock }, `${session}?token=${tokens.reader}&access_token=${tokens.reader}`)).status,
    ).toBe(401)
    expect((await ask(shop, session, tokens.operator)).body).toMatchObject({
      actor: 'otto',
      scopes: ['read', 'operate'],
      service: { name: 'shop', version: '1.2.3' },
    })
  })

  it('refuses tokens that can be guessed, and does not repeat them', () => {
    shop = service()
    expect(() => bearer([{ id: 'a', token: 'fifteen-chars-x', scope: 'read' }])).toThrow(
      /16 to 4096.*redacted/,
    )
    expect(() => bearer([{ id: 'a', token: 'fifteen-chars-x', scope: 'read' }])).not.toThrow(/fifteen-chars/)
    expect(() => bearer([])).toThrow(/at least one token/)
  })

  it('slows down who guesses, by address, and nobody else', async () => {
    shop = service()
    const from = (remoteAddress: string | undefined, token: string): Promise<Response> =>
      shop.ops.fetch(request(`${admin}/session`, token), { remoteAddress })
    for (let i = 0; i < 10; i++) expect((await from('10.0.0.1', `wrong-token-number-${i}`)).status).toBe(401)
    const refused = await from('10.0.0.1', tokens.reader)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
    expect((await from('10.0.0.2', tokens.reader)).status).toBe(200)
    for (let i = 0; i < 30; i++) await from(undefined, `wrong-token-number-${i}`)
    expect((await from(undefined, tokens.reader)).status).toBe(200)
    await shop.clock.advance('61s')
    expect((await from('10.0.0.1', tokens.reader)).status).toBe(200)
  })

  it('believes a proxy about the address only if told to', async () => {
    shop = service()
    const trusting = service({ trustProxy: true })
    const from = ({ ops }: Service, forwarded: string, token: string): Promise<Response> =>
      ops.fetch(request(`${admin}/session`, token, { headers: { 'x-forwarded-for': forwarded } }), {
        remoteAddress: '10.0.0.1',
      })
    for (let i = 0; i < 10; i++) {
      await from(shop, `1.1.1.${i}`, 'wrong-token-wrong-token')
      await from(trusting, `${i}.9.9.9, 2.2.2.2`, 'wrong-token-wrong-token')
    }
    expect((await from(shop, '1.1.1.99', tokens.reader)).status).toBe(429)
    expect((await from(trusting, '8.8.8.8, 2.2.2.2', tokens.reader)).status).toBe(429)
    expect((await from(trusting, '2.2.2.2, 3.3.3.3', tokens.reader)).status).toBe(200)
    await trusting.close()
  })

  it('by a hook that throws or hangs lets nobody in, and says nothing about why', async () => {
    shop = service({
      auth: () => {
        throw new Error('ldap://secret-host refused')
      },
    })
    const { status, text } = await ask(shop, `${admin}/session`, tokens.reader)
    expect([status, text.includes('secret-host')]).toEqual([500, false])
    await shop.close()
    shop = service({ auth: () => new Promise(() => {}) })
    expect((await ask(shop, `${admin}/session`, tokens.reader)).status).toBe(504)
  })
})

describe('scopes', () => {
  it('each includes those before it, and no route is let in by its prefix', async () => {
    shop = service()
    const operate = ['circuit-breakers/payments/reset', 'dlq/orders/x/retry']
    const override = [
      'degradation/set-level',
      'degradation/clear',
      'dlq/orders/purge',
      'degradation/features/x/kill',
    ]
    for (const path of [...operate, ...override]) {
      expect((await ask(shop, `${admin}/${path}`, undefined, posted())).status).toBe(401)
      expect((await ask(shop, `${admin}/${path}`, tokens.reader, posted())).status).toBe(403)
    }
    for (const path of override) {
      const { status, body } = await ask(shop, `${admin}/${path}`, tokens.operator, posted())
      expect([status, body.error.message]).toEqual([403, "This needs the scope 'override'."])
    }
    for (const path of operate)
      expect((await ask(shop, `${admin}/${path}`, tokens.admin, posted())).status).not.toBe(403)
    // HEAD is as GET.
    const head = { method: 'HEAD' }
    expect((await ask(shop, `${admin}/circuit-breakers`, undefined, head)).status).toBe(401)
    expect((await ask(shop, `${admin}/circuit-breakers`, tokens.reader, head)).status).toBe(200)
    for (const path of ['/health/../admin/reliability/audit', '/health/%2e%2e/admin/reliability/audit'])
      expect((await ask(shop, path)).status).toBe(401) // the address is what it is after it was made plain
  })
})

describe('requests of other sites', () => {
  const cookies = () => ({ id: 'grace', scopes: ['override' as const] })
  const reset = `${admin}/circuit-breakers/payments/reset`
  const by = async (headers: Record<string, string>): Promise<number> =>
    (await ask(shop, reset, undefined, { method: 'POST', headers })).status

  it('are refused, as browsers tell them', async () => {
    shop = service({ auth: cookies, csrf: { trustedOrigins: ['https://admin.example.com'] } })
    expect(await by({ 'sec-fetch-site': 'same-origin' })).toBe(200)
    expect(await by({ 'sec-fetch-site': 'none' })).toBe(200)
    expect(await by({ 'sec-fetch-site': 'same-site' })).toBe(403)
    expect(await by({ 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await by({ origin: 'http://shop.example' })).toBe(200)
    expect(await by({ origin: 'https://evil.example' })).toBe(403)
    expect(await by({ origin: 'null' })).toBe(403)
    expect(await by({ origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' })).toBe(403)
    expect(await by({ origin: 'https://admin.example.com', 'sec-fetch-site': 'cross-site' })).toBe(200)
    expect(await by({})).toBe(200) // no browser
    const safe = { headers: { 'sec-fetch-site': 'cross-site' } }
    expect((await ask(shop, `${admin}/circuit-breakers`, undefined, safe)).status).toBe(200)
  })

  it('by their form, with a cookie or a password that the browser keeps, are refused', async () => {
    shop = service({ auth: cookies })
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' }
    expect(await by({ ...headers, cookie: 'session=1' })).toBe(403)
    expect(await by({ ...headers, authorization: 'Basic Z3JhY2U6aG9wcGVy' })).toBe(403)
    await shop.close()
    shop = service()
    expect(await by({ ...headers, authorization: `Bearer ${tokens.operator}` })).toBe(200)
  })

  it('behind a proxy go by the host that it tells', async () => {
    shop = service({ auth: cookies, trustProxy: true })
    const forwarded = { 'x-forwarded-host': 'ops.example.com' }
    expect(await by({ origin: 'https://ops.example.com', ...forwarded })).toBe(200)
    expect(await by({ origin: 'https://evil.example', ...forwarded })).toBe(403)
  })
})

describe('circuit breakers', () => {
  it('are listed, and do what an operator says', async () => {
    shop = service()
    const act = (action: string, body?: object) =>
      ask(shop, `${admin}/circuit-breakers/payments/${action}`, tokens.operator, posted(body))
    shop.payments.trip()
    await shop.clock.advance('10s')
    const { body: list } = await ask(shop, `${admin}/circuit-breakers`, tokens.reader)
    expect(list.circuitBreakers[0]).toMatchObject({
      name: 'payments',
      state: 'open',
      since: 1_700_000_000_000,
      retryAt: 1_700_000_030_000,
      cause: 'trip',
      actions: ['reset', 'force-open', 'force-close', 'auto'],
    })
    expect((await act('reset')).body).toEqual({
      message: "Circuit breaker 'payments' was reset.",
      name: 'payments',
      oldState: 'open',
      newState: 'closed',
    })
    expect((await act('force-open', { reason: 'maintenance' })).body.newState).toBe('isolated')
    expect(
      (await ask(shop, `${admin}/circuit-breakers`, tokens.reader)).body.circuitBreakers[0].isolation,
    ).toBe('maintenance')
    expect((await act('auto')).body).toMatchObject({ oldState: 'isolated', newState: 'closed' })
    await act('force-open')
    expect((await act('force-close')).body).toMatchObject({ oldState: 'isolated', newState: 'closed' })
    expect((await act('explode')).status).toBe(404)
    const nobody = await ask(shop, `${admin}/circuit-breakers/nobody/reset`, tokens.operator, posted())
    expect([nobody.status, nobody.body.error.code]).toEqual([404, 'not_found'])
  })

  it('of each key are found by it, and asking for one makes none', async () => {
    shop = service()
    const { hub, clock } = shop
    const perKey = breakerPerKey({ name: 'tenants', hub, clock }, {})
    await perKey.settle(() => Promise.reject(new Error('down')), { key: 'a/b c' })
    const act = (query: string) =>
      ask(shop, `${admin}/circuit-breakers/tenants/force-open${query}`, tokens.operator, posted())
    expect((await act('?key=a%2Fb+c')).body).toMatchObject({ key: 'a/b c', newState: 'isolated' })
    expect((await act('?key=other')).status).toBe(404)
    expect((await act('')).status).toBe(400)
    expect(perKey.keys()).toEqual(['a/b c'])
    perKey.dispose()
  })

  it('that cannot do it say so', async () => {
    shop = service()
    const reset = `${admin}/circuit-breakers/payments/reset?everywhere=true`
    expect((await ask(shop, reset, tokens.operator, posted())).status).toBe(409)
    shop.hub.register({
      kind: 'circuit-breaker',
      name: 'bare',
      snapshot: () => ({ state: 'open' }),
      actions: {},
    })
    const { status, body } = await ask(
      shop,
      `${admin}/circuit-breakers/bare/reset`,
      tokens.operator,
      posted(),
    )
    expect([status, body.error.code]).toEqual([409, 'unsupported'])
  })
})

describe('the level', () => {
  const set = (query: string, init = posted(), token = tokens.admin) =>
    ask(shop, `${admin}/degradation/set-level${query}`, token, init)

  it('is set by query, JSON or form, with a reason', async () => {
    shop = service()
    expect((await set('?level=MODERATE&reason=load%20test&ttl=30m')).body).toEqual({
      message: 'The level is moderate.',
      oldLevel: 'normal',
      newLevel: 'moderate',
      reason: 'load test',
      expiresAt: 1_700_001_800_000,
    })
    expect((await set('', posted({ level: 'severe', reason: 'more', ttl: 'never' }))).body).toMatchObject({
      oldLevel: 'moderate',
      newLevel: 'severe',
    })
    const form = {
      method: 'POST',
      body: 'level=minor&reason=less&mode=floor',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }
    expect((await set('', form)).body.newLevel).toBe('minor')
    expect((await ask(shop, `${admin}/degradation`, tokens.reader)).body.override).toMatchObject({
      mode: 'floor',
      actor: 'ada',
      reason: 'less',
    })
    const cleared = await ask(shop, `${admin}/degradation/clear`, tokens.admin, posted())
    expect(cleared.body).toMatchObject({ oldLevel: 'minor', newLevel: 'normal' })
  })

  it('shows what each rule reads, to those who may read', async () => {
    const silent: Rule = { id: 'silent', level: 'critical', when: () => false }
    shop = service({}, [silent])
    shop.payments.trip()
    const { rules } = (await ask(shop, `${admin}/degradation`, tokens.reader)).body
    const ids = rules.map(({ id }: { readonly id: string }) => id)
    expect(ids).toEqual([...standardRules().map(({ id }) => id), 'silent'])
    expect(rules[ids.indexOf('circuit-open')]).toEqual({
      id: 'circuit-open',
      level: 'minor',
      active: true,
      since: epoch,
      reading: { value: 1, limit: 1, about: ['payments'] },
    })
    // The heap is not measured here, so there is nothing to read.
    expect(rules[ids.indexOf('heap')]).toEqual({ id: 'heap', level: 'minor', active: false })
    expect(rules.at(-1)).toEqual({ id: 'silent', level: 'critical', active: false })
    expect((await ask(shop, '/health/degradation')).body).not.toHaveProperty('rules')
  })

  it('refuses what makes no sense, and says what does', async () => {
    shop = service()
    const wrong = await set('?level=bad&reason=x')
    expect([wrong.status, wrong.body.error.message]).toEqual([
      400,
      'level must be one of normal, minor, moderate, severe, critical.',
    ])
    for (const query of [
      '?reason=x',
      '?level=minor',
      '?level=minor&reason=x&ttl=soon',
      '?level=minor&reason=x&mode=y',
    ])
      expect((await set(query)).status).toBe(400)
    expect((await set(`?level=minor&reason=${'x'.repeat(201)}`)).status).toBe(400)
    expect((await set('', { ...posted({}), body: '{' })).status).toBe(400)
    expect((await set('', { ...posted({}), body: '[]' })).status).toBe(400)
    expect((await set('', { ...posted({}), body: `"${'x'.repeat(70_000)}"` })).status).toBe(413)
    expect(
      (await set('', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } })).status,
    ).toBe(415)
    expect(shop.degradation.level).toBe('normal')
  })

  it('takes control characters out of what people type', async () => {
    shop = service()
    await set('', posted({ level: 'minor', reason: ' line\n\u202eone\u0000 ' }))
    expect(shop.degradation.snapshot().reason).toBe('line one')
  })

  it('features are switched off and on', async () => {
    shop = service()
    const act = (name: string, action: string, body?: object) =>
      ask(shop, `${admin}/degradation/features/${name}/${action}`, tokens.admin, posted(body))
    expect((await act('recommendations', 'kill', { reason: 'too slow' })).body.feature).toMatchObject({
      name: 'recommendations',
      on: false,
      killed: { actor: 'ada', reason: 'too slow' },
    })
    expect((await act('recommendations', 'restore')).body.feature).toEqual({
      name: 'recommendations',
      on: true,
      maxLevel: 'minor',
    })
    expect((await act('unknown', 'kill', { reason: 'x' })).status).toBe(404)
    expect((await act('recommendations', 'kill')).status).toBe(400)
  })
})

describe('audit', () => {
  it('has everything that was done, refused or failed, and no token', async () => {
    const kept: AuditEntryView[] = []
    shop = service({ audit: { sink: (entry) => kept.push(entry) } })
    const reset = `${admin}/circuit-breakers/payments/reset`
    shop.payments.trip()
    await ask(shop, reset, tokens.operator, {
      ...posted({ reason: 'fixed' }),
      headers: { 'content-type': 'application/json', 'x-request-id': 'r-1 <x>' },
    })
    await ask(shop, reset, tokens.reader, posted())
    await ask(shop, reset, 'wrong-token-wrong-token', posted())
    await ask(shop, `${admin}/circuit-breakers/nobody/reset`, tokens.operator, posted())
    await ask(shop, `${admin}/audit`, tokens.reader)
    const { body, text } = await ask(shop, `${admin}/audit?limit=10`, tokens.reader)
    expect(body.entries).toEqual([...kept].reverse())
    expect(kept).toMatchObject([
      {
        actor: 'otto',
        scopes: ['read', 'operate'],
        action: 'circuitBreaker.reset',
        target: 'payments',
        before: 'open',
        after: 'closed',
        reason: 'fixed',
        remote: '10.0.0.9',
        requestId: 'r-1x',
        outcome: 'ok',
      },
      { actor: 'rita', target: 'payments', outcome: 'denied', code: 'forbidden' },
      { actor: 'anonymous', scopes: [], target: 'payments', outcome: 'denied', code: 'unauthorized' },
      { actor: 'otto', target: 'nobody', outcome: 'error', code: 'not_found' },
    ])
    expect(text).not.toMatch(/token/)
  })

  it('a sink that throws, rejects or hangs delays nobody and is told', async () => {
    const warnings: object[] = []
    const sinks = [
      () => {
        throw new Error('hunter2')
      },
      () => Promise.reject(new Error('hunter2')),
    ]
    for (const sink of sinks) {
      shop = service({ audit: { sink }, logger: { warn: (fields) => warnings.push(fields) } })
      const { status } = await ask(
        shop,
        `${admin}/circuit-breakers/payments/reset`,
        tokens.operator,
        posted(),
      )
      expect(status).toBe(200)
      expect((await ask(shop, `${admin}/audit`, tokens.reader)).body).toMatchObject({ lost: 1 })
      await shop.close()
    }
    expect(warnings).toEqual([
      { event: 'opsAuditFailed', lost: 1 },
      { event: 'opsAuditFailed', lost: 1 },
    ])
    shop = service({ audit: { sink: () => new Promise(() => {}) }, logger: { warn: () => {} } })
    for (let i = 0; i < 103; i++)
      await ask(shop, `${admin}/circuit-breakers/payments/reset`, tokens.operator, posted())
    expect((await ask(shop, `${admin}/audit`, tokens.reader)).body.lost).toBe(3)
  })

  it('is bounded, and who is refused does not push out what was done', async () => {
    shop = service()
    const reset = `${admin}/circuit-breakers/payments/reset`
    await ask(shop, reset, tokens.operator, posted())
    for (let i = 0; i < 300; i++) await shop.ops.fetch(request(reset, undefined, posted()))
    const { entries } = (await ask(shop, `${admin}/audit?limit=1200`, tokens.reader)).body
    expect(entries).toHaveLength(201)
    expect(entries.at(-1)).toMatchObject({ actor: 'otto', outcome: 'ok' })
  })
})

describe('the dashboard', () => {
  it('is for everybody, holds no data, and loads only what is its own', async () => {
    shop = service()
    const bare = await ask(shop, `${admin}?x=1`)
    expect([bare.status, bare.headers.get('location')]).toEqual([308, `${admin}/?x=1`])
    const page = await ask(shop, `${admin}/`)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/)
    expect(Object.fromEntries(page.headers)).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    const files = [...page.text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, file]) => file)
    expect(files.length).toBeGreaterThan(1)
    for (const file of files) {
      if (file === 'data:,' || file?.startsWith('#')) continue // no icon; a place on the page
      expect(file).toMatch(/^ui\/[\w.-]+$/)
      expect((await ask(shop, `${admin}/${file}`)).status).toBe(200)
    }
    for (const file of ['ui/nothing', 'ui/__proto__', 'ui/..%2findex.html'])
      expect((await ask(shop, `${admin}/${file}`)).status).toBe(404)
  })
})
