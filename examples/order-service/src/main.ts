/**
 * `npm run example:order-service [-- --redis] [-- --orders N] [-- --serve]`
 *
 * Plays a bad day of the service and checks that nothing was lost or done twice. Exits with 1 if a claim does not hold.
 */
import { parseArgs } from 'node:util'
import { deployInMemory, deployOnRedis } from './deployment.ts'
import { hire } from './operators.ts'
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
  const operators = hire(flags.serve ? ['ada'] : Array.from({ length: 50 }, (_, n) => `operator ${n + 1}`))
  const tokens = Object.keys(operators)
  const deploy = flags.redis ? deployOnRedis : deployInMemory
  const deployment = await deploy(payments.url, operators)
  console.log(`The order service: ${deployment.what}.\n`)
  if (flags.serve) await serve(deployment.url, tokens[0] as string)
  else {
    const orders = Number(flags.orders)
    if (!Number.isSafeInteger(orders) || orders < 3)
      throw new RangeError('--orders: a whole number of at least 3')
    const story = await play(deployment, payments, orders, tokens, tell, progress)
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
    // Breakers tell of each call twice: that it was made, and how it was judged.
    if (step.endsWith(': call')) continue
    const facts = Object.entries({ attempt, deliveries }).filter(([, value]) => value !== undefined)
    console.log(`   ${step}${facts.map(([name, value]) => `, ${name} ${value}`).join('')}`)
  }
  console.log()
  for (const { holds, text, detail } of claims) console.log(` ${holds ? '✓' : '✗'} ${text}\n   ${detail}`)
  const held = claims.filter(({ holds }) => holds).length
  console.log(`\n ${held} of ${claims.length} claims hold`)
}

async function serve(url: string, token: string): Promise<void> {
  console.log(`Listening. In another shell, place an order and look at it:

  curl -s ${url}/orders -H 'idempotency-key: 1' -d '{"item":"book","amount":12}'
  curl -s ${url}/orders/ID

One that kills whoever works on it is among the dead letters after some seconds:

  curl -s ${url}/orders -d '{"item":"poison","amount":1}'

Dead letters are for operators, who have a token:

  TOKEN='authorization: Bearer ${token}'
  curl -s -H "$TOKEN" ${url}/dead-letters
  curl -s -H "$TOKEN" ${url}/dead-letters/stats
  curl -s -H "$TOKEN" ${url}/dead-letters/ID
  curl -s -H "$TOKEN" ${url}/dead-letters/ID/retry -d '{"reason":"mended"}'
  curl -s -H "$TOKEN" ${url}/dead-letters/ID/discard -d '{"reason":"not worth it"}'
  curl -s -H "$TOKEN" ${url}/dead-letters/audit

Many orders at an even rate:

  npm run example:order-service:load -- ${url}

Ctrl-C ends it.`)
  await new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
}
