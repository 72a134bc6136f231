/** What can answer in place of a service, and the ready-made kinds. */
import { ReadOnlyModeError } from './errors.ts'
import type { Level } from './levels.ts'

/** What a fallback is told. */
export interface FallbackRequest<Input = unknown> {
  /** What the service was asked. */
  readonly input: Input
  /** What it is about, for those that remember answers. */
  readonly key: string | undefined
  /** What the service failed with, or the fallback before this one. */
  readonly error: unknown
  readonly level: Level
  readonly signal: AbortSignal
}

/** One fallback of a service. */
export interface ServiceFallback<Input = unknown, Value = unknown> {
  /** Names it in results and events. */
  readonly id: string
  /**
   * Whether it is for this case. @defaultValue all but errors of class `fatal`: a request that is wrong does not become right by another
   * answer
   */
  accepts?(error: unknown, level: Level): boolean
  /** Answers, or fails. */
  run(request: FallbackRequest<Input>): Value | Promise<Value>
}

/** Answers from a list of ready answers, or makes one. It never puts what the user has typed into them. */
export function cannedReply<Value>(
  reply: Value | ((request: Pick<FallbackRequest, 'key' | 'level'>) => Value),
): ServiceFallback<unknown, Value> {
  return {
    id: 'canned-reply',
    run: ({ key, level }) =>
      typeof reply === 'function'
        ? (reply as (request: Pick<FallbackRequest, 'key' | 'level'>) => Value)({ key, level }) // a value that is a function is no reply
        : reply,
  }
}

/** What a caller gets whose work was put off. */
export interface EnqueueReceipt {
  readonly queued: true
  /** The id that the queue gave. */
  readonly id: string
  /** Whether it survives the end of this process. */
  readonly durable: boolean
}

/** Where {@link enqueue} puts work. */
export interface EnqueueOptions<Input> {
  /** Stores the work, and resolves with its id when it is stored: for example `stream.enqueue`. */
  add(input: Input): Promise<string>
  /** Whether what is stored survives the end of this process. */
  readonly durable: boolean
}

/** Puts the work off. It answers only when the queue has it; if the queue fails, so does the fallback. */
export function enqueue<Input>({
  add,
  durable,
}: EnqueueOptions<Input>): ServiceFallback<Input, EnqueueReceipt> {
  return {
    id: 'enqueue',
    run: async ({ input }) => ({ queued: true, id: await add(input), durable }),
  }
}

/** Says that nothing can be changed now. It never pretends that something was. */
export function readOnly(): ServiceFallback<unknown, never> {
  return {
    id: 'read-only',
    run: ({ error }) => {
      throw new ReadOnlyModeError(undefined, undefined, error)
    },
  }
}
