/**
 * Listens for notifications about keys, on one connection for all who wait. It is opened for the first, comes back by itself while somebody waits,
 * and is closed when nobody has waited for a while.
 */
import type { Clock, Random, Timer } from '@seaworthy/core'

/** A connection of its own, since it must stay open: for example a `Client` of pg that is not connected yet. */
export interface PostgresListener {
  connect(): Promise<unknown>
  query(text: string): Promise<unknown>
  on(event: 'notification', listener: (message: { readonly payload?: string | undefined }) => void): unknown
  on(event: 'error' | 'end', listener: (error?: Error) => void): unknown
  end(): Promise<unknown>
}

/** What a {@link KeyListener} goes by. Durations are milliseconds. */
export interface KeyListenerOptions {
  readonly listen: () => PostgresListener
  readonly clock: Clock
  readonly random: Random
  /** How long the connection stays open when nobody waits. */
  readonly idle: number
  /** How long connecting, and an answer, may take. */
  readonly timeout: number
}

/** Who waits for a key. */
interface Waiting {
  readonly end: () => void
  readonly isOver: () => Promise<boolean>
}

/** Notifications of all stores in a database, whatever their schema. */
const channel = 'seaworthy_idempotency'

/** Pauses before it connects again, in milliseconds: doubled from the first to the longest, less a random half. */
const firstPause = 100
const longestPause = 5000

/** A network that breaks in silence is noticed after so many milliseconds. */
const checkEvery = 10_000

export class KeyListener {
  readonly #options: KeyListenerOptions
  readonly #keys = new Map<string, Set<Waiting>>()
  #connection: PostgresListener | undefined
  #stands = false
  #pause = firstPause
  /** Until it connects again, asks whether the connection is alive, or closes it. */
  #timer: Timer | undefined

  constructor(options: KeyListenerOptions) {
    this.#options = options
  }

  /**
   * Resolves with the next notification about a key, when the signal aborts, or when notifications may have been missed. Never rejects.
   *
   * @param isOver - Asked as soon as notifications are heard: whether what would be told has happened before.
   */
  wait(key: string, signal: AbortSignal, isOver: () => Promise<boolean>): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve()
        return
      }
      const end = (): void => {
        signal.removeEventListener('abort', end)
        this.#leave(key, waiting)
        resolve()
      }
      const waiting = { end, isOver }
      signal.addEventListener('abort', end, { once: true })
      const others = this.#keys.get(key)
      if (others === undefined) this.#keys.set(key, new Set([waiting]))
      else others.add(waiting)
      if (this.#stands) this.#look(waiting)
      else if (this.#connection === undefined && this.#timer === undefined) this.#open()
    })
  }

  /** Closes the connection and wakes all who wait. */
  close(): void {
    this.#drop()
    this.#wakeAll()
    this.#timer?.cancel()
    this.#timer = undefined
  }

  debugStats(): Record<string, number> {
    let waiting = 0
    for (const all of this.#keys.values()) waiting += all.size
    return { waiting, listeners: this.#connection === undefined ? 0 : 1 }
  }

  #leave(key: string, waiting: Waiting): void {
    const all = this.#keys.get(key)
    if (all?.delete(waiting) && all.size === 0) this.#keys.delete(key)
    if (this.#keys.size === 0 && this.#stands) this.#after(this.#options.idle, () => this.#closeIfIdle())
  }

  #closeIfIdle(): void {
    if (this.#keys.size === 0) this.#drop()
    else this.#checkLater()
  }

  #open(): void {
    let connection: PostgresListener
    try {
      connection = this.#options.listen()
    } catch {
      this.#lost()
      return
    }
    this.#connection = connection
    const lost = (): void => {
      if (this.#connection === connection) this.#lost()
    }
    connection.on('error', lost)
    connection.on('end', lost)
    connection.on('notification', ({ payload = '' }) => this.#wake(payload))
    this.#after(this.#options.timeout, lost)
    const listening = async (): Promise<void> => {
      await connection.connect()
      await connection.query(`LISTEN ${channel}`)
      if (this.#connection !== connection) return
      this.#stands = true
      this.#pause = firstPause
      this.#checkLater()
      for (const all of this.#keys.values()) for (const waiting of all) this.#look(waiting)
    }
    listening().catch(lost)
  }

  #checkLater(): void {
    this.#after(checkEvery, () => {
      const connection = this.#connection
      if (connection === undefined) return
      const lost = (): void => {
        if (this.#connection === connection) this.#lost()
      }
      this.#after(this.#options.timeout, lost)
      connection.query('SELECT 1').then(() => {
        if (this.#connection === connection) this.#closeOrCheck()
      }, lost)
    })
  }

  #closeOrCheck(): void {
    if (this.#keys.size === 0) this.#after(this.#options.idle, () => this.#closeIfIdle())
    else this.#checkLater()
  }

  /** What was told while it was away is gone, so all who wait have to look; those who still wait then want it back. */
  #lost(): void {
    const stood = this.#stands
    this.#drop()
    if (stood) this.#wakeAll()
    const { random } = this.#options
    const pause = this.#pause * (1 - random() / 2)
    this.#pause = Math.min(2 * this.#pause, longestPause)
    this.#after(pause, () => {
      this.#timer = undefined
      if (this.#keys.size > 0) this.#open()
    })
  }

  #drop(): void {
    const connection = this.#connection
    this.#connection = undefined
    this.#stands = false
    this.#timer?.cancel()
    this.#timer = undefined
    connection?.end().catch(() => {})
  }

  #after(delay: number, callback: () => void): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.setTimer(callback, delay, false)
  }

  #look({ isOver, end }: Waiting): void {
    isOver().then(
      (over) => {
        if (over) end()
      },
      () => {},
    )
  }

  #wake(key: string): void {
    for (const { end } of [...(this.#keys.get(key) ?? [])]) end()
  }

  #wakeAll(): void {
    for (const key of [...this.#keys.keys()]) this.#wake(key)
  }
}
