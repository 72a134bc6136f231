/** Listens where a service expects its dependency, and passes connections on to a proxy, whose port nobody can choose. */
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'

/** A listener that passes connections on. */
export interface PortForward {
  close(): Promise<void>
}

/**
 * Ends of connections are passed on as what they are: in order (FIN) or not (RST).
 *
 * @throws Error when the port is taken.
 */
export async function forwardPort(
  listen: number,
  to: { readonly host: string; readonly port: number },
): Promise<PortForward> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const onward = createConnection({ host: to.host, port: to.port, allowHalfOpen: true, noDelay: true })
    for (const [socket, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.resetAndDestroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  server.listen(listen, '127.0.0.1')
  await once(server, 'listening')
  return {
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
