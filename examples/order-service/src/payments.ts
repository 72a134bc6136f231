/** The upstream: takes payments over HTTP, remembers them by idempotency key, and has bad moments when told to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnyPolicy } from '@seaworthy/core'

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

export interface PaymentsOptions {
  /** What each charge goes through: the place for faults. Errors with a `status` are answered, with a `code` the connection breaks. */
  readonly trouble?: Pick<AnyPolicy, 'execute'>
}

export async function startPayments({ trouble }: PaymentsOptions = {}): Promise<Payments> {
  const charged = new Map<string, number>()
  const keys = new Set<string>()
  const declined = new Set<string>()
  let requests = 0
  let repeated = 0
  let down = false

  /** @returns The status of the answer. */
  async function charge(order: string, key: string): Promise<number> {
    await sleep(20)
    if (down) return 503
    if (declined.has(order)) return 402
    if (keys.has(key)) repeated++
    else charged.set(order, (charged.get(order) ?? 0) + 1)
    keys.add(key)
    return 201
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const { order } = JSON.parse(await textOf(request)) as { order: string }
    requests++
    const work = (): Promise<number> => charge(order, String(request.headers['idempotency-key']))
    response
      .writeHead(trouble === undefined ? await work() : await trouble.execute(work, { signal: gone.signal }))
      .end()
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => fail(response, error))
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

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

/** What a client sees of an error inside: an answer, or none. */
function fail(response: ServerResponse, error: unknown): void {
  const { status, code, headers } = error as {
    readonly status?: number
    readonly code?: string
    readonly headers?: Readonly<Record<string, string>>
  }
  if (status !== undefined) response.writeHead(status, headers).end()
  // An error of the connection: whoever asked hears nothing at all.
  else if (code !== undefined) response.destroy()
  // An error of its own, which another try does not mend.
  else response.writeHead(422).end()
}
