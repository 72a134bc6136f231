import { defaultHub, type Hub, type Listener, onAbort, type Timer } from '@seaworthy/core'
import {
  ConnectionClosedError,
  ConnectionLostError,
  OutboxFullError,
  ReconnectFailedError,
} from '../reconnecting-errors.ts'
import type { Connect } from './connection.ts'
import type { ReconnectingEvents } from './events.ts'
import { isFatal, retryAfterOf } from './failure.ts'
import type { Reconnecting, ReconnectingSnapshot } from './feed.ts'
import { checkConnect, Link, type LinkOwner } from './link.ts'
import { attemptOf, type CloseReason, type Input, initial, next, type State } from './machine.ts'
import type { ReconnectingOptions, Settings } from './options.ts'
import { Outbox } from './outbox.ts'
import { Reception } from './reception.ts'
import { Reports } from './reports.ts'

/** The shell around the state machine: does what its states ask for, and tells it what happens. */
export class ReconnectingConnection<In, Out> implements Reconnecting<In, Out>, LinkOwner<In, Out> {
  readonly name: string | undefined
  readonly closed: Promise<CloseReason>
  private readonly connect: Connect<In, Out>
  private readonly settings: Settings<In>
  private readonly reports: Reports
  private readonly reception: Reception<In>
  private readonly outbox: Outbox<Out>
  private current: State
  private link: Link<In, Out> | undefined = undefined
  /** Of the attempt or the wait. */
  private timer: Timer | undefined = undefined
  /** Connections that are being closed. */
  private readonly closings = new Set<Promise<void>>()
  private connections = 0
  private lastError: unknown = undefined
  private resolveClosed: (reason: CloseReason) => void = () => {}
  private forgetSignal: () => void = () => {}
  private readonly unregister: (() => void) | undefined

  constructor(connect: Connect<In, Out>, settings: Settings<In>, options: ReconnectingOptions<In>) {
    const { name, hub = defaultHub, clock, outbox } = settings
    this.connect = checkConnect(connect)
    this.settings = settings
    this.name = name
    this.reports = new Reports(name, hub, clock)
    this.reception = new Reception(settings, options.resumeToken, {
      failed: (error) => hub.reportListenerError(error, 'reconnecting', name, 'message'),
      dropped: (dropped) => this.reports.dropped('inbox', 'overflow', dropped),
    })
    this.outbox = new Outbox(outbox.limit, outbox.delivery)
    this.outbox.onRefused = () => this.reports.dropped('outbox', 'refused', this.outbox.counts.refused)
    this.current = initial(clock.now())
    this.closed = new Promise((resolve) => {
      this.resolveClosed = resolve
    })
    this.unregister = name === undefined ? undefined : this.register(name, hub)
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

  get resumeToken(): string | undefined {
    return this.reception.resumeToken
  }

  send(message: Out): boolean {
    const { outbox, name } = this
    if (this.current.name === 'closed') throw new ConnectionClosedError(name)
    if (outbox.isFull) {
      const { limit, overflow } = this.settings.outbox
      outbox.drop(overflow)
      this.reports.dropped('outbox', 'overflow', outbox.counts.dropped)
      if (overflow === 'reject-newest') throw new OutboxFullError(name, limit)
    }
    const letter = outbox.add(message)
    this.carry()
    if (letter.refusal !== undefined) throw letter.refusal.error
    return letter.sentOn !== 0
  }

  flushed(): Promise<void> {
    return this.outbox.flushed()
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
    await Promise.all(this.closings)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  [Symbol.asyncIterator](): AsyncIterator<In, undefined> {
    return {
      next: () => this.reception.inbox.take(),
      return: () => Promise.resolve({ done: true, value: undefined }),
    }
  }

  on<E extends keyof ReconnectingEvents>(event: E, listener: Listener<ReconnectingEvents[E]>): () => void {
    return this.reports.events.on(event, listener)
  }

  snapshot(): ReconnectingSnapshot {
    const { current, connections, outbox, reception } = this
    const { inbox, received, dropped } = reception
    return {
      state: current.name,
      attempt: attemptOf(current),
      connections,
      outbox: { size: outbox.size, ...outbox.counts },
      inbox: { size: inbox.size, received, dropped },
    }
  }

  debugStats(): Record<string, number> {
    const { inbox } = this.reception
    return {
      listeners: this.reports.events.size,
      connections: this.link?.connection === undefined ? 0 : 1,
      attempts: this.current.name === 'connecting' ? 1 : 0,
      closing: this.closings.size,
      timers: (this.timer === undefined ? 0 : 1) + (this.link?.watched ? 1 : 0),
      inbox: inbox.size,
      outbox: this.outbox.size,
      loops: inbox.waiting,
      flushers: this.outbox.waiting,
    }
  }

  /** Changes the state, lets go of what the old one held, tells everybody, begins what the new one asks for. */
  private dispatch(input: Input, reason: unknown = new ConnectionClosedError(this.name)): void {
    const before = this.current
    const after = next(before, input, this.settings.rules)
    if (after === before) return
    this.current = after
    this.timer?.cancel()
    this.timer = undefined
    if (after.epoch !== before.epoch) this.unlink(reason, input.type === 'failed')
    this.reports.changed(before, after, this.resumeToken !== undefined)
    // A listener may have changed it again.
    if (this.current !== after) return
    if (after.name === 'connecting') this.attempt()
    else if (after.name === 'waiting') this.wait(after)
    else if (after.name === 'closed') this.end(after.why)
  }

  private attempt(): void {
    const { clock, connectTimeout } = this.settings
    const link = new Link(this, this.current.epoch, this.settings)
    this.link = link
    const late = (): void => this.failed(link, new ConnectionLostError('timeout', this.name))
    this.timer = clock.setTimer(late, connectTimeout)
    link.start(this.connect, { attempt: attemptOf(this.current), resumeToken: this.resumeToken })
  }

  private wait({ epoch, until }: State & { readonly name: 'waiting' }): void {
    const { clock } = this.settings
    const due = (): void => this.dispatch({ type: 'due', epoch })
    this.timer = clock.setTimer(due, Math.max(0, until - clock.now()))
  }

  private end(why: CloseReason): void {
    const { name, lastError } = this
    const { inbox } = this.reception
    this.forgetSignal()
    this.unregister?.()
    if (why === 'close') inbox.finish('done', false)
    else if (why === 'aborted') inbox.finish({ error: lastError }, true)
    else inbox.finish({ error: new ReconnectFailedError(why, name, lastError) }, false)
    const unsent = this.outbox.discard(new ConnectionClosedError(name))
    this.reports.closed(why, unsent)
    this.resolveClosed(why)
  }

  private unlink(reason: unknown, lost: boolean): void {
    const { link } = this
    this.link = undefined
    link?.end(reason, lost)
  }

  /** A link has a connection. */
  opened(link: Link<In, Out>): void {
    this.connections++
    this.dispatch({ type: 'opened', epoch: link.epoch, now: this.settings.clock.now() })
    if (this.link !== link) return
    link.listen()
    this.carry()
  }

  /** A link failed; what ended links say counts no more. */
  failed(link: Link<In, Out>, error: unknown): void {
    const { current } = this
    if (link.epoch !== current.epoch || (current.name !== 'connecting' && current.name !== 'open')) return
    const { clock, random } = this.settings
    const now = clock.now()
    this.lastError = error
    const fatal = isFatal(error, this.settings.isFatal)
    const since = current.name === 'open' ? current.since : link.startedAt
    this.reports.lost(current.name, now - since, error)
    const retryAfter = retryAfterOf(error)
    this.dispatch({ type: 'failed', epoch: link.epoch, now, fatal, draw: random(), retryAfter }, error)
    this.reports.events.send()
  }

  room(): Promise<void> | undefined {
    return this.reception.room()
  }

  accept(link: Link<In, Out>, message: In, token: string | undefined): Promise<void> | undefined {
    const room = this.reception.accept(message, token, link.pausable)
    if (room !== 'overflow') return room
    this.failed(link, new ConnectionLostError('overflow', this.name))
    return undefined
  }

  resumeAt(token: string): void {
    this.reception.resumeToken = token
  }

  closing(over: Promise<void>): void {
    this.closings.add(over)
    over.then(() => this.closings.delete(over))
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
      lost: (error) => this.failed(link, error),
    })
  }

  private register(name: string, hub: Hub): () => void {
    const snapshot = (): ReconnectingSnapshot => this.snapshot()
    const actions = {
      reconnect: () => this.reconnect(),
      pause: () => this.pause(),
      resume: () => this.resume(),
    }
    return hub.register({ kind: 'reconnecting', name, snapshot, actions })
  }
}
