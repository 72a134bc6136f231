/** A shop: four services that it depends on, and everything that stands between. Nothing in it is made up but the services. */
import { type CircuitBreaker, circuitBreaker } from '@seaworthy/circuit-breaker'
import { type Hub, pipeline } from '@seaworthy/core'
import { type DeadLetters, deadLetter, deadLetters, memoryDeadLetters } from '@seaworthy/dead-letter'
import { createDegradation, type Degradation, standardRules } from '@seaworthy/degradation'
import { staleCache } from '@seaworthy/fallback'
import { bulkhead, rateLimit, timeout } from '@seaworthy/flow'
import { createHealth, eventLoopCheck, type Health } from '@seaworthy/health'
import { retry } from '@seaworthy/retry'
import { type ServiceName, services } from './script.ts'
import { type Call, serviceCall } from './services.ts'

/** Work that is kept when it fails. */
interface Order {
  readonly service: ServiceName
  readonly order: number
}

export interface Shop {
  readonly hub: Hub
  readonly breakers: Readonly<Record<ServiceName, CircuitBreaker>>
  readonly letters: DeadLetters<Order>
  readonly health: Health
  readonly degradation: Degradation
  /** Has a customer do something that needs the service. Never rejects. */
  serve(service: ServiceName, order: number): Promise<void>
  close(): Promise<void>
}

/**
 * @param time - Tells the part of the day, from 0 to 1.
 * @param length - Of a day, in milliseconds: all waits are parts of it.
 */
export function openShop(hub: Hub, time: () => number, length: number): Shop {
  const part = (share: number): number => Math.round(length * share)
  const calls = Object.fromEntries(services.map((name) => [name, serviceCall(name, time)])) as Record<
    ServiceName,
    Call
  >
  const letters = deadLetters<Order>({
    name: 'orders',
    hub,
    store: memoryDeadLetters(),
    replay: async ({ message }, { signal }) => void (await calls[message.service](signal)),
  })

  const breakers = Object.fromEntries(
    services.map((name) => [
      name,
      circuitBreaker({
        name,
        hub,
        failureThreshold: false,
        failureRate: 0.5,
        minimumRequests: 10,
        window: { time: part(0.05) },
        recoveryTimeout: part(0.02),
        successThreshold: 3,
      }),
    ]),
  ) as Record<ServiceName, CircuitBreaker>

  const guard = (name: ServiceName) =>
    pipeline(
      retry({ name, hub, attempts: 3, delay: 15 }),
      bulkhead({ name, hub, concurrency: 12, queue: 20, maxWait: 250 }),
      breakers[name],
      timeout(250, { name, hub }),
    )
  // What a customer has ordered is kept if it cannot be done now; what they only look at is shown as it was.
  const keep = deadLetter(letters, { message: ({ key }) => JSON.parse(key ?? '{}') as Order })
  const pipelines = {
    payments: pipeline(keep, guard('payments')),
    inventory: guard('inventory'),
    search: pipeline(
      staleCache({ name: 'search', hub, ttl: 0, staleFor: length }),
      rateLimit({ name: 'search', hub, limit: 400, per: '1s' }),
      guard('search'),
    ),
    mail: pipeline(keep, guard('mail')),
  }

  const health = createHealth({ hub })
  const interval = part(0.02)
  for (const name of services)
    health.register(name, {
      criticality: name === 'payments' ? 'critical' : name === 'mail' ? 'optional' : 'important',
      componentType: 'service',
      interval,
      failureTtl: interval,
      timeout: 250,
      check: async ({ signal }) => void (await calls[name](signal)),
    })
  health.register('event loop', eventLoopCheck({ interval }))

  const degradation = createDegradation({
    hub,
    criticalCircuitBreakers: ['payments'],
    rules: standardRules({ exitAfter: part(0.02) }),
    recoverAfter: part(0.04),
    resources: false,
    features: {
      'gift suggestions': { maxLevel: 'normal' },
      'live search': { maxLevel: 'moderate' },
      checkout: { maxLevel: 'severe' },
    },
  })

  return {
    hub,
    breakers,
    letters,
    health,
    degradation,
    async serve(service, order) {
      const key = service === 'search' ? `product ${order % 40}` : JSON.stringify({ service, order })
      await pipelines[service].settle(({ signal }) => calls[service](signal), { key })
    },
    async close() {
      degradation.close()
      await health.close()
      await letters.close()
      for (const policy of Object.values(pipelines)) policy.dispose()
    },
  }
}
