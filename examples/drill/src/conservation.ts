/** Nothing lost, nothing done twice: by the id of every order, from the books of the customers and those of payments. */
import { type Claim, claim, hasEnd } from '@seaworthy/example-order-service/claim'
import type { Letter, OrderReport } from '@seaworthy/example-order-service/customer'
import type { Orders } from './customers.ts'

/** What was found when the load was over and the queue was empty. */
export interface Found {
  readonly orders: Orders
  /** How often each order was charged. */
  readonly charged: ReadonlyMap<string, number>
  /** Requests for a payment that was made already. */
  readonly repeated: number
  readonly letters: readonly Letter[]
  /** The ways of the orders of the letters, and of some others. */
  readonly ways: readonly OrderReport[]
  /** Orders in the queue that nobody finished. */
  readonly unfinished: number
}

/** What was found when an operator had put all letters back to work. */
export interface FoundAfterwards {
  readonly charged: ReadonlyMap<string, number>
  readonly letters: number
  readonly unfinished: number
}

export function claims(before: Found, after: FoundAfterwards): readonly Claim[] {
  const { orders, charged, repeated, letters, ways, unfinished } = before
  const ids = new Set(orders.accepted.values())
  const dead = new Set(letters.map(({ journey = '' }) => journey))
  const lost = [...ids].filter((id) => !charged.has(id) && !dead.has(id))
  const twice = [...after.charged.values()].filter((times) => times > 1).length
  const kinds = [...new Set(letters.map(({ failure }) => failure))].sort()
  const ended = ways.filter(hasEnd).length
  const waiting = [...ids].filter((id) => !after.charged.has(id)).length
  const strangers = [...after.charged.keys()].filter((id) => !ids.has(id)).length
  return [
    claim(
      'every order that was accepted was carried out, or is among the dead letters',
      `${ids.size} accepted, ${charged.size} paid, ${letters.length} dead letters, ${lost.length} lost, ${unfinished} unfinished`,
      ids.size > 0 && lost.length === 0 && unfinished === 0,
    ),
    claim(
      'none was carried out twice',
      `${twice} charged twice; ${repeated} repeated requests for a payment made no difference`,
      twice === 0,
    ),
    claim(
      'an order that is placed twice is one order',
      `${orders.twins - orders.torn} of ${orders.twins}, and ${ids.size} ids for ${orders.accepted.size} keys`,
      orders.twins > 0 && orders.torn === 0 && ids.size === orders.accepted.size,
    ),
    claim(
      'each can be followed by its id to its end, dead letters with their cause',
      `${ended} of ${ways.length} that were looked at; ${kinds.length === 0 ? 'no dead letters' : kinds.join(', ')}`,
      ways.length > 0 && ended === ways.length && !kinds.includes(''),
    ),
    claim(
      'then an operator puts the dead letters back to work, and they are carried out as well',
      `${letters.length} put back; ${waiting} not carried out, ${after.letters} dead, ${after.unfinished} unfinished`,
      waiting === 0 && after.letters === 0 && after.unfinished === 0,
    ),
    claim(
      'nobody paid for an order without knowing of it',
      `${strangers} such orders; ${orders.gaveUp} customers gave up`,
      strangers <= orders.gaveUp,
    ),
  ]
}
