/** Customers: they order, and whoever gets no answer asks again with the same key. */
import { type Clock, type Policy, pipeline, type Random } from '@seaworthy/core'
import type { Answer, DrillRequest } from '@seaworthy/drill'
import { timeout } from '@seaworthy/flow'
import { retry } from '@seaworthy/retry'

/** One of so many requests is sent twice at once, as by impatient customers. */
const twinsEvery = 10

/** What customers know. */
export interface Orders {
  /** The id of every order that was accepted, by its key. */
  readonly accepted: ReadonlyMap<string, string>
  /** How many gave up without knowing whether they have ordered. */
  readonly gaveUp: number
  /** How many requests were sent twice at once, and how many of those became two orders. */
  readonly twins: number
  readonly torn: number
}

export class Customers implements Orders {
  readonly accepted = new Map<string, string>()
  gaveUp = 0
  twins = 0
  torn = 0
  readonly #url: string
  /** Nobody waits for ever, but the same key can be sent as often as one likes. */
  readonly #patience: Policy

  constructor(url: string, clock: Clock, random: Random) {
    this.#url = url
    this.#patience = pipeline(
      timeout('20s', { clock }),
      retry({ attempts: Number.POSITIVE_INFINITY, delay: '250ms', clock, random }),
      timeout('2s', { clock }),
    )
  }

  /**
   * Orders.
   *
   * @returns `full` when it was accepted at once, `degraded` when the customer had to ask again.
   * @throws When it was not accepted.
   */
  async request({ number, key: item }: DrillRequest, signal: AbortSignal): Promise<Answer> {
    const key = `request ${number}`
    const order = { item, amount: number }
    const twice = number % twinsEvery === 1
    try {
      const answers = await Promise.all(
        Array.from({ length: twice ? 2 : 1 }, () => this.#order(order, key, signal)),
      )
      const ids = new Set(answers.map(({ id }) => id))
      if (twice) this.twins++
      if (ids.size > 1) this.torn++
      for (const { id } of answers) this.accepted.set(key, id)
      return answers.every(({ asked }) => asked === 1) ? 'full' : 'degraded'
    } catch (error) {
      this.gaveUp++
      throw error
    }
  }

  async #order(
    order: { readonly item: string; readonly amount: number },
    key: string,
    signal: AbortSignal,
  ): Promise<{ readonly id: string; readonly asked: number }> {
    let asked = 0
    const id = await this.#patience.execute(
      async (context) => {
        asked++
        const response = await fetch(`${this.#url}/orders`, {
          method: 'POST',
          headers: { 'idempotency-key': key },
          body: JSON.stringify(order),
          signal: context.signal,
        })
        if (response.status === 202) return ((await response.json()) as { readonly id: string }).id
        await response.arrayBuffer()
        throw refusal(response)
      },
      { signal },
    )
    return { id, asked }
  }
}

/** What the service says when it cannot, with when to ask again. */
function refusal({ status, headers }: Response): Error {
  const seconds = Number(headers.get('retry-after') ?? 'never')
  return Object.assign(new Error(`the service answered ${status}`), {
    // 409: the same order is being accepted. That is a reason to ask again, unlike other mistakes of customers.
    retryable: status >= 500 || status === 409,
    ...(seconds >= 0 && { retryAfter: 1000 * seconds }),
  })
}
