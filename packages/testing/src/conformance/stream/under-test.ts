/** A stream of tasks under test, and short forms of what is done to it. */
import type { DeadLetterStore } from '@seaworthy/dead-letter'
import type { IdempotencyStore } from '@seaworthy/idempotency'
import type { Delivery, Reaped, ReapRequest, TaskStream } from '@seaworthy/worker'
import { expect } from 'expect'
import type { StoreOptions } from '../kit.ts'

/** A stream, and its time. */
export interface TaskStreamUnderTest {
  /** New and empty, used by nobody else. */
  readonly stream: TaskStream
  /**
   * A store of records that lives beside the stream, so that its `commits` reaches it. New and empty as well.
   *
   * @defaultValue none: what commits do is skipped
   */
  readonly records?: IdempotencyStore | undefined
  /**
   * A store of letters that lives beside the stream, so that its `burials` reaches it. New and empty as well, and refuses what it has
   * no room for.
   *
   * @defaultValue none: what burials do is skipped
   */
  readonly letters?: DeadLetterStore | undefined
  /** Lets so many milliseconds pass for the stream, or a few more if its clock is real, and everything settle. */
  advance(milliseconds: number): Promise<void>
  /** Ends the stream, and all that was made for it. */
  close(): Promise<void>
  /** What is left after that, a sentence each: timers, connections. @defaultValue the process is looked at alone */
  leftBehind?(): readonly string[]
}

/** How a stream is to be set up. It has to keep the audit of some hundred steps. */
export interface TaskStreamSetup {
  /** How many unfinished tasks it has room for: 20, but for few checks. */
  readonly capacity: number
  /** How many letters that are not settled the store beside the stream has room for, if there is one. */
  readonly maxLetters: number
}

/** What {@link taskStreamConformance} takes. */
export interface TaskStreamOptions extends StoreOptions<TaskStreamUnderTest> {
  /** Makes a stream for one check, which closes it. */
  create(setup: TaskStreamSetup): Promise<TaskStreamUnderTest>
}

export const setup: TaskStreamSetup = { capacity: 20, maxLetters: 100 }

/** What checks use. */
export interface Hands extends TaskStreamUnderTest {
  /** How much longer all times are than on a machine that never stalls. */
  readonly pace: number
  /** After so many milliseconds of silence the checks take over. */
  readonly minIdle: number
  add(...ids: string[]): Promise<readonly string[]>
  fetch(owner: string, count?: number): Promise<readonly Delivery[]>
  /** @throws Error when there is none. */
  fetchOne(owner: string): Promise<Delivery>
  reap(owner: string, request?: Partial<ReapRequest>): Promise<Reaped>
  /** Lets `owner` take an entry over from whoever holds it. */
  takeOver(owner: string, request?: Partial<ReapRequest>): Promise<Delivery>
  /** The events of a task, but for hand-outs, which not every stream can audit. */
  history(task: string): Promise<string[]>
  /** Waiting, pending, due, acknowledged, dead; and that they add up. */
  counts(): Promise<number[]>
}

/** What is asked for to wait for nothing. */
export const none = { delay: 0, reason: 'test' }

/** The ids of tasks. */
export const tasks = (deliveries: readonly Delivery[]): string[] => deliveries.map(({ task }) => task)

/** A store that no stream can know. Whoever uses it nevertheless is refused. */
export function elsewhere<Store extends object>(): Store {
  const refuse = (): Promise<never> => Promise.reject(new Error('This store lives elsewhere'))
  const methods: ProxyHandler<Store> = { get: (_, name) => (name === 'addNow' ? undefined : refuse) }
  // It has every method there is, whichever interface that is.
  return new Proxy({} as Store, methods)
}

/** The short forms. */
export function handsOn(under: TaskStreamUnderTest, pace: number): Hands {
  const { stream, records, letters } = under
  const minIdle = 100 * pace
  const reaping: ReapRequest = {
    minIdle,
    count: 10,
    suspects: 10,
    suspectAfter: 2,
    maxStarts: 3,
    maxDeliveries: 5,
    mode: 'claim',
    cursor: '',
  }
  const hands: Hands = {
    stream,
    records,
    letters,
    advance: (milliseconds) => under.advance(milliseconds),
    close: () => under.close(),
    pace,
    minIdle,
    add: (...ids) => stream.enqueueMany(ids.map((id) => ({ id, payload: `payload of ${id}` }))),
    fetch: (owner, count = 10) => stream.fetch(owner, { count, wait: 0 }),
    async fetchOne(owner) {
      const [delivery] = await hands.fetch(owner, 1)
      if (delivery === undefined) throw new Error(`nothing to fetch for ${owner}`)
      return delivery
    },
    reap: (owner, request) => stream.reap(owner, { ...reaping, ...request }),
    async takeOver(owner, request) {
      await under.advance(minIdle)
      const { claimed, poison } = await hands.reap(owner, request)
      const [delivery] = [...claimed, ...poison]
      if (delivery === undefined) throw new Error(`nothing to take over for ${owner}`)
      return delivery
    },
    async history(task) {
      return (await stream.audit(task)).map(({ event }) => event).filter((event) => event !== 'delivered')
    },
    async counts() {
      const { waiting, pending, due, acknowledged, dead, vanished, enqueued } = await stream.stats()
      expect(waiting + pending + due + acknowledged + dead + vanished).toBe(enqueued)
      return [waiting, pending, due, acknowledged, dead]
    },
  }
  return hands
}
