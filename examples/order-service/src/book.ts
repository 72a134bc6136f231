/** Where the state of every order is kept: what a database would be for. */
import type { RedisConnection } from '@seaworthy/redis'
import type { OrderState } from './order.ts'

export interface OrderBook {
  get(id: string): Promise<OrderState | undefined>
  set(id: string, state: OrderState): Promise<void>
  /** Enters an order as accepted. One that is there already keeps its state. */
  open(id: string): Promise<void>
}

export function memoryBook(): OrderBook {
  const states = new Map<string, OrderState>()
  return {
    get: async (id) => states.get(id),
    set: async (id, state) => void states.set(id, state),
    open: async (id) => {
      if (!states.has(id)) states.set(id, 'accepted')
    },
  }
}

export function redisBook(redis: RedisConnection): OrderBook {
  return {
    get: async (id) =>
      ((await redis.command('book.get', 'HGET', ['orders', id])) as OrderState | null) ?? undefined,
    set: async (id, state) => void (await redis.command('book.set', 'HSET', ['orders', id, state])),
    open: async (id) => void (await redis.command('book.open', 'HSETNX', ['orders', id, 'accepted'])),
  }
}
