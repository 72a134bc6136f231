import {
  type CallContext,
  type FailureClass,
  failureClass,
  type Hub,
  knownOptions,
  type Layer,
  optionalFunction,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  type Settled,
} from '@seaworthy/core'
import {
  type AnswerOf,
  type AnyFallbackLink,
  checkLinks,
  type FallbackAnswer,
  type FallbackLink,
  Link,
  type NoAnswer,
  noAnswer,
} from './fallback-link.ts'
import { handledByDefault, handlesBugs, holds } from './handled.ts'

/** Options of {@link fallback} and {@link fallbackChain}. */
export interface FallbackOptions {
  /**
   * The errors it answers in place of. When the predicate throws, it says no, and the call's error passes on.
   *
   * @defaultValue all but programming errors (`TypeError` and its kind without a network code behind them)
   */
  readonly when?: (error: unknown) => boolean
  /** The results that are as bad as an error. A predicate that throws says no. @defaultValue none */
  readonly whenResult?: (result: unknown) => boolean
  /** A name, for events and the hub. */
  readonly name?: string
  /** Where a fallback with a name shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub
}

/** A link answered. */
export interface FallbackAnswered {
  readonly name: string | undefined
  /** The link's name; `fallback` if it is the only one. */
  readonly link: string
  /** Its place in the chain, from 1. */
  readonly position: number
  /** What the call had failed with; undefined for a refused result. */
  readonly failureClass: FailureClass | undefined
}

/** A link failed as well. */
export interface FallbackLinkFailed {
  readonly name: string | undefined
  readonly link: string
  readonly position: number
  /** What the link failed with. */
  readonly failureClass: FailureClass
}

/** No link had an answer. */
export interface FallbackUnanswered {
  readonly name: string | undefined
  /** How many links failed; the others declined. */
  readonly failed: number
  /** What the call had failed with; undefined for a refused result. */
  readonly failureClass: FailureClass | undefined
}

/** The events of a {@link Fallback}. */
export type FallbackEvents = {
  answered: FallbackAnswered
  linkFailed: FallbackLinkFailed
  unanswered: FallbackUnanswered
}

/** A policy that answers in place of a failed call. Made by {@link fallback} and {@link fallbackChain}. */
export interface Fallback<Added> extends Policy<Added, FallbackEvents> {}

/** What a fallback adds to the result of a call. */
export type Answered<V> = Exclude<Awaited<V>, NoAnswer>

/**
 * Answers in place of a failed call, with a value or with what a function returns. Its type becomes part of the
 * pipeline's result. A call that succeeds pays nothing for it.
 *
 * It never answers for a call that was given up, and by default not for a programming error. A function that returns
 * {@link noAnswer} lets the call's error pass on, the same object.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. When the fallback fails as well,
 *   the call rejects with an `AggregateError`: `cause` and `errors[0]` are the call's own error, `errors[1]` that of
 *   the fallback. For a refused result there is only the latter.
 *
 * @example
 * ```ts
 * import { fallback } from '@seaworthy/fallback'
 *
 * const stock = fallback({ lamps: 0, estimated: true })
 * console.log(await stock.execute(() => Promise.reject(new Error('down')))) // { lamps: 0, estimated: true }
 * ```
 */
export function fallback<V>(answer: FallbackAnswer<V>, options: FallbackOptions = {}): Fallback<Answered<V>> {
  knownOptions('fallback', options, optionNames)
  return new FallbackPolicy<Answered<V>>([{ name: 'fallback', answer }], options)
}

/**
 * Asks one link after the other until one answers: a second source, then a cache, then a canned reply. The event
 * `answered` says which one it was.
 *
 * Each link gets the call's error. One that fails or returns {@link noAnswer} leaves it to the next. In all else it is a
 * {@link fallback}; if no link answers and some failed, their errors follow the call's own in `errors`, in order.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense, or two links have one name.
 *
 * @example
 * ```ts
 * import { fallbackChain, noAnswer } from '@seaworthy/fallback'
 *
 * const remembered = new Map([['greeting', 'Hello again']])
 * const reply = fallbackChain([
 *   { name: 'memory', answer: (_error, { key = '' }) => remembered.get(key) ?? noAnswer },
 *   { name: 'canned', answer: 'We will get back to you' },
 * ])
 * reply.on('answered', ({ link }) => console.log('from', link)) // from canned
 * console.log(await reply.execute(() => Promise.reject(new Error('down')), { key: 'refund' }))
 * ```
 */
export function fallbackChain<L extends readonly AnyFallbackLink[]>(
  links: readonly [...L],
  options: FallbackOptions = {},
): Fallback<Answered<AnswerOf<L[number]>>> {
  knownOptions('fallbackChain', options, optionNames)
  checkLinks(links)
  return new FallbackPolicy<Answered<AnswerOf<L[number]>>>(links, options)
}

const optionNames = ['when', 'whenResult', 'name', 'hub']

class FallbackPolicy<Added> extends PolicyBase<Added, FallbackEvents> implements Fallback<Added> {
  readonly #links: readonly Link[]
  readonly #when: (error: unknown) => boolean
  readonly #whenResult: ((result: unknown) => boolean) | undefined
  #unanswered = 0

  constructor(links: readonly FallbackLink<unknown>[], options: FallbackOptions) {
    super('fallback', options.name, options.hub)
    this.#links = links.map((link, index) => new Link(link, index + 1))
    this.#when = optionalFunction('when', options.when) ?? handledByDefault
    this.#whenResult = optionalFunction('whenResult', options.whenResult)
    this.register(() => this.#snapshot())
  }

  override layers(): readonly Layer[] {
    const { kind } = this
    const recover: Layer['recover'] = (call, _slot, error) => this.#recover(call.context, error)
    const refuses = this.#whenResult
    if (refuses === undefined) return [{ kind, recover }]
    const revise: Layer['revise'] = (call, slot, result) =>
      call.givenUpOutside(slot) || !holds(refuses, result) ? undefined : this.#replace(call.context, result)
    return [{ kind, recover, revise }]
  }

  override describe(): PolicyDescription[] {
    const { kind, name } = this
    const programmerErrors = handlesBugs((error) => this.#linksFor(error).length > 0)
    return [
      { kind, name, options: { links: this.#links.map((link) => link.name) }, answers: { programmerErrors } },
    ]
  }

  #recover(context: CallContext, error: unknown): Promise<unknown> | undefined {
    if (context.aborted) return undefined
    const links = this.#linksFor(error)
    return links.length === 0 ? undefined : this.#ask(links, context, { status: 'rejected', reason: error })
  }

  /** A result can come after a timeout further in, which has aborted the context; that is not for the links. */
  #replace(context: CallContext, value: unknown): Promise<unknown> {
    const own = context.aborted ? context.renewed() : context
    return this.#ask(this.#links, own, { status: 'fulfilled', value }).finally(() => own.release())
  }

  #linksFor(error: unknown): readonly Link[] {
    if (!holds(this.#when, error)) return []
    return this.#links.filter(({ when }) => when === undefined || holds(when, error))
  }

  async #ask(links: readonly Link[], context: CallContext, outcome: Settled<unknown>): Promise<unknown> {
    const errors: unknown[] = []
    for (const link of links) {
      const answer = await this.#askLink(link, context, outcome, errors)
      if (answer !== noAnswer) return answer
      if (context.aborted) throw context.reason
    }
    this.#reportUnanswered(errors.length, context, outcome)
    if (errors.length > 0) throw allErrors(outcome, errors)
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  }

  /** @returns The answer of the link, or `noAnswer`, also when it failed. */
  async #askLink(
    link: Link,
    context: CallContext,
    outcome: Settled<unknown>,
    errors: unknown[],
  ): Promise<unknown> {
    try {
      const answer = await link.ask(context, outcome)
      if (answer === noAnswer) link.declined++
      else this.#reportAnswer(link, context, outcome)
      return answer
    } catch (error) {
      if (context.aborted) return noAnswer
      errors.push(error)
      this.#reportFailure(link, context, error)
      return noAnswer
    }
  }

  #reportAnswer(link: Link, { journey }: CallContext, outcome: Settled<unknown>): void {
    link.answered++
    if (!this.events.wants('answered', journey)) return
    const { name } = this
    const payload = { name, link: link.name, position: link.position, failureClass: classOf(outcome) }
    this.events.emit('answered', payload, journey)
  }

  #reportFailure(link: Link, { journey }: CallContext, error: unknown): void {
    link.failed++
    if (!this.events.wants('linkFailed', journey)) return
    const { name } = this
    const payload = { name, link: link.name, position: link.position, failureClass: failureClass(error) }
    this.events.emit('linkFailed', payload, journey)
  }

  #reportUnanswered(failed: number, { journey }: CallContext, outcome: Settled<unknown>): void {
    this.#unanswered++
    if (!this.events.wants('unanswered', journey)) return
    this.events.emit('unanswered', { name: this.name, failed, failureClass: classOf(outcome) }, journey)
  }

  #snapshot(): object {
    const links = this.#links.map((link) => ({
      link: link.name,
      answered: link.answered,
      declined: link.declined,
      failed: link.failed,
    }))
    return { links, unanswered: this.#unanswered }
  }
}

function classOf(outcome: Settled<unknown>): FailureClass | undefined {
  return outcome.status === 'rejected' ? failureClass(outcome.reason) : undefined
}

function allErrors(outcome: Settled<unknown>, errors: readonly unknown[]): AggregateError {
  if (outcome.status === 'fulfilled')
    return new AggregateError(errors, 'The result was refused, and the fallback failed')
  const cause = outcome.reason
  return new AggregateError([cause, ...errors], 'The call failed, and so did its fallback', { cause })
}
