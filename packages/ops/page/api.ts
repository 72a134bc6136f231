/** Asks the service. All addresses are relative to the page, wherever it is mounted. */
import type { ErrorAnswer } from '../src/wire.ts'

/** The service did not do what it was asked. */
export class ApiError extends Error {
  /** The status of the answer; 0 if there was none. */
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The longest time to wait for an answer: a batch of replays takes 20 s. */
const patience = 30_000

export class Api {
  readonly #token: string | undefined

  /** @param token - Without one, the browser's own credentials are all there is. */
  constructor(token: string | undefined) {
    this.#token = token
  }

  get<Answer>(
    path: string,
    query: Readonly<Record<string, string | number | undefined>> = {},
  ): Promise<Answer> {
    const wanted = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
    const search = new URLSearchParams(wanted.map(([key, value]): [string, string] => [key, String(value)]))
    return this.#json('GET', search.size === 0 ? path : `${path}?${search}`)
  }

  send<Answer>(method: 'POST' | 'DELETE', path: string, body: object = {}): Promise<Answer> {
    return this.#json(method, path, JSON.stringify(body))
  }

  /** The event stream. @throws ApiError unless it begins. */
  async stream(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const answer = await this.#fetch('GET', 'events', { accept: 'text/event-stream', signal })
    if (answer.body === null) throw new ApiError(0, 'The event stream is empty.')
    return answer.body
  }

  async #json<Answer>(method: string, path: string, body?: string): Promise<Answer> {
    const signal = AbortSignal.timeout(patience)
    const answer = await this.#fetch(method, path, { accept: 'application/json', signal, body })
    // Both sides are built from one description of the answers, src/wire.ts.
    return (await answer.json()) as Answer
  }

  async #fetch(
    method: string,
    path: string,
    {
      accept,
      signal,
      body,
    }: { readonly accept: string; readonly signal: AbortSignal; readonly body?: string | undefined },
  ): Promise<Response> {
    const headers = new Headers({ accept })
    if (this.#token !== undefined) headers.set('authorization', `Bearer ${this.#token}`)
    if (body !== undefined) headers.set('content-type', 'application/json')
    let answer: Response
    try {
      answer = await fetch(path, {
        method,
        headers,
        signal,
        body: body ?? null,
        cache: 'no-store',
        redirect: 'error',
      })
    } catch (error) {
      const late = error instanceof DOMException && error.name === 'TimeoutError'
      throw new ApiError(0, late ? 'The service did not answer in time.' : 'The service cannot be reached.')
    }
    if (!answer.ok) throw new ApiError(answer.status, await reasonOf(answer))
    return answer
  }
}

/**
 * One part of a path.
 *
 * @throws ApiError for `.` and `..`, which browsers take for steps between folders, however they are written.
 */
export function part(name: string): string {
  if (name === '.' || name === '..') throw new ApiError(0, `Nothing named ${name} can be reached over HTTP.`)
  return encodeURIComponent(name)
}

async function reasonOf(answer: Response): Promise<string> {
  try {
    const { error } = (await answer.json()) as ErrorAnswer
    if (typeof error.message === 'string') return error.message
  } catch {
    // Something between here and the service has answered.
  }
  return `The service answered ${answer.status}.`
}
