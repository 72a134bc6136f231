/**
 * `npm run example:order-service [-- --redis] [-- --orders N] [-- --serve]`
 *
 * Plays a bad day of the service and checks that nothing was lost or done twice. Exits with 1 if a claim does not hold.
 */
import { parseArgs } from 'node:util'
import { deployInMemory, deployOnRedis } from './deployment.ts'
import { startPayments } from './payments.ts'
import { play, type Story } from './story.ts'

const { values: flags } = parseArgs({
  options: {
    redis: { type: 'boolean', default: false },
    serve: { type: 'boolean', default: false },
    orders: { type: 'string', default: '150' },
    help: { type: 'boolean', default: false },
  },
})

if (flags.help) {
  console.log(`npm run example:order-service -- [options]

  --redis      an API, two workers and a Redis, each a process; otherwise everything in this process
  --orders N   how many orders are placed (default 150)
  --serve      only run the service, until Ctrl-C; try the commands it prints`)
} else {
  const payments = await startPayments()
  const deployment = await (flags.redis ? deployOnRedis(payments.url) : deployInMemory(payments.url))
  console.log(`The order service: ${deployment.what}.\n`)
  if (flags.serve) await serve(deployment.url)
  else {
    const orders = Number(flags.orders)
    if (!Number.isSafeInteger(orders) || orders < 3)
      throw new RangeError('--orders: a whole number of at least 3')
    const story = await play(deployment, payments, orders, tell, progress)
    report(story)
    if (story.claims.some(({ holds }) => !holds)) process.exitCode = 1
  }
  await deployment.close()
  await payments.close()
}

function tell(line: string): void {
  clear()
  console.log(` · ${line}`)
}

function progress(line: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[2K   ${line}`)
}

function clear(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[2K')
}

function report({ claims, example }: Story): void {
  clear()
  console.log(`\nThe way of order ${example.id}, as GET /orders/${example.id} tells it:`)
  for (const { step, attempt, deliveries } of example.journey) {
    const facts = Object.entries({ attempt, deliveries }).filter(([, value]) => value !== undefined)
    console.log(`   ${step}${facts.map(([name, value]) => `, ${name} ${value}`).join('')}`)
  }
  console.log()
  for (const { holds, text, detail } of claims) console.log(` ${holds ? '✓' : '✗'} ${text}\n   ${detail}`)
  const held = claims.filter(({ holds }) => holds).length
  console.log(`\n ${held} of ${claims.length} claims hold`)
}

async function serve(url: string): Promise<void> {
  console.log(`Listening. Try

  curl -s -X POST ${url}/orders -H 'idempotency-key: 1' -d '{"item":"book","amount":12}'
  curl -s ${url}/orders/ID
  curl -s -X POST ${url}/orders -d '{"item":"poison","amount":1}'
  curl -s ${url}/dead-letters
  npm run example:order-service:load -- ${url}

Ctrl-C ends it.`)
  await new Promise<void>((resolve) => process.once('SIGINT', resolve))
}
