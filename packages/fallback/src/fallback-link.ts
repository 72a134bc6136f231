/** What a fallback answers with: a value or a function, alone or as one of several links. */
import {
  type Context,
  InvalidOptionError,
  knownOptions,
  optionalFunction,
  type Settled,
} from '@seaworthy/core'

/** The type of {@link noAnswer}. TypeScript widens a `unique symbol` that a function returns, so it is told this instead. */
export interface NoAnswer {
  readonly seaworthy: 'no answer'
}

/** What a fallback function returns when it has nothing to offer either: the next link is asked. */
export const noAnswer: NoAnswer = Symbol.for('seaworthy.no-answer') as unknown as NoAnswer

/**
 * Computes an answer in place of a failed call.
 *
 * @param error - What the call failed with; undefined if it succeeded and `whenResult` refused its result.
 * @param context - The context of the call, with the signal to obey.
 * @param result - The refused result.
 * @returns The answer, or {@link noAnswer}.
 */
export type FallbackFunction<V> = (error: unknown, context: Context, result: unknown) => V | PromiseLike<V>

/** A value, or a function that computes one. To answer with a function, return it from a function. */
export type FallbackAnswer<V> = V | FallbackFunction<V>

/** One link of a {@link fallbackChain}. */
export interface FallbackLink<V> {
  /** What events and statistics call it, for example `cache`. */
  readonly name: string
  /** The errors it has an answer for. A predicate that throws says no. @defaultValue all that the chain handles */
  readonly when?: (error: unknown) => boolean
  /** The answer. */
  readonly answer: FallbackAnswer<V>
}

/** What `FallbackLink<unknown>` would be, were `unknown` in a union not all that is left of it. */
export interface AnyFallbackLink extends Pick<FallbackLink<unknown>, 'name' | 'when'> {
  readonly answer:
    | FallbackFunction<unknown>
    | object
    | string
    | number
    | bigint
    | boolean
    | symbol
    | null
    | undefined
}

/** What a link answers with. */
export type AnswerOf<L extends AnyFallbackLink> = L['answer'] extends infer A
  ? A extends FallbackFunction<infer V>
    ? V
    : A
  : never

/** A link at its place, with its statistics. */
export class Link {
  readonly name: string
  /** From 1. */
  readonly position: number
  readonly when: ((error: unknown) => boolean) | undefined
  readonly #answer: FallbackAnswer<unknown>
  answered = 0
  declined = 0
  failed = 0

  constructor({ name, when, answer }: FallbackLink<unknown>, position: number) {
    this.name = name
    this.position = position
    this.when = when
    this.#answer = answer
  }

  /** @param outcome - What the call itself came to: an error, or a refused result. */
  async ask(context: Context, outcome: Settled<unknown>): Promise<unknown> {
    const answer = this.#answer
    if (typeof answer !== 'function') return answer
    return outcome.status === 'rejected'
      ? answer(outcome.reason, context, undefined)
      : answer(undefined, context, outcome.value)
  }
}

/** @throws InvalidOptionError when the links make no chain. */
export function checkLinks(links: readonly AnyFallbackLink[]): void {
  if (!Array.isArray(links) || links.length === 0)
    throw new InvalidOptionError('links', 'an array of at least one link', links)
  const names = new Set<string>()
  for (const [index, link] of links.entries()) {
    knownOptions(`links[${index}]`, link, ['name', 'when', 'answer'])
    const { name, when } = link
    if (typeof name !== 'string' || name === '' || names.has(name))
      throw new InvalidOptionError(`links[${index}].name`, 'a text that no other link has', name)
    if (!('answer' in link)) throw new InvalidOptionError(`links[${index}].answer`, 'given', undefined)
    optionalFunction(`links[${index}].when`, when)
    names.add(name)
  }
}
