import { prometheusMetrics } from '@seaworthy/telemetry/prometheus'
import { afterEach, describe, expect, it } from 'vitest'
import { admin, ask, brokenQueue, request, type Service, service, tokens } from './toys.ts'

let shop: Service
afterEach(async () => {
  await shop.close()
  expect(shop.clock.pendingTimers).toBe(0)
})

const never = (): Promise<never> => new Promise(() => {})

describe('the basic answer', () => {
  it('has status, version and uptime, and may not be kept', async () => {
    shop = service()
    await shop.clock.advance('90s')
    const { status, headers, body } = await ask(shop, '/health')
    expect(status).toBe(200)
    expect(body).toEqual({
      status: 'pass',
      version: '1.2.3',
      uptime: 90,
      time: '2023-11-14T22:14:50.000Z',
      notes: [],
    })
    expect(headers.get('content-type')).toBe('application/health+json; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.has('etag')).toBe(false)
  })

  it('is the same with a slash at the end, a query, or HEAD', async () => {
    shop = service()
    for (const path of ['/health/', '/health?a=1', '/health/live/', '/health/ready?x', '/health/startup'])
      expect((await ask(shop, path)).status).toBe(200)
    const head = await ask(shop, '/health', undefined, { method: 'HEAD' })
    expect([head.status, head.text]).toEqual([200, ''])
  })

  it('refuses other methods, and says which there are', async () => {
    shop = service()
    const { status, headers, body } = await ask(shop, '/health', undefined, { method: 'POST' })
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect(body).toEqual({ error: { code: 'method_not_allowed', message: 'Use GET, HEAD.' } })
    const options = await ask(shop, '/health', undefined, { method: 'OPTIONS' })
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS'])
    expect(options.headers.has('access-control-allow-origin')).toBe(false)
  })
})

describe('faults', () => {
  it('a hung check does not hang the probe', async () => {
    shop = service()
    shop.health.register('database', { check: never })
    const before = shop.clock.now()
    const { status, body } = await ask(shop, '/health/ready')
    expect(status).toBe(503)
    expect(body.status).toBe('fail')
    expect(shop.clock.now() - before).toBeLessThan(1000)
    expect((await ask(shop, '/health/live')).status).toBe(200)
  })

  it('a registry that hangs or throws does not either: live stays alive, ready is not', async () => {
    const broken = (report: () => Promise<never>) => ({
      draining: false,
      report,
      snapshot: () => {
        throw new Error('broken')
      },
    })
    const throwing = (): never => {
      throw new Error('broken')
    }
    for (const report of [never, throwing, () => Promise.reject(new Error('broken'))]) {
      shop = service({ health: broken(report) })
      const before = shop.clock.now()
      expect((await ask(shop, '/health/live')).status).toBe(200)
      expect((await ask(shop, '/health/ready')).status).toBe(503)
      expect(shop.clock.now() - before).toBeLessThan(2 * 1000)
      await shop.close()
    }
  })

  it('an authentication hook that hangs only takes the details away', async () => {
    shop = service({ auth: never })
    shop.health.register('database', { check: never })
    const before = shop.clock.now()
    const { status, body } = await ask(shop, '/health/detailed', tokens.reader)
    expect([status, body.checks]).toEqual([503, undefined])
    expect(body.summary).toMatchObject({ total: 2, unknown: 1 }) // what is known of the check, which hangs as well
    expect(shop.clock.now() - before).toBeLessThan(1000)
    const probe = shop.clock.now()
    await ask(shop, '/health/ready', tokens.reader)
    expect(shop.clock.now() - probe).toBeLessThan(1000)
  })

  it('a failure that is remembered stays 503', async () => {
    shop = service()
    let calls = 0
    shop.health.register('database', {
      check: () => {
        calls++
        throw new Error('down')
      },
    })
    expect((await ask(shop, '/health/ready')).status).toBe(503)
    expect((await ask(shop, '/health/ready')).status).toBe(503)
    expect(calls).toBe(1)
  })

  it('an answer that is too old is unknown, not good', async () => {
    shop = service()
    let answer: () => Promise<boolean> = async () => true
    shop.health.register('database', { check: () => answer() })
    expect((await ask(shop, '/health/ready')).status).toBe(200)
    answer = never
    await shop.clock.advance('100s')
    const { status } = await ask(shop, '/health/ready')
    expect(status).toBe(503)
    const detailed = await ask(shop, '/health/detailed', tokens.reader)
    expect(detailed.body.summary.unknown + detailed.body.summary.fail).toBe(1)
  })

  it('a flapping check is told to be one', async () => {
    shop = service()
    let good = true
    shop.health.register('database', { check: async () => good, ttl: 0, failureTtl: 0 })
    for (let i = 0; i < 8; i++) {
      good = !good
      await ask(shop, '/health/ready')
      await shop.clock.advance('10s')
    }
    const { body } = await ask(shop, '/health/detailed', tokens.reader)
    expect(body.checks['database:responseTime'][0].flapping).toBe(true)
  })

  it('draining takes the process out of service, during traffic, and does not kill it', async () => {
    shop = service()
    const statuses: number[] = []
    for (let i = 0; i < 10; i++) {
      if (i === 5) shop.health.drain('deploy of secret-project')
      statuses.push((await ask(shop, '/health/ready')).status)
      expect((await ask(shop, '/health/live')).status).toBe(200)
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 503, 503, 503, 503, 503])
    expect((await ask(shop, '/health/ready')).body.notes).toEqual(['draining'])
    const detailed = await ask(shop, '/health/detailed', tokens.reader)
    expect(detailed.body.notes).toEqual(['draining: deploy of secret-project'])
  })

  it('a listener that throws changes nothing', async () => {
    shop = service()
    shop.hub.on('stateChange', () => {
      throw new Error('listener')
    })
    shop.hub.on('adminAction', () => {
      throw new Error('listener')
    })
    const path = `${admin}/circuit-breakers/payments/force-open`
    expect((await ask(shop, path, tokens.operator, { method: 'POST' })).status).toBe(200)
    expect((await ask(shop, '/health')).status).toBe(200)
    expect(shop.hub.listenerErrors).toBeGreaterThan(0)
  })

  it('a component that cannot be read is left out', async () => {
    shop = service()
    for (const kind of ['circuit-breaker', 'retry', 'stale-cache', 'mine'])
      shop.hub.register({
        kind,
        name: 'broken',
        snapshot: () => {
          throw new Error('broken')
        },
        actions: {},
      })
    await shop.clock.advance('3s')
    const { body } = await ask(shop, '/health/circuit-breakers', tokens.reader)
    expect(body.circuitBreakers.map(({ name }: { name: string }) => name)).toEqual(['payments'])
    expect((await ask(shop, `${admin}/components`, tokens.reader)).status).toBe(200)
    expect((await ask(shop, `${admin}/reports/reliability`, tokens.reader)).status).toBe(200)
  })

  it('a dead store of dead letters is told within a second, with what was known before', async () => {
    let store: 'good' | 'hangs' | 'fails' = 'good'
    const counts = { dead: 1, leased: 0, replaying: 0, replayed: 0, resolved: 0, discarded: 0 }
    const answers = {
      good: async () => ({ ...counts, oldest: 1000, now: 61_000 }),
      hangs: never,
      fails: () => Promise.reject(new Error('x')),
    }
    shop = service({ deadLetters: { orders: brokenQueue({ stats: () => answers[store]() }) } })
    expect((await ask(shop, '/health/dlq')).body).toMatchObject({
      depth: 1,
      oldestAgeSeconds: 60,
      stale: false,
    })
    for (const how of ['hangs', 'fails'] as const) {
      store = how
      await shop.clock.advance('5s')
      const before = shop.clock.now()
      expect((await ask(shop, '/health/dlq')).body).toMatchObject({ status: 'warn', depth: 1, stale: true })
      expect(shop.clock.now() - before).toBeLessThan(1000)
      expect((await ask(shop, '/health/detailed', tokens.reader)).status).toBe(200)
    }
  })
})

describe('details', () => {
  it('anonymous readers get numbers and words of closed sets, no names', async () => {
    shop = service()
    shop.health.register('database-of-secret-project', {
      check: () => {
        throw new Error('password=hunter2 at postgres://user:pass@db.internal/orders')
      },
    })
    shop.payments.isolate('because of secret-project')
    shop.degradation.set('severe', { reason: 'secret-project', actor: 'grace-hopper' })
    await shop.letters.add({ card: '4111111111111111' }, new Error('secret-project'))
    await shop.clock.advance('2s')
    const detailed = await ask(shop, '/health/detailed')
    expect(detailed.body.summary).toEqual({
      total: 2,
      pass: 0,
      warn: 1,
      fail: 1,
      unknown: 0,
      codes: { error: 1 },
    })
    const breakers = await ask(shop, '/health/circuit-breakers')
    expect(breakers.body).toMatchObject({ status: 'warn', summary: { total: 1, closed: 0, forcedOpen: 1 } })
    const level = await ask(shop, '/health/degradation')
    expect(level.body).toMatchObject({ status: 'warn', level: 'severe', value: 3, serviceLevel: 'limited' })
    const letters = await ask(shop, '/health/dlq')
    expect(letters.body).toMatchObject({ depth: 1, added: 1 })
    for (const { status, text } of [breakers, level, letters]) {
      expect(status).toBe(200)
      expect(text).not.toMatch(/secret-project|hopper|hunter2|4111|payments|orders|db\.internal/)
    }
    expect(detailed.text).not.toMatch(/secret-project|hopper|hunter2|4111|payments|orders|db\.internal/)
  })

  it('those with permission get them, and still no secrets', async () => {
    shop = service()
    shop.health.register('database', {
      check: () => {
        throw new Error('password=hunter2 at postgres://user:pass@db.internal/orders')
      },
    })
    const { status, body, text } = await ask(shop, '/health/detailed', tokens.reader)
    expect(status).toBe(503)
    expect(body.checks['database:responseTime'][0]).toMatchObject({ status: 'fail', code: 'error' })
    expect(body.checks['database:responseTime'][0].output).toContain('db.internal')
    expect(text).not.toMatch(/hunter2|user:pass/)
    expect(body.components).toMatchObject({
      circuitBreakers: { total: 1 },
      degradation: { level: 'severe' },
      deadLetters: [{ queue: 'orders' }],
    })
    expect((await ask(shop, '/health/ready?verbose', tokens.reader)).body.checks).toHaveProperty(
      'database:responseTime',
    )
    expect((await ask(shop, '/health/ready?verbose')).body.checks).toBe(undefined)
  })

  it('a wrong token is an anonymous reader, and never locks a probe out', async () => {
    shop = service()
    for (let i = 0; i < 20; i++)
      expect((await ask(shop, '/health/detailed', 'wrong-token-wrong-token')).body.checks).toBe(undefined)
    expect((await ask(shop, '/health')).status).toBe(200)
    expect((await ask(shop, '/health/detailed', tokens.reader)).body.checks).toBe(undefined) // this address guesses
  })

  it('always and never do what they say', async () => {
    shop = service({ details: 'always' })
    expect((await ask(shop, '/health/circuit-breakers')).body.circuitBreakers).toHaveLength(1)
    await shop.close()
    shop = service({ details: 'never' })
    expect((await ask(shop, '/health/circuit-breakers', tokens.admin)).body.circuitBreakers).toBe(undefined)
  })
})

describe('metrics', () => {
  it('are what the source says', async () => {
    const metrics = { contentType: 'text/plain; version=0.0.4', metrics: async () => 'up 1\n' }
    shop = service({ metrics })
    const { status, text, headers } = await ask(shop, '/metrics')
    expect([status, text, headers.get('content-type')]).toEqual([200, 'up 1\n', 'text/plain; version=0.0.4'])
    await shop.close()
    shop = service({ metrics, protectMetrics: true })
    expect((await ask(shop, '/metrics')).status).toBe(401)
    expect((await ask(shop, '/metrics', tokens.reader)).status).toBe(200)
  })

  it('of the telemetry package fit as they are', async () => {
    const { hub, close } = service()
    const metrics = prometheusMetrics({ hub })
    shop = service({ metrics })
    const { status, text, headers } = await ask(shop, '/metrics')
    expect([status, headers.get('content-type')]).toEqual([200, metrics.contentType])
    expect(text).toMatch(/^circuit_breaker_state\{name="payments",state="closed"\} 1$/m)
    metrics.close()
    await close()
  })

  it('that fail or hang are an answer, without the error', async () => {
    const failing = { contentType: 'text/plain', metrics: () => Promise.reject(new Error('hunter2')) }
    shop = service({ metrics: failing })
    const { status, text } = await ask(shop, '/metrics')
    expect([status, text.includes('hunter2')]).toEqual([500, false])
    await shop.close()
    shop = service({ metrics: { contentType: 'text/plain', metrics: never } })
    expect((await ask(shop, '/metrics')).status).toBe(504)
    await shop.close()
    shop = service()
    expect((await ask(shop, '/metrics')).status).toBe(404)
  })
})

describe('match', () => {
  it('knows what is for the handler, by whole paths', () => {
    shop = service({ basePath: '/ops' })
    const { ops } = shop
    for (const path of ['/ops/health', '/ops/health/live', '/ops/metrics', '/ops/admin/reliability/what'])
      expect(ops.match(path)).toBe(true)
    for (const path of [
      '/health',
      '/ops/healthy',
      '/ops/health/x',
      '/ops/admin/reliabilityx',
      '/',
      '/ops',
      '/%ff',
    ])
      expect(ops.match(path)).toBe(false)
  })

  it('what is not found is an error of the usual shape', async () => {
    shop = service()
    const { status, body } = await ask(shop, '/elsewhere')
    expect([status, body]).toEqual([
      404,
      { error: { code: 'not_found', message: 'There is no such route.' } },
    ])
    expect(
      (await ask(shop, `${admin}/circuit-breakers/%ff/reset`, tokens.operator, { method: 'POST' })).status,
    ).toBe(400)
    expect((await shop.ops.fetch(request('/health'))).status).toBe(200)
  })
})
