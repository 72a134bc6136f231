/** Where the state of every order is kept: what a database would be for. */
import type { Redis } from 'ioredis'
import type { OrderState } from './order.ts'

export interface OrderBook {
  get(id: string): Promise<OrderState | undefined>
  set(id: string, state: OrderState): Promise<void>
}

export function memoryBook(): OrderBook {
  const states = new Map<string, OrderState>()
  return {
    get: async (id) => states.get(id),
    set: async (id, state) => void states.set(id, state),
  }
}

export function redisBook(redis: Redis): OrderBook {
  return {
    get: async (id) => ((await redis.hget('orders', id)) as OrderState | null) ?? undefined,
    set: async (id, state) => void (await redis.hset('orders', id, state)),
  }
}
