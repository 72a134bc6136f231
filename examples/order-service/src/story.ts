/** A bad day of the service, from its first order to the last, and what has to be true in the end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Claim, claim, hasEnd } from './claim.ts'
import { Customer, Operator, type OrderReport } from './customer.ts'
import type { Deployment } from './deployment.ts'
import type { OrderState } from './order.ts'
import { poison } from './order.ts'
import type { Payments } from './payments.ts'

export interface Story {
  readonly claims: readonly Claim[]
  /** The way of one order whose worker was killed, or of any. */
  readonly example: OrderReport
}

/** The longest that all of it may take, in milliseconds. */
const patience = 60_000

/**
 * @param tokens - Of the operators.
 * @param tell - Gets a line for each thing that happens.
 * @param progress - Gets a line that replaces the one before.
 */
export async function play(
  { url, killWorker }: Deployment,
  payments: Payments,
  orders: number,
  tokens: readonly string[],
  tell: (line: string) => void,
  progress: (line: string) => void,
): Promise<Story> {
  const customer = new Customer(url)
  const operators = tokens.map((token) => new Operator(url, token))
  const began = Date.now()

  tell(`${orders} orders are placed, each of them twice, as impatient customers do`)
  const ids: string[] = []
  const twins: string[] = []
  const place = async (n: number): Promise<void> => {
    const [first, second] = await Promise.all([
      customer.order(`item ${n}`, n + 1, `key ${n}`),
      customer.order(`item ${n}`, n + 1, `key ${n}`),
    ])
    ids[n] = first
    twins[n] = second
  }
  const some = Math.ceil(orders / 3)
  await inBatches(0, some, place)

  tell('one order is poison: it kills whoever works on it')
  const poisoned = await customer.order(poison, 1, 'poison')
  const declined = await customer.order('item for a customer without money', 1, 'declined')
  payments.declined.add(declined)
  tell('one payment will be declined, until the customer has paid in')

  await inBatches(some, 2 * some, place)
  tell(await killWorker())

  payments.down = true
  tell('payments go down: every request is answered with 503')
  const whileDown = payments.requests
  await inBatches(2 * some, orders, place)
  await sleep(2000)
  const duringOutage = payments.requests - whileDown
  payments.down = false
  tell(
    `payments are back; ${duringOutage} requests had reached them meanwhile, the circuit breakers kept the rest`,
  )

  const all = [...ids, poisoned, declined]
  const states = await settled(customer, all, began, progress)

  tell('an operator looks at the dead letters')
  const letters = (await operators[0]?.letters()) ?? []
  const names = new Map([
    [poisoned, 'the poison'],
    [declined, 'the declined payment'],
  ])
  for (const { failure, errorClass, journey = '' } of letters)
    tell(`  ${names.get(journey) ?? journey}: ${failure}, ${errorClass}`)

  payments.declined.clear()
  const letter = letters.find(({ journey }) => journey === declined)
  const pressed = await Promise.all(operators.map((operator) => operator.retry(letter?.id ?? '')))
  tell(
    `the customer has paid in: ${operators.length} operators put the declined order back to work, all at once`,
  )
  const after = await settled(customer, [declined], Date.now(), progress)
  const reports = await Promise.all(all.map((id) => customer.look(id)))

  const paid = ids.filter((id) => payments.charged.get(id) === 1).length
  const twice = [...payments.charged.values()].filter((times) => times > 1).length
  const takenOver = reports.filter(({ journey }) => journey.some(({ step }) => step.endsWith(': claimed')))
  const outcomes = pressed.map(({ outcome }) => outcome)
  const replayed = outcomes.filter((outcome) => outcome === 'replayed').length
  const ways = reports.filter(hasEnd)

  return {
    example: (takenOver[0] ?? reports[0]) as OrderReport,
    claims: [
      claim('every order was done', `${paid} of ${orders} paid`, paid === orders),
      claim(
        'none was done twice',
        `${twice} charged twice; ${payments.repeated} repeated requests made no difference`,
        twice === 0,
      ),
      claim(
        'an order that is placed twice is one order',
        `${ids.filter((id, n) => id === twins[n]).length} of ${orders}`,
        ids.every((id, n) => id === twins[n]),
      ),
      claim(
        'the orders of a worker that was killed were taken over by the other',
        `${takenOver.length} orders`,
        takenOver.length > 0,
      ),
      claim(
        'poison is among the dead letters, and nobody died of it for ever',
        `${states.get(poisoned)}`,
        states.get(poisoned) === 'dead',
      ),
      claim(
        'what cannot be done yet is among them too',
        `${states.get(declined)}`,
        states.get(declined) === 'dead',
      ),
      claim(
        `${operators.length} operators put it back to work once, and all get the same answer`,
        `${replayed} replayed, ${outcomes.length - replayed} told that it was already; ${new Set(pressed.map(({ replayId }) => replayId)).size} new task`,
        replayed === 1 && new Set(pressed.map(({ replayId }) => replayId)).size === 1,
      ),
      claim('then it was done', `${after.get(declined)}`, after.get(declined) === 'paid'),
      claim('nothing else is a dead letter', `${letters.length} letters`, letters.length === 2),
      claim(
        'the way of every order can be read back by its id, to its end',
        `${ways.length} of ${reports.length}`,
        ways.length === reports.length,
      ),
    ],
  }
}

async function inBatches(from: number, to: number, act: (n: number) => Promise<void>): Promise<void> {
  for (let n = from; n < to; n += 10) {
    await Promise.all(Array.from({ length: Math.min(10, to - n) }, (_, i) => act(n + i)))
  }
}

/** Waits until every order is paid or dead. */
async function settled(
  customer: Customer,
  ids: readonly string[],
  began: number,
  progress: (line: string) => void,
): Promise<ReadonlyMap<string, OrderState>> {
  const states = new Map<string, OrderState>()
  for (;;) {
    for (const id of ids) {
      const known = states.get(id)
      if (known !== 'paid' && (known !== 'dead' || ids.length === 1))
        states.set(id, (await customer.look(id)).state)
    }
    const count = (state: OrderState): number => [...states.values()].filter((each) => each === state).length
    const [paid, dead] = [count('paid'), count('dead')]
    progress(`${paid} paid, ${dead} dead, ${ids.length - paid - dead} under way`)
    const over = ids.length === 1 ? paid === 1 : paid + dead === ids.length
    if (over || Date.now() - began > patience) return states
    await sleep(100)
  }
}
