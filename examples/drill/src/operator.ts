/** An operator: looks at the queue and at the dead letters, and puts them back to work. */
import { Customer, type Letter, type OrderReport } from '@seaworthy/example-order-service/customer'

/** How the queue does. */
export interface Queue {
  readonly underWay: number
  readonly acknowledged: number
  readonly dead: number
}

export class Operator {
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(url: string, token: string) {
    this.#url = url
    this.#headers = { authorization: `Bearer ${token}` }
  }

  queue(): Promise<Queue> {
    return this.#get('/queue')
  }

  /** All that are dead now. */
  async letters(): Promise<readonly Letter[]> {
    const letters: Letter[] = []
    let cursor = ''
    do {
      const page = await this.#get<{ readonly items: readonly Letter[]; readonly next?: string }>(
        `/dead-letters?limit=100${cursor}`,
      )
      letters.push(...page.items)
      cursor = page.next === undefined ? '' : `&cursor=${encodeURIComponent(page.next)}`
    } while (cursor !== '')
    return letters
  }

  /** The whole way of an order. */
  look(order: string): Promise<OrderReport> {
    return new Customer(this.#url).look(order)
  }

  /** Puts all dead letters back to work. */
  async retryAll(): Promise<void> {
    const response = await fetch(`${this.#url}/dead-letters/retry`, {
      method: 'POST',
      headers: this.#headers,
      body: JSON.stringify({ limit: 10_000, rate: 500, reason: 'the drill is over' }),
    })
    await response.text()
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.#url}${path}`, { headers: this.#headers })
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as T
  }
}
