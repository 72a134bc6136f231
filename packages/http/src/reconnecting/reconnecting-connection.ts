import {
  defaultHub,
  Emitter,
  failureClass,
  type Hub,
  type Listener,
  onAbort,
  optionalFunction,
  type Timer,
} from '@seaworthy/core'
import {
  ConnectionClosedError,
  ConnectionLostError,
  type GiveUpReason,
  OutboxFullError,
  ReconnectFailedError,
} from '../reconnecting-errors.ts'
import type { Connect, Connection, ConnectionListener } from './connection.ts'
import type { ReconnectingEvents } from './events.ts'
import type { Reconnecting, ReconnectingSnapshot } from './feed.ts'
import { Heartbeat } from './heartbeat.ts'
import { Inbox } from './inbox.ts'
import { attemptOf, type CloseReason, type Input, initial, next, type State } from './machine.ts'
import type { ReconnectingOptions, Settings } from './options.ts'
import { Outbox } from './outbox.ts'

/** What belongs to one attempt and the connection it makes. */
interface Link<In, Out> {
  readonly epoch: number
  readonly controller: AbortController
  readonly startedAt: number
  connection: Connection<In, Out> | undefined
  heartbeat: Heartbeat | undefined
}

/** The shell around the state machine: makes connections, watches them, lets go of them. */
export class ReconnectingConnection<In, Out> implements Reconnecting<In, Out> {
  readonly name: string | undefined
  readonly closed: Promise<CloseReason>
  resumeToken: string | undefined
  private readonly connect: Connect<In, Out>
  private readonly settings: Settings<In>
  private readonly hub: Hub
  private readonly events: Emitter<ReconnectingEvents>
  private readonly inbox: Inbox<In>
  private readonly outbox: Outbox<Out>
  private current: State
  private link: Link<In, Out> | undefined = undefined
  /** Of the attempt or the wait. */
  private timer: Timer | undefined = undefined
  /** Connections that are being closed. */
  private readonly closing = new Set<Promise<void>>()
  private flushers: Array<{ resolve: () => void; reject: (error: unknown) => void }> = []
  private connections = 0
  private received = 0
  private dropped = 0
  private lastError: unknown = undefined
  private resolveClosed: (reason: CloseReason) => void = () => {}
  private forgetSignal: () => void = () => {}
  private readonly unregister: (() => void) | undefined

  constructor(connect: Connect<In, Out>, settings: Settings<In>, options: ReconnectingOptions<In>) {
    const { name, hub = defaultHub, clock, inbox, outbox } = settings
    this.connect = optionalFunction('connect', connect)
    this.settings = settings
    this.name = name
    this.hub = hub
    this.events = new Emitter('reconnecting', name, hub)
    this.inbox = new Inbox(inbox.limit)
    this.outbox = new Outbox(outbox.limit, outbox.delivery)
    this.outbox.onEmpty = () => this.tellFlushers()
    this.outbox.onRefused = () => this.reportDropped('outbox', 'refused', this.outbox.counts.refused)
    this.resumeToken = options.resumeToken
    this.current = initial(clock.now())
    this.closed = new Promise((resolve) => {
      this.resolveClosed = resolve
    })
    this.unregister =
      name === undefined
        ? undefined
        : hub.register({
            kind: 'reconnecting',
            name,
            snapshot: () => this.snapshot(),
            actions: {
              reconnect: () => this.reconnect(),
              pause: () => this.pause(),
              resume: () => this.resume(),
            },
          })
    if (options.signal !== undefined) {
      this.forgetSignal = onAbort(options.signal, (reason) => {
        this.lastError = reason
        this.dispatch({ type: 'close', why: 'aborted' }, reason)
      })
    }
    if (this.state !== 'closed') this.attempt()
  }

  get state(): State['name'] {
    return this.current.name
  }

  send(message: Out): boolean {
    const { outbox, name } = this
    if (this.current.name === 'closed') throw new ConnectionClosedError(name)
    if (outbox.isFull) {
      const { limit, overflow } = this.settings.outbox
      outbox.drop(overflow)
      this.reportDropped('outbox', 'overflow', outbox.counts.dropped)
      if (overflow === 'reject-newest') throw new OutboxFullError(name, limit)
    }
    const letter = outbox.add(message)
    this.carry()
    if (letter.refusal !== undefined) throw letter.refusal.error
    return letter.sentOn !== 0
  }

  flushed(): Promise<void> {
    if (this.outbox.size === 0) return Promise.resolve()
    return new Promise((resolve, reject) => this.flushers.push({ resolve, reject }))
  }

  reconnect(): void {
    this.dispatch({ type: 'reconnect' }, new ConnectionLostError('reconnect', this.name))
  }

  pause(): void {
    this.dispatch({ type: 'pause' })
  }

  resume(): void {
    this.dispatch({ type: 'resume', now: this.settings.clock.now() })
  }

  async close(): Promise<void> {
    this.dispatch({ type: 'close', why: 'close' })
    await Promise.all(this.closing)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  [Symbol.asyncIterator](): AsyncIterator<In, undefined> {
    return {
      next: () => this.inbox.take(),
      return: () => Promise.resolve({ done: true, value: undefined }),
    }
  }

  on<E extends keyof ReconnectingEvents>(event: E, listener: Listener<ReconnectingEvents[E]>): () => void {
    return this.events.on(event, listener)
  }

  snapshot(): ReconnectingSnapshot {
    const { current, connections, outbox, inbox, received, dropped } = this
    return {
      state: current.name,
      attempt: attemptOf(current),
      connections,
      outbox: { size: outbox.size, ...outbox.counts },
      inbox: { size: inbox.size, received, dropped },
    }
  }

  debugStats(): Record<string, number> {
    return {
      listeners: this.events.size,
      connections: this.link?.connection === undefined ? 0 : 1,
      attempts: this.current.name === 'connecting' ? 1 : 0,
      closing: this.closing.size,
      timers: (this.timer === undefined ? 0 : 1) + (this.link?.heartbeat === undefined ? 0 : 1),
      inbox: this.inbox.size,
      outbox: this.outbox.size,
      loops: this.inbox.waiting,
      flushers: this.flushers.length,
    }
  }

  /** Changes the state, lets go of what the old one held, tells everybody, begins what the new one asks for. */
  private dispatch(input: Input, reason: unknown = new ConnectionClosedError(this.name)): void {
    const before = this.current
    const after = next(before, input, this.settings.rules)
    if (after === before) return
    this.current = after
    this.stopTimer()
    if (after.epoch !== before.epoch) this.unlink(reason, input.type === 'failed')
    this.report(before, after)
    // A listener may have changed it again.
    if (this.current !== after) return
    if (after.name === 'connecting') this.attempt()
    else if (after.name === 'waiting') this.wait(after)
    else if (after.name === 'closed') this.end(after.why)
  }

  private attempt(): void {
    const { clock, connectTimeout } = this.settings
    const { epoch } = this.current
    const controller = new AbortController()
    const link = { epoch, controller, startedAt: clock.now(), connection: undefined, heartbeat: undefined }
    this.link = link
    const late = (): void => this.fail(epoch, new ConnectionLostError('timeout', this.name))
    this.timer = clock.setTimer(late, connectTimeout)
    const attempt = {
      attempt: attemptOf(this.current),
      resumeToken: this.resumeToken,
      signal: controller.signal,
    }
    let made: Connection<In, Out> | PromiseLike<Connection<In, Out>>
    try {
      made = this.connect(attempt)
    } catch (error) {
      this.fail(epoch, error)
      return
    }
    Promise.resolve(made).then(
      (connection) => this.opened(link, connection),
      (error) => this.fail(epoch, error),
    )
  }

  private opened(link: Link<In, Out>, connection: Connection<In, Out>): void {
    if (this.link !== link) {
      this.shut(connection, false) // It comes too late.
      return
    }
    link.connection = connection
    this.connections++
    this.dispatch({ type: 'opened', epoch: link.epoch, now: this.settings.clock.now() })
    if (this.link !== link) return
    this.watch(link, connection)
    this.listen(link, connection)
    this.carry()
  }

  private watch(link: Link<In, Out>, connection: Connection<In, Out>): void {
    const { clock, heartbeat } = this.settings
    if (heartbeat === undefined || (heartbeat.ifPinged && connection.ping === undefined)) return
    link.heartbeat = new Heartbeat(clock, heartbeat.every, heartbeat.silence, {
      ping: () => {
        try {
          const pinged = connection.ping?.()
          if (pinged instanceof Promise) pinged.catch((error) => this.fail(link.epoch, error))
        } catch (error) {
          this.fail(link.epoch, error)
        }
      },
      silent: () => this.fail(link.epoch, new ConnectionLostError('silence', this.name)),
    })
  }

  private listen(link: Link<In, Out>, connection: Connection<In, Out>): void {
    const listener: ConnectionListener<In> = {
      room: () =>
        this.settings.onMessage === undefined ? this.held(link, this.inbox.roomAgain()) : undefined,
      message: (message, token) => this.accept(link, message, token),
      resumeAt: (token) => {
        if (this.link !== link) return
        link.heartbeat?.heard()
        this.resumeToken = token
      },
      alive: () => link.heartbeat?.heard(),
      lost: (error = new ConnectionLostError('ended', this.name)) => this.fail(link.epoch, error),
    }
    try {
      connection.listen?.(listener)
    } catch (error) {
      this.fail(link.epoch, error)
      return
    }
    if (connection.messages !== undefined) this.pump(link, connection.messages, listener)
  }

  private async pump(
    link: Link<In, Out>,
    messages: AsyncIterable<In>,
    listener: ConnectionListener<In>,
  ): Promise<void> {
    try {
      await listener.room()
      for await (const message of messages) {
        if (this.link !== link) return
        const room = listener.message(message)
        if (room !== undefined) await room
      }
      listener.lost()
    } catch (error) {
      listener.lost(error)
    }
  }

  private accept(link: Link<In, Out>, message: In, token: string | undefined): Promise<void> | undefined {
    if (this.link !== link) return undefined
    link.heartbeat?.heard()
    const { connection } = link
    const canPause = connection?.pausable === true || connection?.messages !== undefined
    if (this.settings.onMessage === undefined && this.inbox.isFull && !canPause) {
      if (this.settings.inbox.overflow === 'disconnect') {
        this.fail(link.epoch, new ConnectionLostError('overflow', this.name))
        return undefined
      }
      this.inbox.dropOldest()
      this.dropped++
      this.reportDropped('inbox', 'overflow', this.dropped)
    }
    this.received++
    this.resumeToken = token ?? this.tokenOf(message) ?? this.resumeToken
    return this.held(link, this.deliver(message))
  }

  /** While nobody reads, nothing can be heard. */
  private held(link: Link<In, Out>, room: Promise<void> | undefined): Promise<void> | undefined {
    if (room === undefined) return undefined
    link.heartbeat?.hold()
    return room.then(() => link.heartbeat?.release())
  }

  private deliver(message: In): Promise<void> | undefined {
    const { onMessage } = this.settings
    if (onMessage === undefined) return this.inbox.push(message)
    const report = (error: unknown): void =>
      this.hub.reportListenerError(error, 'reconnecting', this.name, 'message')
    try {
      const handled = onMessage(message)
      return handled instanceof Promise ? handled.then(() => {}, report) : undefined
    } catch (error) {
      report(error)
      return undefined
    }
  }

  private tokenOf(message: In): string | undefined {
    try {
      return this.settings.resumeTokenOf(message)
    } catch {
      return undefined
    }
  }

  /** Hands over what waits, if there is a connection. */
  private carry(): void {
    const { link } = this
    const connection = link?.connection
    if (link === undefined || connection?.send === undefined || this.current.name !== 'open') return
    this.outbox.carry({
      epoch: link.epoch,
      isCurrent: () => this.link === link,
      send: (message) => connection.send?.(message),
      lost: (error) => this.fail(link.epoch, error),
    })
  }

  /** The attempt or the connection of this epoch failed. */
  private fail(epoch: number, error: unknown): void {
    const { name } = this.current
    if (epoch !== this.current.epoch || (name !== 'connecting' && name !== 'open')) return
    const { clock, random } = this.settings
    const now = clock.now()
    const since = this.link?.startedAt ?? now
    this.lastError = error
    const fatal = this.isFatal(error)
    this.putLost(name, now - (this.current.name === 'open' ? this.current.since : since), error)
    const retryAfter = retryAfterOf(error)
    this.dispatch({ type: 'failed', epoch, now, fatal, draw: random(), retryAfter }, error)
    this.events.send()
  }

  private isFatal(error: unknown): boolean {
    try {
      return this.settings.isFatal(error) === true
    } catch {
      return false
    }
  }

  private wait({ epoch, until }: State & { readonly name: 'waiting' }): void {
    const { clock } = this.settings
    const due = (): void => this.dispatch({ type: 'due', epoch })
    this.timer = clock.setTimer(due, Math.max(0, until - clock.now()))
  }

  private end(why: CloseReason): void {
    this.forgetSignal()
    this.unregister?.()
    const unsent = this.outbox.discard()
    const gaveUp = why !== 'close' && why !== 'aborted'
    if (why === 'close') this.inbox.finish('done', false)
    else if (gaveUp) this.inbox.finish({ error: this.failure(why) }, false)
    else this.inbox.finish({ error: this.lastError }, true)
    const { flushers } = this
    this.flushers = []
    for (const { reject } of flushers) reject(new ConnectionClosedError(this.name))
    if (this.events.wants('close')) this.events.emit('close', { name: this.name, reason: why, unsent })
    this.resolveClosed(why)
  }

  private failure(reason: GiveUpReason): ReconnectFailedError {
    return new ReconnectFailedError(reason, this.name, this.lastError)
  }

  /** Lets go of the attempt or the connection. */
  private unlink(reason: unknown, lost: boolean): void {
    const { link } = this
    if (link === undefined) return
    this.link = undefined
    link.heartbeat?.stop()
    link.heartbeat = undefined
    if (link.connection !== undefined) this.shut(link.connection, lost)
    link.controller.abort(reason)
  }

  private shut(connection: Connection<In, Out>, lost: boolean): void {
    let closed: unknown
    try {
      closed = connection.close(lost)
    } catch {
      return // It is given up anyway.
    }
    if (!(closed instanceof Promise)) return
    const forget = (): void => {
      this.closing.delete(over)
    }
    const over: Promise<void> = closed.then(forget, forget)
    this.closing.add(over)
  }

  private stopTimer(): void {
    this.timer?.cancel()
    this.timer = undefined
  }

  private tellFlushers(): void {
    const { flushers } = this
    this.flushers = []
    for (const { resolve } of flushers) resolve()
  }

  private report(before: State, after: State): void {
    const { events, name, settings } = this
    if (events.wants('stateChange')) events.put('stateChange', { name, from: before.name, to: after.name })
    if (after.name === 'open' && events.wants('open')) {
      const downtime = after.since - after.downSince
      const resumed = this.resumeToken !== undefined
      events.put('open', { name, attempt: attemptOf(after), downtime, resumed })
    }
    if (after.name === 'waiting' && events.wants('waiting')) {
      const delay = Math.max(0, after.until - settings.clock.now())
      events.put('waiting', { name, attempt: attemptOf(after), delay })
    }
    events.send()
  }

  private putLost(from: 'connecting' | 'open', duration: number, error: unknown): void {
    const { events, name } = this
    if (!events.wants('lost')) return
    events.put('lost', { name, from, duration, failureClass: failureClass(error) })
  }

  private reportDropped(box: 'inbox' | 'outbox', reason: 'overflow' | 'refused', dropped: number): void {
    const { events, name } = this
    if (events.wants('dropped')) events.emit('dropped', { name, box, reason, dropped })
  }
}

/** Milliseconds that an error asks to wait. */
function retryAfterOf(error: unknown): number | undefined {
  try {
    const { retryAfter } = (error ?? {}) as { retryAfter?: unknown }
    return typeof retryAfter === 'number' && retryAfter > 0 && Number.isFinite(retryAfter)
      ? retryAfter
      : undefined
  } catch {
    return undefined
  }
}
