/** A shop that has a bad quarter of a minute, over real sockets. It remembers everything that the claims need. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** Milliseconds after the beginning. */
export const script = {
  /** Every third order loses its connection after it was carried out, and every tenth other request before. */
  crashes: [2000, 5500],
  /** Everything is answered by 503 with `Retry-After`. */
  busy: [6500, 8500],
  end: 11_000,
} as const

/** A request that came within so many milliseconds after the first 503 was on its way already. */
const underWay = 500

export class Upstream {
  /** How often each order was carried out. */
  readonly orders = new Map<string, number>()
  /** Requests in all, and those that came although the shop had asked for a pause. */
  requests = 0
  intrusions = 0
  /** Connections in all. */
  connections = 0
  port = 0
  private readonly sockets = new Set<Socket>()
  private readonly answersByKey = new Map<string, string>()
  private readonly began = performance.now()
  private pausedSince: number | undefined = undefined
  private posts = 0
  private others = 0
  private readonly server = this.make()

  get open(): number {
    return this.sockets.size
  }

  get now(): number {
    return performance.now() - this.began
  }

  async start(): Promise<this> {
    await this.listen()
    return this
  }

  stop(): void {
    this.server.close()
    for (const socket of this.sockets) socket.destroy()
  }

  private make(): ReturnType<typeof createServer> {
    const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      this.serve(request, response).catch(() => response.destroy())
    })
    return server.on('connection', (socket) => {
      this.connections++
      this.sockets.add(socket)
      socket.once('close', () => this.sockets.delete(socket))
    })
  }

  private async listen(): Promise<void> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    this.port = (this.server.address() as AddressInfo).port
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array<ArrayBuffer>[] = []
    for await (const chunk of request) chunks.push(chunk as Uint8Array<ArrayBuffer>)
    const body = Buffer.concat(chunks)
    this.requests++
    if (within(script.busy, this.now)) {
      this.pause(response)
      return
    }
    const isOrder = request.method === 'POST'
    const crash = within(script.crashes, this.now) && (isOrder ? ++this.posts % 3 : ++this.others % 10) === 0
    if (crash && !isOrder) {
      request.socket.resetAndDestroy()
      return
    }
    const answer = this.carryOut(request, body)
    if (crash) request.socket.resetAndDestroy()
    else response.end(answer)
  }

  private pause(response: ServerResponse): void {
    this.pausedSince ??= this.now
    if (this.now - this.pausedSince > underWay) this.intrusions++
    const rest = script.busy[1] - this.now
    response.writeHead(503, { 'retry-after': String(Math.ceil(rest / 1000)), 'content-type': 'text/plain' })
    response.end('The shop is stocktaking.\n'.repeat(800)) // 20 kB
  }

  private carryOut({ method, url = '', headers }: IncomingMessage, body: Buffer): string {
    if (method === 'GET') return contentOf(url)
    if (method === 'PUT') return digest(body)
    const key = headers['idempotency-key'] as string | undefined
    const known = key === undefined ? undefined : this.answersByKey.get(key)
    if (known !== undefined) return known
    this.orders.set(url, (this.orders.get(url) ?? 0) + 1)
    const answer = `ordered ${digest(body)}`
    if (key !== undefined) this.answersByKey.set(key, answer)
    return answer
  }
}

/** What the shop answers to a GET: some kilobytes, different for every address. */
export function contentOf(path: string): string {
  return `${path} ${digest(Buffer.from(path))}\n`.repeat(40)
}

export function digest(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex')
}

function within([from, to]: readonly [number, number], time: number): boolean {
  return time >= from && time < to
}
