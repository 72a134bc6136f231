/** One transaction under a grant: begins, works, completes the record, commits, and finds out what became of a COMMIT without an answer. */
import type { Context } from '@seaworthy/core'
import type { ClaimedWork } from '@seaworthy/idempotency'
import type { PostgresClient } from './client.ts'
import type { Held } from './connection.ts'
import { CommitUnknownError, PostgresUnavailableError, StaleGrantError } from './errors.ts'
import { failureOf, sqlState } from './failure.ts'
import type { BookedGrant, GrantBook } from './grant-book.ts'
import type { PostgresIdempotencyStore } from './idempotency-store.ts'

/** What all transactions of one {@link idempotentTransaction} go by. Durations are milliseconds. */
export interface CommitSettings {
  readonly store: PostgresIdempotencyStore
  readonly grants: GrantBook
  readonly name: string | undefined
  /** The statements that begin a transaction. */
  readonly begin: string
  readonly ttl: number
  readonly resolveTimeout: number
  /** Undefined for what cannot be kept. */
  encode(value: unknown): string | undefined
}

/** Pauses while it finds out, in milliseconds: doubled from the first to the longest, less a random half. */
const firstPause = 50
const longestPause = 1000

export class Commit {
  readonly #settings: CommitSettings
  readonly #work: ClaimedWork
  readonly #context: Context
  readonly #grant: BookedGrant

  constructor(settings: CommitSettings, work: ClaimedWork, context: Context) {
    const grant = settings.grants.find(work.key, work.fence)
    if (grant === undefined) throw new StaleGrantError(settings.name, 'gone')
    this.#settings = settings
    this.#work = work
    this.#context = context
    this.#grant = grant
  }

  async run<T>(work: (client: PostgresClient) => T | PromiseLike<T>): Promise<T> {
    const { connection } = this.#settings.store
    const held = await connection.take('transaction.begin')
    let result: T
    try {
      await this.#begin(held)
      result = await work(held.client)
      this.#stopIfAborted()
      await this.#complete(held.client, result)
    } catch (error) {
      this.#grant.phase = 'held'
      await this.#rollBack(held)
      throw error
    }
    return this.#commit(held, result)
  }

  async #begin(held: Held): Promise<void> {
    const { store, begin, name } = this.#settings
    const operation = 'transaction.begin'
    try {
      await this.#statement(held, operation, begin)
    } catch (error) {
      if (error instanceof PostgresUnavailableError) throw error
      throw new PostgresUnavailableError(name ?? store.connection.name, operation, failureOf(error), error)
    }
  }

  #stopIfAborted(): void {
    const { signal } = this.#context
    if (signal.aborted) throw signal.reason
  }

  async #complete(client: PostgresClient, result: unknown): Promise<void> {
    const { store, ttl, encode } = this.#settings
    const { key, fence } = this.#work
    // From here on a renewal would wait for this transaction.
    this.#grant.phase = 'committing'
    const request = {
      owner: this.#grant.owner,
      fence,
      state: 'completed',
      payload: encode(result),
      ttl,
    } as const
    await store.inTransaction(client).complete(key, request)
  }

  async #commit<T>(held: Held, result: T): Promise<T> {
    try {
      await this.#statement(held, 'transaction.commit', 'COMMIT')
    } catch (error) {
      // Refused, by a deferred constraint or for serializability: it was rolled back.
      if (isRefusal(error)) {
        held.release(false)
        this.#grant.phase = 'held'
        throw error
      }
      held.release(true)
      await this.#resolve(error)
      return result
    }
    held.release(false)
    this.#grant.phase = 'committed'
    return result
  }

  /**
   * Claims once more as the same owner, which waits for the old transaction to end: if that has committed, the record is completed; if not, the grant is
   * ours as before. Returns if it has.
   */
  async #resolve(cause: unknown): Promise<void> {
    const { store, name, resolveTimeout } = this.#settings
    const { clock, random } = store.connection
    const until = clock.now() + resolveTimeout
    for (let pause = firstPause; ; pause = Math.min(2 * pause, longestPause)) {
      try {
        if (await this.#isCommitted()) {
          this.#grant.phase = 'committed'
          return
        }
        break
      } catch (error) {
        if (error instanceof StaleGrantError) throw error
        const wait = pause * (1 - random() / 2)
        if (clock.now() + wait >= until) throw new CommitUnknownError(name, cause)
        await clock.sleep(wait)
      }
    }
    this.#grant.phase = 'held'
    throw new PostgresUnavailableError(name, 'transaction.commit', 'interrupted', cause)
  }

  async #isCommitted(): Promise<boolean> {
    const { store, name } = this.#settings
    const { key, fence } = this.#work
    const { owner, request } = this.#grant
    const claim = await store.claim(key, { ...request, fingerprint: '', takeover: false })
    if ('fence' in claim && claim.kind !== 'abandoned' && claim.fence === fence) return false
    if (claim.kind === 'completed') {
      const record = await store.peek(key)
      if (record?.owner === owner && record.fence === fence) return true
    } else if ('error' in claim && claim.kind !== 'failed') {
      // The record had expired, and this claim has made a new one that nobody wants.
      await store.forget(key, claim.fence)
    }
    throw new StaleGrantError(name, 'stale')
  }

  async #rollBack(held: Held): Promise<void> {
    try {
      await this.#statement(held, 'transaction.rollback', 'ROLLBACK')
      held.release(false)
    } catch {
      held.release(true) // The end of the connection ends the transaction.
    }
  }

  #statement(held: Held, operation: string, text: string): Promise<unknown> {
    return this.#settings.store.connection.within(operation, () => held.client.query(text))
  }
}

/** Whether the server answered, and will have no more of it; not that it shuts down, or does not know itself. */
function isRefusal(error: unknown): boolean {
  const state = sqlState(error)
  return state !== undefined && !/^(08|57P0|40003)/.test(state)
}
