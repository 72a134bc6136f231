/** Circuits and level of a service, as its admin routes tell them. */
import type { Clock } from '@seaworthy/core'

/** How long the routes may take, in milliseconds: a service that does not answer is not well. */
const patience = 1000

/** What the routes of `@seaworthy/ops` answer, as far as it matters here. */
interface CircuitsAnswer {
  readonly circuitBreakers?: ReadonlyArray<{
    readonly name: string
    readonly key?: string
    readonly state: string
  }>
}

/** Asks the admin routes below `url`. Rejects when they do not answer. */
export function opsState(
  url: string,
  token: string | undefined,
  clock: Clock,
): { circuits(): Promise<Record<string, string>>; level(): Promise<number> } {
  const ask = async (path: string): Promise<{ readonly status: number; readonly json: unknown }> => {
    const limit = new AbortController()
    const timer = clock.setTimer(() => limit.abort(), patience)
    try {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
      const response = await fetch(url + path, { headers, signal: limit.signal })
      const text = await response.text()
      if (response.ok) return { status: response.status, json: JSON.parse(text) }
      if (response.status === 404) return { status: 404, json: {} }
      throw new Error(`${url}${path} answers ${response.status}`)
    } finally {
      timer.cancel()
    }
  }
  return {
    async circuits() {
      const { circuitBreakers = [] } = (await ask('/circuit-breakers')).json as CircuitsAnswer
      return Object.fromEntries(
        circuitBreakers.map(({ name, key, state }) => [key === undefined ? name : `${name} (${key})`, state]),
      )
    },
    async level() {
      const { value = 0 } = (await ask('/degradation')).json as { readonly value?: number }
      return value // A service without levels answers 404.
    },
  }
}
