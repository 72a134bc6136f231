/** What must be true of the story. */
import type { Kind, Result } from './story.ts'

export interface Claim {
  readonly text: string
  readonly holds: boolean
}

/** What may be sent again without harm. */
const repeatable: readonly Kind[] = ['get', 'put', 'order with key']

/** Lost requests of the kinds that may be sent again. */
export function lostOf({ lost }: Result): number {
  return repeatable.reduce((sum, kind) => sum + lost[kind], 0)
}

/** Orders that the shop carried out more than once. */
export function duplicatesOf({ upstream }: Result): number {
  return [...upstream.orders.values()].filter((times) => times > 1).length
}

export function checkClaims(results: readonly Result[]): Claim[] {
  const [plain, loop] = results as [Result, Result]
  const ours = results.filter(({ client }) => client.protected)
  const sendable = repeatable.reduce((sum, kind) => sum + plain.sent[kind], 0)
  return [
    { text: 'plain fetch loses more than a tenth of the requests', holds: lostOf(plain) > sendable / 10 },
    { text: 'a loop around it carries orders out twice', holds: duplicatesOf(loop) > 0 },
    { text: 'and asks again and again during the pause', holds: loop.upstream.intrusions > 20 },
    ...ours.flatMap((result) => claimsFor(result, plain)),
  ]
}

function claimsFor(result: Result, plain: Result): Claim[] {
  const { client, upstream, wrong, open } = result
  const { name } = client
  return [
    {
      text: `${name}: loses less than a tenth of what plain fetch loses`,
      holds: lostOf(result) < lostOf(plain) / 10,
    },
    { text: `${name}: no order is carried out twice`, holds: duplicatesOf(result) === 0 },
    { text: `${name}: every answer is right, byte for byte`, holds: wrong === 0 },
    { text: `${name}: asks nothing during the pause`, holds: upstream.intrusions === 0 },
    { text: `${name}: leaves no pile of connections`, holds: open < 50 && upstream.connections < 150 },
  ]
}
