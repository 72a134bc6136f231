/** Whoever talks to the service over HTTP: customers and operators. */
import type { OrderState } from './order.ts'

export interface OrderReport {
  readonly id: string
  readonly state: OrderState
  /** What all policies told of it. */
  readonly journey: readonly { readonly step: string; readonly [fact: string]: unknown }[]
  /** What the stream did with it. */
  readonly steps: readonly { readonly event: string }[]
}

export interface Letter {
  readonly id: string
  readonly type: string
  /** The kind of failure. */
  readonly failure: string
  /** What errors of one cause have in common. */
  readonly errorClass: string
  readonly journey?: string
}

export class Customer {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** Orders, and asks again with the same key as long as the service has no answer. @returns The id. */
  async order(item: string, amount: number, key: string): Promise<string> {
    for (;;) {
      const response = await fetch(`${this.#url}/orders`, {
        method: 'POST',
        headers: { 'idempotency-key': key },
        body: JSON.stringify({ item, amount }),
      })
      if (response.status === 202) return ((await response.json()) as { id: string }).id
      if (response.status < 500) throw new Error(`the order was refused: ${await response.text()}`)
      await response.arrayBuffer()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async look(id: string): Promise<OrderReport> {
    return (await (await fetch(`${this.#url}/orders/${id}`)).json()) as OrderReport
  }
}

/** Looks after what could not be done. */
export class Operator {
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(url: string, token: string) {
    this.#url = `${url}/dead-letters`
    this.#headers = { authorization: `Bearer ${token}` }
  }

  async letters(): Promise<readonly Letter[]> {
    const response = await fetch(this.#url, { headers: this.#headers })
    return ((await response.json()) as { items: readonly Letter[] }).items
  }

  /** Presses the button. */
  async retry(letter: string): Promise<{ outcome: string; replayId: string }> {
    const url = `${this.#url}/${letter}/retry`
    const response = await fetch(url, { method: 'POST', headers: this.#headers })
    return (await response.json()) as { outcome: string; replayId: string }
  }
}
