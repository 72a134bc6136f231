/**
 * Listens for messages about keys, on one connection for all who wait. It is opened for the first, and closed when nobody has waited for a while, or
 * your client is closed.
 */
import type { Clock, Timer } from '@seaworthy/core'
import type { Cluster, Redis } from 'ioredis'
import { type Commands, commandsOf, type RedisClient } from './client.ts'
import { onClient } from './client-events.ts'

/** What is used of a connection that listens. */
interface Subscriber extends Commands {
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  disconnect(): void
}

/** Those who wait for one key. */
interface Channel {
  readonly name: string
  readonly waiting: Set<(error?: unknown) => void>
  /** Settles when the server knows that we listen, or not. */
  readonly standing: Promise<unknown>
}

export class KeyListener {
  readonly #client: RedisClient
  readonly #clock: Clock
  readonly #idle: number
  readonly #channels = new Map<string, Channel>()
  #subscriber: Subscriber | undefined
  #forgetClient = (): void => {}
  #closing: Timer | undefined

  /** @param idle - How long the connection stays open when nobody waits, in milliseconds. */
  constructor(client: RedisClient, clock: Clock, idle: number) {
    this.#client = client
    this.#clock = clock
    this.#idle = idle
  }

  /**
   * Resolves with the next message about a key, when the signal aborts, or when messages may have been missed.
   *
   * @param isOver - Asked as soon as messages are heard: whether what would be told has happened before.
   * @throws Whatever keeps it from listening.
   */
  wait(key: string, signal: AbortSignal, isOver: () => Promise<boolean>): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        resolve()
        return
      }
      const channel = this.#listenTo(key)
      let ended = false
      const end = (error?: unknown): void => {
        if (ended) return
        ended = true
        signal.removeEventListener('abort', aborted)
        channel.waiting.delete(end)
        if (channel.waiting.size === 0) this.#leave(channel)
        if (error === undefined) resolve()
        else reject(error)
      }
      const aborted = (): void => end()
      signal.addEventListener('abort', aborted, { once: true })
      channel.waiting.add(end)
      channel.standing.then(
        async () => {
          if (!ended && (await isOver().catch(() => false))) end()
        },
        (error) => end(error),
      )
    })
  }

  /**
   * Calls back with each message about a key, and when messages may have been missed.
   *
   * @returns A function that ends it.
   */
  watch(key: string, callback: () => void): () => void {
    const channel = this.#listenTo(key)
    const entry = (): void => callback()
    channel.waiting.add(entry)
    // Who watches does not depend on it.
    channel.standing.catch(() => {})
    return () => {
      if (channel.waiting.delete(entry) && channel.waiting.size === 0) this.#leave(channel)
    }
  }

  /** Closes the connection and wakes all who wait. */
  close(): void {
    this.#closing?.cancel()
    this.#closing = undefined
    const subscriber = this.#subscriber
    if (subscriber === undefined) return
    this.#subscriber = undefined
    this.#forgetClient()
    subscriber.disconnect()
    this.#wakeAll()
  }

  debugStats(): Record<string, number> {
    let waiting = 0
    for (const channel of this.#channels.values()) waiting += channel.waiting.size
    return { waiting, listeners: this.#subscriber === undefined ? 0 : 1 }
  }

  #listenTo(key: string): Channel {
    const name = `${prefixOf(this.#client)}${key}`
    const known = this.#channels.get(name)
    if (known !== undefined) return known
    this.#closing?.cancel()
    this.#closing = undefined
    this.#subscriber ??= this.#open()
    const channel = { name, waiting: new Set<() => void>(), standing: this.#subscriber.subscribe(name) }
    this.#channels.set(name, channel)
    return channel
  }

  #leave(channel: Channel): void {
    if (this.#channels.get(channel.name) !== channel) return
    this.#channels.delete(channel.name)
    this.#subscriber?.unsubscribe(channel.name).catch(() => {})
    if (this.#channels.size === 0 && this.#subscriber !== undefined)
      this.#closing = this.#clock.setTimer(() => this.close(), this.#idle, false)
  }

  #open(): Subscriber {
    const subscriber = subscriberFor(this.#client)
    let wasReady = false
    subscriber.on('message', (name: string) => this.#wake(this.#channels.get(name)))
    subscriber.on('ready', () => {
      // What was published while it was away is gone.
      if (wasReady) this.#wakeAll()
      wasReady = true
    })
    // ioredis goes on trying; those who wait poll meanwhile.
    subscriber.on('error', () => {})
    this.#forgetClient = onClient(commandsOf(this.#client), 'end', () => this.close())
    return subscriber
  }

  #wake(channel: Channel | undefined): void {
    for (const end of [...(channel?.waiting ?? [])]) end()
  }

  #wakeAll(): void {
    for (const channel of [...this.#channels.values()]) this.#wake(channel)
  }
}

/** A connection of its own, since one that listens can do nothing else. */
function subscriberFor(client: RedisClient): Subscriber {
  const options = { lazyConnect: true, enableOfflineQueue: true }
  const duplicate = client.isCluster
    ? (client as Cluster).duplicate([], options)
    : (client as Redis).duplicate({ ...options, autoResubscribe: true })
  return duplicate as unknown as Subscriber
}

/** ioredis puts it in front of the keys of scripts, but not of channels. */
const prefixOf = (client: RedisClient): string => client.options.keyPrefix ?? ''
