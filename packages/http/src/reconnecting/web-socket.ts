import { onAbort } from '@seaworthy/core'
import { ConnectionLostError, WebSocketClosedError } from '../reconnecting-errors.ts'
import type { Connection, ConnectionListener } from './connection.ts'

/** What is used of an event of a WebSocket. */
export interface WebSocketEventLike {
  readonly type?: string
  readonly data?: unknown
  readonly code?: number
  readonly error?: unknown
}

/** What is used of a WebSocket: the one of browsers and Node, or of the package `ws`, which can also ping and pause. */
export interface WebSocketLike<Out = never> {
  readonly readyState: number
  addEventListener(
    type: 'open' | 'message' | 'close' | 'error',
    listener: (event: WebSocketEventLike) => void,
  ): void
  removeEventListener(
    type: 'open' | 'message' | 'close' | 'error',
    listener: (event: WebSocketEventLike) => void,
  ): void
  send(data: Out, callback?: (error?: Error) => void): void
  close(code?: number): void
  ping?(): void
  pause?(): void
  resume?(): void
  terminate?(): void
  on?(event: 'pong' | 'ping', listener: () => void): unknown
}

/** Options of {@link webSocket}. */
export interface WebSocketOptions<In> {
  /** What a message is made of, from the `data` of its event. What it throws loses the connection. @defaultValue the data itself */
  readonly decode?: (data: unknown) => In
  /** Gives the attempt up: the signal that `connect` got. */
  readonly signal?: AbortSignal
}

const opening = 0
const ready = 1

/**
 * A connection over a WebSocket, once it is open. With `ws`, it can be pinged, and stops reading when messages are not taken; a
 * message counts as sent when it was written to the socket, which says nothing about its arrival. The WebSocket of
 * browsers can do neither.
 *
 * @throws {@link WebSocketClosedError}, or the socket's own error, when it closes before it is open.
 */
export function webSocket<In = unknown, Out = never>(
  socket: WebSocketLike<Out>,
  options: WebSocketOptions<In> = {},
): Promise<Connection<In, Out>> {
  const connection = new WebSocketConnection<In, Out>(socket, options)
  return connection.open(options.signal)
}

class WebSocketConnection<In, Out> implements Connection<In, Out> {
  readonly pausable: boolean
  readonly ping: (() => void) | undefined
  private readonly socket: WebSocketLike<Out>
  private readonly decode: (data: unknown) => In
  private listener: ConnectionListener<In> | undefined = undefined
  /** Came before somebody listened. */
  private early: unknown[] | undefined = []
  private ended: { readonly error: unknown } | undefined = undefined
  private error: unknown = undefined

  constructor(socket: WebSocketLike<Out>, { decode = (data) => data as In }: WebSocketOptions<In>) {
    this.socket = socket
    this.decode = decode
    this.pausable = socket.pause !== undefined && socket.resume !== undefined
    this.ping = socket.ping && (() => socket.ping?.())
    socket.addEventListener('message', this.onMessage)
    socket.addEventListener('error', this.onError)
    socket.addEventListener('close', this.onClose)
    socket.on?.('pong', this.onAlive)
    socket.on?.('ping', this.onAlive)
  }

  open(signal: AbortSignal | undefined): Promise<this> {
    const { socket } = this
    return new Promise<this>((resolve, reject) => {
      let forget = (): void => {}
      const settle = (): void => {
        socket.removeEventListener('open', settle)
        socket.removeEventListener('close', settle)
        forget()
        if (socket.readyState === ready) resolve(this)
        else reject(this.ended?.error ?? signal?.reason ?? new ConnectionLostError('ended'))
      }
      if (socket.readyState !== opening) {
        settle()
        return
      }
      socket.addEventListener('open', settle)
      socket.addEventListener('close', settle)
      if (signal !== undefined) {
        forget = onAbort(signal, (reason) => {
          this.close(true)
          reject(reason)
        })
      }
    })
  }

  listen(listener: ConnectionListener<In>): void {
    this.listener = listener
    const early = this.early ?? []
    this.early = undefined
    this.waitFor(listener.room())
    for (const data of early) this.deliver(data)
    if (this.ended !== undefined) listener.lost(this.ended.error)
  }

  send(message: Out): Promise<void> | undefined {
    const { socket } = this
    if (socket.readyState !== ready) return Promise.reject(new ConnectionLostError('ended'))
    if (socket.terminate === undefined) {
      // A browser's says nothing more.
      socket.send(message)
      return undefined
    }
    return new Promise((resolve, reject) => {
      socket.send(message, (error) => (error ? reject(error) : resolve()))
    })
  }

  close(lost: boolean): Promise<void> | undefined {
    const { socket } = this
    if (this.ended !== undefined) return undefined
    this.listener = undefined
    this.early = undefined
    const over = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve()))
    if (lost && socket.terminate !== undefined) socket.terminate()
    else {
      socket.resume?.() // A paused one would not even notice that it is closed.
      socket.close(1000)
    }
    return over
  }

  private readonly onMessage = ({ data }: WebSocketEventLike): void => {
    if (this.early === undefined) this.deliver(data)
    else this.early.push(data)
  }

  private readonly onError = ({ error }: WebSocketEventLike): void => {
    this.error = error
  }

  private readonly onAlive = (): void => this.listener?.alive()

  private readonly onClose = ({ code = 1006 }: WebSocketEventLike): void => {
    this.ended = { error: this.error ?? new WebSocketClosedError(code) }
    const { socket } = this
    socket.removeEventListener('message', this.onMessage)
    socket.removeEventListener('close', this.onClose)
    this.listener?.lost(this.ended.error)
  }

  private deliver(data: unknown): void {
    const { listener } = this
    if (listener === undefined) return
    let message: In
    try {
      message = this.decode(data)
    } catch (error) {
      listener.lost(error)
      return
    }
    this.waitFor(listener.message(message))
  }

  private waitFor(room: Promise<void> | undefined): void {
    if (room === undefined || !this.pausable) return
    this.socket.pause?.()
    room.then(() => this.socket.resume?.())
  }
}
