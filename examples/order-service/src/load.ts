/**
 * `npm run example:order-service:load -- URL [--rate 200] [--seconds 10]`
 *
 * Places orders at an even rate, however long the answers take, and prints how long they took.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rate: { type: 'string', default: '200' }, seconds: { type: 'string', default: '10' } },
})
const [url] = positionals
const [rate, seconds] = [Number(values.rate), Number(values.seconds)]
if (url === undefined || !(rate > 0) || !(seconds > 0)) {
  console.error('usage: npm run example:order-service:load -- URL [--rate 200] [--seconds 10]')
  process.exit(2)
}

const latencies: number[] = []
const answers = new Map<string, number>()
const count = (answer: string): void => void answers.set(answer, (answers.get(answer) ?? 0) + 1)

async function place(n: number): Promise<void> {
  const began = performance.now()
  try {
    const response = await fetch(`${url}/orders`, {
      method: 'POST',
      body: JSON.stringify({ item: `load ${n}`, amount: 1 }),
    })
    await response.arrayBuffer()
    count(String(response.status))
  } catch {
    count('no answer')
  }
  latencies.push(performance.now() - began)
}

const began = performance.now()
const placed: Promise<void>[] = []
for (let n = 0; n < rate * seconds; n++) {
  const wait = began + (n * 1000) / rate - performance.now()
  if (wait > 1) await sleep(wait)
  placed.push(place(n))
}
await Promise.all(placed)

latencies.sort((a, b) => a - b)
const percentile = (share: number): string =>
  `${(latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] as number).toFixed(1)} ms`
console.log(`${latencies.length} orders, ${rate} a second`)
for (const [answer, times] of answers) console.log(`  ${answer}: ${times}`)
console.log(`  p50 ${percentile(0.5)}, p99 ${percentile(0.99)}, longest ${percentile(1)}`)
