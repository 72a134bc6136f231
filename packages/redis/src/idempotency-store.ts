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
import { commandsOf } from './client.ts'
import type { RedisConnection } from './connection.ts'
import {
  claimArguments,
  claimOf,
  isGranted,
  lifetime,
  settleArguments,
  viewOf,
} from './idempotency-answers.ts'
import { NotReplicatedError } from './idempotency-errors.ts'
import { type IdempotencyScripts, idempotencyScripts } from './idempotency-scripts.ts'
import { KeyListener } from './key-listener.ts'
import type { Argument } from './script.ts'

/** A store of idempotency records on Redis. Made by {@link redisIdempotency}. */
export interface RedisIdempotencyStore extends IdempotencyStore {
  /** The client under supervision: health, events. */
  readonly connection: RedisConnection
  /** Where the record of a key is. */
  recordKey(key: string): string
  /**
   * Closes the connection that listens for hints, if there is one; who waits gets a hint. The client stays open. The store can still be used, and
   * waits open it again.
   */
  close(): void
  /** `waiting`: who waits for a hint; `listeners`: open connections for it; `unanswered`: claims whose answer has not come. */
  debugStats(): Record<string, number>
}

/** The options of {@link redisIdempotency}, checked. Durations are milliseconds. */
export interface RecordStoreSettings {
  readonly connection: RedisConnection
  readonly prefix: string
  readonly queue: string | undefined
  readonly waitReplicas: number
  readonly replicaTimeout: number
  readonly hints: boolean
  readonly listenerIdle: number
}

/** The answers to claims, and how many replicas have them if that was asked. */
interface Sent {
  readonly answers: readonly Claim[]
  readonly replicas: number
}

/** Made by {@link redisIdempotency}. */
export class RecordStore implements RedisIdempotencyStore {
  readonly connection: RedisConnection
  readonly waitFor?: (key: string, signal: AbortSignal) => Promise<void>
  readonly claimMany?: (claims: readonly ClaimOf[]) => Promise<readonly Claim[]>
  readonly #settings: RecordStoreSettings
  readonly #scripts: IdempotencyScripts
  readonly #listener: KeyListener
  readonly #unanswered = new UnansweredClaims()

  /** @param scripts - Others than its own only in tests. */
  constructor(
    settings: RecordStoreSettings,
    scripts: IdempotencyScripts = idempotencyScripts(settings.hints),
  ) {
    const { connection, queue, hints, listenerIdle } = settings
    this.connection = connection
    this.#settings = settings
    this.#scripts = scripts
    this.#listener = new KeyListener(connection.client, connection.clock, listenerIdle)
    if (hints) this.waitFor = (key, signal) => this.#waitFor(key, signal)
    // Elsewhere they may be on several nodes.
    if (queue !== undefined) this.claimMany = (claims) => this.#claim(claims)
  }

  recordKey(key: string): string {
    const { prefix, queue } = this.#settings
    return queue === undefined ? `${prefix}{${key}}` : `${prefix}{${queue}}:${key}`
  }

  /** The queue beside whose keys the records are, if any. */
  get queue(): string | undefined {
    return this.#settings.queue
  }

  async claim(key: string, request: ClaimRequest): Promise<Claim> {
    const [claim] = await this.#claim([{ key, request }])
    return claim as Claim
  }

  async renew(key: string, { owner, fence, lease, retain }: RenewRequest): Promise<Renewal> {
    return (await this.#run('renew', key, [owner, fence, lease, lifetime(retain)])) as Renewal
  }

  async complete(key: string, request: CompleteRequest): Promise<Completion> {
    return (await this.#run('complete', key, settleArguments(request))) as Completion
  }

  async forget(key: string, fence?: number): Promise<Forgetting> {
    return (await this.#run('forget', key, [fence ?? ''])) as Forgetting
  }

  async peek(key: string): Promise<RecordView | undefined> {
    return viewOf(await this.#run('peek', key, []))
  }

  close(): void {
    this.#listener.close()
  }

  debugStats(): Record<string, number> {
    return { ...this.#listener.debugStats(), unanswered: this.#unanswered.size }
  }

  #run(operation: keyof IdempotencyScripts, key: string, args: readonly Argument[]): Promise<unknown> {
    const script = this.#scripts[operation]
    return this.connection.run(`idempotency.${operation}`, script, [this.recordKey(key)], args)
  }

  async #claim(claims: readonly ClaimOf[]): Promise<readonly Claim[]> {
    const { connection } = this
    const { waitReplicas, replicaTimeout } = this.#settings
    if (claims.length === 0) return []
    const call = {}
    let sent = false
    let gaveUp = false
    const send = (): Promise<Sent> => {
      sent = true
      this.#unanswered.sent(claims, call)
      const sending = this.#send(claims)
      sending.then(
        ({ answers }) => this.#answered(claims, call, gaveUp ? answers : []),
        () => this.#answered(claims, call, []),
      )
      return sending
    }
    let answer: Sent
    try {
      const budget = connection.commandTimeout + (waitReplicas > 0 ? replicaTimeout : 0)
      answer = await connection.operate('idempotency.claim', send, budget)
    } catch (error) {
      gaveUp = sent
      throw error
    }
    const { answers, replicas } = answer
    if (replicas >= waitReplicas || !answers.some(isGranted)) return answers
    for (const [index, { key, request }] of claims.entries()) this.#giveBack(key, request, answers[index])
    throw new NotReplicatedError(connection.name, replicas, waitReplicas)
  }

  /** @param late - The answers, if nobody waits for them any more. */
  #answered(claims: readonly ClaimOf[], call: object, late: readonly Claim[]): void {
    for (const [index, latest] of this.#unanswered.answered(claims, call).entries()) {
      const { key, request } = claims[index] as ClaimOf
      if (latest) this.#giveBack(key, request, late[index])
    }
  }

  async #send(claims: readonly ClaimOf[]): Promise<Sent> {
    const keys = claims.map(({ key }) => this.recordKey(key))
    const args: Argument[] = []
    for (const { request } of claims) args.push(...claimArguments(request))
    if (this.#settings.waitReplicas === 0) {
      const answers = await this.#scripts.claim.run(commandsOf(this.connection.client), keys, args)
      return { answers: (answers as unknown[]).map(claimOf), replicas: 0 }
    }
    return this.#sendToReplicas(keys, args)
  }

  /**
   * In one pipeline: after a reconnection, WAIT would answer for a connection that has written nothing. ioredis sends a pipeline again
   * as a whole or not at all. A cluster sends it to the node of the key.
   */
  async #sendToReplicas(keys: readonly string[], args: readonly Argument[]): Promise<Sent> {
    const { waitReplicas, replicaTimeout } = this.#settings
    const wait = ['WAIT', waitReplicas, replicaTimeout] as const
    const client = commandsOf(this.connection.client)
    const [answer, replicas] = await this.#scripts.claim.runThen(client, keys, args, wait)
    return {
      answers: (answer as unknown[]).map(claimOf),
      replicas: typeof replicas === 'number' ? replicas : 0,
    }
  }

  /** Undoes what was granted. Does not wait; if the server does not hear of it, the lease runs out instead. */
  #giveBack(key: string, { owner, retain }: ClaimRequest, claim: Claim | undefined): void {
    if (claim === undefined || !isGranted(claim)) return
    const { kind, fence, error } = claim
    const done = (): Promise<unknown> => {
      if (kind === 'acquired') return this.forget(key, fence)
      // The run before may have had its effect: the record must go on saying that it was abandoned.
      if (kind === 'recovered') return this.renew(key, { owner, fence, lease: 0, retain })
      return this.complete(key, { owner, fence, state: 'retryable', payload: error, ttl: retain })
    }
    done().catch(() => {})
  }

  #waitFor(key: string, signal: AbortSignal): Promise<void> {
    const isOver = async (): Promise<boolean> => (await this.peek(key))?.state !== 'inFlight'
    return this.#listener.wait(this.recordKey(key), signal, isOver)
  }
}
