/** `npm run example:http-client`: one bad quarter of a minute, five clients. Exits with 1 if a claim does not hold. */
import { checkClaims, duplicatesOf, lostOf } from './claims.ts'
import { clients } from './clients.ts'
import { type Result, runStory } from './story.ts'
import { script } from './upstream.ts'

const seconds = ([from, to]: readonly [number, number]): string => `${from / 1000} s to ${to / 1000} s`

console.log(`A shop over real sockets, 10 requests a second from each client, for ${script.end / 1000} s.`)
console.log(
  `  ${seconds(script.crashes)}: every third order loses its connection when it has been carried out,`,
)
console.log('    and every tenth other request before')
console.log(`  ${seconds(script.busy)}: 503 with Retry-After for everything\n`)

const results = await Promise.all(clients.map(runStory))

const columns: readonly (readonly [string, (result: Result) => number])[] = [
  ['lost', lostOf],
  ['lost orders', ({ lost }) => lost.order],
  ['orders twice', duplicatesOf],
  ['wrong bytes', ({ wrong }) => wrong],
  ['sent into the pause', ({ upstream }) => upstream.intrusions],
  ['requests', ({ upstream }) => upstream.requests],
  ['connections', ({ upstream }) => upstream.connections],
  ['open at the end', ({ open }) => open],
]
console.log(
  `  ${['', ...columns.map(([title]) => title)].map((title, i) => (i === 0 ? ''.padEnd(16) : title)).join('  ')}`,
)
for (const result of results) {
  const cells = columns.map(([title, read]) => String(read(result)).padStart(title.length))
  console.log(`  ${[result.client.name.padEnd(16), ...cells].join('  ')}`)
}
console.log('\nThe whole change:')
for (const client of clients.filter((each) => each.protected)) console.log(`  ${client.name}: ${client.line}`)

console.log()
const claims = checkClaims(results)
for (const { text, holds } of claims) console.log(`  ${holds ? 'holds' : 'FAILS'}  ${text}`)
process.exit(claims.every(({ holds }) => holds) ? 0 : 1)
