/** Sockets and waiting, for tests with real processes. */
import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '@seaworthy/core'

/** Waits for something that nobody announces. Fails after half a minute: it would never happen. */
export async function eventually(what: string, condition: () => boolean): Promise<void> {
  const giveUp = systemClock.now() + 30_000
  while (!condition()) {
    if (systemClock.now() > giveUp) throw new Error(`It never happened that ${what}`)
    await sleep(2)
  }
}

/** A client that remembers what it was told. */
export class Wire {
  readonly socket: Socket
  text = ''
  /** How the connection ended: `FIN`, or an error code. */
  end: string | undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1')
    })
    socket.on('end', () => {
      this.end ??= 'FIN'
    })
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      this.end ??= code ?? 'unknown'
    })
  }

  static async open(port: number, allowHalfOpen = false): Promise<Wire> {
    const wire = new Wire(createConnection({ port, host: '127.0.0.1', allowHalfOpen }))
    await once(wire.socket, 'connect')
    return wire
  }

  send(text: string): void {
    this.socket.write(text)
  }

  /** Waits until that much has arrived in all. */
  async received(length: number): Promise<string> {
    await eventually(`${length} bytes arrive`, () => this.text.length >= length || this.end !== undefined)
    return this.text
  }

  /** Waits for the end of the connection. */
  async ended(): Promise<string> {
    await eventually('the connection ends', () => this.end !== undefined)
    return this.end as string
  }
}

/** A server that says what it hears, and remembers its connections. */
export interface Echo {
  readonly port: number
  readonly wires: readonly Wire[]
  close(): Promise<void>
}

export async function echoServer(): Promise<Echo> {
  const wires: Wire[] = []
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    wires.push(new Wire(socket))
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    wires,
    async close() {
      for (const { socket } of wires) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
