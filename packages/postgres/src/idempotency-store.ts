import { Periodic } from '@seaworthy/core'
import {
  type Claim,
  type ClaimOf,
  type ClaimRequest,
  type CompleteRequest,
  type Completion,
  type Forgetting,
  type IdempotencyStore,
  type RecordView,
  type Renewal,
  type RenewRequest,
  UnansweredClaims,
} from '@seaworthy/idempotency'
import type { PostgresQueries } from './client.ts'
import type { PostgresConnection } from './connection.ts'
import { PostgresUnavailableError } from './errors.ts'
import {
  type FunctionCall,
  type Functions,
  functionsOfPool,
  functionsOfTransaction,
  lasting,
} from './functions.ts'
import {
  claimArguments,
  claimOf,
  claimsOf,
  isGranted,
  storedKey,
  viewOf,
  wakeName,
} from './idempotency-answers.ts'
import { KeyListener, type PostgresListener } from './key-listener.ts'

/** A store of idempotency records on PostgreSQL. Made by {@link postgresIdempotency}. */
export interface PostgresIdempotencyStore extends IdempotencyStore {
  /** The pool under supervision: health, events. */
  readonly connection: PostgresConnection
  /** Where the tables are. */
  readonly schema: string
  /**
   * The same store inside a transaction of yours, which is open on `client`: what it does is committed or rolled back with everything else in
   * there.
   *
   * `complete` insists: unless its grant is current and in flight, it rejects with a {@link StaleGrantError}, and the server lets the
   * transaction do nothing but roll back. After it, other owners wait for the record until the transaction ends.
   *
   * Any error leaves a transaction aborted; roll it back.
   */
  inTransaction(client: PostgresQueries): IdempotencyStore
  /** Removes expired records, up to `limit` of them. @returns How many. */
  sweep(limit?: number): Promise<number>
  /**
   * Stops sweeping, and closes the connection that listens for hints, if there is one; who waits gets a hint. The pool stays open. Methods can
   * still be called.
   */
  close(): Promise<void>
  /** `waiting`: who waits for a hint; `listeners`: open connections for it; `timers`: of the sweeps. */
  debugStats(): Record<string, number>
}

/** The options of {@link postgresIdempotency}, checked. Durations are milliseconds. */
export interface RecordStoreSettings {
  readonly connection: PostgresConnection
  readonly schema: string
  readonly listen: (() => PostgresListener) | undefined
  readonly listenerIdle: number
  /** Undefined for never. */
  readonly sweepEvery: number | undefined
  readonly sweepBatch: number
}

/** The most batches of one sweep: what is left waits for the next. */
const batchesPerSweep = 20

/** The methods that are calls of functions, wherever those run. */
class Records {
  protected readonly functions: Functions
  readonly #unanswered = new UnansweredClaims()
  /** What is being given back, by key and owner. */
  readonly #givingBack = new Map<string, Promise<unknown>>()
  readonly #notifies: boolean
  /** Whether to raise an error in the server when a grant no longer counts. */
  readonly #insists: boolean

  constructor(functions: Functions, notifies: boolean, insists: boolean) {
    this.functions = functions
    this.#notifies = notifies
    this.#insists = insists
  }

  async claim(key: string, request: ClaimRequest): Promise<Claim> {
    const values = [storedKey(key), ...claimArguments(request)]
    return claimOf(await this.#claim('claim', values, [{ key, request }], (answer) => [claimOf(answer)]))
  }

  async claimMany(claims: readonly ClaimOf[]): Promise<readonly Claim[]> {
    const all = claims.map(({ key, request }) => ({
      ...request,
      key: storedKey(key),
      lease: lasting(request.lease),
      retain: lasting(request.retain),
    }))
    return claimsOf(await this.#claim('claim_many', [JSON.stringify(all)], claims, claimsOf))
  }

  async renew(key: string, { owner, fence, lease, retain }: RenewRequest): Promise<Renewal> {
    const values = [storedKey(key), owner, fence, lasting(lease), lasting(retain), this.#notifies]
    // The words of the function are those of the contract; here and below.
    return (await this.#call('renew', values)) as Renewal
  }

  async complete(key: string, request: CompleteRequest): Promise<Completion> {
    const { owner, fence, state, payload = null, ttl } = request
    const values = [storedKey(key), owner, fence, state, payload, lasting(ttl), this.#notifies, this.#insists]
    return (await this.#call('complete', values)) as Completion
  }

  async forget(key: string, fence?: number): Promise<Forgetting> {
    return (await this.#call('forget', [storedKey(key), fence ?? null, this.#notifies])) as Forgetting
  }

  async peek(key: string): Promise<RecordView | undefined> {
    return viewOf(await this.#call('peek', [storedKey(key)]))
  }

  /** What is granted too late is given back, and so is what may have been granted. */
  async #claim(
    name: string,
    values: unknown[],
    claims: readonly ClaimOf[],
    read: (answer: string | null) => readonly Claim[],
  ): Promise<string | null> {
    const call = {}
    const unanswered = this.#unanswered
    const giveBack = (which: (index: number) => boolean): void => {
      for (const [index, latest] of unanswered.answered(claims, call).entries()) {
        const { key, request } = claims[index] as ClaimOf
        if (latest && which(index)) this.#giveBack(key, request.owner)
      }
    }
    const late = (answer: string | null): void => {
      const answers = read(answer)
      giveBack((index) => isGranted(answers[index] as Claim))
    }
    unanswered.sent(claims, call)
    // On another connection it could be carried out after this claim, and take what that was granted.
    const before = claims.flatMap(
      ({ key, request }) => this.#givingBack.get(placeOf(key, request.owner)) ?? [],
    )
    if (before.length > 0) await Promise.all(before)
    try {
      const answer = await this.#call(name, values, { late, lost: () => giveBack(() => true) })
      unanswered.answered(claims, call)
      return answer
    } catch (error) {
      // After a timeout an answer may still come.
      if (!(error instanceof PostgresUnavailableError && error.reason === 'timeout'))
        unanswered.answered(claims, call)
      throw error
    }
  }

  /** Does not wait; if the server does not hear of it, the lease runs out instead. */
  #giveBack(key: string, owner: string): void {
    const place = placeOf(key, owner)
    const given = this.#call('give_back', [storedKey(key), owner, this.#notifies])
      .catch(() => {})
      .finally(() => this.#givingBack.delete(place))
    this.#givingBack.set(place, given)
  }

  #call(
    name: string,
    values: unknown[],
    more: Pick<FunctionCall, 'late' | 'lost'> = {},
  ): Promise<string | null> {
    return this.functions.call({
      operation: `idempotency.${name}`,
      name: `idempotency_${name}`,
      values,
      ...more,
    })
  }
}

/** Made by {@link postgresIdempotency}. */
export class RecordStore extends Records implements PostgresIdempotencyStore {
  readonly connection: PostgresConnection
  readonly schema: string
  readonly waitFor?: (key: string, signal: AbortSignal) => Promise<void>
  readonly #settings: RecordStoreSettings
  readonly #listener: KeyListener | undefined
  readonly #sweeps: Periodic | undefined

  constructor(settings: RecordStoreSettings) {
    const { connection, schema, listen, listenerIdle, sweepEvery } = settings
    super(functionsOfPool(connection, schema), listen !== undefined, false)
    this.connection = connection
    this.schema = schema
    this.#settings = settings
    if (listen !== undefined) {
      const { clock, random, commandTimeout } = connection
      const listener = new KeyListener({ listen, clock, random, idle: listenerIdle, timeout: commandTimeout })
      this.#listener = listener
      const isOver = async (key: string): Promise<boolean> => (await this.peek(key))?.state !== 'inFlight'
      this.waitFor = (key, signal) => listener.wait(wakeName(key), signal, () => isOver(key))
    }
    if (sweepEvery !== undefined) {
      const { clock, random } = connection
      const run = (): Promise<void> => this.#sweepAll()
      this.#sweeps = new Periodic({ clock, random, interval: sweepEvery, jitter: 0.2, keepAlive: false, run })
      this.#sweeps.start()
    }
  }

  inTransaction(client: PostgresQueries): IdempotencyStore {
    const { connection, schema, listen } = this.#settings
    return new Records(functionsOfTransaction(connection, schema, client), listen !== undefined, true)
  }

  async sweep(limit: number = this.#settings.sweepBatch): Promise<number> {
    const operation = 'idempotency.sweep'
    return Number(await this.functions.call({ operation, name: 'idempotency_sweep', values: [limit] }))
  }

  async close(): Promise<void> {
    this.#listener?.close()
    await this.#sweeps?.stop()
  }

  debugStats(): Record<string, number> {
    const { waiting = 0, listeners = 0 } = this.#listener?.debugStats() ?? {}
    return { waiting, listeners, timers: this.#sweeps?.timers ?? 0 }
  }

  /** Never rejects: what could not be removed now can be the next time. */
  async #sweepAll(): Promise<void> {
    const { sweepBatch } = this.#settings
    try {
      for (let batches = 0; batches < batchesPerSweep; batches++)
        if ((await this.sweep(sweepBatch)) < sweepBatch) return
    } catch {
      // The connection has told it.
    }
  }
}

const placeOf = (key: string, owner: string): string => JSON.stringify([key, owner])
