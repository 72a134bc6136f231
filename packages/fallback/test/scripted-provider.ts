import type { Clock, Context } from '@seaworthy/core'
import type { FailoverProvider } from '../src/index.ts'

/** What a provider does with a call that reaches it. Latencies are milliseconds. */
export type Behaviour =
  | { readonly does: 'ok'; readonly latency: number }
  | { readonly does: 'error'; readonly latency: number; readonly status?: number }
  /** Never ends, unless it is `obedient` and told to stop. */
  | { readonly does: 'hang'; readonly obedient?: boolean }
  /** 429; `retryAfter` in milliseconds. */
  | { readonly does: 'limit'; readonly latency: number; readonly retryAfter?: number }

/** What reached it. */
export interface ReceivedCall {
  readonly at: number
  readonly request: unknown
  readonly context: Context
}

/** The error of an HTTP client, as far as anybody looks at it. */
export class StatusError extends Error {
  readonly status: number
  readonly headers: Record<string, string>

  constructor(status: number, headers: Record<string, string> = {}) {
    super(`status ${status}`)
    this.status = status
    this.headers = headers
  }
}

export const ok = (latency = 10): Behaviour => ({ does: 'ok', latency })
export const error = (status = 503, latency = 10): Behaviour => ({ does: 'error', latency, status })
export const hang: Behaviour = { does: 'hang' }
export const limit = (retryAfter?: number, latency = 10): Behaviour => ({
  does: 'limit',
  latency,
  ...(retryAfter !== undefined && { retryAfter }),
})

/** A provider whose behaviour is a function of time. It answers with its name. */
export class ScriptedProvider {
  readonly name: string
  readonly received: ReceivedCall[] = []
  /** Until when it has forbidden attempts, as the one who gets the answer can know it. */
  forbiddenUntil = 0
  /** Attempts that came all the same. */
  readonly early: number[] = []
  readonly #clock: Clock
  #behave: (now: number) => Behaviour

  constructor(name: string, clock: Clock, behave: Behaviour | ((now: number) => Behaviour) = ok()) {
    this.name = name
    this.#clock = clock
    this.#behave = typeof behave === 'function' ? behave : () => behave
  }

  /** It in the list of a failover. */
  with(options: Partial<FailoverProvider<unknown, string>> = {}): FailoverProvider<unknown, string> {
    return { name: this.name, call: this.call, ...options }
  }

  becomes(behave: Behaviour | ((now: number) => Behaviour)): void {
    this.#behave = typeof behave === 'function' ? behave : () => behave
  }

  behaviour(now: number): Behaviour {
    return this.#behave(now)
  }

  readonly call = async (request: unknown, context: Context): Promise<string> => {
    this.received.push({ at: this.#clock.now(), request, context })
    return this.answer(context.signal)
  }

  /** The same without a call of a user. */
  async answer(signal: AbortSignal): Promise<string> {
    const now = this.#clock.now()
    if (now < this.forbiddenUntil) this.early.push(now)
    const behaviour = this.#behave(now)
    switch (behaviour.does) {
      case 'hang':
        await new Promise((_, reject) => {
          if (behaviour.obedient) signal.addEventListener('abort', () => reject(signal.reason))
        })
        break
      case 'ok':
        await this.#clock.sleep(behaviour.latency)
        break
      case 'error':
        await this.#clock.sleep(behaviour.latency)
        throw new StatusError(behaviour.status ?? 503)
      case 'limit': {
        await this.#clock.sleep(behaviour.latency)
        const { retryAfter } = behaviour
        if (retryAfter === undefined) throw new StatusError(429)
        this.forbiddenUntil = Math.max(this.forbiddenUntil, this.#clock.now() + retryAfter)
        throw new StatusError(429, { 'retry-after-ms': String(retryAfter) })
      }
    }
    return this.name
  }
}
