/** What the service is about. */
import { HttpError, objectOf } from './http.ts'

/** What a customer sends. */
export interface NewOrder {
  readonly item: string
  readonly amount: number
}

/** An order that was accepted: the payload of its task. */
export interface Order extends NewOrder {
  readonly id: string
}

/** Where an order is on its way. */
export type OrderState = 'accepted' | 'working' | 'paid' | 'dead'

/** An item whose order kills the process that works on it: a poison message. */
export const poison = 'poison'

/** Reads what a customer sent. @throws HttpError that says what is wrong with it. */
export function readOrder(body: string): NewOrder {
  const { item, amount } = objectOf(body)
  if (typeof item !== 'string' || item === '')
    throw new HttpError(400, 'invalid_order', 'item must be a text')
  if (typeof amount !== 'number' || !(amount > 0))
    throw new HttpError(400, 'invalid_order', 'amount must be a number above 0')
  return { item, amount }
}
