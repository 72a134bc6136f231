/** Servers on loopback that behave as told, and remember what they got. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as NetServer,
  type Socket,
} from 'node:net'

/** What to do with one request. */
export type Behaviour =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string | Buffer }
  /** Reset the connection; end it; answer what is no HTTP; stop within the body; say nothing. */
  | 'reset'
  | 'fin'
  | 'garbage'
  | 'cut'
  | 'hang'

/** A request as the server got it. */
interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface ScriptedServer {
  readonly url: string
  readonly port: number
  readonly received: Received[]
  /** How many connections were made in all. */
  readonly sockets: number
  /** How many are open now. */
  readonly open: number
  /** What to do with the next requests; after them, `otherwise`. */
  next(...behaviours: Behaviour[]): void
  [Symbol.asyncDispose](): Promise<void>
}

const ok: Behaviour = { status: 200, body: 'ok' }

/** A server that follows a script, and answers `otherwise` when it has ended. */
export async function scriptedServer(
  script: readonly Behaviour[] = [],
  otherwise: Behaviour = ok,
): Promise<ScriptedServer> {
  const queue = [...script]
  const received: Received[] = []
  let sockets = 0
  const open = new Set<Socket>()
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    const { socket } = request
    let body: Buffer
    try {
      body = await bodyOf(request)
    } catch {
      return
    }
    received.push({ method, url, headers, body })
    const behaviour = queue.shift() ?? otherwise
    if (typeof behaviour === 'object') {
      response.writeHead(behaviour.status, behaviour.headers)
      response.end(behaviour.body)
    } else if (behaviour === 'reset') socket.resetAndDestroy()
    else if (behaviour === 'fin') socket.destroy()
    else if (behaviour === 'garbage') socket.end('This is not HTTP\r\n\r\n')
    else if (behaviour === 'cut') {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('beginning', () => setTimeout(() => socket.resetAndDestroy(), 20))
    }
  })
  server.keepAliveTimeout = 60_000
  server.on('connection', (socket) => {
    sockets++
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  const port = await listening(server)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received,
    get sockets() {
      return sockets
    },
    get open() {
      return open.size
    },
    next: (...behaviours) => {
      queue.push(...behaviours)
    },
    [Symbol.asyncDispose]: () => closed(server, open),
  } satisfies ScriptedServer as ScriptedServer
}

/** A server with a listener of its own. */
export async function plainServer(
  listener: RequestListener,
): Promise<{ readonly url: string; readonly port: number; [Symbol.asyncDispose](): Promise<void> }> {
  const server = createServer(listener)
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  const port = await listening(server)
  return { url: `http://127.0.0.1:${port}`, port, [Symbol.asyncDispose]: () => closed(server, open) }
}

/** A port on which nobody listens. */
export async function unusedPort(): Promise<number> {
  const server = createTcpServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

export async function bodyOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks)
}

async function listening(server: NetServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function closed(server: NetServer, open: ReadonlySet<Socket>): Promise<void> {
  for (const socket of open) socket.destroy()
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
