import { ambientFetch, dispatcherOf, Line } from './ambient-fetch.ts'
import { drain } from './drain.ts'
import type { OutboundHttp } from './engine.ts'
import type { Exchange, Sending } from './exchange.ts'
import { lookUp } from './headers.ts'
import { followRedirection, isRedirection, type SendFetch } from './redirects.ts'
import { type Body, type BodyFactory, bufferStream, isStream } from './replay-body.ts'
import { trackedResponse } from './tracked-response.ts'

/** What `fetch` takes, with a body that can be made anew for every send. */
export type ReplayableInit = Omit<RequestInit, 'body'> & {
  readonly body?: RequestInit['body'] | BodyFactory
}

/** What is added to it: some of that no type of `fetch` knows, or not all. */
interface AnyInit {
  signal?: AbortSignal
  headers?: Headers
  body?: Body | null
  duplex?: 'half'
  dispatcher?: Line
}

/** Methods whose redirections are left to `fetch`: to repeat them does no harm. */
const repeatable = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PUT', 'DELETE'])

/** Browsers answer a redirection that is to be followed by hand with nothing in it. */
const hidesRedirections = 'document' in globalThis

/** One request of `fetch`. */
export class FetchExchange implements Exchange<Response> {
  declare readonly method: string
  declare readonly origin: string
  declare readonly signal: AbortSignal | undefined
  declare private readonly http: OutboundHttp
  declare private readonly fetch: SendFetch
  declare private readonly input: string | URL | Request
  declare private readonly init: ReplayableInit | undefined
  /** The body of a Request, or a stream: gone once it was sent, unless it is kept. */
  declare private stream: AsyncIterable<unknown> | undefined
  declare private kept: Uint8Array<ArrayBuffer> | undefined
  declare private spent: boolean
  /** Whether the last send was redirected, as far as we followed it ourselves. */
  declare private redirected: boolean

  constructor(
    http: OutboundHttp,
    fetch: SendFetch,
    input: string | URL | Request,
    init: ReplayableInit | undefined,
    method: string,
    origin: string,
  ) {
    this.http = http
    this.fetch = fetch
    this.input = input
    this.init = init
    this.method = method
    this.origin = origin
    const request = isRequest(input) ? input : undefined
    // `null` takes the signal of a Request away, as in `fetch`.
    this.signal = (init?.signal === undefined ? request?.signal : init.signal) ?? undefined
    const body = init?.body ?? request?.body
    this.stream = isStream(body) ? body : undefined
    this.kept = undefined
    this.spent = false
    this.redirected = false
  }

  get replayable(): boolean {
    return !this.spent
  }

  get promises(): boolean {
    return true
  }

  header(name: string): string | null | undefined {
    const headers = this.init?.headers ?? (isRequest(this.input) ? this.input.headers : undefined)
    return headers === undefined ? undefined : lookUp(headers, name)
  }

  send(sending: Sending, repeats: boolean): Promise<Response> {
    const { init } = this
    if (this.stream !== undefined) return this.sendStream(this.stream, sending, repeats)
    if (typeof init?.body === 'function') return this.sendMade(init.body, sending, repeats)
    return this.transmit(sending, this.kept, repeats)
  }

  status(response: Response): number {
    return response.status
  }

  headerOf(response: Response, name: string): string | null {
    return response.headers.get(name)
  }

  originOf(response: Response): string {
    if (!response.redirected) return this.origin
    return this.http.keyOf(response.url, this.method) ?? this.origin
  }

  discard(response: Response): void {
    drain(response.body, response.headers.get('content-length'), this.http.clock)
  }

  deliver(response: Response, ended: (() => void) | undefined): Response {
    return ended === undefined ? response : trackedResponse(response, ended)
  }

  passedOn(outcome: unknown): boolean {
    return this.redirected || (outcome as Response | null)?.redirected === true
  }

  /** Sends a body that would be gone after that, and keeps it where that is possible and of use. */
  private async sendStream(
    stream: AsyncIterable<unknown>,
    sending: Sending,
    repeats: boolean,
  ): Promise<Response> {
    const { maxReplayBytes, bufferStreams } = this.http.replay
    // The body of a Request is a stream whatever it was made of, so it is kept as bodies in memory are.
    const keeps = repeats && (bufferStreams || this.init?.body == null)
    if (!keeps) {
      this.spent = true
      return this.transmit(sending, undefined, repeats)
    }
    this.stream = undefined
    this.spent = true // until it is known to be kept
    const { bytes, rest } = await bufferStream(stream, maxReplayBytes, (reading) => {
      sending.reach(reading)
    })
    sending.reach(undefined)
    if (bytes === undefined) return this.transmit(sending, rest, repeats)
    this.spent = false
    this.kept = bytes
    return this.transmit(sending, bytes, repeats)
  }

  private transmit(sending: Sending, body: Body | null | undefined, repeats: boolean): Promise<Response> {
    const init = this.initFor(sending, body)
    const careful = repeats && !this.spent && !repeatable.has(this.method) && !hidesRedirections
    return careful && this.redirectMode === 'follow'
      ? this.transmitOnce(sending, init)
      : this.fetch(this.input, init)
  }

  /** A request whose repetition could do harm: we must know whether the server has redirected it. */
  private async transmitOnce(sending: Sending, given: RequestInit | undefined): Promise<Response> {
    const { input, method, fetch } = this
    this.redirected = false
    const init: RequestInit = { ...given, redirect: 'manual' }
    const response = await fetch(input, init)
    if (!isRedirection(response)) return response
    this.redirected = true
    const url = response.url || (isRequest(input) ? input.url : String(input))
    const headers = this.headersWith(sending.headers)
    const replayable = !isStream(init.body)
    const discard = (redirection: Response): void => this.discard(redirection)
    return followRedirection({ fetch, url, method, headers, init, replayable, discard }, response)
  }

  private get redirectMode(): string {
    return this.init?.redirect ?? (isRequest(this.input) ? this.input.redirect : 'follow')
  }

  private async sendMade(make: BodyFactory, sending: Sending, repeats: boolean): Promise<Response> {
    const body = await make()
    return this.transmit(sending, body, repeats)
  }

  /** The caller's `init` as it is, unless something is to be added. */
  private initFor(sending: Sending, body: Body | null | undefined): RequestInit | undefined {
    const { init } = this
    const { headers } = sending
    const dispatcher = this.lineFor(sending)
    const signal = dispatcher?.suffices ? undefined : sending.abortSignal
    if (body === undefined && headers === undefined) {
      if (signal === undefined && dispatcher === undefined) return init as RequestInit | undefined
      if (signal === undefined && init === undefined) return { dispatcher } as object
      // Defaults first: on Node 20 keys that are added to a copy cost 80 times as much.
      if (dispatcher === undefined && !(init && 'signal' in init)) return { signal, ...init } as RequestInit
      if (signal === undefined && !(init && 'dispatcher' in init))
        return { dispatcher, ...init } as RequestInit
    }
    const copy: AnyInit = { ...(init as object) }
    if (signal !== undefined) copy.signal = signal
    if (dispatcher !== undefined) copy.dispatcher = dispatcher
    if (headers !== undefined) copy.headers = this.headersWith(headers)
    if (body !== undefined) copy.body = body
    if (isStream(body)) copy.duplex = 'half'
    return copy as object
  }

  /** What ends this send, if that can be done without a signal: a Request has one, and a dispatcher that we cannot see. */
  private lineFor(sending: Sending): Line | undefined {
    if (this.fetch !== ambientFetch || sending.abortable !== 'until-answered' || isRequest(this.input))
      return undefined
    const target = dispatcherOf(this.init)
    if (target === undefined) return undefined
    const line = new Line(target)
    sending.reach(line)
    return line
  }

  private headersWith(added: ReadonlyMap<string, string> | undefined): Headers {
    const own = this.init?.headers ?? (isRequest(this.input) ? this.input.headers : undefined)
    const headers = new Headers(own)
    for (const [name, value] of added ?? []) headers.set(name, value)
    return headers
  }
}

/** Whether a value is a `Request`, of whatever implementation. */
export function isRequest(input: unknown): input is Request {
  return typeof input === 'object' && input !== null && 'url' in input && 'headers' in input
}
