/** Replays letters: at most one process publishes a letter at any time, always under the same replay id. */
import type { Desk } from './desk.ts'
import { DeadLetterUnreadableError, DeadLetterUnstorableError } from './errors.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import type { StoredLetter } from './letter.ts'
import type { LetterState } from './machine.ts'
import { tokenOf } from './payload.ts'
import type { By, RetryRequest } from './store.ts'

/** Replaces the message of a letter before it is replayed. */
export type Transform = (message: unknown) => unknown

/** How an attempt to replay one letter by hand ended. */
export type RetryOutcome =
  | { readonly outcome: 'replayed'; readonly letter: StoredLetter }
  | { readonly outcome: 'already'; readonly state: LetterState; readonly replayId: string }
  | { readonly outcome: 'leased'; readonly leaseLeft: number }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'failed'; readonly error: unknown }

/**
 * How publishing went. `lost`: another has taken the letter over meanwhile, and may publish it again, under the same id.
 * `error` is there if publishing failed.
 */
export interface Publication {
  readonly outcome: 'replayed' | 'failed' | 'lost'
  readonly error?: unknown
}

export class Replayer {
  readonly #desk: Desk
  readonly #running = new Set<Promise<unknown>>()

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** How many letters this process publishes at present. */
  get active(): number {
    return this.#running.size
  }

  /** Resolves when what is being published has been settled. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running)
  }

  /** Replays a letter because a person wants it. Rejects only when the store fails or the letter cannot be edited. */
  async retry(id: string, by: By, transform?: Transform): Promise<RetryOutcome> {
    const { owner, lease, clock } = this.#desk.settings
    let request: RetryRequest = { ...by, owner, leaseFor: lease }
    if (transform !== undefined) {
      const edited = await this.#edit(id, by, transform)
      if (typeof edited !== 'string') return edited
      request = { ...request, payload: edited }
    }
    const askedAt = clock.now()
    const result = await this.#desk.ask('retry', (store) => store.retry(id, request))
    if (result.outcome === 'replayed') {
      this.#desk.tellReplayed(result.letter, by.actor)
      return result
    }
    if (result.outcome !== 'replaying') return result
    const { letter, fence } = result
    const keeper = new LeaseKeeper(this.#desk, [id], fence, askedAt)
    try {
      const published = await this.publish(letter, fence, keeper, by)
      return 'error' in published
        ? { outcome: 'failed', error: published.error }
        : { outcome: 'replayed', letter }
    } finally {
      keeper.stop()
    }
  }

  /** The second half of a replay in two steps, for a letter in `replaying` that is leased to us. */
  publish(letter: StoredLetter, fence: number, keeper: LeaseKeeper, by: By): Promise<Publication> {
    const publication = this.#publish(letter, fence, keeper, by).finally(() =>
      this.#running.delete(publication),
    )
    this.#running.add(publication)
    return publication
  }

  async #publish(letter: StoredLetter, fence: number, keeper: LeaseKeeper, by: By): Promise<Publication> {
    const { id } = letter
    try {
      await this.#call(letter, keeper.signal(id), by.actor)
    } catch (error) {
      return { outcome: (await this.#failed(letter, fence, by, error)) ? 'failed' : 'lost', error }
    }
    const settlement = { outcome: 'replayed', dueIn: undefined, ...by } as const
    const settled = await this.#desk.ask('settle', (store) => store.settle(id, fence, settlement))
    this.#desk.tellReplayed(letter, by.actor)
    return { outcome: settled === 'done' ? 'replayed' : 'lost' }
  }

  async #call(letter: StoredLetter, signal: AbortSignal, actor: string): Promise<void> {
    const { replay } = this.#desk.settings
    const { replayId, replays } = letter
    // Left over from a queue with a `replay` function. It is dead again then, and the store replays it under the same id.
    if (replay === undefined)
      throw new DeadLetterUnstorableError('There is no replay function', this.#desk.name)
    const open = await this.#desk.open(letter)
    await replay(open, { replayId, replayNumber: replays + 1, actor, signal })
  }

  /** @returns Whether the letter is dead again; otherwise another has taken it over. */
  async #failed(letter: StoredLetter, fence: number, { actor }: By, error: unknown): Promise<boolean> {
    const { replays, attempts, failureClass } = letter
    const strategy = this.#desk.strategyFor(letter)
    const progress = { replays, attempts: attempts + 1, failureClass }
    // What cannot be read now will not be readable by itself later.
    const dueIn =
      error instanceof DeadLetterUnreadableError ? undefined : this.#desk.dueIn(strategy, progress)
    const settlement = { outcome: 'failed', dueIn, actor, reason: undefined } as const
    const answer = await this.#desk.ask('settle', (store) => store.settle(letter.id, fence, settlement))
    if (answer !== 'done') return false
    this.#desk.tellReplayFailed(letter, error)
    return true
  }

  /** @returns The edited payload, or why there is nothing to edit. */
  async #edit(id: string, by: By, transform: Transform): Promise<string | RetryOutcome> {
    const letter = await this.#desk.ask('get', (store) => store.get(id, by))
    if (letter === undefined) return { outcome: 'missing' }
    const { state, replayId } = letter
    if (letter.payload === undefined) return { outcome: 'already', state, replayId }
    const { message, config } = await this.#desk.open(letter)
    let edited: unknown
    try {
      edited = await transform(message)
    } catch (error) {
      throw new DeadLetterUnstorableError('The transform failed', this.#desk.name, error)
    }
    return this.#desk.encode({ message: edited, config }, tokenOf(id))
  }
}
