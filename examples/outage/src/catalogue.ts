/** The call that both clients make: one product, over HTTP. */
import type { Request } from './traffic.ts'

/** A product as the upstream tells it, with the time of the answer on `performance.now()`. */
export interface Product {
  readonly product: number
  readonly price: number
  readonly fetchedAt: number
}

/** A client as the traffic sees it. */
export interface Client {
  readonly name: string
  /** Answers a request before `deadline` on `performance.now()`, or fails. */
  send(request: Request, deadline: number): Promise<Product>
}

/** An answer that is no product. Policies read `status` and `retryAfter`. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  /** Milliseconds the upstream asked to stay away. */
  readonly retryAfter: number | undefined

  constructor(response: Response) {
    super(`The catalogue answered ${response.status}`)
    this.status = response.status
    const seconds = response.headers.get('retry-after')
    this.retryAfter = seconds === null ? undefined : Number(seconds) * 1000
  }
}

/** @throws {@link HttpError} when the answer is no product; TypeError of `fetch` when there is no answer. */
export async function fetchProduct(url: string, product: number, signal: AbortSignal): Promise<Product> {
  const response = await fetch(`${url}/products/${product}`, { signal })
  if (!response.ok) {
    await response.arrayBuffer() // An unread body keeps its connection.
    throw new HttpError(response)
  }
  const answer = (await response.json()) as { product: number; price: number }
  return { ...answer, fetchedAt: performance.now() }
}

/** A signal that aborts at a time on `performance.now()`. `AbortSignal.timeout` takes whole milliseconds only. */
export function signalAt(time: number): AbortSignal {
  return AbortSignal.timeout(Math.max(0, Math.ceil(time - performance.now())))
}
