/**
 * One part of the service in a process of its own: `api REDIS` or `worker REDIS NAME PAYMENTS`. Writes where it listens, and ends when its
 * standard input does.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { orderApi } from './api.ts'
import { redisBackend } from './backend.ts'
import { respond } from './http.ts'
import type { Operators } from './operators.ts'
import { orderWorker } from './order-worker.ts'
import { statusRoute } from './status.ts'

const [role, redis = '', name = '', payments = ''] = process.argv.slice(2)
const backend = redisBackend(redis)

if (role === 'api') {
  const server = orderApi(backend, JSON.parse(process.env['OPERATORS'] ?? '{}') as Operators)
  await serveUntilToldToEnd(server)
} else {
  const die = (): never => process.exit(1)
  const worker = orderWorker(backend, { name, payments, die })
  // Workers take no orders from the network, but they say how they are.
  const server = createServer((request, response) => void respond([statusRoute], request, response))
  await serveUntilToldToEnd(server)
  await worker.close()
}
await backend.close()

async function serveUntilToldToEnd(server: Server): Promise<void> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  process.stdin.resume()
  await once(process.stdin, 'end')
  process.stdin.destroy()
  server.closeAllConnections()
  server.close()
}
