import { type Exchange, isReplayStream, type OutboundHttp, readReplay, type Sending } from '@seaworthy/http'
import type { Dispatcher } from 'undici'
import { DispatchAnswer } from './undici-answer.ts'
import { CallerController } from './undici-controller.ts'
import { headerIn, withHeaders } from './undici-headers.ts'

/** State of a client without an origin of its own in its requests: it has only one. */
const onlyOrigin = 'the origin of the client'

/** One request of a dispatcher. */
export class DispatchExchange implements Exchange<DispatchAnswer> {
  declare readonly method: string
  declare readonly origin: string
  declare readonly signal: CallerController
  declare private readonly http: OutboundHttp
  declare private readonly dispatch: Dispatcher.Dispatch
  declare private readonly options: Dispatcher.DispatchOptions
  declare private readonly handler: Dispatcher.DispatchHandler
  declare private body: Dispatcher.DispatchOptions['body']
  declare private spent: boolean
  declare private redirected: boolean

  constructor(
    http: OutboundHttp,
    dispatch: Dispatcher.Dispatch,
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ) {
    this.http = http
    this.dispatch = dispatch
    this.options = options
    this.handler = handler
    this.method = options.method.toUpperCase()
    this.origin = originOf(http, options, this.method)
    this.signal = new CallerController()
    this.body = options.body
    this.spent = false
    this.redirected = false
  }

  /** Runs the request to its end; the handler hears everything. */
  start(): void {
    const { signal: caller, handler } = this
    // Only now the caller can abort, also before anything is sent.
    handler.onRequestStart?.(caller, {})
    this.http.run(this).catch((error: Error) => {
      handler.onResponseError?.(caller, error)
    })
  }

  get replayable(): boolean {
    return !this.spent
  }

  header(name: string): string | undefined {
    return headerIn(this.options.headers, name)
  }

  send(sending: Sending, repeats: boolean): Promise<DispatchAnswer> {
    if (!isReplayStream(this.body)) return this.transmit(sending)
    return this.sendStream(this.body, sending, repeats)
  }

  status({ status }: DispatchAnswer): number {
    return status
  }

  headerOf({ headers }: DispatchAnswer, name: string): string | undefined {
    const value = headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  originOf(): string {
    return this.origin
  }

  discard(answer: DispatchAnswer): void {
    answer.drain(this.http.clock)
  }

  deliver(answer: DispatchAnswer, ended: (() => void) | undefined): DispatchAnswer {
    try {
      answer.deliver(ended)
    } catch (error) {
      this.signal.abort(error as Error) // A handler that throws ends its request, as in undici itself.
    }
    return answer
  }

  passedOn(): boolean {
    return this.redirected
  }

  private async sendStream(
    stream: AsyncIterable<unknown>,
    sending: Sending,
    repeats: boolean,
  ): Promise<DispatchAnswer> {
    this.spent = true
    const { maxReplayBytes, bufferStreams } = this.http.replay
    if (!repeats || !bufferStreams) return this.transmit(sending)
    const { bytes, rest } = await readReplay(stream, maxReplayBytes, (stop) => {
      sending.onAbort = stop
    })
    // undici takes iterables, which a stream of the web is.
    this.body = bytes ?? (rest as unknown as Dispatcher.DispatchOptions['body'])
    this.spent = bytes === undefined
    return this.transmit(sending)
  }

  private transmit(sending: Sending): Promise<DispatchAnswer> {
    return new Promise((resolve, reject) => {
      const noteRedirection = (): void => {
        this.redirected = true
      }
      this.redirected = false
      const answer = new DispatchAnswer(this.handler, this.signal, resolve, reject, noteRedirection)
      sending.onAbort = (reason) => answer.abort(reason)
      // Defaults first: on Node 20 keys that are added to a copy cost 80 times as much.
      const options: Dispatcher.DispatchOptions = { body: null, headers: null, ...this.options }
      options.body = this.body ?? null
      options.headers = withHeaders(this.options.headers, sending.headers) ?? null
      this.dispatch(options, answer)
    })
  }
}

function originOf(http: OutboundHttp, { origin, path }: Dispatcher.DispatchOptions, method: string): string {
  if (origin === undefined) return onlyOrigin
  try {
    const plain = typeof origin === 'string' && !origin.endsWith('/') && path.startsWith('/')
    return http.keyOf(plain ? origin + path : new URL(path, origin), method) ?? onlyOrigin
  } catch {
    return onlyOrigin // undici itself refuses what is no address.
  }
}
