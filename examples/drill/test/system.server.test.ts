/** The whole service as processes, with one thing broken at a time. The drill itself is `npm run example:drill`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '@seaworthy/core'
import type { Claim } from '@seaworthy/example-order-service/claim'
import { seededRandom } from '@seaworthy/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeFlags } from '../../../tools/processes/start-process.ts'
import { audit } from '../src/audit.ts'
import { Customers } from '../src/customers.ts'
import { Operator } from '../src/operator.ts'
import { type System, startSystem } from '../src/system.ts'

const never = new AbortController().signal
let system: System
let customers: Customers

beforeAll(async () => {
  system = await startSystem(nodeFlags)
  customers = new Customers(system.api.url, systemClock, seededRandom(1))
})
afterAll(() => system.close())

let ordered = 0
const order = (): ReturnType<Customers['request']> =>
  customers.request({ number: ++ordered, key: 'lamp', priority: 'normal' }, never)
const failing = (claims: readonly Claim[]): string[] =>
  claims.flatMap(({ text, detail, holds }) => (holds ? [] : `${text}: ${detail}`))

describe('customers who ask again', () => {
  it('get one order for each key, whether or not the service knows what became of what it sent to Redis', async () => {
    const answers: string[] = []
    for (let round = 0; round < 4; round++) {
      const orders: ReturnType<typeof order>[] = []
      for (let count = 0; count < 60; count++) {
        orders.push(order())
        await sleep(2) // So that each is at another point on its way.
      }
      system.toRedis.stall('down') // What is sent is done, and nobody hears of it.
      await sleep(1300) // Longer than the service waits for an answer.
      system.toRedis.heal()
      answers.push(...(await Promise.all(orders)))
    }
    expect(answers).toContain('degraded')
    expect(failing(await audit(system, customers))).toEqual([])
    const { acknowledged } = await new Operator(system.api.url, system.token).queue()
    // Some were put into the queue twice, or this would show nothing.
    expect(acknowledged).toBeGreaterThan(ordered)
  })

  it('get one order for each key, however many replies are lost on the way', async () => {
    for (let round = 0; round < 40; round++) {
      system.toRedis.dropNextReply()
      await Promise.all([order(), order(), order()])
    }
    expect(system.toRedis.counters.repliesLost).toBeGreaterThan(10)
    expect(failing(await audit(system, customers))).toEqual([])
  })

  it('find a worker that was killed replaced, and what it had in hand done', async () => {
    const orders = Array.from({ length: 40 }, order)
    system.workers.get('worker 1')?.kill()
    await Promise.all(orders)
    await system.startWorker('worker 1')
    expect(failing(await audit(system, customers))).toEqual([])
    expect(system.payments.charged.size).toBe(ordered)
  })
})
