/** One attempt and the connection it makes, from calling whoever connects to letting go. */
import { type Clock, optionalFunction } from '@seaworthy/core'
import { ConnectionLostError } from '../reconnecting-errors.ts'
import type { Attempt, Connect, Connection, ConnectionListener } from './connection.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Settings } from './options.ts'

/** Whom a link tells what happens. */
export interface LinkOwner<In, Out> {
  /** There is a connection, nobody listens to it yet. */
  opened(link: Link<In, Out>): void
  /** The attempt or the connection failed. May be told again, and after the link was ended. */
  failed(link: Link<In, Out>, error: unknown): void
  /** Whether there is room for a first message: undefined if so, otherwise a promise of it. */
  room(): Promise<void> | undefined
  /** A message came. @returns A promise of room for the next, if there is none. */
  accept(link: Link<In, Out>, message: In, token: string | undefined): Promise<void> | undefined
  /** The connection can go on from here. */
  resumeAt(token: string): void
  /** A connection is being closed. The promise never rejects. */
  closing(over: Promise<void>): void
}

/** Checks what makes connections. */
export function checkConnect<In, Out>(connect: Connect<In, Out>): Connect<In, Out> {
  return optionalFunction('connect', connect) as Connect<In, Out>
}

/** An attempt, and later its connection. Once it has ended it is silent, whatever its connection still says. */
export class Link<In, Out> {
  readonly epoch: number
  readonly startedAt: number
  connection: Connection<In, Out> | undefined = undefined
  private readonly owner: LinkOwner<In, Out>
  private readonly name: string | undefined
  private readonly clock: Clock
  private readonly beats: Settings<In>['heartbeat']
  private readonly controller = new AbortController()
  private heartbeat: Heartbeat | undefined = undefined
  private ended = false

  constructor(owner: LinkOwner<In, Out>, epoch: number, { name, clock, heartbeat }: Settings<In>) {
    this.owner = owner
    this.epoch = epoch
    this.name = name
    this.clock = clock
    this.beats = heartbeat
    this.startedAt = clock.now()
  }

  /** Whether a heartbeat watches the connection. */
  get watched(): boolean {
    return this.heartbeat !== undefined
  }

  /** Whether the connection can wait with its next message. */
  get pausable(): boolean {
    return this.connection?.pausable === true || this.connection?.messages !== undefined
  }

  /** Connects. */
  start(connect: Connect<In, Out>, attempt: Omit<Attempt, 'signal'>): void {
    let made: Connection<In, Out> | PromiseLike<Connection<In, Out>>
    try {
      made = connect({ ...attempt, signal: this.controller.signal })
    } catch (error) {
      this.owner.failed(this, error)
      return
    }
    Promise.resolve(made).then(
      (connection) => this.open(connection),
      (error) => this.owner.failed(this, error),
    )
  }

  /** Watches the connection and hears its messages. */
  listen(): void {
    const { connection } = this
    if (connection === undefined) return
    this.watch(connection)
    const listener = this.listener()
    try {
      connection.listen?.(listener)
    } catch (error) {
      this.owner.failed(this, error)
      return
    }
    if (connection.messages !== undefined) this.pump(connection.messages, listener)
  }

  /** Lets go of the attempt or the connection. @param lost - Whether it failed. */
  end(reason: unknown, lost: boolean): void {
    this.ended = true
    this.heartbeat?.stop()
    this.heartbeat = undefined
    if (this.connection !== undefined) this.shut(this.connection, lost)
    this.controller.abort(reason)
  }

  private open(connection: Connection<In, Out>): void {
    if (this.ended) {
      this.shut(connection, false) // It comes too late.
      return
    }
    this.connection = connection
    this.owner.opened(this)
  }

  private watch(connection: Connection<In, Out>): void {
    const { beats } = this
    if (beats === undefined || (beats.ifPinged && connection.ping === undefined)) return
    const fail = (error: unknown): void => this.owner.failed(this, error)
    this.heartbeat = new Heartbeat(this.clock, beats.every, beats.silence, {
      ping: () => {
        try {
          const pinged = connection.ping?.()
          if (pinged instanceof Promise) pinged.catch(fail)
        } catch (error) {
          fail(error)
        }
      },
      silent: () => fail(new ConnectionLostError('silence', this.name)),
    })
  }

  private listener(): ConnectionListener<In> {
    const { owner } = this
    return {
      room: () => this.held(owner.room()),
      message: (message, token) => {
        if (this.ended) return undefined
        this.heartbeat?.heard()
        return this.held(owner.accept(this, message, token))
      },
      resumeAt: (token) => {
        if (this.ended) return
        this.heartbeat?.heard()
        owner.resumeAt(token)
      },
      alive: () => this.heartbeat?.heard(),
      lost: (error = new ConnectionLostError('ended', this.name)) => owner.failed(this, error),
    }
  }

  private async pump(messages: AsyncIterable<In>, listener: ConnectionListener<In>): Promise<void> {
    try {
      await listener.room()
      for await (const message of messages) {
        if (this.ended) return
        const room = listener.message(message)
        if (room !== undefined) await room
      }
      listener.lost()
    } catch (error) {
      listener.lost(error)
    }
  }

  /** While nobody reads, nothing can be heard. */
  private held(room: Promise<void> | undefined): Promise<void> | undefined {
    if (room === undefined) return undefined
    this.heartbeat?.hold()
    return room.then(() => this.heartbeat?.release())
  }

  private shut(connection: Connection<In, Out>, lost: boolean): void {
    let closed: unknown
    try {
      closed = connection.close(lost)
    } catch {
      return // It is given up anyway.
    }
    const nothing = (): void => {}
    if (closed instanceof Promise) this.owner.closing(closed.then(nothing, nothing))
  }
}
