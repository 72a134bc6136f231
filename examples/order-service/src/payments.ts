/** The upstream: takes payments over HTTP, remembers them by idempotency key, and has bad moments when told to. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Payments {
  readonly url: string
  /** Orders that were charged, and how many times: once each, if all is well. */
  readonly charged: ReadonlyMap<string, number>
  /** Requests, and those of them that asked for a payment that was made already. */
  readonly requests: number
  readonly repeated: number
  /** While it is down it answers 503. */
  down: boolean
  /** Declines the payment of these orders. */
  readonly declined: Set<string>
  close(): Promise<void>
}

export async function startPayments(): Promise<Payments> {
  const charged = new Map<string, number>()
  const keys = new Set<string>()
  const declined = new Set<string>()
  let requests = 0
  let repeated = 0
  let down = false

  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      text += chunk
    })
    request.on('end', async () => {
      requests++
      const { order } = JSON.parse(text) as { order: string }
      const key = String(request.headers['idempotency-key'])
      await sleep(20)
      if (down) response.writeHead(503).end()
      else if (declined.has(order)) response.writeHead(402).end()
      else {
        if (keys.has(key)) repeated++
        else charged.set(order, (charged.get(order) ?? 0) + 1)
        keys.add(key)
        response.writeHead(201).end()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    charged,
    declined,
    get requests() {
      return requests
    },
    get repeated() {
      return repeated
    },
    get down() {
      return down
    },
    set down(is) {
      down = is
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
