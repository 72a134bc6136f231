/**
 * A process with instances that share a circuit. Arguments: URL of the server, prefix, whether their calls fail (`bad`), succeed (`good`), or hang
 * once they are trials (`hang`), milliseconds until a trial, how many instances. Each calls every 20 ms, and prints each change of state.
 */
import { writeSync } from 'node:fs'
import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub } from '@seaworthy/core'
import { Redis } from 'ioredis'
import { redisBreakers } from '../../src/breakers.ts' // the whole package takes longer to load

const [url = '', prefix = '', how = 'good', recovery = '1000', count = '1'] = process.argv.slice(2)
const say = (line: object): void => void writeSync(1, `${JSON.stringify(line)}\n`)

const client = new Redis(url)
client.on('error', () => {})
const store = redisBreakers({ redis: client, prefix, interval: '300ms' })

function start(): () => void {
  const breaker = circuitBreaker({
    name: 'stock',
    hub: new Hub(),
    store,
    failureThreshold: 3,
    failureRate: false,
    successThreshold: 2,
    recoveryTimeout: Number(recovery),
    halfOpen: { lease: '2s' },
  })
  breaker.on('stateChange', ({ to, reason }) => say({ to, reason }))
  const work = async (): Promise<void> => {
    if (how === 'good') return
    if (how === 'bad' || breaker.state !== 'halfOpen') throw new Error('down')
    say({ hangs: true })
    await new Promise(() => {})
  }
  return () => void setInterval(() => void breaker.settle(work), 20)
}

await client.ping()
const instances = Array.from({ length: Number(count) }, start)
say({ ready: true })
for await (const _ of process.stdin) break
for (const begin of instances) begin()
