import {
  drainBytes,
  drainTime,
  type Exchange,
  isReplayStream,
  lookUpHeader,
  type OutboundHttp,
  readReplay,
  type Sending,
} from '@seaworthy/http'
import {
  type AxiosAdapter,
  type AxiosError,
  AxiosHeaders,
  type AxiosResponse,
  type GenericAbortSignal,
  type InternalAxiosRequestConfig,
} from 'axios'
import { SendSignal } from './axios-signal.ts'

/** An answer, and the error that axios makes of it if `validateStatus` says so. */
export interface AxiosAnswer {
  readonly response: AxiosResponse
  readonly error: AxiosError | undefined
}

/** What follow-redirects, which axios uses on Node, leaves on requests. */
interface FollowedRequest {
  readonly _redirectCount?: number
  readonly _redirectable?: { readonly _redirectCount?: number }
  readonly res?: { readonly responseUrl?: string }
  readonly responseURL?: string
}

/** The part of a stream of Node that is needed to free its connection. */
interface NodeStream extends AsyncIterable<Uint8Array> {
  readonly readableEnded: boolean
  destroy(): void
  once(event: string, listener: () => void): void
  on(event: 'data' | 'error', listener: (value: Uint8Array) => void): void
}

/** One request of axios. */
export class AxiosExchange implements Exchange<AxiosAnswer> {
  readonly method: string
  readonly origin: string
  readonly signal: AbortSignal | undefined
  private readonly http: OutboundHttp
  private readonly inner: AxiosAdapter
  private readonly config: InternalAxiosRequestConfig
  /** Whether the adapter is one of axios itself. */
  private readonly ownAdapters: boolean
  private data: unknown
  private spent = false

  constructor(
    http: OutboundHttp,
    inner: AxiosAdapter,
    config: InternalAxiosRequestConfig,
    method: string,
    origin: string,
    ownAdapters: boolean,
  ) {
    this.http = http
    this.inner = inner
    this.config = config
    this.ownAdapters = ownAdapters
    this.method = method
    this.origin = origin
    // axios asks for less than an AbortSignal, but those who abort give it one.
    this.signal = config.signal as AbortSignal | undefined
    this.data = config.data
  }

  get replayable(): boolean {
    return !this.spent
  }

  header(name: string): string | undefined {
    return lookUpHeader(this.config.headers, name)
  }

  async send(sending: Sending, repeats: boolean): Promise<AxiosAnswer> {
    const { http, data } = this
    if (isGone(data)) {
      this.spent = true
      if (repeats && http.replay.bufferStreams && isReplayStream(data)) await this.keep(data, sending)
    }
    return this.transmit(sending)
  }

  status({ response }: AxiosAnswer): number {
    return response.status
  }

  headerOf({ response }: AxiosAnswer, name: string): string | undefined {
    return lookUpHeader(response.headers, name)
  }

  originOf({ response }: AxiosAnswer): string {
    const request = response.request as FollowedRequest | undefined
    const url = request?.res?.responseUrl ?? request?.responseURL
    if (!url || !this.passedOn({ response })) return this.origin
    return this.http.keyOf(url, this.method) ?? this.origin
  }

  discard({ response }: AxiosAnswer): void {
    // Only with `responseType: 'stream'` the body is still to come.
    const data = response.data as Partial<NodeStream> | null | undefined
    if (typeof data?.destroy !== 'function' || !isReplayStream(data)) return
    this.drain(data as NodeStream, lookUpHeader(response.headers, 'content-length'))
  }

  deliver(answer: AxiosAnswer, ended: (() => void) | undefined): AxiosAnswer {
    const { response, error } = answer
    response.config = this.config
    if (error !== undefined) error.config = this.config
    if (ended === undefined) return answer
    const data = response.data as Partial<NodeStream> | null | undefined
    if (typeof data?.destroy === 'function' && data.readableEnded === false) data.once?.('close', ended)
    else ended()
    return answer
  }

  passedOn(outcome: unknown): boolean {
    const { request, response } = (outcome ?? {}) as Partial<AxiosError & AxiosAnswer>
    const followed = (response?.request ?? request) as FollowedRequest | undefined
    return (followed?._redirectCount ?? followed?._redirectable?._redirectCount ?? 0) > 0
  }

  private async keep(stream: AsyncIterable<unknown>, sending: Sending): Promise<void> {
    const { bytes, rest } = await readReplay(stream, this.http.replay.maxReplayBytes, (reading) => {
      sending.reach(reading)
    })
    sending.reach(undefined)
    this.spent = bytes === undefined
    // The forms that axios takes: an ArrayBuffer, and on Node a stream of Node.
    this.data =
      bytes?.buffer ?? (await import('node:stream')).Readable.from(rest as AsyncIterable<Uint8Array>)
  }

  private async transmit(sending: Sending): Promise<AxiosAnswer> {
    const attempt = this.configFor(sending)
    const { config } = this
    try {
      return { response: await this.inner(attempt), error: undefined }
    } catch (error) {
      const { response } = error as Partial<AxiosError>
      if (response === undefined || !isWhole(response, attempt)) {
        restore(error, config)
        throw error
      }
      return { response, error: error as AxiosError }
    }
  }

  /** The caller's config for one send: adapters write into it, and every send must find the caller's. */
  private configFor(sending: Sending): InternalAxiosRequestConfig {
    const { config } = this
    // As they are: they went through the checks of axios, which cost more than the copy.
    const headers = Object.assign(new AxiosHeaders(), config.headers)
    for (const [name, value] of sending.headers ?? []) headers.set(name, value)
    // axios gives it no prototype, so that nothing is ever found there.
    const attempt: InternalAxiosRequestConfig = Object.assign(
      Object.create(Object.getPrototypeOf(config)),
      config,
    )
    attempt.data = this.data
    attempt.headers = headers
    const signal = this.signalFor(sending)
    if (signal !== undefined) attempt.signal = signal
    return attempt
  }

  private signalFor(sending: Sending): GenericAbortSignal | undefined {
    if (!this.ownAdapters || sending.abortable === 'never') return sending.abortSignal
    const signal = new SendSignal()
    sending.reach(signal)
    return signal
  }

  private drain(stream: NodeStream, length: string | undefined): void {
    const end = (): void => stream.destroy()
    stream.on('error', () => {})
    if (Number(length ?? 0) > drainBytes) {
      end()
      return
    }
    const timer = this.http.clock.setTimer(end, drainTime, false)
    let read = 0
    stream.once('close', () => timer.cancel())
    stream.on('data', ({ byteLength }) => {
      read += byteLength
      if (read > drainBytes) end()
    })
  }
}

/** Whether an error carries an answer that came whole, and only has the wrong status: one that was cut off has no data. */
function isWhole({ status, data }: AxiosResponse, { validateStatus }: InternalAxiosRequestConfig): boolean {
  return data !== undefined && validateStatus?.(status) === false
}

/** Who sends a failed request again takes its `config`. */
function restore(error: unknown, config: InternalAxiosRequestConfig): void {
  if (typeof error === 'object' && error !== null && 'config' in error) (error as AxiosError).config = config
}

/** Whether a body can be read only once: a stream, also the form of the package `form-data`. */
function isGone(data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return false
  return isReplayStream(data) || typeof (data as { pipe?: unknown }).pipe === 'function'
}
