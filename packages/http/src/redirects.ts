/**
 * Redirections of requests that must not be repeated, followed hop by hop.
 *
 * `fetch` follows redirections unseen: when the second server cannot be reached, its error looks as if the request had never
 * been sent, although the first server has carried it out. So requests whose repetition could do harm go out with
 * `redirect: 'manual'`, and this follows as `fetch` does. Safe methods are left to `fetch`. Browsers hide redirections from scripts, and
 * the codes of errors, too: there is nothing to follow, and nothing to mistake.
 */

/** Any function with the calling convention of `fetch`. */
export type SendFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** *Source:* WHATWG Fetch, "HTTP-redirect fetch", step 7. */
const mostRedirects = 20

const statuses = new Set([301, 302, 303, 307, 308])

/** Headers that describe a body; they go when the body goes. */
const bodyHeaders = [
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length',
]

/** Headers that other origins must not see. */
const credentials = ['authorization', 'proxy-authorization', 'cookie', 'host']

/** What a request is like, and how it goes on. */
export interface RedirectableRequest {
  readonly fetch: SendFetch
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly init: RequestInit
  /** Whether its body can be sent to a second address. */
  readonly replayable: boolean
  /** Frees the answer that redirects. */
  discard(response: Response): void
}

/** Whether an answer asks to go on somewhere else, and lets us see where. */
export function isRedirection(response: Response): boolean {
  return statuses.has(response.status) && response.headers.has('location')
}

/** Goes where an answer sends a request. @returns The first answer that is no redirection. */
export async function followRedirection(request: RedirectableRequest, first: Response): Promise<Response> {
  const { fetch, headers } = request
  let { url, method, init } = request
  let response = first
  for (let hop = 1; isRedirection(response); hop++) {
    if (hop > mostRedirects)
      throw new TypeError('fetch failed', { cause: new Error('redirect count exceeded') })
    const { status } = response
    const target = new URL(response.headers.get('location') as string, url)
    request.discard(response)
    if (target.protocol !== 'https:' && target.protocol !== 'http:')
      throw new TypeError('fetch failed', { cause: new Error('URL scheme must be a HTTP(S) scheme') })
    if (target.hash === '') target.hash = new URL(url).hash
    if (status === 303 || ((status === 301 || status === 302) && method === 'POST')) {
      method = 'GET'
      init = { ...init, body: null, redirect: 'follow' }
      for (const name of bodyHeaders) headers.delete(name)
    } else if (init.body != null && !request.replayable) {
      throw new TypeError('fetch failed', { cause: new Error('the body of the request is a stream') })
    }
    if (target.origin !== new URL(url).origin) for (const name of credentials) headers.delete(name)
    url = target.href
    response = await fetch(url, { ...init, method, headers })
  }
  if (!response.redirected) Object.defineProperty(response, 'redirected', { value: true, configurable: true })
  return response
}
