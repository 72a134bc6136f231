/** The shop on a server of its own, with customers, for one day or for as long as somebody looks. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Hub } from '@seaworthy/core'
import { bearer, createOps, standardJobs, upkeep } from '@seaworthy/ops'
import { nodeOps } from '@seaworthy/ops/adapters'
import { services } from './script.ts'
import { openShop, type Shop } from './shop.ts'

export interface Running {
  /** Of the dashboard. */
  readonly url: string
  readonly token: string
  readonly shop: Shop
  /** The part of the day that it is, from 0 to 1. Days follow each other. */
  time(): number
  /** @returns What is left of everything; nothing should be. */
  close(): Promise<Record<string, number>>
}

/** How often customers come, in milliseconds. */
const tick = 20
/** The shop turns nobody away by itself: but a machine that is too slow for so many should not drown. */
const mostCustomers = 500

/** @param length - Of a day, in milliseconds. */
export async function run(length: number, port = 0): Promise<Running> {
  const began = performance.now()
  const time = (): number => ((performance.now() - began) / length) % 1
  const hub = new Hub()
  const shop = openShop(hub, time, length)
  const token = randomBytes(18).toString('base64url')
  const { health, degradation, letters } = shop
  const deadLetters = { orders: letters }
  const jobs = upkeep({ hub, jobs: standardJobs({ hub, health, deadLetters }) })
  jobs.start()
  const ops = createOps({
    hub,
    health,
    degradation,
    deadLetters,
    upkeep: jobs,
    auth: bearer([{ id: 'on call', token, scope: 'override' }]),
    service: { name: 'shop', version: '1.0.0' },
  })
  const server = createServer(nodeOps(ops)).listen(port, '127.0.0.1')
  await once(server, 'listening')

  let orders = 0
  const customers = new Set<Promise<void>>()
  const traffic = setInterval(() => {
    // Twice as many at noon as at midnight.
    const crowd = 1 - 0.5 * Math.cos(2 * Math.PI * time())
    for (const service of services) {
      if (Math.random() > crowd * 0.6 || customers.size >= mostCustomers) continue
      const served = shop.serve(service, orders++).then(() => void customers.delete(served))
      customers.add(served)
    }
  }, tick)

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/admin/reliability/`,
    token,
    shop,
    time,
    async close() {
      clearInterval(traffic)
      await Promise.all(customers)
      await ops.close()
      await jobs.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await shop.close()
      const levelTimers = degradation.debugStats()['timers'] ?? 0
      const jobTimers = jobs.debugStats()['timers'] ?? 0
      return {
        components: hub.components().length,
        timers: levelTimers + jobTimers,
        customers: customers.size,
        ...ops.debugStats(),
      }
    },
  }
}
