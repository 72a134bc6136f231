import type { CheckOptions, HealthCheck } from '../check.ts'

/** Options of {@link httpCheck}. */
export interface HttpCheckOptions extends CheckOptions {
  /** @defaultValue `'GET'` */
  readonly method?: 'GET' | 'HEAD'
  /** Sent along. They are never shown. @defaultValue none */
  readonly headers?: Readonly<Record<string, string>>
  /** Whether a status is well. @defaultValue 200 to 399 */
  readonly accepts?: (status: number) => boolean
  /** @defaultValue the `fetch` of the machine */
  readonly fetch?: typeof globalThis.fetch
}

/**
 * Asks for an address. The body is not read. Answers tell the status alone: an address may hold a secret.
 *
 * Do not point it at the readiness of another service that looks at yours.
 */
export function httpCheck(url: string | URL, options: HttpCheckOptions = {}): HealthCheck {
  const {
    method = 'GET',
    headers,
    accepts = (status) => status >= 200 && status < 400,
    fetch: ask = globalThis.fetch,
    ...rest
  } = options
  const address = new URL(url)
  return {
    componentType: 'http',
    ...rest,
    async check({ signal }) {
      const response = await ask(address, { method, signal, redirect: 'manual', ...(headers && { headers }) })
      await response.body?.cancel()
      const { status } = response
      if (accepts(status)) return true
      return { status: 'fail', code: 'error', observedValue: status, observedUnit: 'status' }
    },
  }
}
