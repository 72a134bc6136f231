/** Who sends requests in a simulation. */
import { count, type Duration, duration, number } from '@seaworthy/core'
import type { World } from '../world.ts'

/** Options of {@link poissonLoad}. */
export interface PoissonLoadOptions {
  /** Requests a second, on average. */
  readonly rate: number
  /** How long requests arrive. */
  readonly for: Duration
  /** Names its stream of random numbers. @defaultValue `'load'` */
  readonly name?: string
}

/**
 * Requests that arrive whether or not earlier ones have been answered, as those of many users do. Load that waits for answers hides an
 * overload; this one does not.
 *
 * @param send - Gets the number of the request, from 1. Must not throw; what it returns is awaited at the end.
 * @returns How many there were, once all have been sent and have settled.
 */
export async function poissonLoad(
  world: World,
  options: PoissonLoadOptions,
  send: (request: number) => unknown,
): Promise<number> {
  const gap = 1000 / number('rate', options.rate, Number.MIN_VALUE)
  const end = world.clock.now() + duration('for', options.for)
  const random = world.random(options.name ?? 'load')
  const under = new Set<unknown>()
  let sent = 0
  for (;;) {
    const wait = -gap * Math.log(1 - random())
    if (world.clock.now() + wait > end) break
    await world.clock.sleep(wait)
    const request = Promise.resolve(send(++sent)).finally(() => under.delete(request))
    under.add(request)
  }
  await Promise.all(under)
  return sent
}

/** Options of {@link clientLoad}. */
export interface ClientLoadOptions {
  readonly clients: number
  /** How long each client waits after an answer: exponentially distributed around this. */
  readonly think: Duration
  /** How long they go on. */
  readonly for: Duration
  /** Names their streams of random numbers. @defaultValue `'client'` */
  readonly name?: string
}

/** Clients that each send one request after the other. @returns How many there were, once all have settled. */
export async function clientLoad(
  world: World,
  options: ClientLoadOptions,
  send: (request: number, client: number) => unknown,
): Promise<number> {
  const think = duration('think', options.think)
  const end = world.clock.now() + duration('for', options.for)
  let sent = 0
  const client = async (which: number): Promise<void> => {
    const random = world.random(`${options.name ?? 'client'} ${which}`)
    for (;;) {
      const wait = -think * Math.log(1 - random())
      if (world.clock.now() + wait > end) return
      await world.clock.sleep(wait)
      await send(++sent, which)
    }
  }
  await Promise.all(Array.from({ length: count('clients', options.clients) }, (_, which) => client(which)))
  return sent
}
