/** A small service made of real components, on virtual time. */
import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub } from '@seaworthy/core'
import { deadLetters, memoryDeadLetters } from '@seaworthy/dead-letter'
import { createDegradation, type Rule, standardRules } from '@seaworthy/degradation'
import { createHealth } from '@seaworthy/health'
import { seededRandom, VirtualClock } from '@seaworthy/testing'
import { bearer, createOps, type DeadLettersLike, type OpsOptions } from '../src/index.ts'

export const tokens = {
  reader: 'reader-token-of-32-characters-000',
  operator: 'operator-token-of-32-characters-0',
  admin: 'admin-token-of-32-characters-0000',
  breaker: 'breaker-token-of-32-characters-00',
}

export const auth = bearer([
  { id: 'rita', token: tokens.reader, scope: 'read' },
  { id: 'otto', token: tokens.operator, scope: 'operate' },
  { id: 'ada', token: tokens.admin, scope: 'override' },
  { id: 'kay', token: tokens.breaker, scope: 'chaos' },
])

/** The present of the wall clock at virtual time 0. */
export const epoch = 1_700_000_000_000

/** Everything that a service has, and its handler. @param rules - Of its level, besides the standard ones. */
export function service(options: OpsOptions = {}, rules: readonly Rule[] = []) {
  const clock = new VirtualClock()
  const hub = new Hub()
  const random = seededRandom(1)
  const wallClock = (): number => epoch + clock.now()
  const shared = { hub, clock, random, wallClock }
  const health = createHealth({ ...shared, mode: 'on-demand' })
  const degradation = createDegradation({
    ...shared,
    resources: false,
    rules: [...standardRules(), ...rules],
    features: { recommendations: { maxLevel: 'minor' } },
  })
  const replayed: unknown[] = []
  const letters = deadLetters<Record<string, unknown>>({
    name: 'orders',
    hub,
    clock,
    random,
    store: memoryDeadLetters({ clock, origin: epoch }),
    replay: ({ message }) => {
      if (message['refuse'] === true) throw new Error('the upstream still refuses')
      replayed.push(message)
    },
  })
  const payments = circuitBreaker({
    name: 'payments',
    hub,
    clock,
    failureThreshold: 3,
    recoveryTimeout: '30s',
  })
  const ops = createOps({
    hub,
    clock,
    wallClock,
    health,
    degradation,
    deadLetters: { orders: letters },
    auth,
    profile: 'production',
    service: { name: 'shop', version: '1.2.3' },
    ...options,
  })
  const close = async (): Promise<void> => {
    await ops.close()
    await letters.close()
    degradation.close()
    await health.close()
  }
  return { clock, hub, health, degradation, letters, replayed, payments, ops, close }
}

export type Service = ReturnType<typeof service>

const origin = 'http://shop.example'
export const admin = '/admin/reliability'

/** A request as who has `token`, or nobody. */
export function request(path: string, token?: string, init: RequestInit = {}): Request {
  const headers = new Headers(init.headers)
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
  return new Request(origin + path, { ...init, headers })
}

/** Asks the handler, and reads its answer. */
export async function ask(
  { ops, clock }: Pick<Service, 'ops' | 'clock'>,
  path: string,
  token?: string,
  init: RequestInit = {},
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect
): Promise<{ status: number; headers: Headers; body: any; text: string }> {
  const response = await clock.runUntilSettled(
    ops.fetch(request(path, token, init), { remoteAddress: '10.0.0.9' }),
  )
  const text = await response.text()
  const isJson = text !== '' && response.headers.get('content-type')?.includes('json')
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : text }
}

/** A queue whose store is down, but for what the test says. */
export function brokenQueue(working: Partial<DeadLettersLike>): DeadLettersLike {
  const fail = (): Promise<never> => Promise.reject(new Error('ECONNREFUSED redis://:hunter2@10.1.2.3'))
  return {
    list: fail,
    get: fail,
    view: fail,
    stats: fail,
    retry: fail,
    retryBatch: () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) }),
    discard: fail,
    processBatch: fail,
    purge: fail,
    ...working,
  }
}

/** As JSON, with POST. */
export const posted = (body?: object): RequestInit =>
  body === undefined
    ? { method: 'POST' }
    : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
