/** One part of the service in a process of its own: `api URL` or `worker URL NAME PAYMENTS`. Ends when its standard input does. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { orderApi } from './api.ts'
import { redisBackend } from './backend.ts'
import type { Operators } from './operators.ts'
import { orderWorker } from './order-worker.ts'

const [role, redis = '', name = '', payments = ''] = process.argv.slice(2)
const backend = redisBackend(redis)

if (role === 'api') {
  const server = orderApi(backend, JSON.parse(process.env['OPERATORS'] ?? '{}') as Operators).listen(
    0,
    '127.0.0.1',
  )
  await once(server, 'listening')
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await untilToldToEnd()
  server.closeAllConnections()
  server.close()
} else {
  const die = (): never => process.exit(1)
  const worker = orderWorker(backend, { name, payments, die })
  console.log('ready')
  await untilToldToEnd()
  await worker.close()
}
await backend.close()

async function untilToldToEnd(): Promise<void> {
  process.stdin.resume()
  await once(process.stdin, 'end')
  process.stdin.destroy()
}
