/**
 * Connections for reads that wait on the server. Each carries one read at a time, since a read that waits holds up all commands
 * behind it.
 *
 * They never reconnect by themselves: one that failed, was given up or does not answer in time is thrown away, and the next read
 * makes a new one. So no read is ever sent again that somebody has given up, and none waits for an answer that cannot come.
 */
import { onAbort } from '@seaworthy/core'
import type { Cluster, Redis, RedisOptions } from 'ioredis'
import type { Commands, RedisClient } from './client.ts'
import type { RedisConnection } from './connection.ts'
import { failureOf, type RedisFailure, RedisUnavailableError } from './errors.ts'

/** The part of a socket that is used. */
interface Socket {
  destroy(): void
  cork(): void
  uncork(): void
}

/** A connection that carries one read at a time. */
export interface BlockingClient extends Commands {
  connect(): Promise<void>
  disconnect(): void
  /** Of a server; ioredis has it, but does not tell. */
  readonly stream?: Socket | undefined
  /** Of a cluster. */
  nodes?(): readonly Pick<BlockingClient, 'stream'>[]
}

/** What a read takes. */
export interface BlockingRead<T> {
  /** What it is, for errors. */
  readonly operation: string
  /** Milliseconds until it counts as failed, connecting included. */
  readonly budget: number
  readonly signal: AbortSignal | undefined
  /** Sends it. */
  readonly send: (client: BlockingClient) => Promise<T>
}

export class BlockingReads {
  readonly #connection: RedisConnection
  readonly #idle: BlockingClient[] = []
  readonly #underWay = new Set<() => void>()
  #closed = false

  constructor(connection: RedisConnection) {
    this.#connection = connection
  }

  /** Reads that wait, and connections that are kept for more. */
  get sizes(): { readonly reading: number; readonly idle: number } {
    return { reading: this.#underWay.size, idle: this.#idle.length }
  }

  /**
   * @returns Undefined when {@link close} ended it.
   * @throws {@link RedisUnavailableError} when it fails. It may have been carried out.
   * @throws The reason of the signal when that aborts, at once.
   */
  run<T>({ operation, budget, signal, send }: BlockingRead<T>): Promise<T | undefined> {
    const { name, clock } = this.#connection
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      if (this.#closed) return resolve(undefined)
      const client = this.#borrow()
      let sent = false
      let over = false
      const end = (reuse: boolean): boolean => {
        if (over) return false
        over = true
        timer.cancel()
        forget?.()
        this.#underWay.delete(close)
        if (reuse && !this.#closed) this.#idle.push(client)
        else destroy(client)
        return true
      }
      const fail = (reason: RedisFailure, cause?: unknown): void => {
        if (end(false)) reject(new RedisUnavailableError(name, operation, reason, cause))
      }
      const close = (): void => {
        if (end(false)) resolve(undefined)
      }
      this.#underWay.add(close)
      const timer = clock.setTimer(() => fail(sent ? 'timeout' : 'disconnected'), budget)
      const forget = signal && onAbort(signal, (reason) => end(false) && reject(reason))
      const go = async (): Promise<void> => {
        if (client.status !== 'ready') await client.connect()
        if (over) return
        sent = true
        const answer = await send(client)
        if (end(true)) resolve(answer)
      }
      go().catch((cause: unknown) => fail(sent ? failureOf(cause) : 'disconnected', cause))
    })
  }

  /** Ends all reads and connections. */
  close(): void {
    this.#closed = true
    for (const end of [...this.#underWay]) end()
    for (const client of this.#idle.splice(0)) destroy(client)
  }

  #borrow(): BlockingClient {
    let client = this.#idle.pop()
    while (client !== undefined && client.status !== 'ready') {
      destroy(client)
      client = this.#idle.pop()
    }
    return client ?? duplicateForBlocking(this.#connection.client)
  }
}

/** Commands that are sent here leave in one packet: writing to a socket costs more than all else that a command does. */
export function inOneWrite<T>({ stream }: BlockingClient, send: () => T): T {
  stream?.cork()
  try {
    return send()
  } finally {
    stream?.uncork()
  }
}

/**
 * Closes the sockets at once. A polite end would go out behind what the caller sends next, and the server would hand that to a read that
 * nobody waits for any more.
 */
function destroy(client: BlockingClient): void {
  for (const { stream } of client.nodes?.() ?? [client]) stream?.destroy()
  client.disconnect()
}

/** Of the caller's own options those stay that say where the server is and how to get in. */
const forBlocking = {
  lazyConnect: true,
  retryStrategy: null,
  autoResendUnfulfilledCommands: false,
  enableAutoPipelining: false,
  commandTimeout: undefined,
  socketTimeout: undefined,
  blockingTimeout: undefined,
  // Version 6 would answer with maps in place of lists.
  protocol: 2,
  replyMapping: 'legacy',
} as const

function duplicateForBlocking(client: RedisClient): BlockingClient {
  const copy = 'nodes' in client ? duplicateCluster(client) : duplicateServer(client)
  // Without a listener ioredis writes errors to the console. Whoever reads hears of them.
  copy.on('error', () => {})
  return copy
}

function duplicateServer(client: Redis): BlockingClient {
  // Options of both versions, of which the types know those of one; and a client by the part that reads use.
  return client.duplicate(forBlocking as unknown as RedisOptions) as unknown as BlockingClient
}

function duplicateCluster(client: Cluster): BlockingClient {
  const { retryStrategy, lazyConnect, ...redisOptions } = forBlocking
  const options = { lazyConnect, clusterRetryStrategy: () => null, enableAutoPipelining: false, redisOptions }
  // As above.
  return client.duplicate([], options as object) as unknown as BlockingClient
}
