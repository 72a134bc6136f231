/** An address that stays while the server behind it changes, as DNS names and load balancers do in a failover. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Switchboard extends AsyncDisposable {
  readonly port: number
  /** From now on it leads there; connections to the server before are cut. */
  moveTo(port: number): void
}

const host = '127.0.0.1'

export async function switchboard(port: number): Promise<Switchboard> {
  let target = port
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    return socket.on('close', () => sockets.delete(socket))
  }
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const listener = createServer({ noDelay: true }, (caller) => {
    const callee = keep(connect({ host, port: target, noDelay: true }))
    keep(caller).on('close', () => callee.destroy())
    callee.on('close', () => caller.destroy())
    caller.pipe(callee).pipe(caller)
  })
  listener.listen(0, host)
  await once(listener, 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    moveTo(next) {
      target = next
      cut()
    },
    async [Symbol.asyncDispose]() {
      listener.close()
      cut()
      await once(listener, 'close')
    },
  }
}
