/** Looks through all books when the load is over. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Claim } from '@seaworthy/example-order-service/claim'
import { claims } from './conservation.ts'
import type { Orders } from './customers.ts'
import { Operator } from './operator.ts'
import type { System } from './system.ts'

/** How long the queue may need to become empty, in milliseconds. */
const patience = 30_000
/** How many orders are followed from their beginning to their end: each look goes through the whole audit of the stream. */
const looks = 20

/** @returns Nothing when nobody has ordered. */
export async function audit(
  { api, payments, token }: Pick<System, 'api' | 'payments' | 'token'>,
  orders: Orders,
): Promise<readonly Claim[]> {
  if (orders.accepted.size + orders.gaveUp === 0) return []
  const operator = new Operator(api.url, token)
  const unfinished = await emptied(operator)
  const letters = await operator.letters()
  const dead = letters.slice(0, looks).map(({ journey = '' }) => journey)
  const paid = [...payments.charged.keys()].slice(-looks)
  const ways = []
  for (const id of [...dead, ...paid]) ways.push(await operator.look(id))
  const found = {
    orders,
    charged: new Map(payments.charged),
    repeated: payments.repeated,
    letters,
    ways,
    unfinished,
  }
  if (letters.length > 0) await operator.retryAll()
  const left = await emptied(operator)
  return claims(found, {
    charged: payments.charged,
    letters: (await operator.letters()).length,
    unfinished: left,
  })
}

/** Waits until no order is under way. @returns How many still are. */
async function emptied(operator: Operator): Promise<number> {
  const end = performance.now() + patience
  for (;;) {
    const { underWay } = await operator.queue()
    if (underWay === 0 || performance.now() > end) return underWay
    await sleep(100)
  }
}
