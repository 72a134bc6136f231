/** Queues to test with, and stores that misbehave. */
import { Hub, type HubEvent } from '@seaworthy/core'
import {
  type DeadLetterStore,
  type DeadLetters,
  type DeadLettersOptions,
  deadLetters,
  type MemoryDeadLetters,
  type MemoryDeadLettersOptions,
  memoryDeadLetters,
  type RetryRequest,
  type RetryResult,
  type Settlement,
} from '@seaworthy/dead-letter'
import { seededRandom, VirtualClock } from '@seaworthy/testing'

/** When the virtual clocks of these tests say 0. */
export const origin = 1_700_000_000_000

/** A queue in memory with everything about it in reach. */
export interface Toy {
  readonly clock: VirtualClock
  readonly hub: Hub
  readonly store: MemoryDeadLetters
  readonly queue: DeadLetters
  /** Everything that was published on the hub. */
  readonly events: HubEvent[]
  /** The types of the events so far. */
  types(): string[]
}

/** Makes a queue. `behind` puts something between it and its store. */
export function toy(
  options: Partial<DeadLettersOptions> = {},
  storeOptions: MemoryDeadLettersOptions = {},
  behind: (store: DeadLetterStore) => DeadLetterStore = (store) => store,
): Toy {
  const clock = new VirtualClock()
  const hub = new Hub()
  const store = memoryDeadLetters({ clock, origin, ...storeOptions })
  const random = seededRandom(1)
  const queue = deadLetters({
    store: behind(store),
    clock,
    hub,
    name: 'mails',
    owner: 'worker-1',
    random,
    ...options,
  })
  const events: HubEvent[] = []
  hub.on('*', (event) => events.push(event))
  return { clock, hub, store, queue, events, types: () => events.map(({ type }) => type) }
}

/** A store whose methods do something first, and some of which are replaced. */
export function withHooks(
  store: DeadLetterStore,
  hooks: Partial<Record<keyof DeadLetterStore, () => unknown>>,
  replaced: Partial<DeadLetterStore> = {},
): DeadLetterStore {
  return new Proxy(store, {
    get(target, property: keyof DeadLetterStore) {
      const value = property in replaced ? replaced[property] : Reflect.get(target, property)
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => {
        await hooks[property]?.()
        return Reflect.apply(value, target, args)
      }
    },
  })
}

/** Who does things in these tests. */
export const ada = { actor: 'ada' }

/** An error with properties. */
export function failure(message: string, properties: object = {}): Error {
  return Object.assign(new Error(message), properties)
}

/** All letters of a walk. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** The store as one that holds the target queue, too: both steps of a replay at once. */
export function replayingItself(store: DeadLetterStore): DeadLetterStore {
  const replayed = { outcome: 'replayed', dueIn: undefined, actor: 'store', reason: undefined } as const
  const replaced: Partial<DeadLetterStore> = {
    replaysItself: true,
    async retry(id: string, request: RetryRequest): Promise<RetryResult> {
      const result = await store.retry(id, request)
      if (result.outcome !== 'replaying') return result
      await store.settle(id, result.fence, replayed)
      return { outcome: 'replayed', letter: result.letter }
    },
    async settle(id: string, fence: number, settlement: Settlement) {
      const answer = await store.settle(id, fence, settlement)
      return settlement.outcome === 'replay' ? store.settle(id, fence, replayed) : answer
    },
  }
  return withHooks(store, {}, replaced)
}
