import { breakerPerKey } from '@seaworthy/circuit-breaker'
import { Hub } from '@seaworthy/core'
import type { Rule } from '@seaworthy/degradation'
import { createHealth } from '@seaworthy/health'
import { expect, it } from 'vitest'
import { createOps, type OpsOptions, upkeep } from '../src/index.ts'
import { redactData, redactText } from '../src/redact.ts'
import { admin, ask, auth, brokenQueue, posted, request, service, tokens } from './toys.ts'

/** What must not get out, to nobody: planted wherever a text can come from. */
const secret = 'hunter2hunter2'
const planted = `password=${secret} postgres://admin:${secret}@10.9.8.7:5432/orders?sslkey=${secret} Bearer ${secret}`
/** What must not get out to anonymous readers. */
const inner = /10\.9\.8\.7|orders|payments|tenant-7|secret-team|grace-hopper|ECONN|planted/

async function everything() {
  const logged: unknown[] = []
  const events: unknown[] = []
  const jobs = upkeep({
    hub: new Hub(),
    jobs: {
      'planted-job': {
        every: '1h',
        run: () => {
          throw new Error(planted)
        },
      },
    },
  })
  await jobs.runNow('planted-job')
  const rule: Rule = {
    id: 'planted-rule',
    level: 'minor',
    when: () => false,
    reads: () => ({ value: 1, limit: 2, about: [planted] }),
  }
  const options: OpsOptions = {
    upkeep: jobs,
    metrics: { contentType: 'text/plain', metrics: () => Promise.reject(new Error(planted)) },
    audit: { sink: () => Promise.reject(new Error(planted)) },
    logger: { warn: (...line) => logged.push(line) },
  }
  const shop = service(options, [rule])
  const { hub, clock, health, degradation, letters } = shop
  hub.on('*', (event) => events.push(event))
  hub.onListenerError(() => {})
  health.register('planted-check', {
    check: () => {
      throw new Error(planted)
    },
  })
  shop.payments.isolate('planted by grace-hopper')
  degradation.set('moderate', { reason: 'planted by secret-team', actor: 'grace-hopper' })
  const keyed = breakerPerKey({ name: 'tenants', hub, clock }, {})
  await keyed.settle(() => Promise.reject(new Error(planted)), { key: 'tenant-7' })
  const ids = [
    await letters.add({ token: secret, note: planted }, new Error(planted)),
    await letters.add({ refuse: true, cookie: secret }, new Error(planted, { cause: new Error(planted) })),
  ]
  hub.register({
    kind: 'mine',
    name: 'leaky',
    snapshot: () => ({ url: planted, apiKey: secret, nested: [{ Authorization: secret }] }),
    actions: {},
  })
  await clock.advance('3s')
  return { shop, ids, logged, events }
}

const publicPaths = [
  '/health',
  '/health/live',
  '/health/ready',
  '/health/startup',
  '/health/detailed',
  '/health?verbose',
]
const publicPathsToo = [
  '/health/circuit-breakers',
  '/health/degradation',
  '/health/dlq',
  '/metrics',
  `${admin}/audit`,
]

it('anonymous readers learn statuses and numbers, whatever failed', async () => {
  const { shop } = await everything()
  for (const path of [...publicPaths, ...publicPathsToo]) {
    const { text, headers } = await ask(shop, path)
    const all = text + JSON.stringify([...headers])
    expect([path, inner.exec(all)?.[0], all.includes(secret)]).toEqual([path, undefined, false])
  }
  await shop.close()
})

it('no answer, event or log line has a secret, also for those who may do everything', async () => {
  const { shop, ids, logged, events } = await everything()
  const stream = await shop.ops.fetch(request(`${admin}/events`, tokens.admin))
  const seen: string[] = []
  const reads = [
    ...publicPaths,
    ...publicPathsToo,
    ...[
      'session',
      'circuit-breakers',
      'components',
      'degradation',
      'dlq',
      'dlq/orders',
      'audit',
      'series',
      'upkeep',
    ].map((path) => `${admin}/${path}`),
    `${admin}/reports/reliability`,
    `${admin}/reports/reliability?format=markdown`,
    ...ids.flatMap((id) => [`${admin}/dlq/orders/${id}`, `${admin}/dlq/orders/${id}?content=true`]),
  ]
  for (const path of reads) {
    const { text, headers } = await ask(shop, path, tokens.admin)
    seen.push(`${path} ${text} ${JSON.stringify([...headers])}`)
  }
  for (const path of [
    ...ids.map((id) => `dlq/orders/${id}/retry`),
    'dlq/orders/retry-batch',
    'degradation/clear',
    'upkeep/planted-job/run',
  ])
    seen.push((await ask(shop, `${admin}/${path}`, tokens.admin, posted())).text)
  await shop.clock.advance('2s')
  await shop.ops.close()
  seen.push(await stream.text(), JSON.stringify(logged))
  seen.push(JSON.stringify(events.filter((event) => (event as { kind: string }).kind === 'ops')))
  expect(seen.filter((text) => text.includes(secret)).map((text) => text.slice(0, 200))).toEqual([])
  for (const token of Object.values(tokens)) expect(seen.some((text) => text.includes(token))).toBe(false)
  // The test sees what is there: the check, the letters, the component.
  expect(seen.join()).toMatch(/planted-check[\s\S]*leaky/)
  expect(seen.join()).toMatch(/planted-rule[\s\S]*planted-job/)
  await shop.close()
})

it('errors of a broken part do not get into answers', async () => {
  const broken = {
    snapshot: () => {
      throw new Error(planted)
    },
  }
  const { hub, clock, close } = service()
  const health = createHealth({ hub, clock, name: 'other' })
  const ops = createOps({
    hub,
    clock,
    health,
    degradation: {
      ...broken,
      set: broken.snapshot,
      clear: broken.snapshot,
      killFeature: broken.snapshot,
      restoreFeature: broken.snapshot,
    },
    deadLetters: { orders: brokenQueue({}) },
    auth,
    profile: 'production',
  })
  for (const path of [
    '/health/degradation',
    `${admin}/degradation`,
    `${admin}/dlq/orders`,
    '/health/detailed',
  ]) {
    const { status, text } = await ask({ ops, clock }, path, tokens.admin)
    expect([path, status >= 500, text.includes(secret)]).toEqual([path, true, false])
  }
  await ops.close()
  await health.close()
  await close()
})

it('texts and data are made clean', () => {
  expect(redactText(planted)).toBe('password=*** postgres://10.9.8.7:5432 Bearer ***')
  expect(redactText('x'.repeat(500))).toHaveLength(200)
  expect(redactText('line\nbreak\u0000')).toBe('line break ')
  const ring: Record<string, unknown> = { name: 'ring' }
  ring['self'] = ring
  expect(JSON.stringify(redactData(ring)).length).toBeLessThan(1000)
  expect(redactData({ Password: 1, list: [{ api_key: 2 }], bytes: new Uint8Array(3), big: 4n })).toEqual({
    Password: '[redacted]',
    list: [{ api_key: '[redacted]' }],
    bytes: '[3 bytes]',
    big: '4',
  })
})
