/**
 * The unprotected side, and a fair one: it has the same patience as the other, limits each try, and tries again
 * until the user has left. What it lacks is any memory of how the last tries went.
 */
import { type Client, fetchProduct, type Product, signalAt } from './catalogue.ts'
import type { BadDay } from './script.ts'
import type { Request } from './traffic.ts'

/** A loop that many of us have written: a try may take a third of the patience, with a pause before the next. */
export function bareClient(url: string, day: BadDay): Client {
  const tryLimit = day.patience / 3
  const pauseTime = day.patience / 10

  return {
    name: 'bare fetch',
    async send({ product }: Request, deadline: number): Promise<Product> {
      for (;;) {
        const limit = Math.min(performance.now() + tryLimit, deadline)
        try {
          return await fetchProduct(url, product, signalAt(limit))
        } catch (error) {
          if (deadline - performance.now() <= pauseTime) throw error
        }
        await new Promise((resolve) => setTimeout(resolve, pauseTime))
      }
    },
  }
}
