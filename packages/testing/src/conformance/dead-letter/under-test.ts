/** A store of dead letters under test, and short forms of what is done to it. */
import type {
  Claimed,
  DeadLetterStore,
  LetterFilter,
  LetterState,
  NewLetter,
  RetryRequest,
  Settlement,
  TrimRequest,
} from '@seaworthy/dead-letter'
import type { StoreOptions } from '../kit.ts'

/** A store, and its time. */
export interface DeadLetterStoreUnderTest {
  /** Empty, and used by nobody else. */
  readonly store: DeadLetterStore
  /** Lets so many milliseconds pass for the store, or a few more if its clock is real. */
  advance(milliseconds: number): Promise<void>
  /** Ends the store, and all that was made for it. */
  close?(): Promise<void>
  /** What is left after that, a sentence each: timers, connections. @defaultValue the process is looked at alone */
  leftBehind?(): readonly string[]
}

/** How a store is to be set up. It has to remember some hundred settled letters and their audit. */
export interface DeadLetterStoreSetup {
  /** How many letters that are not settled it has room for. */
  readonly maxCount: number
  /** What it does when there is no room. */
  readonly overflow: 'drop-oldest' | 'refuse'
}

/** What {@link deadLetterStoreConformance} takes. */
export interface DeadLetterStoreOptions extends StoreOptions<DeadLetterStoreUnderTest> {
  /** Makes a store for one check, which closes it. */
  create(setup: DeadLetterStoreSetup): Promise<DeadLetterStoreUnderTest>
}

export const roomy: DeadLetterStoreSetup = { maxCount: 10_000, overflow: 'refuse' }
export const ada = { actor: 'ada', reason: 'looks fixed' }
/** In milliseconds. */
export const leaseFor = 1000

let tokens = 0

/** A letter with everything that can be told. */
export function newLetter(more: Partial<NewLetter> = {}): NewLetter {
  return {
    token: `token${tokens++}`,
    payload: '{"message":{"é":[],"n":12345678901234567},"config":null}',
    type: 'mail',
    failure: 'timeout',
    failureClass: 'transient',
    errorClass: 'TimeoutError: after <n> ms',
    error: {
      name: 'TimeoutError',
      message: 'after 5 ms',
      code: 'X',
      stack: 'at …',
      causes: [{ name: 'E', message: '' }],
    },
    maxRetries: 4,
    retryCount: 4,
    replays: 0,
    taskId: 'task-1',
    source: 'mails',
    journey: 'journey-1',
    history: [{ at: 1, event: 'attempt failed', by: 'worker-1' }],
    firstFailedAt: 17,
    dueIn: undefined,
    dedupeKey: undefined,
    dedupeFor: 10_000,
    actor: 'worker',
    ...more,
  }
}

/** Shorthands for tests. */
export interface Hands extends DeadLetterStoreUnderTest {
  add(more?: Partial<NewLetter>): Promise<string>
  claim(request?: Partial<Parameters<DeadLetterStore['claim']>[0]>): Promise<Claimed>
  settle(
    id: string,
    fence: number,
    settlement: Partial<Settlement> & Pick<Settlement, 'outcome'>,
  ): ReturnType<DeadLetterStore['settle']>
  trim(request: Partial<TrimRequest>): ReturnType<DeadLetterStore['trim']>
  /** All ids in a state, page by page. */
  all(state: LetterState, filter?: LetterFilter, order?: 'oldest' | 'newest'): Promise<string[]>
  /** The audit of a letter. */
  events(id: string): Promise<string[]>
}

/** The short forms. */
export function handsOn(under: DeadLetterStoreUnderTest): Hands {
  const { store } = under
  return {
    store,
    advance: (milliseconds) => under.advance(milliseconds),
    async add(more) {
      const result = await store.add(newLetter(more))
      if (result.outcome !== 'added') throw new Error(result.outcome)
      return result.id
    },
    claim: (request) => store.claim({ limit: 100, leaseFor, owner: 'recovery', dueOnly: false, ...request }),
    settle: (id, fence, settlement) =>
      store.settle(id, fence, { dueIn: undefined, actor: 'recovery', reason: undefined, ...settlement }),
    trim: (request) =>
      store.trim({
        olderThan: undefined,
        keep: undefined,
        settledBefore: undefined,
        batch: 100,
        actor: 'retention',
        ...request,
      }),
    async all(state, filter = {}, order = 'oldest') {
      const ids: string[] = []
      let cursor: string | undefined
      do {
        const page = await store.list({ ...filter, state, order, limit: 3, cursor })
        ids.push(...page.items.map(({ id }) => id))
        cursor = page.next
      } while (cursor !== undefined)
      return ids
    },
    async events(id) {
      const { entries } = await store.audit({ id, limit: 100 })
      return entries.map(({ event, actor }) => `${event} by ${actor}`)
    },
  }
}

/** Asks for a replay. */
export function retryBy(actor: string): RetryRequest {
  return { actor, reason: undefined, owner: actor, leaseFor }
}
