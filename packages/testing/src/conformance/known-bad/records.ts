/** Stores of idempotency records with a mistake in them. */
import type { claimMachine, IdempotencyStore } from '@seaworthy/idempotency'
import { leaks, VirtualClock } from '@seaworthy/testing'
import type { IdempotencyStoreUnderTest } from '../idempotency/under-test.ts'

/** Where {@link readThenWrite} keeps its records. */
export interface RecordPlace {
  get(key: string): Promise<string | undefined>
  /** Undefined removes it. */
  set(key: string, text: string | undefined): Promise<void>
  /** Milliseconds since 1970, or since anything else. */
  now(): number
}

/**
 * The mistake that most stores begin with: it reads, thinks and writes, and between them somebody else does the same. One client alone sees
 * nothing of it.
 */
export async function readThenWrite({ get, set, now }: RecordPlace): Promise<IdempotencyStore> {
  const { claimMachine: machine } = await import('@seaworthy/idempotency')
  let floor = 0
  const step = async <T>(
    key: string,
    think: (record: claimMachine.IdempotencyRecord | undefined) => claimMachine.Step<T>,
  ): Promise<T> => {
    const text = await get(key)
    const { record, outcome } = think(text === undefined ? undefined : JSON.parse(text))
    floor = Math.max(floor, record?.fence ?? 0)
    await set(key, record && JSON.stringify(record))
    return outcome
  }
  return {
    claim: (key, request) => step(key, (record) => machine.claim(record, request, now(), floor)),
    renew: (key, request) => step(key, (record) => machine.renew(record, request, now())),
    complete: (key, request) => step(key, (record) => machine.complete(record, request, now())),
    forget: (key, fence) => step(key, (record) => machine.forget(record, fence, now())),
    async peek(key) {
      const text = await get(key)
      return machine.peek(text === undefined ? undefined : JSON.parse(text), now())
    },
  }
}

/** Reads and writes with a promise between. */
export async function recordsReadThenWritten(): Promise<IdempotencyStoreUnderTest> {
  const clock = new VirtualClock()
  const records = new Map<string, string>()
  const store = await readThenWrite({
    get: async (key) => records.get(key),
    async set(key, text) {
      if (text === undefined) records.delete(key)
      else records.set(key, text)
    },
    now: () => clock.now(),
  })
  return { store, advance: (time) => clock.advance(time) }
}

/** Believes whoever says that the work is done. */
export async function recordsOfAnybody(): Promise<IdempotencyStoreUnderTest> {
  const { memoryIdempotencyStore } = await import('@seaworthy/idempotency')
  const clock = new VirtualClock()
  const store = memoryIdempotencyStore({ clock })
  const { complete } = store
  store.complete = async (key, request) => {
    const { owner = request.owner, fence = request.fence } = (await store.peek(key)) ?? {}
    return complete.call(store, key, { ...request, owner, fence })
  }
  return { store, advance: (time) => clock.advance(time) }
}

/** Leaves a timer behind for each claim. */
export async function recordsWithTimers(): Promise<IdempotencyStoreUnderTest> {
  const { memoryIdempotencyStore } = await import('@seaworthy/idempotency')
  const clock = new VirtualClock()
  const store = memoryIdempotencyStore({ clock })
  const { claim } = store
  store.claim = (key, request) => {
    clock.setTimer(() => {}, request.retain)
    return claim.call(store, key, request)
  }
  return { store, advance: (time) => clock.advance(time), leftBehind: () => leaks({ clock }) }
}

/** Keeps a settled record as long as the claim was to be kept. */
export async function recordsWithoutTtl(): Promise<IdempotencyStoreUnderTest> {
  const { memoryIdempotencyStore } = await import('@seaworthy/idempotency')
  const clock = new VirtualClock()
  const store = memoryIdempotencyStore({ clock })
  const { claim, complete } = store
  let retained = 0
  store.claim = (key, request) => {
    retained = request.retain
    return claim.call(store, key, request)
  }
  store.complete = (key, request) => complete.call(store, key, { ...request, ttl: retained })
  return { store, advance: (time) => clock.advance(time) }
}

/** Answers many claims in the order of their keys, as a server may that joins them with its index. */
export async function recordsInOrderOfKeys(): Promise<IdempotencyStoreUnderTest> {
  const { memoryIdempotencyStore } = await import('@seaworthy/idempotency')
  const clock = new VirtualClock()
  const store: IdempotencyStore = memoryIdempotencyStore({ clock })
  store.claimMany = (claims) => {
    const sorted = claims.toSorted((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0))
    return Promise.all(sorted.map(({ key, request }) => store.claim(key, request)))
  }
  return { store, advance: (time) => clock.advance(time) }
}
