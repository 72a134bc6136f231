/** A service with one component of every kind that metrics know, all of which something happens to, and secrets wherever they could leak. */
import { breakerPerKey, circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub } from '@seaworthy/core'
import { deadLetters, memoryDeadLetters, replayAfter } from '@seaworthy/dead-letter'
import {
  cannedReply,
  createDegradation,
  fallbackRegistry,
  loadShed,
  memoryCache,
} from '@seaworthy/degradation'
import { failover, fallbackChain, hedge, staleCache } from '@seaworthy/fallback'
import { adaptiveConcurrency, bulkhead, rateLimit, timeout } from '@seaworthy/flow'
import { createHealth } from '@seaworthy/health'
import { idempotency, memoryIdempotencyStore } from '@seaworthy/idempotency'
import { fixed, retry } from '@seaworthy/retry'
import { VirtualClock } from '@seaworthy/testing'
import { memoryStream, worker } from '@seaworthy/worker'

/** What must appear nowhere. */
export const secret = 'hunter2'

/** An error with a secret wherever an error can have one. */
export function leakyError(): Error {
  const cause = new Error(`postgres://root:${secret}@db.internal:5432/orders`)
  const error = new Error(`password=${secret}`, { cause })
  return Object.assign(error, { password: secret, config: { headers: { authorization: secret } } })
}

const fails = (): Promise<never> => Promise.reject(leakyError())

export interface Service {
  readonly hub: Hub
  readonly clock: VirtualClock
  /** Lets something happen to every component. */
  run(): Promise<void>
  /** Disposes of all components. */
  close(): Promise<void>
}

/** Makes it. Nothing has happened to it as yet. @param id - Part of keys and ids, which events tell. */
export function service(
  hub: Hub = new Hub(),
  clock: VirtualClock = new VirtualClock(),
  id: string = secret,
): Service {
  const secretly = { key: `tenant-${id}`, values: { token: secret } }
  const common = { hub, clock }
  const payments = circuitBreaker({ name: 'payments', failureThreshold: 3, ...common })
  const hosts = breakerPerKey({ name: 'hosts', failureThreshold: 1, ...common })
  const mails = retry({ name: 'mails', attempts: 3, delay: fixed('1s'), jitter: 'none', ...common })
  const slow = timeout('1s', { name: 'slow', ...common })
  const orders = bulkhead({ concurrency: 1, queue: 0, name: 'orders', ...common })
  const quota = rateLimit({ limit: 1, per: '1m', name: 'quota', ...common })
  const adaptive = adaptiveConcurrency({ name: 'adaptive', ...common })
  const answers = fallbackChain(
    [
      { name: 'second', answer: fails },
      { name: 'canned', answer: secret },
    ],
    { name: 'answers', hub },
  )
  const models = failover(
    [
      { name: 'primary', call: fails },
      { name: 'secondary', call: (prompt: string) => (prompt === '' ? fails() : prompt) },
      { name: 'spare', call: fails },
    ],
    { name: 'models', deadline: '5s', ...common },
  )
  const quotes = hedge({ name: 'quotes', delay: '1s', budget: 1, ...common })
  const once = idempotency({
    name: 'charges',
    store: memoryIdempotencyStore({ clock }),
    scope: `tenant-${id}`,
    fingerprint: ({ values }) => values?.['order'],
    ...common,
  })
  const cache = staleCache({ name: 'cache', ttl: '1m', ...common })
  const health = createHealth({ ...common, mode: 'on-demand' })
  health.register('database', { check: fails })
  health.register('memory', { check: () => true })
  const degradation = createDegradation({ ...common, rules: [] })
  const shed = loadShed(degradation, { name: 'previews', criticality: 'sheddable', hub })
  const registry = fallbackRegistry({ degradation, hub })
  registry.register('assistant', [memoryCache({ ttl: '1m', clock }), cannedReply(secret)])
  const store = memoryDeadLetters({ clock })
  const letters = deadLetters({
    name: 'letters',
    store,
    replay: fails,
    recovery: { strategies: { unknown: replayAfter(0, { max: 3 }) }, every: '1h' },
    ...common,
  })
  const stream = memoryStream({ name: 'tasks', clock })
  const tasks = worker({
    name: 'tasks',
    stream,
    deadLetters: letters,
    retries: { attempts: 2, delay: '10ms' },
    handler: ({ good }: { readonly good: boolean }) => (good ? secret : fails()),
    ...common,
  })

  return {
    hub,
    clock,
    async run() {
      await payments.settle(() => secret, secretly)
      for (let i = 0; i < 3; i++) await payments.settle(fails, secretly)
      await payments.settle(fails, secretly)
      await hosts.settle(fails, secretly)
      await hosts.settle(() => secret, { key: 'other' })
      const saved = mails.settle(({ attempt }) => (attempt < 3 ? fails() : secret), secretly)
      const lost = mails.settle(fails, secretly)
      const timedOut = slow.settle(() => clock.sleep(5000), secretly)
      const first = orders.settle(() => clock.sleep(5000), secretly)
      await orders.settle(() => secret, secretly)
      await quota.settle(() => secret)
      await quota.settle(() => secret)
      await adaptive.settle(() => secret)
      await answers.settle(fails, secretly)
      models.exclude('spare', 'no credit left')
      await models.call(secret)
      const nobody = models.call('').catch(() => 'nobody answered')
      let copies = 0
      const copied = quotes.settle(() => clock.sleep(copies++ === 0 ? 9000 : 1))
      await once.settle(() => secret, { key: `order-${id}`, values: { order: secret } })
      await once.settle(() => secret, { key: `order-${id}`, values: { order: secret } })
      await once.settle(() => secret, { key: `order-${id}`, values: { order: 'another' } })
      await cache.settle(() => secret, secretly)
      await cache.settle(() => secret, secretly)
      await health.report()
      degradation.set('severe', { reason: `because of ${secret}`, actor: 'ada' })
      await shed.settle(() => secret, secretly)
      await registry.serve('assistant', fails, { key: `session-${id}` })
      await letters.add({ password: secret }, leakyError())
      await letters.processBatch()
      tasks.start()
      await stream.enqueue({ id: `good-${id}`, payload: JSON.stringify({ good: true, secret }) })
      await stream.enqueue({ id: `bad-${id}`, payload: JSON.stringify({ good: false, secret }) })
      await clock.advance('10s')
      await Promise.all([saved, lost, timedOut, first, nobody, copied])
    },
    async close() {
      const closed = tasks.close()
      await clock.advance('10s')
      await closed
      const over = [health.close(), letters.close()]
      await clock.advance('10s')
      await Promise.all(over)
      registry.close()
      degradation.close()
      const policies = [payments, hosts, mails, slow, orders, quota, adaptive, answers, cache, shed]
      for (const policy of [...policies, models, quotes, once]) policy.dispose()
    },
  }
}
