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
  /** What the last send has. */
  declare private answer: DispatchAnswer | undefined

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
    this.answer = undefined
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

  send(sending: Sending<DispatchAnswer>, repeats: boolean): undefined {
    const { body } = this
    if (isReplayStream(body)) void this.sendStream(body, sending, repeats)
    else this.transmit(sending)
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
    return this.answer?.redirected === true
  }

  private async sendStream(
    stream: AsyncIterable<unknown>,
    sending: Sending<DispatchAnswer>,
    repeats: boolean,
  ): Promise<void> {
    this.spent = true
    const { bufferStreams } = this.http.replay
    try {
      if (repeats && bufferStreams) await this.keep(stream, sending)
    } catch (error) {
      sending.fail(error)
      return
    }
    this.transmit(sending)
  }

  private async keep(stream: AsyncIterable<unknown>, sending: Sending<DispatchAnswer>): Promise<void> {
    const { bytes, rest } = await readReplay(stream, this.http.replay.maxReplayBytes, (reading) => {
      sending.reach(reading)
    })
    // undici takes iterables, which a stream of the web is.
    this.body = bytes ?? (rest as unknown as Dispatcher.DispatchOptions['body'])
    this.spent = bytes === undefined
  }

  private transmit(sending: Sending<DispatchAnswer>): void {
    const answer = new DispatchAnswer(this.handler, this.signal, sending)
    this.answer = answer
    sending.reach(answer)
    // Defaults first: on Node 20 keys that are added to a copy cost 80 times as much.
    const options: Dispatcher.DispatchOptions = { body: null, headers: null, ...this.options }
    options.body = this.body ?? null
    options.headers = withHeaders(this.options.headers, sending.headers) ?? null
    try {
      this.dispatch(options, answer)
    } catch (error) {
      sending.fail(error)
    }
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
